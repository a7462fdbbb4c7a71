/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of one set, and SMOVE. The algebra of several sets is in set_algebra.c.
 *
 * What SPOP chose is propagated as the SREM, or the DEL, that it was.
 */
#include "base/buf.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/container.h"
#include "exec/effect.h"
#include "types/set.h"

#define SET_SREM_MEMBERS 1024 /* in one propagated SREM */

static enum outcome sadd(struct call *call)
{
	struct edit edit;
	uint64_t added = 0;
	if (container_open(call, 1, TYPE_SET, &set_empty, &edit) == REFUSED)
		return FAILED;
	set_reserve(&edit.value, call->argv[2], (size_t)call->argc - 2);
	for (int i = 2; i < call->argc; i++)
		added += set_add(&edit.value, call->argv[i]);
	edit_close(&edit, EVENT_SET, "sadd", added);
	reply_i64(call->reply, (int64_t)added);
	return DONE;
}

static enum outcome srem(struct call *call)
{
	struct edit edit;
	uint64_t removed = 0;
	enum found found = container_open(call, 1, TYPE_SET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		for (int i = 2; i < call->argc; i++)
			removed += set_remove(&edit.value, call->argv[i]);
		edit_close(&edit, EVENT_SET, "srem", removed);
	}
	reply_i64(call->reply, (int64_t)removed);
	return DONE;
}

static enum outcome scard(struct call *call)
{
	struct value v = set_empty;
	if (container_read(call, 1, TYPE_SET, &v) == REFUSED)
		return FAILED;
	reply_i64(call->reply, (int64_t)set_length(&v));
	return DONE;
}

static enum outcome sismember(struct call *call)
{
	struct value v = set_empty;
	if (container_read(call, 1, TYPE_SET, &v) == REFUSED)
		return FAILED;
	reply_i64(call->reply, set_has(&v, call->argv[2]));
	return DONE;
}

