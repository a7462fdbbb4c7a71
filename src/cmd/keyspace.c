/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands about whole databases: DBSIZE, RANDOMKEY, FLUSHDB, FLUSHALL, SWAPDB.
 */
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "exec/wait.h"
#include "exec/watch.h"
#include "persist/persist.h"

#define FLUSH_SLICE_US 1000

static enum outcome dbsize(struct call *call)
{
	reply_i64(call->reply, (int64_t)db_size(call->db));
	return DONE;
}

static enum outcome randomkey(struct call *call)
{
	struct entry *e = db_random(call->db);
	if (e == NULL)
		reply_null(call->reply);
	else
		reply_bulk(call->reply, entry_key(e));
	return DONE;
}

/* After SYNC the memory is free. What takes longer than a moment is not done in this turn: the
 * keys are gone, and the client waits until the slices are through; where it cannot wait, and
 * nobody may come in between, it is told at once. */
static enum outcome flush_settle(struct call *call)
{
	struct keyspace *k = call->db->keyspace;
	if (call->session->origin == ORIGIN_RECOVERY)
		keyspace_free_slice(k, INT64_MAX);
	if (!keyspace_free_slice(k, FLUSH_SLICE_US) ||
		call->session->flags & SESSION_DENY_BLOCKING) {
		reply_ok(call->reply);
		return DONE;
	}
	return wait_on_graves(call);
}

static enum outcome flush(struct call *call, int db)
{
	struct keyspace *k = call->db->keyspace;
	bool is_lazy = k->config.lazy_user_flush;
	if (call->is_blocked_retry) {
		reply_ok(call->reply);
		return DONE;
	}
	if (call->argc > 2)
		return call_fail(call, E_SYNTAX);
	if (call_arg_is(call, 1, "ASYNC"))
		is_lazy = true;
	else if (call_arg_is(call, 1, "SYNC"))
		is_lazy = false;
	else if (call->argc == 2)
		return call_fail(call, E_SYNTAX);
	keyspace_bury(k, db, is_lazy);
	/* Also of an empty database: a replica may know keys that are long expired here. */
	effect_force(call);
	if (!is_lazy)
		return flush_settle(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome flushdb(struct call *call)
{
	return flush(call, call->db->id);
}

static enum outcome flushall(struct call *call)
{
	const struct services *services = call->exec->services;
	enum outcome outcome = flush(call, -1);
	/* A dump of what is gone is not to be finished, nor the last one to be kept. */
	if (outcome != FAILED && !call->is_blocked_retry && services != NULL &&
		services->persist != NULL)
		save_on_flush(services->persist->save);
	return outcome;
}

static enum outcome swapdb(struct call *call)
{
	struct keyspace *k = call->db->keyspace;
	int64_t a, b;
	if (!call_arg_i64_in(call, 1, (struct i64_range){INT32_MIN, INT32_MAX}, &a, E_FIRST_DB) ||
		!call_arg_i64_in(
			call, 2, (struct i64_range){INT32_MIN, INT32_MAX}, &b, E_SECOND_DB))
		return FAILED;
	if (a < 0 || a >= k->db_count || b < 0 || b >= k->db_count)
		return call_fail(call, E_DB_RANGE);
	if (a != b) {
		watch_on_swap(call->exec, (int)a, (int)b);
		keyspace_swap(k, (int)a, (int)b);
		wait_on_swap(call->exec, (int)a, (int)b);
	}
	k->dirty++;
	reply_ok(call->reply);
	return DONE;
}

#define FLUSH_FLAGS (CMD_WRITE | CMD_KEYSPACE_CATEGORY | CMD_DANGEROUS)
#define FLUSH                                                                                      \
	.flags = FLUSH_FLAGS, .group = "server", .since = "1.0.0",                                 \
	.syntax = "flush-type=[ASYNC@4.0.0|SYNC@6.2.0]",                                           \
	.tips = "request_policy:all_shards|response_policy:all_succeeded",                         \
	.history = "4.0.0=Added the `ASYNC` flushing mode modifier.|"                              \
		   "6.2.0=Added the `SYNC` flushing mode modifier."

const struct command_row keyspace_commands[] = {
	{.name = "DBSIZE",
		.run = dbsize,
		.flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE_CATEGORY,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.tips = "request_policy:all_shards|response_policy:agg_sum",
		.summary = "Answers how many keys the database has."},
	{.name = "RANDOMKEY",
		.run = randomkey,
		.flags = CMD_READONLY,
		.group = "generic",
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.tips = "request_policy:all_shards|nondeterministic_output",
		.summary = "Answers one of the keys, at random."},
	{.name = "FLUSHDB",
		.run = flushdb,
		FLUSH,
		.complexity = "O(N) where N is the number of keys in the selected database",
		.summary = "Deletes all keys of the database."},
	{.name = "FLUSHALL",
		.run = flushall,
		FLUSH,
		.complexity = "O(N) where N is the total number of keys in all databases",
		.summary = "Deletes all keys of all databases."},
	{.name = "SWAPDB",
		.run = swapdb,
		.flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE_CATEGORY | CMD_DANGEROUS,
		.group = "server",
		.since = "4.0.0",
		.complexity = "O(N) where N is the count of clients watching or blocking on keys "
			      "from both databases.",
		.syntax = "index1:integer index2:integer",
		.summary = "Lets two databases change places."},
	{0},
};
