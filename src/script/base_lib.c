/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions of Lua's own libraries that scripts get in another form: those that load code take no
 * bytecode, pcall turns our error tables into strings, nothing catches the end of a killed script,
 * random numbers are the same everywhere, patterns are bounded (Lua matches them recursively),
 * counts are checked before they are used, the collector can't be switched off.
 */
#include "script/run.h"

#include <limits.h>
#include <math.h>
#include <time.h>

#define PATTERN_MAX_BYTES 8192 /* C stack per byte of a pattern is about 150 bytes */
#define READS_A_HOOK 4096

static lua_CFunction stock_find, stock_match, stock_gmatch, stock_gsub, stock_rep;

/* --- code --- */

static int base_finish_load(lua_State *lua, int status)
{
	if (status == 0)
		return 1;
	lua_pushnil(lua);
	lua_insert(lua, -2);
	return 2;
}

static int base_loadstring(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	const char *name = luaL_optstring(lua, 2, text);

	return base_finish_load(lua, vm_compile(lua, bytes_of(text, len), name));
}

/* Gathers what the reader function returns: a chunk is told from bytecode by all of its bytes. */
static int base_load(lua_State *lua)
{
	luaL_Buffer pieces;
	const char *name = luaL_optstring(lua, 2, "=(load)");
	size_t len;

	luaL_checktype(lua, 1, LUA_TFUNCTION);
	lua_settop(lua, 2);
	luaL_buffinit(lua, &pieces);
	for (unsigned calls = 1;; calls++) {
		if (calls % READS_A_HOOK == 0) /* the reader may be a C function */
			script_hook(lua, NULL);
		lua_pushvalue(lua, 1);
		if (lua_pcall(lua, 0, 1, 0) != 0)
			return script_is_killed(lua) ? lua_error(lua)
						     : base_finish_load(lua, LUA_ERRRUN);
		if (lua_isnil(lua, -1) || (lua_isstring(lua, -1) && lua_objlen(lua, -1) == 0))
			break;
		if (!lua_isstring(lua, -1)) {
			lua_pushliteral(lua, "reader function must return a string");
			return base_finish_load(lua, LUA_ERRRUN);
		}
		luaL_addvalue(&pieces);
	}
	lua_pop(lua, 1);
	luaL_pushresult(&pieces);
	const char *text = lua_tolstring(lua, -1, &len);
	return base_finish_load(lua, vm_compile(lua, bytes_of(text, len), name));
}

/* An error table of ours becomes its text, as scripts always got it; what ended a killed script
 * can't be caught. */
static int base_pcall(lua_State *lua)
{
	luaL_checkany(lua, 1);
	int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
	if (status != 0 && script_is_killed(lua))
		return lua_error(lua);
	if (status != 0 && lua_type(lua, -1) == LUA_TTABLE) {
		lua_pushliteral(lua, "err");
		lua_rawget(lua, -2);
		if (lua_type(lua, -1) == LUA_TSTRING)
			lua_replace(lua, -2);
		else
			lua_pop(lua, 1);
	}
	lua_pushboolean(lua, status == 0);
	lua_insert(lua, 1);
	return lua_gettop(lua);
}

/* Lua calls error handlers inside the hook that raised the error, where no other hook fires: the
 * script's own would run for as long as it likes after it was killed. */
static int base_handle(lua_State *lua)
{
	lua_settop(lua, 1);
	if (script_is_killed(lua))
		return 1;
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	lua_call(lua, 1, 1);
	return 1;
}

static int base_xpcall(lua_State *lua)
{
	luaL_checkany(lua, 2);
	lua_settop(lua, 2);
	/* What is no function Lua itself refuses as a handler. */
	if (lua_isfunction(lua, 2))
		lua_pushcclosure(lua, base_handle, 1);
	lua_insert(lua, 1);
	int status = lua_pcall(lua, 0, LUA_MULTRET, 1);
	if (status != 0 && script_is_killed(lua))
		return lua_error(lua);
	lua_pushboolean(lua, status == 0);
	lua_replace(lua, 1);
	return lua_gettop(lua);
}

/* Lua's own counts the elements in an int. */
static int base_unpack(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	int first = luaL_optint(lua, 2, 1);
	int last = lua_isnoneornil(lua, 3) ? (int)lua_objlen(lua, 1) : luaL_checkint(lua, 3);
	if (first > last)
		return 0;
	unsigned count = (unsigned)last - (unsigned)first;
	if (count >= INT_MAX || !lua_checkstack(lua, (int)++count))
		return luaL_error(lua, "too many results to unpack");
	for (unsigned i = 0; i < count; i++)
		lua_rawgeti(lua, 1, (int)((unsigned)first + i));
	return (int)count;
}

