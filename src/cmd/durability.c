/* SPDX-License-Identifier: BSD-3-Clause
 *
 * WAIT and WAITAOF: until what this client has written is safe elsewhere, or on this disk; and
 * CLIENT DURABILITY, how safe what this client sees must be.
 *
 * Waiters are kept by the ids of their sessions: one that has gone, or waits no more, is dropped
 * when the log reports the next time. No replicas: nobody acknowledges for them.
 */
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/durability.h"
#include "cmd/services.h"
#include "cmd/timeout.h"
#include "exec/wait.h"
#include "persist/persist.h"

struct local_waiter {
	uint64_t session;
	int64_t replicas; /* it waits for these, too */
};

struct local_waiters {
	struct exec *exec;
	struct local_waiter *all;
	int count, cap;
};

static struct persist *persist_of(const struct exec *exec)
{
	return exec->services->persist;
}

/* Is all that it wrote on the disk? Without a log nothing is. */
static bool is_local(const struct session *s)
{
	const struct log_writer *log = persist_of(s->exec)->log;

	return log_writer_is_trusted(log) && log_writer_durable_group(log) >= s->write_group;
}

static void reply_acks(struct reply *reply, bool local)
{
	reply_array(reply, 2);
	reply_i64(reply, local);
	reply_i64(reply, 0);
}

/* --- waiting for the log ---------------------------------------------------------------------- */

static bool has_log(const struct exec *exec)
{
	return persist_of(exec)->config->aof.enabled;
}

/* True: it waits no more. */
static bool waiter_serve(const struct local_waiters *w, const struct local_waiter *waiter)
{
	struct session *s = session_by_id(w->exec, waiter->session);

	if (s == NULL || !wait_is_blocked(s))
		return true;
	if (!has_log(w->exec)) {
		struct bytes text = bytes_text(error_text(E_WAITAOF_OFF));
		exec_count_error(w->exec, text);
		reply_error_text(&s->reply, text);
	} else if (waiter->replicas == 0 && is_local(s)) {
		reply_acks(&s->reply, true);
	} else {
		return false;
	}
	wait_finish(s);
	return true;
}

static void on_progress(uint64_t written, uint64_t durable, void *context)
{
	struct local_waiters *w = context;

	(void)written;
	(void)durable;
	for (int i = 0; i < w->count;)
		if (waiter_serve(w, &w->all[i]))
			w->all[i] = w->all[--w->count];
		else
			i++;
}

static void waiter_add(struct local_waiters *w, const struct local_waiter *waiter)
{
	if (w->count == w->cap) {
		w->cap = w->cap == 0 ? 16 : w->cap * 2; /* bounded by the sessions there are */
		w->all = mem_realloc(w->all, (size_t)w->cap * sizeof(*w->all));
	}
	w->all[w->count++] = *waiter;
}

/* --- WAIT, WAITAOF ---------------------------------------------------------------------------- */

static void wait_timed_out(struct reply *reply)
{
	reply_i64(reply, 0);
}

static enum outcome wait_replicas(struct call *call)
{
	int64_t replicas, timeout_ms;

	if (!call_arg_i64(call, 1, &replicas) || !timeout_parse_ms(call, 2, &timeout_ms))
		return FAILED;
	if (replicas <= 0 || call->session->flags & SESSION_DENY_BLOCKING) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	return wait_on_event(call, timeout_ms, wait_timed_out);
}

static void waitaof_timed_out(struct reply *reply)
{
	const struct session *s = LINK_OWNER(reply, struct session, reply);
	reply_acks(reply, is_local(s));
}

static enum outcome waitaof(struct call *call)
{
	struct session *s = call->session;
	struct local_waiters *w = persist_of(call->exec)->waiters;
	int64_t local, replicas, timeout_ms;

	if (!call_arg_i64(call, 1, &local))
		return FAILED;
	if (local < 0 || local > 1)
		return call_failf(call, E_RANGE_BETWEEN, 0LL, 1LL);
	if (!call_arg_i64(call, 2, &replicas))
		return FAILED;
	if (replicas < 0)
		return call_fail(call, E_MUST_BE_POSITIVE);
	if (!timeout_parse_ms(call, 3, &timeout_ms))
		return FAILED;
	if (local != 0 && !has_log(call->exec))
		return call_fail(call, E_WAITAOF_OFF);
	bool is_done = replicas == 0 && (local == 0 || is_local(s));
	if (is_done || s->flags & SESSION_DENY_BLOCKING) {
		reply_acks(call->reply, is_local(s));
		return DONE;
	}
	if (local != 0)
		waiter_add(w, &(struct local_waiter){s->id, replicas});
	return wait_on_event(call, timeout_ms, waitaof_timed_out);
}

/* --- CLIENT DURABILITY ------------------------------------------------------------------------ */

static const char *const durability_words[] = {"default", "none", "written", "fsync"};

const char *durability_word(const struct session *s)
{
	return durability_words[s->durability];
}

enum outcome client_durability(struct call *call)
{
	for (uint8_t i = 0; i < sizeof(durability_words) / sizeof(durability_words[0]); i++) {
		if (!call_arg_is(call, 2, durability_words[i]))
			continue;
		hold_set_durability(persist_of(call->exec)->hold, call->session, i);
		reply_ok(call->reply);
		return DONE;
	}
	return call_fail(call, E_SYNTAX);
}

/* --- life ------------------------------------------------------------------------------------- */

void durability_init(struct exec *exec)
{
	struct local_waiters *w = mem_calloc(1, sizeof(*w));

	w->exec = exec;
	persist_of(exec)->waiters = w;
	log_writer_listen(persist_of(exec)->log,
		(struct log_writer_events){.progress = on_progress, .context = w});
}

void durability_free(struct exec *exec)
{
	struct local_waiters *w = persist_of(exec)->waiters;

	mem_free(w->all);
	mem_free(w);
}

const struct command_row durability_commands[] = {
	{.name = "WAIT",
		.run = wait_replicas,
		.group = "generic",
		.since = "3.0.0",
		.complexity = "O(1)",
		.syntax = "numreplicas:integer timeout:integer",
		.categories = "=connection",
		.tips = "request_policy:all_shards|response_policy:agg_min",
		.summary = "Waits until so many replicas have what this connection has written."},
	{.name = "WAITAOF",
		.run = waitaof,
		.flags = CMD_NOSCRIPT,
		.group = "generic",
		.since = "7.2.0",
		.complexity = "O(1)",
		.syntax = "numlocal:integer numreplicas:integer timeout:integer",
		.categories = "=connection",
		.tips = "request_policy:all_shards|response_policy:agg_min",
		.summary = "Waits until what this connection has written is on the disk, here and "
			   "on so "
			   "many replicas."},
	{.name = NULL},
};
