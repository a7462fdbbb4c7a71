/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The globals of scripts, and tables that can't be changed. Lua 5.1 has no read-only tables, so a
 * script never holds one of ours: it holds an empty table whose metatable leads reads to the real
 * one and refuses writes. Whatever would get around a metatable (rawset, next, table.insert …) is
 * replaced in base_lib.c by something that knows these views.
 *
 * Invariant: from what a script can reach no table of ours is reachable but views, and no function
 * that writes into a table raw without asking sandbox_is_protected.
 */
#include "script/run.h"

/* Keys in the metatable of a view, by address: scripts can't make them. */
static const char view_of, view_metatable;

int sandbox_refuse(lua_State *lua)
{
	lua_pushliteral(lua, "Attempt to modify a readonly table");
	return lua_error(lua);
}

static int sandbox_refuse_assignment(lua_State *lua)
{
	return luaL_error(lua, "Attempt to modify a readonly table");
}

static int sandbox_no_such_global(lua_State *lua)
{
	const char *name = lua_tostring(lua, 2);
	return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
		name == NULL ? "(null)" : name);
}

/* The real table and, above it, what getmetatable shows (nil or a view): one view above both. */
static void sandbox_wrap(lua_State *lua)
{
	int real = lua_gettop(lua) - 1;

	lua_newtable(lua);
	lua_createtable(lua, 0, 4);
	lua_pushlightuserdata(lua, (void *)(uintptr_t)&view_of);
	lua_pushvalue(lua, real);
	lua_rawset(lua, -3);
	lua_pushlightuserdata(lua, (void *)(uintptr_t)&view_metatable);
	lua_pushvalue(lua, real + 1);
	lua_rawset(lua, -3);
	lua_pushvalue(lua, real);
	lua_setfield(lua, -2, "__index");
	lua_pushcfunction(lua, sandbox_refuse_assignment);
	lua_setfield(lua, -2, "__newindex");
	lua_setmetatable(lua, -2);
	lua_replace(lua, real);
	lua_settop(lua, real);
}

void sandbox_protect(lua_State *lua)
{
	lua_pushnil(lua);
	sandbox_wrap(lua);
}

/* A field of a view's metatable on the stack; false (and nothing pushed): no view. */
static bool sandbox_field(lua_State *lua, int index, const char *key)
{
	if (lua_type(lua, index) != LUA_TTABLE || !lua_getmetatable(lua, index))
		return false;
	lua_pushlightuserdata(lua, (void *)(uintptr_t)&view_of);
	lua_rawget(lua, -2);
	bool is_view = !lua_isnil(lua, -1);
	lua_pop(lua, 1);
	if (is_view) {
		lua_pushlightuserdata(lua, (void *)(uintptr_t)key);
		lua_rawget(lua, -2);
		lua_replace(lua, -2);
	} else {
		lua_pop(lua, 1);
	}
	return is_view;
}

bool sandbox_is_protected(lua_State *lua, int index)
{
	if (!sandbox_field(lua, index, &view_of))
		return false;
	lua_pop(lua, 1);
	return true;
}

/* --- functions that must see through views --- */

static lua_CFunction stock_setmetatable, stock_sort;

static void sandbox_see_through(lua_State *lua, int index)
{
	if (sandbox_field(lua, index, &view_of))
		lua_replace(lua, index);
}

static int view_next(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	lua_settop(lua, 2);
	sandbox_see_through(lua, 1);
	if (lua_next(lua, 1))
		return 2;
	lua_pushnil(lua);
	return 1;
}

static int view_pairs(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_pushvalue(lua, 1);
	lua_pushnil(lua);
	return 3;
}

static int view_rawget(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_checkany(lua, 2);
	lua_settop(lua, 2);
	sandbox_see_through(lua, 1);
	lua_rawget(lua, 1);
	return 1;
}

static int view_rawset(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_checkany(lua, 2);
	luaL_checkany(lua, 3);
	lua_settop(lua, 3);
	if (sandbox_is_protected(lua, 1))
		return sandbox_refuse(lua);
	lua_rawset(lua, 1);
	return 1;
}

