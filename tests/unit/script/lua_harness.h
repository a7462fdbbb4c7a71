/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An interpreter as scripts have it, for the unit tests of the modules in it: texts are run in it,
 * and what they return is compared.
 */
#include "base/mem.h"
#include "script/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct scripts harness_scripts;
static struct script_vm harness_vm;

static int harness_open(void **state)
{
	(void)state;
	return vm_open(&harness_vm, &harness_scripts, VM_EVAL) ? 0 : -1;
}

static int harness_close(void **state)
{
	(void)state;
	vm_close(&harness_vm);
	assert_int_equal(harness_vm.used_bytes, 0);
	return 0;
}

struct harness_text {
	const char *text;
	bool is_error;
	char got[512];
};

static int harness_body(lua_State *lua)
{
	struct harness_text *t = lua_touserdata(lua, 1);
	size_t len;
	const char *result;

	int status = vm_compile(lua, bytes_text(t->text), "=t");
	if (status == 0)
		status = lua_pcall(lua, 0, 1, 0);
	t->is_error = status != 0;
	result = lua_tolstring(lua, -1, &len);
	snprintf(t->got, sizeof(t->got), "%s", result == NULL ? luaL_typename(lua, -1) : result);
	return 0;
}

/* The text's result, or its error, as a string. */
static const char *lua_run(const char *text, bool *is_error)
{
	static struct harness_text t;

	t = (struct harness_text){.text = text};
	assert_int_equal(lua_cpcall(harness_vm.lua, harness_body, &t), 0);
	*is_error = t.is_error;
	return t.got;
}

static void lua_gives(const char *text, const char *wanted)
{
	bool is_error;
	const char *got = lua_run(text, &is_error);

	assert_string_equal(got, wanted);
	assert_false(is_error);
}

/* An error whose text contains this. */
static void lua_refuses(const char *text, const char *wanted)
{
	bool is_error;
	const char *got = lua_run(text, &is_error);

	if (!is_error || strstr(got, wanted) == NULL)
		fail_msg("wanted an error '%s', got '%s'", wanted, got);
}

/* Lua functions for texts: random values, deep comparison, damage. */
#define LUA_TOOLS                                                                                  \
	"local function value(depth) local k = math.random(depth > 0 and 6 or 4) "                 \
	"if k == 1 then return math.random(-1000000, 1000000) / 8 end "                            \
	"if k == 2 then return math.random() < 0.5 end "                                           \
	"if k == 3 then return math.random(-2147483647, 2147483647) end "                          \
	"if k == 4 then local s = {} for i = 1, math.random(0, 40) do s[i] = "                     \
	"string.char(math.random(1, 255)) end return table.concat(s) end "                         \
	"local t = {} for i = 1, math.random(1, 5) do "                                            \
	"t[k == 5 and i or 'k' .. math.random(99)] = value(depth - 1) end return t end "           \
	"local function same(a, b) if type(a) ~= 'table' or type(b) ~= 'table' then "              \
	"return a == b end for k, v in pairs(a) do if not same(v, b[k]) then return false end "    \
	"end for k in pairs(b) do if a[k] == nil then return false end end return true end "       \
	"local function damage(s) local at = math.random(#s) return s:sub(1, at - 1) .. "          \
	"string.char(math.random(0, 255)) .. s:sub(at + 1, math.random() < 0.3 and "               \
	"math.random(#s) or -1) end "
