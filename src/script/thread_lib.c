/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Coroutines of scripts. Every coroutine counts its own instructions up to the hook, so a script
 * made of many short ones would hardly ever be asked how long it runs; and one that was killed
 * inside a coroutine would live on in the one that resumed it. So both ways in are ours, around
 * Lua's own.
 */
#include "script/run.h"

#define RESUMES_A_HOOK 16 /* each may run as long as the hook lets one coroutine */

static lua_CFunction stock_create, stock_resume;

/* The coroutine at index 1, its arguments above it: true and results, or false and the error. */
static int thread_resume(lua_State *lua)
{
	struct script_vm *vm = vm_of(lua);

	if (++vm->resumes % RESUMES_A_HOOK == 0)
		script_hook(lua, NULL);
	int count = stock_resume(lua);
	if (!lua_toboolean(lua, -count) && script_is_killed(lua))
		return lua_error(lua);
	return count;
}

static int thread_call_wrapped(lua_State *lua)
{
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	int count = thread_resume(lua);
	if (lua_toboolean(lua, -count))
		return count - 1;
	if (lua_isstring(lua, -1)) {
		luaL_where(lua, 1);
		lua_insert(lua, -2);
		lua_concat(lua, 2);
	}
	return lua_error(lua);
}

static int thread_wrap(lua_State *lua)
{
	stock_create(lua);
	lua_pushcclosure(lua, thread_call_wrapped, 1);
	return 1;
}

void thread_lib_open(lua_State *lua, int globals)
{
	static const luaL_Reg threads[] = {
		{"resume", thread_resume}, {"wrap", thread_wrap}, {NULL, NULL}};

	lua_getfield(lua, globals, "coroutine");
	stock_create = base_lib_take(lua, "create");
	stock_resume = base_lib_take(lua, "resume");
	luaL_register(lua, NULL, threads);
	lua_settop(lua, globals);
}
