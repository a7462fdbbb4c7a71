/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bit: the operations, and what is no 32-bit integer.
 */
#include "../../../src/script/bit.c"

#include "lua_harness.h"

static void operations(void **state)
{
	(void)state;
	lua_gives("return bit.band(0xff, 0x0f, 3) .. bit.bor(1, 2, 4) .. bit.bxor(5, 1)", "374");
	lua_gives("return bit.lshift(1, 31) .. bit.rshift(-1, 31) .. bit.arshift(-8, 1)",
		"-21474836481-4");
	lua_gives("return bit.tohex(bit.rol(0x12345678, 8)) .. bit.tohex(bit.ror(0x12345678, 8))",
		"3456781278123456");
	lua_gives("return bit.tohex(bit.bswap(0x12345678)) .. bit.bnot(0)", "78563412-1");
	lua_gives("return bit.tohex(255, 4) .. bit.tohex(255, -4) .. bit.tohex(-1, 99)",
		"00ff00FFffffffff");
	lua_gives("return bit.rol(7, 0) .. bit.ror(7, 32) .. bit.lshift(7, 32)", "777");
}

static void odd_numbers(void **state)
{
	(void)state;
	lua_gives("return bit.tobit(2^40 + 5) .. bit.tobit(2^32 - 1) .. bit.tobit(-2^31 - 1)",
		"5-12147483647");
	lua_gives("return bit.tobit(0/0) .. bit.tobit(1/0) .. bit.tobit(1.5) .. bit.tobit(2.5)",
		"0022");
	lua_refuses("return bit.tobit('x')", "number expected, got string");
	lua_refuses("return bit.band()", "number expected, got no value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
		cmocka_unit_test(odd_numbers),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
