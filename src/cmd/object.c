/* SPDX-License-Identifier: BSD-3-Clause
 *
 * OBJECT: how a value is kept, and when and how often it is used. Looking does not count as using,
 * and not finding is no event.
 */
#include "cmd/commands.h"
#include "cmd/help.h"
#include "exec/exec.h"
#include "store/evict.h"
#include "store/type_ops.h"

/* Redis shares small integers; clients look for the huge count that gives them away. */
#define SHARED_INTEGERS 10000
#define SHARED_REFCOUNT INT32_MAX

/* The entry of argv[2]; NULL: null was replied. */
static struct entry *object_find(struct call *call)
{
	struct entry *e = db_find(call->db, call_key(call, 2));
	if (e == NULL) {
		call->exec->stats.keyspace_misses++;
		reply_null(call->reply);
		return NULL;
	}
	call->exec->stats.keyspace_hits++;
	return e;
}

static enum outcome object_encoding(struct call *call)
{
	struct entry *e = object_find(call);
	if (e == NULL)
		return DONE;
	struct value v = entry_value(e);
	reply_bulk_text(call->reply, type_ops_of(&v)->encoding(&v));
	return DONE;
}

static enum outcome object_refcount(struct call *call)
{
	const struct keyspace_config *config = &call->db->keyspace->config;
	struct entry *e = object_find(call);
	if (e == NULL)
		return DONE;
	struct value v = entry_value(e);
	int kind = config->policy & 3;
	bool keeps_clocks = config->maxmemory != 0 && config->policy != POLICY_NOEVICTION &&
		(kind == POLICY_VOLATILE_LRU || kind == POLICY_VOLATILE_LFU);
	bool is_small = v.type == TYPE_STRING && v.encoding == ENC_INT && v.integer >= 0 &&
		v.integer < SHARED_INTEGERS;
	reply_i64(call->reply, is_small && !keeps_clocks ? SHARED_REFCOUNT : 1);
	return DONE;
}

static enum outcome object_idletime(struct call *call)
{
	const struct keyspace *k = call->db->keyspace;
	struct entry *e = object_find(call);
	if (e == NULL)
		return DONE;
	if (policy_is_lfu(k->config.policy))
		return call_fail(call, E_IDLE_UNTRACKED);
	reply_i64(call->reply, (int64_t)lru_idle_seconds(k, e));
	return DONE;
}

static enum outcome object_freq(struct call *call)
{
	const struct keyspace *k = call->db->keyspace;
	struct entry *e = object_find(call);
	if (e == NULL)
		return DONE;
	if (!policy_is_lfu(k->config.policy))
		return call_fail(call, E_FREQ_UNTRACKED);
	reply_i64(call->reply, lfu_frequency(k, e));
	return DONE;
}

static enum outcome object_help(struct call *call)
{
	static const char *const lines[] = {
		"ENCODING <key>",
		"    Return the kind of internal representation used in order to store the value",
		"    associated with a <key>.",
		"FREQ <key>",
		"    Return the access frequency index of the <key>. The returned integer is",
		"    proportional to the logarithm of the recent access frequency of the key.",
		"IDLETIME <key>",
		"    Return the idle time of the <key>, that is the approximated number of",
		"    seconds elapsed since the last access to the key.",
		"REFCOUNT <key>",
		"    Return the number of references of the value associated with the specified",
		"    <key>.",
		NULL,
	};
	return help_reply(call, lines);
}

#define ASKS .flags = CMD_READONLY, .group = "generic", .complexity = "O(1)", \
	.syntax = "key:key:RO", .tips = "nondeterministic_output"

static const struct command_row object_subcommands[] = {
	{.name = "ENCODING", .run = object_encoding, ASKS, .since = "2.2.3",
		.summary = "Answers how a value is kept."},
	{.name = "FREQ", .run = object_freq, ASKS, .since = "4.0.0",
		.summary = "Answers the logarithmic access frequency of a key."},
	{.name = "IDLETIME", .run = object_idletime, ASKS, .since = "2.2.3",
		.summary = "Answers for how many seconds a key was not used."},
	{.name = "REFCOUNT", .run = object_refcount, ASKS, .since = "2.2.3",
		.summary = "Answers how many references a value has."},
	{.name = "HELP", .run = object_help, .flags = CMD_LOADING | CMD_STALE, .group = "generic",
		.since = "6.2.0", .complexity = "O(1)", .syntax = "",
		.summary = "Answers what the subcommands do."},
	{0},
};

const struct command_row object_commands[] = {
	{.name = "OBJECT", .group = "generic", .since = "2.2.3",
		.complexity = "Depends on subcommand.",
		.syntax = "", .summary = "Looks at how values are kept.",
		.subcommands = object_subcommands},
	{0},
};
