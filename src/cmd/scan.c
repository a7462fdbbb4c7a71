/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Walks over the keys: KEYS in one go, SCAN in steps. SCAN's cursor is the dictionary's: a
 * position in the hash space, so that a key that is there from the first step to the last is seen,
 * whatever the table does meanwhile.
 */
#include "base/match.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/scan.h"
#include "exec/exec.h"
#include "store/type_ops.h"

#define SCAN_COUNT_DEFAULT 10
#define SCAN_EMPTY_FACTOR 10 /* a step looks at no more than COUNT times this many buckets */
#define SCAN_TYPE_ANY (-1)
#define SCAN_TYPE_NONE (-2) /* a name that no type has: nothing matches */

struct walk {
	struct call *call;
	struct bytes pattern;
	bool matches_all;
	bool deletes_expired;
	int type;
	int64_t seen;
	int64_t replied;
};

static void walk_visit(void *item, void *context)
{
	struct walk *w = context;
	struct entry *e = item;
	struct bytes key = entry_key(e);
	w->seen++;
	/* Before the filters: what has expired goes whether it would have been shown or not. */
	if (entry_is_expired(e, w->call->db->keyspace->now_ms)) {
		if (w->deletes_expired)
			db_expire_entry(w->call->db, key_of(key), e);
		return;
	}
	if (w->type != SCAN_TYPE_ANY && (int)e->type != w->type)
		return;
	if (!w->matches_all && !match_glob(w->pattern, key, false))
		return;
	reply_bulk(w->call->reply, key);
	w->replied++;
}

static enum outcome keys(struct call *call)
{
	struct walk w = {
		.call = call,
		.pattern = call->argv[1],
		.matches_all = bytes_equal(call->argv[1], BYTES("*")),
		.type = SCAN_TYPE_ANY,
	};
	struct reply_hole hole = reply_open(call->reply);
	uint64_t cursor = 0;
	do {
		cursor = dict_scan(&call->db->entries, cursor, walk_visit, &w);
	} while (cursor != 0);
	reply_close_array(call->reply, hole, w.replied);
	return DONE;
}

bool scan_parse_cursor(struct bytes text, uint64_t *cursor)
{
	size_t i = 0;
	bool is_negative = text.len > 0 && text.ptr[0] == '-';
	*cursor = 0;
	if (text.len > 0 && (is_negative || text.ptr[0] == '+'))
		i++;
	size_t first = i;
	/* It ends at a NUL, as in Redis. */
	for (; i < text.len && text.ptr[i] != '\0'; i++) {
		unsigned digit = (uint8_t)text.ptr[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(*cursor, 10, cursor) ||
		    __builtin_add_overflow(*cursor, digit, cursor))
			return false;
	}
	if (i == first && first > 0)
		return false;
	if (is_negative)
		*cursor = 0 - *cursor;
	return true;
}

static int type_by_name(struct bytes name)
{
	for (int type = 0; type < TYPE_COUNT; type++)
		if (type_table[type] != NULL && bytes_is(name, type_table[type]->name))
			return type;
	return SCAN_TYPE_NONE;
}

static bool options_parse(struct call *call, struct walk *w, int64_t *count)
{
	for (int i = 2; i < call->argc; i += 2) {
		if (i + 1 == call->argc)
			goto syntax;
		if (call_arg_is(call, i, "COUNT")) {
			if (!call_arg_i64(call, i + 1, count))
				return false;
			if (*count < 1)
				goto syntax;
		} else if (call_arg_is(call, i, "MATCH")) {
			w->pattern = call->argv[i + 1];
			w->matches_all = bytes_equal(w->pattern, BYTES("*"));
		} else if (call_arg_is(call, i, "TYPE")) {
			w->type = type_by_name(call->argv[i + 1]);
		} else {
			goto syntax;
		}
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

/* Walks until `count` keys were seen, matching or not; returns the next cursor. */
static uint64_t scan_step(struct walk *w, uint64_t cursor, int64_t count)
{
	int64_t buckets;
	if (__builtin_mul_overflow(count, SCAN_EMPTY_FACTOR, &buckets))
		buckets = INT64_MAX;
	do {
		cursor = dict_scan(&w->call->db->entries, cursor, walk_visit, w);
	} while (cursor != 0 && w->seen < count && --buckets > 0);
	return cursor;
}

static enum outcome scan(struct call *call)
{
	struct walk w = {
		.call = call, .matches_all = true, .deletes_expired = true, .type = SCAN_TYPE_ANY};
	int64_t count = SCAN_COUNT_DEFAULT;
	uint64_t cursor;

	if (!scan_parse_cursor(call->argv[1], &cursor))
		return call_fail(call, E_CURSOR);
	if (!options_parse(call, &w, &count))
		return FAILED;
	reply_array(call->reply, 2);
	/* The cursor stands before the keys and is known after them. */
	struct reply_hole cursor_hole = reply_open(call->reply);
	struct reply_hole hole = reply_open(call->reply);
	cursor = scan_step(&w, cursor, count);
	reply_close_array(call->reply, hole, w.replied);
	reply_close_bulk_u64(call->reply, cursor_hole, cursor);
	return DONE;
}

#define GROUP .group = "generic"

const struct command_row scan_commands[] = {
	{.name = "KEYS", .run = keys, .flags = CMD_READONLY | CMD_DANGEROUS, GROUP,
		.since = "1.0.0",
		.complexity = "O(N) with N being the number of keys in the database.",
		.syntax = "pattern:pattern",
		.tips = "request_policy:all_shards|nondeterministic_output_order",
		.summary = "Answers all keys that match a pattern."},
	{.name = "SCAN", .run = scan, .flags = CMD_READONLY, GROUP, .since = "2.8.0",
		.complexity = "O(1) for every call. O(N) for a complete iteration.",
		.syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] "
			"[TYPE type]@6.0.0",
		.tips = "nondeterministic_output|request_policy:special",
		.history = "6.0.0=Added the `TYPE` subcommand.",
		.summary = "Walks over the keys of the database, a part each time."},
	{0},
};
