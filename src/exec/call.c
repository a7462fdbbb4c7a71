/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The dispatcher: from a request to its outcome and accounts, and the helpers that handlers share.
 *
 * Invariants: every call ends with exactly one reply (or is blocked); a unit opens with the
 * outermost call and closes with it; what became ready is served only after the unit.
 * It must not know any command by name, nor who the sinks are.
 */
#include "exec/call.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/ticks.h"
#include "exec/exec.h"
#include "exec/tx.h"
#include "exec/wait.h"

#include <stdio.h>

#define CALL_ERROR_MAX_BYTES 1024 /* a formatted error text */
#define CALL_UNKNOWN_ARGS_BYTES                                                                    \
	128 /* how much of the arguments an unknown command's error shows                          \
	     */

/* --- errors --------------------------------------------------------------------------------- */

/* EXEC that is refused before it runs ends its transaction and says so. */
static enum outcome call_fail_exec(struct call *call, struct bytes text)
{
	char whole[CALL_ERROR_MAX_BYTES];
	bool is_plain = text.len > 4 && memcmp(text.ptr, "ERR ", 4) == 0;
	size_t skip = is_plain ? 4 : 0;
	int len = snprintf(whole, sizeof(whole), error_text(E_EXEC_REFUSED), (int)(text.len - skip),
		text.ptr + skip);

	tx_discard(call->session);
	if (len >= (int)sizeof(whole))
		len = sizeof(whole) - 1;
	exec_count_error(call->exec, bytes_of(whole, (size_t)len));
	reply_error_text(call->reply, bytes_of(whole, (size_t)len));
	return FAILED;
}

enum outcome call_fail_text(struct call *call, struct bytes text)
{
	if (UNLIKELY(call->command != NULL && call->command->run == call->exec->exec_run &&
		    call->command->run != NULL && call->exec->current != call &&
		    call->session->caller == NULL))
		return call_fail_exec(call, text);
	exec_count_error(call->exec, text);
	reply_error_text(call->reply, text);
	return FAILED;
}

enum outcome call_fail(struct call *call, enum error error)
{
	return call_fail_text(call, bytes_text(error_text(error)));
}

enum outcome call_failf(struct call *call, enum error error, ...)
{
	char text[CALL_ERROR_MAX_BYTES];
	va_list args;

	va_start(args, error);
	int len = vsnprintf(text, sizeof(text), error_text(error), args);
	va_end(args);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	return call_fail_text(call, bytes_of(text, (size_t)len));
}

static enum outcome call_refuse_unknown(struct call *call)
{
	struct command *container = NULL;
	struct buf args = {0};

	tx_flag_error(call->session);
	command_resolve(call->exec->commands, call->argv, call->argc, &container);
	if (container != NULL)
		return call_failf(call, E_UNKNOWN_SUBCOMMAND,
			bytes_clip_text(call->argv[1], 128).text, container->row->name);
	for (int i = 1; i < call->argc && args.len < CALL_UNKNOWN_ARGS_BYTES; i++) {
		struct bytes arg = call->argv[i];
		size_t room = CALL_UNKNOWN_ARGS_BYTES - args.len;
		buf_printf(&args, "'%.*s' ", (int)(arg.len < room ? arg.len : room), arg.ptr);
	}
	enum outcome outcome = call_failf(call, E_UNKNOWN_COMMAND,
		bytes_clip_text(call->argv[0], 128).text, args.len > 0 ? buf_text(&args) : "");
	buf_release(&args);
	return outcome;
}

/* --- running ---------------------------------------------------------------------------------- */

static inline void call_tell(const struct call_sink *sinks, uint32_t armed, struct call *call,
	enum outcome outcome, uint64_t ticks)
{
	for (; armed != 0; armed &= armed - 1) {
		const struct call_sink *sink = &sinks[__builtin_ctz(armed)];
		sink->called(call, outcome, ticks, sink->context);
	}
}

static void call_tell_seen(struct call *call, enum outcome outcome, uint64_t ticks)
{
	const struct exec *exec = call->exec;
	call_tell(exec->seen, (1u << exec->seen_count) - 1, call, outcome, ticks);
}

void call_show(struct call *call)
{
	call->is_shown = true;
	call_tell_seen(call, DONE, 0);
}

static void __attribute__((noinline, cold)) call_sample(struct call *call)
{
	struct exec *exec = call->exec;

	exec->sample_left = UINT32_MAX;
	if (exec->sample_begin != NULL)
		exec->sample_begin(call, exec->sample_context);
	exec->samples_open += call->sample_weight != 0;
}

