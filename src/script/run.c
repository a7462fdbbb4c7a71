/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Running a script: before, during and after. One Lua-protected call does all that may fail for
 * want of memory: keys and arguments in, the script, its result into the reply.
 *
 * A script that runs long keeps the server busy, not deaf: from the interpreter's count hook the
 * loop gets turns in which commands that are allowed then (SCRIPT KILL, SHUTDOWN NOSAVE …) run and
 * all others are told BUSY.
 */
#include "script/run.h"

#include "base/log.h"
#include "base/num.h"

#include <stdio.h>

static int64_t run_clock_us(const struct scripts *s)
{
	return s->exec->keyspace->clock_us();
}

bool script_job_words(struct call *call, struct script_job *job, enum error not_a_number)
{
	int64_t count;

	if (!num_parse_i64(call->argv[2], &count)) {
		call_fail(call, not_a_number);
		return false;
	}
	if (count > call->argc - 3) {
		call_fail(call, E_NUMKEYS_BEYOND);
		return false;
	}
	if (count < 0) {
		call_fail(call, E_NUMKEYS_NEGATIVE);
		return false;
	}
	job->keys = call->argv + 3;
	job->key_count = (int)count;
	job->args = job->keys + count;
	job->arg_count = call->argc - 3 - (int)count;
	return true;
}

/* --- inside the interpreter ---------------------------------------------------------------------
 */

static void run_push_words(lua_State *lua, const struct bytes *words, int count)
{
	lua_createtable(lua, count, 0);
	for (int i = 0; i < count; i++) {
		lua_pushlstring(lua, words[i].ptr, words[i].len);
		lua_rawseti(lua, -2, i + 1);
	}
}

int script_body(lua_State *lua)
{
	const struct script_job *job = lua_touserdata(lua, 1);
	struct scripts *s = job->vm->scripts;
	int words = 0;

	lua_settop(lua, 0);
	if (job->vm->kind == VM_EVAL) {
		lua_rawgeti(lua, LUA_REGISTRYINDEX, job->vm->ref_globals);
		lua_pushliteral(lua, "KEYS");
		run_push_words(lua, job->keys, job->key_count);
		lua_rawset(lua, 1);
		lua_pushliteral(lua, "ARGV");
		run_push_words(lua, job->args, job->arg_count);
		lua_rawset(lua, 1);
		lua_settop(lua, 0);
	}
	lua_rawgeti(lua, LUA_REGISTRYINDEX, job->ref);
	if (job->vm->kind == VM_FUNCTIONS) {
		run_push_words(lua, job->keys, job->key_count);
		run_push_words(lua, job->args, job->arg_count);
		words = 2;
	}
	lua_call(lua, words, 1);
	s->run->mark = out_mark(s->run->call->reply->out);
	s->run->has_mark = true;
	convert_from_lua(lua, s->run->call->reply, s->session.reply.resp);
	return 0;
}

/* "ERR " and what an error value that is no table says. */
static void run_describe(lua_State *lua, int index, struct buf *out)
{
	buf_add_text(out, "ERR ");
	switch (lua_type(lua, index)) {
	case LUA_TSTRING: {
		size_t len;
		const char *text = lua_tolstring(lua, index, &len);
		buf_add(out, text, len);
		break;
	}
	case LUA_TNUMBER:
		buf_printf(out, LUA_NUMBER_FMT, lua_tonumber(lua, index));
		break;
	case LUA_TBOOLEAN:
		buf_add_text(out, lua_toboolean(lua, index) ? "true" : "false");
		break;
	case LUA_TNIL:
		buf_add_text(out, "nil");
		break;
	default:
		buf_printf(out, "%s: %p", luaL_typename(lua, index), lua_topointer(lua, index));
		break;
	}
}

/* Notes text and place of an error that nobody in the script caught. */
int script_on_error(lua_State *lua)
{
	struct script_run *run = vm_of(lua)->scripts->run;
	lua_Debug where;
	size_t len;

	if (run == NULL)
		return 1;
	buf_clear(&run->error);
	if (lua_type(lua, 1) != LUA_TTABLE) {
		run_describe(lua, 1, &run->error);
	} else {
		lua_pushliteral(lua, "ignore_error_stats_update");
		lua_rawget(lua, 1);
		run->is_counted = lua_toboolean(lua, -1);
		lua_pushliteral(lua, "err");
		lua_rawget(lua, 1);
		if (lua_type(lua, -1) == LUA_TSTRING) {
			const char *text = lua_tolstring(lua, -1, &len);
			buf_add(&run->error, text, len);
		} else {
			buf_add_text(&run->error, error_text(E_LUA_UNKNOWN));
		}
	}
	if (!lua_getstack(lua, 1, &where) || !lua_getinfo(lua, "Sl", &where))
		return 1;
	if (where.what[0] == 'C' && lua_getstack(lua, 2, &where))
		lua_getinfo(lua, "Sl", &where);
	buf_clear(&run->source);
	buf_add_text(&run->source, where.source);
	run->line = where.currentline;
	return 1;
}

/* --- long scripts
 * --------------------------------------------------------------------------------- */

static void run_become_busy(struct scripts *s, int64_t elapsed_us)
{
	s->run->is_busy = true;
	s->exec->gates |= GATE_BIT(GATE_BUSY_SCRIPT);
	log_line(LOG_WARNING,
		"Slow script detected: still in execution after %lld milliseconds. You can try "
		"killing the script using the %s command. Script name is: %s.",
		(long long)(elapsed_us / 1000),
		s->run->job->vm->kind == VM_EVAL ? "SCRIPT KILL" : "FUNCTION KILL",
		s->run->job->name);
}

