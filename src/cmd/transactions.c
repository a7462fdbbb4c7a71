/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MULTI, EXEC, DISCARD, WATCH, UNWATCH: thin words over exec/tx and exec/watch.
 */
#include "cmd/commands.h"
#include "exec/exec.h"
#include "exec/tx.h"
#include "exec/watch.h"

static enum outcome multi(struct call *call)
{
	if (call->session->flags & SESSION_MULTI)
		return call_fail(call, E_MULTI_NESTED);
	tx_begin(call->session);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome discard(struct call *call)
{
	if (!(call->session->flags & SESSION_MULTI))
		return call_fail(call, E_DISCARD_ALONE);
	tx_discard(call->session);
	reply_ok(call->reply);
	return DONE;
}

enum outcome transactions_exec(struct call *call)
{
	struct session *s = call->session;

	effect_none(call);
	if (!(s->flags & SESSION_MULTI))
		return call_fail(call, E_EXEC_ALONE);
	if (s->flags & SESSION_DIRTY_EXEC) {
		tx_discard(s);
		return call_fail(call, E_EXEC_ABORT);
	}
	if (s->flags & SESSION_DIRTY_CAS || watch_has_expired(s)) {
		tx_discard(s);
		exec_look(call->exec, NULL, NULL); /* which key it was is not known */
		reply_null_array(call->reply);
		return DONE;
	}
	tx_exec(call);
	return DONE;
}

static enum outcome watch(struct call *call)
{
	struct session *s = call->session;

	if (s->flags & SESSION_MULTI)
		return call_fail(call, E_WATCH_IN_MULTI);
	/* EXEC will fail already: more watches would only cost memory. */
	for (int i = 1; i < call->argc && !(s->flags & SESSION_DIRTY_CAS); i++)
		watch_add(s, call->db, call->argv[i]);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome unwatch(struct call *call)
{
	watch_drop(call->session);
	call->session->flags &= ~(uint32_t)SESSION_DIRTY_CAS;
	reply_ok(call->reply);
	return DONE;
}

#define TX_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

const struct command_row transactions_commands[] = {
	{.name = "MULTI",
		.run = multi,
		.flags = TX_FLAGS | CMD_FAST | CMD_ALLOW_BUSY,
		.group = "transactions",
		.since = "1.2.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Opens a transaction: the commands that follow are queued until EXEC."},
	{.name = "EXEC",
		.run = transactions_exec,
		.flags = TX_FLAGS | CMD_SKIP_SLOWLOG,
		.group = "transactions",
		.since = "1.2.0",
		.complexity = "Depends on commands in the transaction",
		.syntax = "",
		.summary = "Runs all queued commands as one unit."},
	{.name = "DISCARD",
		.run = discard,
		.flags = TX_FLAGS | CMD_FAST | CMD_ALLOW_BUSY,
		.group = "transactions",
		.since = "2.0.0",
		.complexity = "O(N), when N is the number of queued commands",
		.syntax = "",
		.summary = "Forgets the queued commands and leaves the transaction."},
	{.name = "WATCH",
		.run = watch,
		.flags = TX_FLAGS | CMD_FAST | CMD_ALLOW_BUSY,
		.group = "transactions",
		.since = "2.2.0",
		.complexity = "O(1) for every key.",
		.syntax = "key:key:RO...",
		.summary = "Makes the next EXEC depend on these keys staying unchanged."},
	{.name = "UNWATCH",
		.run = unwatch,
		.flags = TX_FLAGS | CMD_FAST | CMD_ALLOW_BUSY,
		.group = "transactions",
		.since = "2.2.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Forgets all watched keys."},
	{0},
};