static enum outcome smismember(struct call *call)
{
	struct value v = set_empty;
	if (container_read(call, 1, TYPE_SET, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++)
		reply_i64(call->reply, set_has(&v, call->argv[i]));
	return DONE;
}

static void reply_members(struct call *call, const struct value *v)
{
	struct set_iter it;
	struct listpack_item item;
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		reply_item(call->reply, &item);
}

static enum outcome smembers(struct call *call)
{
	struct value v = set_empty;
	if (container_read(call, 1, TYPE_SET, &v) == REFUSED)
		return FAILED;
	reply_set(call->reply, (int64_t)set_length(&v));
	reply_members(call, &v);
	return DONE;
}

/* --- SMOVE --- */

static enum outcome smove(struct call *call)
{
	struct edit source, destination;
	enum found found = container_open(call, 1, TYPE_SET, NULL, &source);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	struct key to = key_of(call->argv[2]);
	struct entry *e = call_find_write(call, to);
	if (e != NULL && e->type != TYPE_SET)
		return call_fail(call, E_WRONGTYPE);
	if (bytes_equal(call->argv[1], call->argv[2])) {
		reply_i64(call->reply, set_has(&source.value, call->argv[3]));
		return DONE;
	}
	bool is_moved = set_remove(&source.value, call->argv[3]);
	edit_close(&source, EVENT_SET, "srem", is_moved);
	if (is_moved) {
		container_open_key(call, to, TYPE_SET, &set_empty, &destination);
		bool is_new = set_add(&destination.value, call->argv[3]);
		edit_close(&destination, EVENT_SET, "sadd", is_new);
	}
	reply_i64(call->reply, is_moved);
	return DONE;
}

/* --- SPOP --- */

static enum outcome spop_one(struct call *call)
{
	struct edit edit;
	struct listpack_item item;
	char digits[NUM_I64_MAX_CHARS];
	enum found found = container_open(call, 1, TYPE_SET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_null(call->reply);
		return DONE;
	}
	set_random(&edit.value, &item);
	reply_item(call->reply, &item);
	EFFECT(call, BYTES("SREM"), call->argv[1], listpack_item_text(&item, digits));
	set_remove_item(&edit.value, &item);
	edit_close(&edit, EVENT_SET, "spop", 1);
	return DONE;
}

/* The members that were chosen, each with its length in front: they must outlive their removal. */
struct chosen {
	struct call *call;
	struct buf texts;
};

static void choose(const struct listpack_item *item, void *context)
{
	struct chosen *c = context;
	char digits[NUM_I64_MAX_CHARS];
	struct bytes text = listpack_item_text(item, digits);
	reply_bulk(c->call->reply, text);
	buf_add(&c->texts, &text.len, sizeof(text.len));
	buf_add_bytes(&c->texts, text);
}

static void remove_chosen(struct call *call, const struct chosen *c, struct value *v)
{
	struct bytes words[SET_SREM_MEMBERS + 2] = {BYTES("SREM"), call->argv[1]};
	int count = 2;
	for (size_t at = 0; at < c->texts.len;) {
		struct bytes text;
		memcpy(&text.len, c->texts.ptr + at, sizeof(text.len));
		text.ptr = c->texts.ptr + at + sizeof(text.len);
		at += sizeof(text.len) + text.len;
		set_remove(v, text);
		words[count++] = text;
		if (count == SET_SREM_MEMBERS + 2 || at == c->texts.len) {
			if (effect_wanted(call))
				effect_rewrite(call, words, count);
			count = 2;
		}
	}
}

static void spop_all(struct call *call, struct edit *edit)
{
	bool lazy = call->db->keyspace->config.lazy_server_del;
	reply_members(call, &edit->value);
	db_delete_entry(call->db, edit->key, edit->entry, lazy);
	db_publish(call->db, edit->key, EVENT_SET, "spop");
	db_publish_also(call->db, edit->key, EVENT_GENERIC, "del");
	EFFECT(call, lazy ? BYTES("UNLINK") : BYTES("DEL"), call->argv[1]);
}

static enum outcome spop(struct call *call)
{
	struct edit edit;
	int64_t count;
	if (call->argc == 2)
		return spop_one(call);
	if (call->argc > 3)
		return call_fail(call, E_SYNTAX);
	if (!call_arg_i64_in(call, 2, (struct i64_range){0, INT64_MAX}, &count, E_MUST_BE_POSITIVE))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_SET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING || count == 0) {
		reply_set(call->reply, 0);
		return DONE;
	}
	uint64_t length = set_length(&edit.value);
	bool is_all = (uint64_t)count >= length;
	reply_set(call->reply, is_all ? (int64_t)length : count);
	if (is_all) {
		spop_all(call, &edit);
		return DONE;
	}
	struct chosen chosen = {.call = call};
	set_sample(&edit.value, (size_t)count, choose, &chosen);
	remove_chosen(call, &chosen, &edit.value);
	buf_release(&chosen.texts);
	edit_close(&edit, EVENT_SET, "spop", (uint64_t)count);
	return DONE;
}

/* --- SRANDMEMBER --- */

static void reply_sampled(const struct listpack_item *item, void *context)
{
	reply_item(context, item);
}

static enum outcome srandmember_many(struct call *call)
{
	struct value v = set_empty;
	struct listpack_item item;
	int64_t count;
	if (!container_arg_sample(call, NULL, &count))
		return FAILED;
	enum found found = container_read(call, 1, TYPE_SET, &v);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		count = 0;
	int64_t length = (int64_t)set_length(&v);
	if (count > length)
		count = length;
	reply_array(call->reply, count < 0 ? -count : count);
	if (count >= 0)
		set_sample(&v, (size_t)count, reply_sampled, call->reply);
	for (; count < 0 && !reply_is_full(call->reply); count++) {
		set_random(&v, &item);
		reply_item(call->reply, &item);
	}
	return DONE;
}

static enum outcome srandmember(struct call *call)
{
	struct value v = set_empty;
	struct listpack_item item;
	if (call->argc > 2)
		return srandmember_many(call);
	if (container_read(call, 1, TYPE_SET, &v) == REFUSED)
		return FAILED;
	if (set_random(&v, &item))
		reply_item(call->reply, &item);
	else
		reply_null(call->reply);
	return DONE;
}

/* --- SSCAN --- */

static void scan_visit(const struct listpack_item *item, void *context)
{
	struct container_scan *scan = context;
	char digits[NUM_I64_MAX_CHARS];
	struct bytes text = listpack_item_text(item, digits);
	if (!container_scan_wants(scan, text))
		return;
	reply_bulk(scan->reply, text);
	scan->replied++;
}

