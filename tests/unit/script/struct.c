/* SPDX-License-Identifier: BSD-3-Clause
 *
 * struct: each letter both ways, alignment, limits, random formats on random bytes.
 */
#include "../../../src/script/struct.c"

#include "lua_harness.h"

static void numbers_come_back(void **state)
{
	(void)state;
	lua_gives("for _, f in ipairs({'b','h','i','l','i3','i5','i7','i8'}) do "
		  "for _, e in ipairs({'<','>'}) do for _, n in ipairs({0,1,-1,100,-128}) do "
		  "if struct.unpack(e .. f, struct.pack(e .. f, n)) ~= n then "
		  "return e .. f .. n end end end end return 'all'",
		"all");
	lua_gives("return struct.unpack('>I4', struct.pack('>I4', 4294967295))", "4294967295");
	lua_gives("return struct.unpack('d', struct.pack('d', -2.5)) + "
		  "struct.unpack('>f', struct.pack('>f', 0.5))",
		"-2");
	lua_gives("local a, b, c = struct.unpack('s<Bc0', struct.pack('s<Bc0', 'x', 3, 'yzw')) "
		  "return a .. b .. c",
		"xyzw7");
}

static void records_are_aligned(void **state)
{
	(void)state;
	lua_gives(
		"return struct.size('!8bd') .. struct.size('!4bd') .. struct.size('bd')", "16129");
	lua_gives("return #struct.pack('!4bi4', 1, 2)", "8");
}

static void refuses(void **state)
{
	(void)state;
	lua_refuses("return struct.pack('q', 1)", "invalid format option 'q'");
	lua_refuses("return struct.pack('i33', 1)", "larger than limit of 32");
	lua_refuses("return struct.unpack('i4', 'abc')", "data string too short");
	lua_refuses("return struct.unpack('i4', 'abcd', 0)", "offset must be 1 or greater");
	lua_refuses("return struct.unpack('i4', 'abcd', -9)", "data string too short");
	lua_refuses("return struct.unpack('Bc0', '\\9abc')", "data string too short");
	lua_refuses("return struct.unpack('!8bc2147483647', 'abc')", "data string too short");
	lua_refuses("return struct.unpack('c0', 'abc')", "needs a previous size");
	lua_refuses("return struct.size('c2147483647c2147483647')", "record too large");
}

static void random_formats_are_survived(void **state)
{
	(void)state;
	lua_gives(
		"local letters = {'<','>','!','!4','x','b','B','h','H','l','L','T','i3','I16','f',"
		"'d','s','c3','c0',' '} "
		"for i = 1, 20000 do local f, d = {}, {} "
		"for j = 1, math.random(6) do f[j] = letters[math.random(#letters)] end "
		"for j = 1, math.random(0, 30) do d[j] = string.char(math.random(0, 255)) end "
		"pcall(struct.unpack, table.concat(f), table.concat(d), math.random(-2, 9)) "
		"pcall(struct.pack, table.concat(f), math.random(9), 'abc', -1.5, 3) "
		"pcall(struct.size, table.concat(f)) end return 'done'",
		"done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_come_back),
		cmocka_unit_test(records_are_aligned),
		cmocka_unit_test(refuses),
		cmocka_unit_test(random_formats_are_survived),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