/* From now on every line is interrupted, so that pcall in a loop gains nothing. */
static void run_end_killed(lua_State *lua, const struct script_run *run)
{
	const char *text = run->job->vm->kind == VM_EVAL
				   ? "Script killed by user with SCRIPT KILL..."
				   : "Script killed by user with FUNCTION KILL...";

	log_line(LOG_NOTICE, "%s", text);
	lua_sethook(lua, script_hook, LUA_MASKLINE | LUA_MASKCOUNT, SCRIPT_HOOK_INSTRUCTIONS);
	lua_pushliteral(lua, "ERR ");
	lua_pushstring(lua, text);
	lua_concat(lua, 2);
	size_t len;
	const char *whole = lua_tolstring(lua, -1, &len);
	script_push_error(lua, bytes_of(whole, len), false);
	lua_error(lua);
}

void script_hook(lua_State *lua, lua_Debug *where)
{
	struct scripts *s = vm_of(lua)->scripts;
	struct script_run *run = s->run;

	(void)where;
	if (run == NULL) {
		if (s->load_until_us != 0 && run_clock_us(s) > s->load_until_us)
			script_raise(lua, E_LIBRARY_TIMEOUT);
		return;
	}
	if (!run->is_killed) {
		int64_t limit_us, elapsed_us = run_clock_us(s) - run->started_us;
		if (__builtin_mul_overflow(s->config->busy_reply_ms, 1000, &limit_us))
			limit_us = INT64_MAX;
		if (limit_us == 0 || (!run->is_busy && elapsed_us < limit_us) || s->serve == NULL)
			return;
		if (!run->is_busy)
			run_become_busy(s, elapsed_us);
		s->serve(s->serve_context);
	}
	if (run->is_killed)
		run_end_killed(lua, run);
}

/* --- before and after
 * ------------------------------------------------------------------------------- */

/* What is known of the script already says that it can't run now. */
static bool run_is_refused(struct call *call, const struct script_job *job, bool is_read_only)
{
	if (job->flags & SCRIPT_UNDECLARED)
		return false;
	if (is_read_only && !(job->flags & SCRIPT_NO_WRITES)) {
		call_fail(call, E_SCRIPT_RO_COMMAND);
		return true;
	}
	if (UNLIKELY(call->exec->is_out_of_memory) &&
		!(job->flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES))) {
		call_fail(call, E_SCRIPT_OOM);
		return true;
	}
	return false;
}

static void run_enter(struct scripts *s, struct script_run *run)
{
	struct session *own = &s->session;
	const struct session *caller = run->call->session;

	own->caller = run->call->session;
	own->db = caller->db;
	own->user = caller->user;
	own->gates = caller->gates & GATE_BIT(GATE_ACL);
	own->flags = SESSION_DENY_BLOCKING | (caller->flags & SESSION_NO_TOUCH);
	own->reply.resp = 2;
	own->is_authenticated = true;
	run->job->vm->limit_bytes = SCRIPT_VM_BYTES_MAX;
	s->run = run;
}

static void run_leave(struct scripts *s, struct script_run *run)
{
	s->run = NULL;
	run->job->vm->limit_bytes = SIZE_MAX;
	s->session.caller = NULL;
	s->session.user = NULL;
	s->exec->is_effect_muted = false;
	out_clear(&s->session.out);
	if (UNLIKELY(run->is_busy)) {
		s->exec->gates &= ~GATE_BIT(GATE_BUSY_SCRIPT);
		lua_sethook(
			run->job->vm->lua, script_hook, LUA_MASKCOUNT, SCRIPT_HOOK_INSTRUCTIONS);
	}
	if (UNLIKELY(run->is_abandoned))
		effect_unit_drop(s->exec);
}

static enum outcome run_fail(struct script_run *run, lua_State *lua)
{
	struct call *call = run->call;
	struct buf text = {0};

	if (run->error.len > 0)
		buf_add_bytes(&text, buf_bytes(&run->error));
	else /* memory is out: the handler was not called, and the error is a string */
		run_describe(lua, -1, &text);
	buf_printf(&text, " script: %s", run->job->name);
	if (run->line >= 0)
		buf_printf(&text, ", on %s:%d.", buf_text(&run->source), run->line);
	if (run->is_counted)
		reply_error_text(call->reply, buf_bytes(&text));
	else
		call_fail_text(call, buf_bytes(&text));
	buf_release(&text);
	return FAILED;
}

enum outcome script_run(struct call *call, const struct script_job *job)
{
	struct scripts *s = call->exec->scripts;
	lua_State *lua = job->vm->lua;
	struct reply *reply = call->reply;

	effect_none(call);
	ASSERT(s->run == NULL); /* no command that runs scripts is allowed in one */
	if (run_is_refused(call, job, job->is_read_only))
		return FAILED;
	struct script_run run = {.job = job,
		.call = call,
		.started_us = run_clock_us(s),
		.is_oom = call->exec->is_out_of_memory,
		.line = -1};
	uint32_t errors = reply->errors;
	run_enter(s, &run);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, job->vm->ref_on_error);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, job->vm->ref_body);
	lua_pushlightuserdata(lua, (void *)(uintptr_t)job);
	int status = lua_pcall(lua, 1, 0, 1);
	run_leave(s, &run);
	enum outcome outcome = reply->errors == errors ? DONE : FAILED;
	if (UNLIKELY(status != 0)) {
		if (run.has_mark)
			out_cut(reply->out, run.mark);
		outcome = run_fail(&run, lua);
	}
	lua_settop(lua, 0);
	if (UNLIKELY(status == LUA_ERRMEM))
		lua_gc(lua, LUA_GCCOLLECT, 0);
	buf_release(&run.error);
	buf_release(&run.source);
	return outcome;
}