/* `hold` NULL: no reply waits. What follows the reply (messages to the caller, sinks) comes after
 * its end: it may have to wait as well, and stays where the reply is replaced. */
static inline enum outcome call_execute_now(
	struct call *call, const struct hold_ops *hold, struct hold_frame *frame)
{
	struct exec *exec = call->exec;
	struct command *command = call->command;
	struct call *outer = exec->current;

	exec->current = call;
	exec->depth++;
	exec->keyspace->no_touch = (call->session->flags & SESSION_NO_TOUCH) != 0;
	effect_call_begin(call);
	if (UNLIKELY(--exec->sample_left == 0))
		call_sample(call);
	uint64_t begin = UNLIKELY(outer != NULL) ? ticks_now() : exec->ticks;
	enum outcome outcome = command->run(call);
	uint64_t end = ticks_now();
	exec->ticks = end;
	effect_call_end(call);
	exec->depth--;
	exec->current = outer;
	if (hold != NULL)
		hold->end(call, frame, outcome, hold->context);
	if (UNLIKELY(exec->pushes_for != NULL) && exec->depth == 0)
		exec_send_pushes(exec);
	if (UNLIKELY(exec->seen_count > 0) && !call->is_blocked_retry && !call->is_shown)
		call_tell_seen(call, outcome, end - begin);
	if (UNLIKELY(outcome == BLOCKED)) {
		exec->samples_open -= call->sample_weight != 0;
		call->sample_weight = 0;
		return outcome;
	}
	exec->stats.calls++;
	command->stats.calls++;
	command->stats.ticks += end - begin;
	command->stats.failed += outcome == FAILED;
	call_tell(exec->after, exec->after_armed, call, outcome, end - begin);
	return outcome;
}

HOT static enum outcome call_execute(struct call *call)
{
	const struct hold_ops *hold = call->exec->hold;

	if (LIKELY(hold == NULL))
		return call_execute_now(call, NULL, NULL);
	struct hold_frame frame;
	hold->begin(call, &frame, hold->context);
	return call_execute_now(call, hold, &frame);
}

/* The outermost call: its unit closes, and whoever waited for what it did is served. */
HOT static enum outcome call_execute_unit(struct call *call)
{
	struct exec *exec = call->exec;
	bool is_exec = (call->session->flags & SESSION_MULTI) != 0;
	enum outcome outcome = call_execute(call);

	if (UNLIKELY(exec->depth > 0))
		return outcome;
	effect_unit_close(exec, is_exec);
	if (wait_has_ready(exec) && !exec->is_nested)
		wait_serve_ready(exec);
	return outcome;
}

static enum outcome call_refuse(struct call *call)
{
	tx_flag_error(call->session);
	call->command->stats.rejected++;
	return FAILED;
}

HOT static enum outcome call_dispatch(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = call->exec;
	struct command *command = call->command;

	if (UNLIKELY(command == NULL))
		return call_refuse_unknown(call);
	if (UNLIKELY(!command_arity_fits(command, call->argc) || command->run == NULL)) {
		call_failf(call, E_ARITY, command->name);
		return call_refuse(call);
	}
	call->flags = command->flags;
	uint32_t gates = command->gates;
	if (UNLIKELY(s->flags & SESSION_MULTI)) {
		call->flags |= command->run == exec->exec_run ? s->tx->flags : 0;
		gates |= command->run == exec->exec_run ? s->tx->gates & ~GATE_BIT(GATE_QUEUE) : 0;
	}
	uint32_t armed = gate_armed(exec->gates, s->gates, gates);
	if (UNLIKELY(armed != 0)) {
		if (exec->declared_flags != NULL && command->flags & CMD_MAY_REPLICATE)
			call->flags = exec->declared_flags(call);
		switch (gate_run(call, armed)) {
		case GATE_PASS:
			break;
		case GATE_REFUSED:
			return call_refuse(call);
		case GATE_TAKEN:
			return s->flags & SESSION_BLOCKED ? BLOCKED : DONE;
		}
	}
	return call_execute_unit(call);
}

