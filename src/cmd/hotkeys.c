/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HOTKEYS and BIGKEYS: which keys are asked for most, and which take most memory. Both are kept all
 * the time (obs/hotkeys, obs/bigkeys); here they are only shown, to each user those keys that he
 * may read.
 */
#include "acl/acl.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/clock.h"
#include "obs/observe.h"
#include "store/type_ops.h"

#define HOTKEYS_DEFAULT_COUNT 16

static const struct {
	const char *word;
	enum hot_metric metric;
	const char *field;
} metrics[] = {
	{"ops", HOT_OPS, "ops"},
	{"bytes", HOT_BYTES, "bytes"},
	{"cpu", HOT_TICKS, "cpu-usec"},
};
#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

struct options {
	size_t by;
	int64_t count;
};

static bool take_metric(struct call *call, int index, struct options *o)
{
	for (size_t i = 0; i < METRICS; i++) {
		if (!call_arg_is(call, index, metrics[i].word))
			continue;
		o->by = i;
		return true;
	}
	return call_fail(call, E_SYNTAX) == DONE;
}

static bool take_options(struct call *call, bool has_metric, struct options *o)
{
	*o = (struct options){.count = HOTKEYS_DEFAULT_COUNT};
	for (int i = 1; i < call->argc; i += 2) {
		bool is_last = i + 1 == call->argc;
		if (!is_last && has_metric && call_arg_is(call, i, "by")) {
			if (!take_metric(call, i + 1, o))
				return false;
		} else if (!is_last && call_arg_is(call, i, "count")) {
			if (!call_arg_i64_in(call, i + 1, (struct i64_range){1, INT64_MAX},
				    &o->count, E_MUST_BE_POSITIVE))
				return false;
		} else {
			return call_fail(call, E_SYNTAX) == DONE;
		}
	}
	return true;
}

static bool is_reset(struct call *call)
{
	return call->argc == 2 && call_arg_is(call, 1, "reset");
}

/* The key's whole name; false: it is unknown, or not for this user. */
static bool key_to_show(const struct call *call, const struct key_name *name,
	const struct entry *e, struct bytes *out)
{
	*out = key_name_text(name, e);
	return out->ptr != NULL && acl_reads_key(call->exec->services->acl, call, *out);
}

static void reply_key(struct reply *r, struct bytes key, uint16_t db)
{
	reply_bulk_text(r, "key");
	reply_bulk(r, key);
	reply_bulk_text(r, "db");
	reply_i64(r, db);
}

static int64_t shown(enum hot_metric metric, uint64_t weight)
{
	return metric == HOT_TICKS ? (int64_t)clock_ticks_to_us(weight) : (int64_t)weight;
}

static enum outcome hotkeys_run(struct call *call)
{
	struct hotkeys *hot = call->exec->services->observe->hotkeys;
	uint8_t order[HOTKEYS_SLOTS];
	struct options o;
	int64_t count = 0;

	if (is_reset(call)) {
		hotkeys_forget(hot);
		reply_ok(call->reply);
		return DONE;
	}
	if (!take_options(call, true, &o))
		return FAILED;
	exec_look(call->exec, NULL, NULL);
	enum hot_metric metric = metrics[o.by].metric;
	const struct hot_summary *s = &hot->by[metric];
	struct reply_hole hole = reply_open(call->reply);
	int all = hotkeys_order(hot, metric, order);
	for (int i = 0; i < all && count < o.count; i++) {
		const struct key_name *name = &s->names[order[i]];
		struct bytes key;
		if (!key_to_show(call, name, key_name_entry(name, call->exec->keyspace), &key))
			continue;
		reply_map(call->reply, 4);
		reply_key(call->reply, key, name->db);
		reply_bulk_text(call->reply, metrics[o.by].field);
		reply_i64(call->reply, shown(metric, s->weights[order[i]]));
		reply_bulk_text(call->reply, "error");
		reply_i64(call->reply, shown(metric, s->errors[order[i]]));
		count++;
	}
	reply_close_array(call->reply, hole, count);
	return DONE;
}

static enum outcome bigkeys_run(struct call *call)
{
	const struct keyspace *k = call->exec->keyspace;
	struct bigkeys *big = call->exec->services->observe->bigkeys;
	uint8_t order[BIGKEYS_SLOTS];
	struct options o;
	int64_t count = 0;

	if (is_reset(call)) {
		bigkeys_forget(big);
		reply_ok(call->reply);
		return DONE;
	}
	if (!take_options(call, false, &o))
		return FAILED;
	exec_look(call->exec, NULL, NULL);
	struct reply_hole hole = reply_open(call->reply);
	int all = bigkeys_order(big, k, order);
	for (int i = 0; i < all && count < o.count; i++) {
		const struct key_name *name = &big->names[order[i]];
		const struct entry *e = key_name_entry(name, k);
		struct bytes key;
		if (e == NULL || !key_to_show(call, name, e, &key))
			continue;
		struct value v = entry_value(e);
		reply_map(call->reply, 5);
		reply_key(call->reply, key, name->db);
		reply_bulk_text(call->reply, "type");
		reply_bulk_text(call->reply, type_ops_of(&v)->name);
		reply_bulk_text(call->reply, "bytes");
		reply_i64(call->reply, (int64_t)big->bytes[order[i]]);
		reply_bulk_text(call->reply, "length");
		reply_i64(call->reply, (int64_t)type_ops_of(&v)->length(&v));
		count++;
	}
	reply_close_array(call->reply, hole, count);
	return DONE;
}

#define HOTKEYS_ROW                                                                                \
	.group = "server", .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,            \
	.since = "7.2.0", .tips = "nondeterministic_output|request_policy:all_nodes"

const struct command_row hotkeys_commands[] = {
	{.name = "HOTKEYS",
		.run = hotkeys_run,
		HOTKEYS_ROW,
		.complexity = "O(1)",
		.syntax = "[RESET] [BY metric={OPS|BYTES|CPU}] [COUNT count:integer]",
		.summary = "Lists the keys that are asked for most, as maps: key, db, one of "
			   "ops, bytes and cpu-usec, and error, by how much that may be too high. "
			   "Counts are estimates, and halved each minute."},
	{.name = "BIGKEYS",
		.run = bigkeys_run,
		HOTKEYS_ROW,
		.complexity = "O(1)",
		.syntax = "[RESET] [COUNT count:integer]",
		.summary = "Lists the keys that take most memory, as maps: key, db, type, bytes "
			   "and length, among those that were written or looked at in passing."},
	{.name = NULL},
};
