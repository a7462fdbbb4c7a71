/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cmsgpack: bytes at the edges of each form, round trips, parts, damaged input.
 */
#include "../../../src/script/msgpack.c"

#include "lua_harness.h"

#define HEX                                                                                        \
	"local function h(s) return (s:gsub('.', function(c) return string.format('%02x', "        \
	"c:byte()) end)) end return h(cmsgpack.pack("

static void writes_bytes(void **state)
{
	(void)state;
	lua_gives(HEX "0,127,128,255,256,65535,65536))", "007fcc80ccffcd0100cdffffce00010000");
	lua_gives(HEX "-1,-32,-33,-128,-129,-32769))", "ffe0d0dfd080d1ff7fd2ffff7fff");
	lua_gives(HEX "2^32,-2^31-1))", "cf0000000100000000d3ffffffff7fffffff");
	lua_gives(HEX "1.5,0.1,1/0))", "ca3fc00000cb3fb999999999999aca7f800000");
	lua_gives(HEX "true,false,nil,''))", "c3c2c0a0");
	lua_gives(HEX "{},{1},{a=1},{1,nil,3}))", "90910181a161018201010303");
	lua_gives("return #cmsgpack.pack(string.rep('x', 31)) .. ' ' .. "
		  "#cmsgpack.pack(string.rep('x', 32)) .. ' ' .. "
		  "#cmsgpack.pack(string.rep('x', 256)) .. ' ' .. "
		  "#cmsgpack.pack(string.rep('x', 65536))",
		"32 34 259 65541");
}

static void random_values_come_back(void **state)
{
	(void)state;
	lua_gives(LUA_TOOLS "for i = 1, 3000 do local v = value(5) "
			    "if not same(cmsgpack.unpack(cmsgpack.pack(v)), v) then "
			    "return cjson.encode(v) end end return 'all'",
		"all");
	lua_gives("local t = {} for i = 1, 70000 do t[i] = i end "
		  "return cmsgpack.unpack(cmsgpack.pack(t))[70000]",
		"70000");
}

static void refuses(void **state)
{
	(void)state;
	lua_refuses("return cmsgpack.unpack('\\147\\1')", "Missing bytes in input.");
	lua_refuses("return cmsgpack.unpack('\\219\\255\\255\\255\\255a')", "Missing bytes");
	lua_refuses("return cmsgpack.unpack('\\223\\255\\255\\255\\255')", "Missing bytes");
	lua_refuses("return cmsgpack.unpack('\\193')", "Bad data format in input.");
	lua_refuses("return cmsgpack.unpack('\\129\\192\\1')", "index is nil");
	lua_refuses("return cmsgpack.unpack_one('a', 2)", "Start offset 2 greater than input");
	lua_refuses("return cmsgpack.unpack(string.rep('\\145', 100000))", "stack overflow");
}

static void damage_is_survived(void **state)
{
	(void)state;
	lua_gives(LUA_TOOLS "for i = 1, 5000 do local text = cmsgpack.pack({value(3)}) "
			    "for j = 1, 3 do text = damage(text) if #text == 0 then break end end "
			    "pcall(cmsgpack.unpack, text) end return 'done'",
		"done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_bytes),
		cmocka_unit_test(random_values_come_back),
		cmocka_unit_test(refuses),
		cmocka_unit_test(damage_is_survived),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