/* CLIENT REPLY OFF and SKIP: the reply goes where nobody looks. */
static enum outcome call_dispatch_mute(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = call->exec;

	bool is_skipped = (s->flags & SESSION_REPLY_SKIP_NEXT) != 0;
	if (is_skipped)
		s->flags = (s->flags & ~(uint32_t)SESSION_REPLY_SKIP_NEXT) | SESSION_REPLY_SKIP;
	s->reply.out = &exec->discard;
	enum outcome outcome = call_dispatch(call);
	s->reply.out = &s->out;
	out_clear(&exec->discard);
	s->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
	if (is_skipped && s->flags & SESSION_PAUSED_CALL)
		s->flags |= SESSION_REPLY_SKIP_NEXT; /* it is yet to be run */
	return outcome;
}

#define SESSION_MUTE (SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT)

HOT enum outcome call_run_prepared(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = s->exec;

	call->exec = exec;
	call->reply = &s->reply;
	call->db = &exec->keyspace->dbs[s->db];
	s->last_command = call->command;
	s->last_active_s = exec->now_ms / 1000;
	s->calls++;
	if (UNLIKELY(s->flags & SESSION_MUTE))
		return call_dispatch_mute(call);
	return call_dispatch(call);
}

enum outcome call_run_nested(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = s->exec;

	call->exec = exec;
	call->reply = &s->reply;
	call->db = &exec->keyspace->dbs[s->db];
	call->flags = call->command->flags;
	return call_execute(call);
}

enum outcome call_replay(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = s->exec;
	struct call *outer = exec->current;

	call->exec = exec;
	call->reply = &s->reply;
	call->db = &exec->keyspace->dbs[s->db];
	call->flags = call->command->flags;
	exec->current = call;
	exec->depth++;
	effect_call_begin(call);
	enum outcome outcome = call->command->run(call);
	exec->depth--;
	exec->current = outer;
	return outcome;
}

bool call_is_permitted(struct call *call, uint32_t gates)
{
	struct session *s = call->session;

	gates &= s->gates & call->command->gates;
	if (LIKELY(gates == 0))
		return true;
	call->exec = s->exec;
	call->reply = &s->reply;
	call->db = &s->exec->keyspace->dbs[s->db];
	call->flags = call->command->flags;
	if (gate_run(call, gates) == GATE_PASS)
		return true;
	call->command->stats.rejected++;
	return false;
}

void call_prepare(struct call *call, struct session *s, struct bytes *argv, int argc)
{
	*call = (struct call){.session = s,
		.exec = s->exec,
		.argv = argv,
		.argc = argc,
		.command = command_resolve(s->exec->commands, argv, argc, NULL)};
}

void call_run(struct session *s, struct bytes *argv, int argc)
{
	struct call call;
	s->exec->ticks = ticks_now();
	call_prepare(&call, s, argv, argc);
	call_run_prepared(&call);
}

/* --- arguments ----------------------------------------------------------------------------------
 */

bool call_arg_i64(struct call *call, int index, int64_t *out)
{
	if (LIKELY(num_parse_i64(call->argv[index], out)))
		return true;
	call_fail(call, E_NOT_INTEGER);
	return false;
}

bool call_arg_i64_in(
	struct call *call, int index, struct i64_range range, int64_t *out, enum error error)
{
	if (num_parse_i64(call->argv[index], out) && *out >= range.min && *out <= range.max)
		return true;
	call_fail(call, error);
	return false;
}

bool call_arg_double(struct call *call, int index, double *out)
{
	if (num_parse_double(call->argv[index], out))
		return true;
	call_fail(call, E_NOT_FLOAT);
	return false;
}

struct blob *call_hold_argument(const struct call *call, int index)
{
	struct blob *big = call->exec->big_argument;
	if (big == NULL || call->argv[index].ptr != big->data)
		return NULL;
	return blob_hold(big);
}

/* --- lookups
 * -------------------------------------------------------------------------------------- */

static void call_note_miss(struct call *call, struct key key)
{
	call->exec->stats.keyspace_misses++;
	db_notice(call->db, key, EVENT_KEY_MISS, "keymiss");
}

HOT struct entry *call_find_read(struct call *call, struct key key)
{
	struct entry *e = db_find(call->db, key);

	if (UNLIKELY(e == NULL)) {
		call_note_miss(call, key);
		return NULL;
	}
	call->exec->stats.keyspace_hits++;
	if (LIKELY(!(call->session->flags & SESSION_NO_TOUCH)))
		db_touch(call->db, e);
	return e;
}

HOT struct entry *call_find_write(struct call *call, struct key key)
{
	struct entry *e = db_find(call->db, key);
	if (e != NULL && LIKELY(!(call->session->flags & SESSION_NO_TOUCH)))
		db_touch(call->db, e);
	return e;
}
