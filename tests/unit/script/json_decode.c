/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The decoder of cjson: values, refusals with their places, damaged texts.
 */
#include "../../../src/script/json_decode.c"

#include "lua_harness.h"

static void reads_values(void **state)
{
	(void)state;
	lua_gives("return cjson.decode('[1,[2,{\"a\":[3]}]]')[2][2].a[1]", "3");
	lua_gives("return cjson.decode('\"\\\\u0041\\\\u00e9\\\\ud83d\\\\ude00\\\\/\"')",
		"A\xc3\xa9\xf0\x9f\x98\x80/");
	lua_gives("return tostring(cjson.decode(' null ') == cjson.null)", "true");
	lua_gives("return cjson.decode('{\"a\":1,\"a\":2}').a", "2");
	lua_gives("return cjson.decode('0x10') + cjson.decode('-1.5e1')", "1");
	lua_gives("return #cjson.decode(string.rep('[', 1000) .. string.rep(']', 1000))", "1");
}

static void refuses(void **state)
{
	(void)state;
	lua_refuses("return cjson.decode('')", "Expected value but found T_END at character 1");
	lua_refuses("return cjson.decode('[1,]')", "found T_ARR_END at character 4");
	lua_refuses("return cjson.decode('{\"a\"}')", "Expected colon but found T_OBJ_END");
	lua_refuses("return cjson.decode('\"\\\\ud800x\"')", "invalid unicode escape code");
	lua_refuses("return cjson.decode('\"\\\\udc00\\\\ud800\"')", "invalid unicode escape code");
	lua_refuses("return cjson.decode('\"')", "unexpected end of string at character 2");
	lua_refuses("return cjson.decode('[1] [2]')", "Expected the end but found T_ARR_BEGIN");
	lua_refuses("return cjson.decode('\\0\\0')", "does not support UTF-16");
	lua_refuses(
		"return cjson.decode(string.rep('[', 1001))", "too many nested data structures");
	lua_refuses("local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('nan')",
		"invalid token");
	lua_refuses("local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('01')",
		"invalid number");
}

static void damage_is_survived(void **state)
{
	(void)state;
	lua_gives(LUA_TOOLS
		"for i = 1, 4000 do local text = cjson.encode({value(3)}) "
		"for j = 1, 3 do text = damage(text) if #text == 0 then break end end "
		"local ok, why = pcall(cjson.decode, text) "
		"if not ok and not why:find('character %d+') and not why:find('UTF') then "
		"return why end end return 'done'",
		"done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(refuses),
		cmocka_unit_test(damage_is_survived),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