static int view_getmetatable(lua_State *lua)
{
	luaL_checkany(lua, 1);
	if (sandbox_field(lua, 1, &view_metatable))
		return 1;
	if (lua_type(lua, 1) == LUA_TSTRING) {
		lua_pushvalue(lua, lua_upvalueindex(1));
		return 1;
	}
	if (!lua_getmetatable(lua, 1)) {
		lua_pushnil(lua);
		return 1;
	}
	luaL_getmetafield(lua, 1, "__metatable");
	return 1;
}

static int view_setmetatable(lua_State *lua)
{
	if (sandbox_is_protected(lua, 1))
		return sandbox_refuse(lua);
	return stock_setmetatable(lua);
}

#define MOVES_A_HOOK 65536

static int view_insert(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	if (sandbox_is_protected(lua, 1))
		return sandbox_refuse(lua);
	int end = (int)lua_objlen(lua, 1) + 1;
	int at = end;
	switch (lua_gettop(lua)) {
	case 2:
		break;
	case 3:
		at = luaL_checkint(lua, 2);
		for (int i = end; i > at; i--) {
			if (i % MOVES_A_HOOK == 0) /* from far below 1, or in a huge table */
				script_hook(lua, NULL);
			lua_rawgeti(lua, 1, i - 1);
			lua_rawseti(lua, 1, i);
		}
		break;
	default:
		return luaL_error(lua, "wrong number of arguments to 'insert'");
	}
	lua_rawseti(lua, 1, at);
	return 0;
}

static int view_remove(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	int end = (int)lua_objlen(lua, 1);
	int at = luaL_optint(lua, 2, end);
	if (at < 1 || at > end)
		return 0;
	if (sandbox_is_protected(lua, 1))
		return sandbox_refuse(lua);
	lua_rawgeti(lua, 1, at);
	for (; at < end; at++) {
		lua_rawgeti(lua, 1, at + 1);
		lua_rawseti(lua, 1, at);
	}
	lua_pushnil(lua);
	lua_rawseti(lua, 1, end);
	return 1;
}

static int view_sort(lua_State *lua)
{
	/* An empty table is sorted as it is. */
	if (lua_type(lua, 1) == LUA_TTABLE && lua_objlen(lua, 1) > 1 &&
		sandbox_is_protected(lua, 1))
		return sandbox_refuse(lua);
	return stock_sort(lua);
}

static int view_foreach(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_checktype(lua, 2, LUA_TFUNCTION);
	sandbox_see_through(lua, 1);
	lua_pushnil(lua);
	while (lua_next(lua, 1)) {
		lua_pushvalue(lua, 2);
		lua_pushvalue(lua, -3);
		lua_pushvalue(lua, -3);
		lua_call(lua, 2, 1);
		if (!lua_isnil(lua, -1))
			return 1;
		lua_pop(lua, 2);
	}
	return 0;
}

/* --- building -----------------------------------------------------------------------------------
 */

static lua_CFunction sandbox_stock(lua_State *lua, const char *table, const char *name)
{
	lua_getglobal(lua, table);
	lua_getfield(lua, -1, name);
	lua_CFunction function = lua_tocfunction(lua, -1);
	lua_pop(lua, 2);
	return function;
}

static void sandbox_open_stock(lua_State *lua)
{
	static const struct luaL_Reg opened[] = {{"", luaopen_base},
		{LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
		{LUA_MATHLIBNAME, luaopen_math}};

	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		lua_pushcfunction(lua, opened[i].func);
		lua_pushstring(lua, opened[i].name);
		lua_call(lua, 1, 0);
	}
	stock_setmetatable = sandbox_stock(lua, "_G", "setmetatable");
	stock_sort = sandbox_stock(lua, LUA_TABLIBNAME, "sort");
}

/* What of Lua's own globals scripts see as it is. */
static void sandbox_copy_stock(lua_State *lua, int globals)
{
	static const char *const names[] = {"_VERSION", "assert", "coroutine", "error", "gcinfo",
		"ipairs", "math", "rawequal", "select", "string", "table", "tonumber", "tostring",
		"type", "unpack", "xpcall", NULL};

	for (int i = 0; names[i] != NULL; i++) {
		lua_getglobal(lua, names[i]);
		lua_setfield(lua, globals, names[i]);
	}
}

