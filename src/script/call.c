/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redis.call and redis.pcall: a nested call from the words on the Lua stack, without a copy of
 * them, its vetoes in scripts' own texts, and its reply as a Lua value.
 *
 * Invariant: the session's output is empty between two nested calls. Nothing here holds memory that
 * an error, which unwinds the C stack, would lose.
 */
#include "script/run.h"

#include "base/num.h"

#include <stdio.h>

#define CALL_ARGS_ON_STACK 32
#define CALL_NUMBER_CHARS 40

/* A number as the text that the command gets: integers plainly, others with 17 digits. */
static void call_number_to_text(lua_State *lua, int index)
{
	char text[CALL_NUMBER_CHARS];
	double value = lua_tonumber(lua, index);
	size_t len;

	if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value)
		len = num_print_i64(text, (int64_t)value);
	else
		len = (size_t)snprintf(text, sizeof(text), "%.17g", value);
	lua_pushlstring(lua, text, len);
	lua_replace(lua, index);
}

static bool call_words(lua_State *lua, struct bytes *argv, int argc)
{
	for (int i = 0; i < argc; i++) {
		int type = lua_type(lua, i + 1);
		if (type == LUA_TNUMBER)
			call_number_to_text(lua, i + 1);
		else if (UNLIKELY(type != LUA_TSTRING))
			return false;
		argv[i].ptr = lua_tolstring(lua, i + 1, &argv[i].len);
	}
	return true;
}

/* --- vetoes --- */

/* Gates that have a say in nested calls. */
#define CALL_GATES                                                                                 \
	(GATE_BIT(GATE_ACL) | GATE_BIT(GATE_CLUSTER) | GATE_BIT(GATE_DISK) |                       \
		GATE_BIT(GATE_FEW_REPLICAS) | GATE_BIT(GATE_READ_ONLY) | GATE_BIT(GATE_STALE))

static enum outcome call_refused(struct call *call, enum error error)
{
	if (call->command != NULL)
		call->command->stats.rejected++;
	return call_fail(call, error);
}

static bool call_passes_gates(struct call *call)
{
	uint32_t armed = gate_armed(call->exec->gates, call->session->gates, call->command->gates) &
			 CALL_GATES;

	if (LIKELY(armed == 0) || gate_run(call, armed) == GATE_PASS)
		return true;
	call->command->stats.rejected++;
	return false;
}

/* May it run inside this script? Otherwise its reply is the error. */
static bool call_is_allowed(struct call *call, struct script_run *run)
{
	const struct command *command = call->command;
	uint32_t flags = run->job->flags;

	if (UNLIKELY(command == NULL))
		return call_refused(call, E_SCRIPT_UNKNOWN), false;
	if (UNLIKELY(!command_arity_fits(command, call->argc) || command->run == NULL))
		return call_refused(call, E_SCRIPT_ARITY), false;
	if (UNLIKELY(command->flags & CMD_NOSCRIPT) && !call->exec->allows_noscript)
		return call_refused(call, E_SCRIPT_NOT_ALLOWED), false;
	if (command->flags & (CMD_WRITE | CMD_MAY_REPLICATE)) {
		if (UNLIKELY(run->job->is_read_only || flags & SCRIPT_NO_WRITES))
			return call_refused(call, E_SCRIPT_READ_ONLY), false;
	}
	if (!call_passes_gates(call))
		return false;
	if (UNLIKELY(run->is_oom) && command->flags & CMD_DENY_OOM && !run->has_written &&
		!(flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES)))
		return call_refused(call, E_OOM), false;
	run->has_written |= (command->flags & CMD_WRITE) != 0;
	return true;
}

/* --- running ------------------------------------------------------------------------------------
 */

/* The reply in one piece. */
static struct bytes call_reply(struct scripts *s)
{
	struct iovec pieces[2];
	int count = out_pieces(&s->session.out, pieces, 2);

	if (LIKELY(count == 1))
		return bytes_of(pieces[0].iov_base, pieces[0].iov_len);
	buf_clear(&s->reply);
	while (!out_is_empty(&s->session.out)) {
		out_pieces(&s->session.out, pieces, 1);
		buf_add(&s->reply, pieces[0].iov_base, pieces[0].iov_len);
		out_consume(&s->session.out, pieces[0].iov_len);
	}
	return buf_bytes(&s->reply);
}

#define CALL_SCRATCH_KEPT_BYTES (256 * 1024)

static int call_run_words(lua_State *lua, struct bytes *argv, int argc, bool raises)
{
	struct scripts *s = vm_of(lua)->scripts;
	struct call call;

	if (UNLIKELY(s->run == NULL))
		return script_raise(lua, E_LUA_CALL_OUTSIDE);
	out_clear(&s->session.out);
	call_prepare(&call, &s->session, argv, argc);
	call.reply = &s->session.reply;
	if (call.command != NULL)
		call.flags = call.command->flags;
	call.db = &s->exec->keyspace->dbs[s->session.db];
	if (LIKELY(call_is_allowed(&call, s->run)))
		call_run_nested(&call);
	struct bytes reply = call_reply(s);
	bool is_error = reply.len > 0 && reply.ptr[0] == '-';
	convert_to_lua(lua, reply);
	out_clear(&s->session.out);
	if (UNLIKELY(s->reply.cap > CALL_SCRATCH_KEPT_BYTES))
		buf_release(&s->reply);
	return raises && is_error ? lua_error(lua) : 1;
}

int script_call(lua_State *lua, bool raises)
{
	struct bytes few[CALL_ARGS_ON_STACK], *argv = few;
	int argc = lua_gettop(lua);
	enum error error = E_NONE;

	if (UNLIKELY(argc > CALL_ARGS_ON_STACK))
		argv = lua_newuserdata(lua, (size_t)argc * sizeof(*argv));
	if (UNLIKELY(argc == 0))
		error = E_LUA_CALL_ARGS;
	else if (UNLIKELY(!call_words(lua, argv, argc)))
		error = E_LUA_CALL_WORDS;
	if (LIKELY(error == E_NONE))
		return call_run_words(lua, argv, argc, raises);
	if (raises)
		return script_raise(lua, error);
	script_push_error(lua, bytes_text(error_text(error)), false);
	return 1;
}
