/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The encoder of cjson: texts, refusals, settings; random values come back from the decoder.
 */
#include "../../../src/script/json.c"

#include "lua_harness.h"

static void writes_texts(void **state)
{
	(void)state;
	lua_gives("return cjson.encode({})", "{}");
	lua_gives("return cjson.encode({1,'a',true,cjson.null})", "[1,\"a\",true,null]");
	lua_gives("return cjson.encode('\\0\\31\\127\"\\\\/')",
		"\"\\u0000\\u001f\\u007f\\\"\\\\\\/\"");
	lua_gives("return cjson.encode({-0.5,1e15,2^53,0})", "[-0.5,1e+15,9.007199254741e+15,0]");
	lua_gives("return cjson.encode({{{}},{a={b={}}}})", "[[{}],{\"a\":{\"b\":{}}}]");
	lua_gives("return cjson.encode({[3]=1})", "[null,null,1]");
}

static void refuses(void **state)
{
	(void)state;
	lua_refuses("return cjson.encode(function() end)", "type not supported");
	lua_refuses("return cjson.encode({[{}]=1})", "table key must be a number or string");
	lua_refuses("return cjson.encode({[1]=1,[100]=1})", "excessively sparse array");
	lua_refuses("local t={} t[1]=t return cjson.encode(t)", "excessive nesting (1001)");
	lua_refuses("return cjson.encode(1/0)", "must not be NaN or Inf");
	lua_refuses("return cjson.encode_max_depth(0)", "expected integer between 1 and");
}

static void settings_are_of_their_table(void **state)
{
	(void)state;
	lua_gives("local j = cjson.new() j.encode_number_precision(3) "
		  "return j.encode(0.123456) .. cjson.encode(0.123456)",
		"0.1230.123456");
	lua_gives("local j = cjson.new() j.encode_sparse_array(true, 1, 1) "
		  "return j.encode({[1]=1,[50]=2}):sub(1, 1)",
		"{");
	lua_gives("local j = cjson.new() j.encode_invalid_numbers('null') return j.encode(0/0)",
		"null");
	lua_gives("local j = cjson.new() j.encode_max_depth(2) "
		  "return tostring(pcall(j.encode, {{{}}}))",
		"false");
}

static void random_values_come_back(void **state)
{
	(void)state;
	lua_gives(LUA_TOOLS "for i = 1, 2000 do local v = {value(4)} "
			    "if not same(cjson.decode(cjson.encode(v)), v) then "
			    "return cjson.encode(v) end end return 'all'",
		"all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_texts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(settings_are_of_their_table),
		cmocka_unit_test(random_values_come_back),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