static void sandbox_add_views(lua_State *lua, int globals)
{
	static const luaL_Reg base[] = {{"rawget", view_rawget}, {"rawset", view_rawset},
		{"setmetatable", view_setmetatable}, {NULL, NULL}};
	static const luaL_Reg table[] = {{"insert", view_insert}, {"remove", view_remove},
		{"sort", view_sort}, {"foreach", view_foreach}, {NULL, NULL}};

	lua_pushvalue(lua, globals);
	luaL_register(lua, NULL, base);
	lua_getfield(lua, globals, "table");
	luaL_register(lua, NULL, table);
	lua_pop(lua, 2);
	lua_pushcfunction(lua, view_next);
	lua_pushvalue(lua, -1);
	lua_setfield(lua, globals, "next");
	lua_pushcclosure(lua, view_pairs, 1);
	lua_setfield(lua, globals, "pairs");
}

/* All tables among the globals become views. getmetatable of a string shows a view of its
 * metatable, whose __index is the view of `string`. */
static void sandbox_protect_all(lua_State *lua, int globals)
{
	lua_pushnil(lua);
	while (lua_next(lua, globals)) {
		if (lua_type(lua, -1) == LUA_TTABLE) {
			sandbox_protect(lua);
			lua_pushvalue(lua, -2);
			lua_insert(lua, -2);
			lua_rawset(lua, globals); /* an existing key: the walk may go on */
		} else {
			lua_pop(lua, 1);
		}
	}
	lua_createtable(lua, 0, 1);
	lua_getfield(lua, globals, LUA_STRLIBNAME);
	lua_setfield(lua, -2, "__index");
	sandbox_protect(lua);
	lua_pushcclosure(lua, view_getmetatable, 1);
	lua_setfield(lua, globals, "getmetatable");
}

/* A metatable whose __index raises the error of unknown names; on the stack. */
static void sandbox_push_strict(lua_State *lua)
{
	lua_createtable(lua, 0, 1);
	lua_pushcfunction(lua, sandbox_no_such_global);
	lua_setfield(lua, -2, "__index");
}

static void sandbox_build_load_globals(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);

	lua_createtable(lua, 0, 1);
	api_open_load(lua);
	sandbox_push_strict(lua);
	lua_setmetatable(lua, -2);
	sandbox_protect(lua);
	lua_setfield(lua, -2, "redis");
	sandbox_push_strict(lua);
	lua_setmetatable(lua, -2);
	vm->ref_load_globals = luaL_ref(lua, LUA_REGISTRYINDEX);
}

static void sandbox_open_modules(lua_State *lua, int globals)
{
	static const luaL_Reg modules[] = {{"cjson", json_open}, {"cmsgpack", msgpack_open},
		{"struct", struct_open}, {"bit", bit_open}};

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		modules[i].func(lua);
		lua_setfield(lua, globals, modules[i].name);
	}
	api_open(lua, vm_of(lua)->kind);
	lua_setfield(lua, globals, "redis");
}

void sandbox_build(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);

	sandbox_open_stock(lua);
	lua_newtable(lua);
	int globals = lua_gettop(lua);
	sandbox_copy_stock(lua, globals);
	sandbox_open_modules(lua, globals);
	base_lib_open(lua, globals);
	thread_lib_open(lua, globals);
	sandbox_add_views(lua, globals);
	sandbox_protect_all(lua, globals);
	if (vm->kind == VM_FUNCTIONS)
		sandbox_build_load_globals(lua);

	sandbox_push_strict(lua);
	lua_pushvalue(lua, -1);
	lua_setmetatable(lua, globals);
	lua_pushvalue(lua, globals);
	vm->ref_globals = luaL_ref(lua, LUA_REGISTRYINDEX);
	sandbox_protect(lua); /* what getmetatable(_G) shows */
	sandbox_wrap(lua);
	lua_getmetatable(lua, -1);
	vm->ref_globals_meta = luaL_ref(lua, LUA_REGISTRYINDEX);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, vm->ref_globals);
	lua_pushvalue(lua, -2);
	lua_setfield(lua, -2, "_G");
	lua_pop(lua, 1);
	lua_replace(lua, LUA_GLOBALSINDEX);
}