static enum outcome sscan(struct call *call)
{
	struct container_scan scan;
	struct value v;
	enum found found = container_scan_begin(call, TYPE_SET, false, &scan, &v);
	if (found != FOUND)
		return found == MISSING ? DONE : FAILED;
	reply_array(call->reply, 2);
	/* The cursor stands before the members and is known after them. */
	struct reply_hole cursor_hole = reply_open(call->reply);
	struct reply_hole hole = reply_open(call->reply);
	uint64_t cursor = set_scan(&v, scan.cursor, (size_t)scan.count, scan_visit, &scan);
	reply_close_array(call->reply, hole, scan.replied);
	reply_close_bulk_u64(call->reply, cursor_hole, cursor);
	return DONE;
}

#define SET .group = "set"
#define FAST_READ (CMD_READONLY | CMD_FAST)

const struct command_row set_commands[] = {
	{.name = "SADD",
		.run = sadd,
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
		SET,
		.since = "1.0.0",
		.complexity = "O(1) for each element added, so O(N) to add N elements when the "
			      "command is called with multiple arguments.",
		.history = "2.4.0=Accepts multiple `member` arguments.",
		.syntax = "key:key:RW+insert member...",
		.summary = "Adds members to a set."},
	{.name = "SREM",
		.run = srem,
		.flags = CMD_WRITE | CMD_FAST,
		SET,
		.since = "1.0.0",
		.complexity = "O(N) where N is the number of members to be removed.",
		.history = "2.4.0=Accepts multiple `member` arguments.",
		.syntax = "key:key:RW+delete member...",
		.summary = "Removes members from a set."},
	{.name = "SMOVE",
		.run = smove,
		.flags = CMD_WRITE | CMD_FAST,
		SET,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "source:key:RW+access+delete destination:key:RW+insert member",
		.summary = "Moves a member from one set to another."},
	{.name = "SISMEMBER",
		.run = sismember,
		.flags = FAST_READ,
		SET,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO member",
		.summary = "Answers whether a set has a member."},
	{.name = "SMISMEMBER",
		.run = smismember,
		.flags = FAST_READ,
		SET,
		.since = "6.2.0",
		.complexity = "O(N) where N is the number of elements being checked for membership",
		.syntax = "key:key:RO+access member...",
		.summary = "Answers for each of several members whether a set has it."},
	{.name = "SCARD",
		.run = scard,
		.flags = FAST_READ,
		SET,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers how many members a set has."},
	{.name = "SMEMBERS",
		.run = smembers,
		.flags = CMD_READONLY,
		SET,
		.since = "1.0.0",
		.complexity = "O(N) where N is the set cardinality.",
		.syntax = "key:key:RO+access",
		.tips = "nondeterministic_output_order",
		.summary = "Answers all members of a set."},
	{.name = "SPOP",
		.run = spop,
		.flags = CMD_WRITE | CMD_FAST,
		SET,
		.since = "1.0.0",
		.complexity =
			"Without the count argument O(1), otherwise O(N) where N is the value "
			"of the passed count.",
		.history = "3.2.0=Added the `count` argument.",
		.syntax = "key:key:RW+access+delete [count:integer]@3.2.0",
		.tips = "nondeterministic_output",
		.summary = "Takes random members out of a set."},
	{.name = "SRANDMEMBER",
		.run = srandmember,
		.flags = CMD_READONLY,
		SET,
		.since = "1.0.0",
		.complexity = "Without the count argument O(1), otherwise O(N) where N is the "
			      "absolute value of the passed count.",
		.history = "2.6.0=Added the optional `count` argument.",
		.syntax = "key:key:RO+access [count:integer]@2.6.0",
		.tips = "nondeterministic_output",
		.summary = "Answers random members of a set."},
	{.name = "SSCAN",
		.run = sscan,
		.flags = CMD_READONLY,
		SET,
		.since = "2.8.0",
		.complexity = CONTAINER_SCAN_COMPLEXITY,
		.syntax = "key:key:RO+access cursor:integer [MATCH pattern:pattern] "
			  "[COUNT count:integer]",
		.tips = "nondeterministic_output",
		.summary = "Walks over the members of a set, a part each time."},
	{0},
};
