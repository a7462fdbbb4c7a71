/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table `redis`: what scripts, and the texts of libraries, can ask of the server.
 *
 * Errors that a script makes here are raised as {err = text}, as are those of the calls it makes.
 */
#include "script/run.h"

#include "base/log.h"
#include "base/sha1.h"
#include "base/version.h"

static struct scripts *api_scripts(lua_State *lua)
{
	return vm_of(lua)->scripts;
}

void script_push_error(lua_State *lua, struct bytes text, bool is_counted)
{
	lua_createtable(lua, 0, 2);
	lua_pushlstring(lua, text.ptr, text.len);
	lua_setfield(lua, -2, "err");
	if (!is_counted)
		return;
	lua_pushboolean(lua, 1);
	lua_setfield(lua, -2, "ignore_error_stats_update");
}

int script_raise(lua_State *lua, enum error error)
{
	script_push_error(lua, bytes_text(error_text(error)), false);
	return lua_error(lua);
}

static int api_call(lua_State *lua)
{
	return script_call(lua, true);
}

static int api_pcall(lua_State *lua)
{
	return script_call(lua, false);
}

static int api_status_reply(lua_State *lua)
{
	if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
		script_push_error(lua, bytes_text(error_text(E_LUA_REPLY_ARGS)), false);
		return 1;
	}
	lua_createtable(lua, 0, 1);
	lua_pushvalue(lua, 1);
	lua_setfield(lua, -2, "ok");
	return 1;
}

static bool api_is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* A text with '-' in front begins with its code, where it has more than one word; others are taken
 * as they are, or get ERR where they are one word. */
static int api_error_reply(lua_State *lua)
{
	size_t len;

	if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
		script_push_error(lua, bytes_text(error_text(E_LUA_REPLY_ARGS)), false);
		return 1;
	}
	const char *text = lua_tolstring(lua, 1, &len);
	if (len > 0 && text[0] == '-') {
		text++;
		len--;
	}
	while (len > 0 && api_is_line_end(text[len - 1]))
		len--;
	if (memchr(text, ' ', len) != NULL) {
		script_push_error(lua, bytes_of(text, len), false);
		return 1;
	}
	lua_createtable(lua, 0, 1);
	lua_pushliteral(lua, "ERR ");
	lua_pushlstring(lua, text, len);
	lua_concat(lua, 2);
	lua_setfield(lua, -2, "err");
	return 1;
}

static int api_sha1hex(lua_State *lua)
{
	char hex[SHA1_HEX_CHARS];
	size_t len;

	if (lua_gettop(lua) != 1)
		return script_raise(lua, E_LUA_ARGS);
	const char *text = lua_tolstring(lua, 1, &len);
	sha1_hex(hex, text == NULL ? "" : text, text == NULL ? 0 : len);
	lua_pushlstring(lua, hex, sizeof(hex));
	return 1;
}

static int api_log(lua_State *lua)
{
	int argc = lua_gettop(lua);

	if (argc < 2)
		return script_raise(lua, E_LUA_LOG_ARGS);
	if (!lua_isnumber(lua, 1))
		return script_raise(lua, E_LUA_LOG_NUMBER);
	int level = (int)lua_tonumber(lua, 1);
	if (level < LOG_DEBUG || level > LOG_WARNING)
		return script_raise(lua, E_LUA_LOG_LEVEL);
	struct buf *line = &vm_of(lua)->text;
	buf_clear(line);
	for (int i = 2; i <= argc; i++) {
		size_t len;
		const char *text = lua_tolstring(lua, i, &len);
		if (text == NULL)
			continue;
		if (i > 2)
			buf_add_char(line, ' ');
		buf_add(line, text, len);
	}
	log_line((enum log_level)level, "%s", buf_text(line));
	return 0;
}

static int api_setresp(lua_State *lua)
{
	if (lua_gettop(lua) != 1)
		return script_raise(lua, E_LUA_SETRESP_ARGS);
	double resp = lua_isnumber(lua, 1) ? lua_tonumber(lua, 1) : 0;
	if (resp != 2 && resp != 3)
		return script_raise(lua, E_LUA_SETRESP_VERSION);
	api_scripts(lua)->session.reply.resp = (uint8_t)resp;
	return 0;
}