static int base_collectgarbage(lua_State *lua)
{
	static const char *const words[] = {
		"collect", "count", "step", "stop", "restart", "setpause", "setstepmul", NULL};

	switch (luaL_checkoption(lua, 1, "collect", words)) {
	case 0:
		lua_pushnumber(lua, lua_gc(lua, LUA_GCCOLLECT, 0));
		break;
	case 1:
		lua_pushnumber(
			lua, lua_gc(lua, LUA_GCCOUNT, 0) + lua_gc(lua, LUA_GCCOUNTB, 0) / 1024.0);
		break;
	case 2:
		lua_pushboolean(lua, lua_gc(lua, LUA_GCSTEP, 1));
		break;
	default:
		lua_pushnumber(lua, 0);
		break;
	}
	return 1;
}

/* --- strings --- */

static void base_check_pattern(lua_State *lua)
{
	size_t len;
	luaL_checklstring(lua, 2, &len);
	if (len > PATTERN_MAX_BYTES)
		luaL_error(lua, "pattern too complex");
}

static int base_find(lua_State *lua)
{
	/* A plain search knows no patterns. */
	if (!lua_toboolean(lua, 4))
		base_check_pattern(lua);
	return stock_find(lua);
}

static int base_match(lua_State *lua)
{
	base_check_pattern(lua);
	return stock_match(lua);
}

static int base_gmatch(lua_State *lua)
{
	base_check_pattern(lua);
	return stock_gmatch(lua);
}

static int base_gsub(lua_State *lua)
{
	base_check_pattern(lua);
	return stock_gsub(lua);
}

/* Lua's own adds the pieces one by one before it asks for memory, and nothing as often as told. */
static int base_rep(lua_State *lua)
{
	size_t len;
	int count = luaL_checkint(lua, 2);

	luaL_checklstring(lua, 1, &len);
	if (len == 0 || count <= 0) {
		lua_pushliteral(lua, "");
		return 1;
	}
	if ((size_t)count > VM_TEXT_BYTES_MAX / len)
		return luaL_error(lua, "not enough memory");
	return stock_rep(lua);
}

/* --- numbers --- */

#define RANDOM_MAX 0x7fffffff

static int base_random(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);
	vm->random = (vm->random * 0x5deece66dull + 0xb) & 0xffffffffffffull;
	double r = (double)((vm->random >> 17) % RANDOM_MAX) / RANDOM_MAX;
	int low = 1, high;

	switch (lua_gettop(lua)) {
	case 0:
		lua_pushnumber(lua, r);
		return 1;
	case 1:
		high = luaL_checkint(lua, 1);
		luaL_argcheck(lua, 1 <= high, 1, "interval is empty");
		break;
	case 2:
		low = luaL_checkint(lua, 1);
		high = luaL_checkint(lua, 2);
		luaL_argcheck(lua, low <= high, 2, "interval is empty");
		break;
	default:
		return luaL_error(lua, "wrong number of arguments");
	}
	lua_pushnumber(lua, floor(r * ((double)high - low + 1)) + low);
	return 1;
}

static int base_randomseed(lua_State *lua)
{
	vm_seed(vm_of(lua), luaL_checkint(lua, 1));
	return 0;
}

static int base_clock(lua_State *lua)
{
	lua_pushnumber(lua, (double)clock() / (double)CLOCKS_PER_SEC);
	return 1;
}

lua_CFunction base_lib_take(lua_State *lua, const char *name)
{
	lua_getfield(lua, -1, name);
	lua_CFunction function = lua_tocfunction(lua, -1);
	lua_pop(lua, 1);
	return function;
}

void base_lib_open(lua_State *lua, int globals)
{
	static const luaL_Reg base[] = {{"collectgarbage", base_collectgarbage},
		{"load", base_load}, {"loadstring", base_loadstring}, {"pcall", base_pcall},
		{"unpack", base_unpack}, {"xpcall", base_xpcall}, {NULL, NULL}};
	static const luaL_Reg string[] = {{"find", base_find}, {"match", base_match},
		{"gmatch", base_gmatch}, {"gfind", base_gmatch}, {"gsub", base_gsub},
		{"rep", base_rep}, {NULL, NULL}};
	static const luaL_Reg math[] = {
		{"random", base_random}, {"randomseed", base_randomseed}, {NULL, NULL}};
	static const luaL_Reg os[] = {{"clock", base_clock}, {NULL, NULL}};

	lua_pushvalue(lua, globals);
	luaL_register(lua, NULL, base);
	lua_getfield(lua, globals, "string");
	stock_find = base_lib_take(lua, "find");
	stock_match = base_lib_take(lua, "match");
	stock_gmatch = base_lib_take(lua, "gmatch");
	stock_gsub = base_lib_take(lua, "gsub");
	stock_rep = base_lib_take(lua, "rep");
	luaL_register(lua, NULL, string);
	lua_getfield(lua, globals, "math");
	luaL_register(lua, NULL, math);
	lua_createtable(lua, 0, 1);
	luaL_register(lua, NULL, os);
	lua_setfield(lua, globals, "os");
	lua_settop(lua, globals);
}