enum { REPL_NONE = 0, REPL_AOF = 1, REPL_REPLICA = 2, REPL_ALL = 3 };

static int api_set_repl(lua_State *lua)
{
	if (lua_gettop(lua) != 1)
		return script_raise(lua, E_LUA_SET_REPL_ARGS);
	int flags = (int)lua_tonumber(lua, 1);
	if (flags < REPL_NONE || flags > REPL_ALL)
		return script_raise(lua, E_LUA_SET_REPL_FLAGS);
	/* Log and replicas read one stream: a command is in it or it is not. */
	api_scripts(lua)->exec->is_effect_muted = flags == REPL_NONE;
	return 0;
}

static int api_replicate_commands(lua_State *lua)
{
	lua_pushboolean(lua, 1);
	return 1;
}

/* There is no debugger: nothing stops here. */
static int api_breakpoint(lua_State *lua)
{
	lua_pushboolean(lua, 0);
	return 1;
}

static int api_debug(lua_State *lua)
{
	(void)lua;
	return 0;
}

#define ACL_CHECK_ARGS_MAX 1024

static int api_acl_check_cmd(lua_State *lua)
{
	struct scripts *s = api_scripts(lua);
	int argc = lua_gettop(lua);

	if (argc == 0)
		return script_raise(lua, E_LUA_CALL_ARGS);
	if (argc > ACL_CHECK_ARGS_MAX)
		return script_raise(lua, E_LUA_CALL_TOO_MANY);
	struct bytes *argv = lua_newuserdata(lua, (size_t)argc * sizeof(*argv));
	for (int i = 0; i < argc; i++) {
		if (!lua_isstring(lua, i + 1))
			return script_raise(lua, E_LUA_CALL_WORDS);
		argv[i].ptr = lua_tolstring(lua, i + 1, &argv[i].len);
	}
	struct call call;
	call_prepare(&call, &s->session, argv, argc);
	if (call.command == NULL)
		return script_raise(lua, E_LUA_ACL_COMMAND);
	lua_pushboolean(lua, s->may_run == NULL || s->may_run(&call));
	return 1;
}

/* --- the tables --- */

static void api_add_constants(lua_State *lua, bool has_replication)
{
	static const struct {
		const char *name;
		int value;
	} constants[] = {{"LOG_DEBUG", LOG_DEBUG}, {"LOG_VERBOSE", LOG_VERBOSE},
		{"LOG_NOTICE", LOG_NOTICE}, {"LOG_WARNING", LOG_WARNING},
		{"REDIS_VERSION_NUM", REDIS_VERSION_NUMBER}, {"REPL_NONE", REPL_NONE},
		{"REPL_AOF", REPL_AOF}, {"REPL_SLAVE", REPL_REPLICA},
		{"REPL_REPLICA", REPL_REPLICA}, {"REPL_ALL", REPL_ALL}};

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (!has_replication && strncmp(constants[i].name, "REPL_", 5) == 0)
			continue;
		lua_pushinteger(lua, constants[i].value);
		lua_setfield(lua, -2, constants[i].name);
	}
	lua_pushliteral(lua, REDIS_VERSION);
	lua_setfield(lua, -2, "REDIS_VERSION");
}

void api_open(lua_State *lua, enum vm_kind kind)
{
	static const luaL_Reg common[] = {{"call", api_call}, {"pcall", api_pcall},
		{"log", api_log}, {"sha1hex", api_sha1hex}, {"status_reply", api_status_reply},
		{"error_reply", api_error_reply}, {"set_repl", api_set_repl},
		{"setresp", api_setresp}, {"acl_check_cmd", api_acl_check_cmd}, {NULL, NULL}};
	static const luaL_Reg eval_only[] = {{"replicate_commands", api_replicate_commands},
		{"breakpoint", api_breakpoint}, {"debug", api_debug}, {NULL, NULL}};

	lua_newtable(lua);
	luaL_register(lua, NULL, common);
	if (kind == VM_EVAL)
		luaL_register(lua, NULL, eval_only);
	api_add_constants(lua, true);
}

void api_open_load(lua_State *lua)
{
	static const luaL_Reg functions[] = {
		{"register_function", library_register}, {"log", api_log}, {NULL, NULL}};

	lua_newtable(lua);
	luaL_register(lua, NULL, functions);
	api_add_constants(lua, false);
}
