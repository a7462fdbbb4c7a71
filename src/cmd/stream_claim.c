/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pending entries: XPENDING looks, XCLAIM and XAUTOCLAIM give them to another consumer. Each claim
 * is propagated as the XCLAIM that sets it as it then is.
 */
#include "base/buf.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/stream.h"
#include "exec/effect.h"
#include "exec/exec.h"

#define AUTOCLAIM_TRIES 10 /* entries looked at for each one asked for */
#define AUTOCLAIM_COUNT 100
#define AUTOCLAIM_COUNT_MAX (INT64_MAX / 16)

static enum outcome no_group(struct call *call)
{
	return stream_fail(call, E_NOGROUP, call->argv[1], call->argv[2]);
}

/* --- XPENDING --- */

struct xpending {
	int64_t min_idle_ms;
	struct id from, to;
	int64_t count;
	int consumer_at; /* 0 = any */
};

static bool xpending_parse(struct call *call, struct xpending *x)
{
	int at = 3;
	if (call->argc > 3 && (call->argc < 6 || call->argc > 9))
		return call_fail(call, E_SYNTAX), false;
	if (call_arg_is(call, 3, "IDLE")) {
		if (!call_arg_i64(call, 4, &x->min_idle_ms))
			return false;
		at = 5;
		if (call->argc < 8)
			return call_fail(call, E_SYNTAX), false;
	}
	if (!call_arg_i64(call, at + 2, &x->count))
		return false;
	if (x->count < 0)
		x->count = 0;
	x->consumer_at = call->argc > at + 3 ? at + 3 : 0;
	return stream_arg_interval(call, at, at + 1, &x->from, &x->to);
}

static void reply_summary(struct reply *r, const struct stream_group *g)
{
	int64_t consumers = 0;
	reply_array(r, 4);
	reply_i64(r, (int64_t)g->pending.weight);
	if (g->pending.weight == 0) {
		reply_null(r);
		reply_null(r);
		reply_null_array(r);
		return;
	}
	stream_reply_id(r, id_place_item(id_tree_first(&g->pending))->id);
	stream_reply_id(r, id_place_item(id_tree_last(&g->pending))->id);
	struct reply_hole hole = reply_open(r);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		if (c->pending.weight == 0)
			continue;
		reply_array(r, 2);
		reply_bulk(r, c->name);
		reply_bulk_i64(r, (int64_t)c->pending.weight);
		consumers++;
	}
	reply_close_array(r, hole, consumers);
}

static void reply_pending(struct call *call, const struct xpending *x, const struct id_tree *tree)
{
	struct reply *r = call->reply;
	struct reply_hole hole = reply_open(r);
	int64_t sent = 0;
	for (struct id_place at = id_tree_at_least(tree, x->from);
		at.leaf != NULL && sent < x->count && !reply_is_full(r); at = id_place_next(at)) {
		const struct id_item *item = id_place_item(at);
		const struct stream_pending *p = item->ptr;
		if (id_compare(item->id, x->to) > 0)
			break;
		int64_t idle = call->exec->now_ms - p->time_ms;
		if (x->min_idle_ms != 0 && idle < x->min_idle_ms)
			continue;
		reply_array(r, 4);
		stream_reply_id(r, item->id);
		reply_bulk(r, p->consumer->name);
		reply_i64(r, idle < 0 ? 0 : idle);
		reply_i64(r, (int64_t)p->count);
		sent++;
	}
	reply_close_array(r, hole, sent);
}

static enum outcome xpending(struct call *call)
{
	struct xpending x = {0};
	enum found found;
	if (call->argc > 3 && !xpending_parse(call, &x))
		return FAILED;
	const struct stream_body *s = stream_read(call, 1, &found);
	if (found == REFUSED)
		return FAILED;
	const struct stream_group *g = s == NULL ? NULL : stream_group_find(s, call->argv[2]);
	if (g == NULL)
		return no_group(call);
	if (call->argc == 3) {
		reply_summary(call->reply, g);
		return DONE;
	}
	const struct id_tree *tree = &g->pending;
	if (x.consumer_at != 0) {
		const struct stream_consumer *c =
			stream_consumer_find(g, call->argv[x.consumer_at]);
		if (c == NULL) {
			reply_array(call->reply, 0);
			return DONE;
		}
		tree = &c->pending;
	}
	reply_pending(call, &x, tree);
	return DONE;
}

/* --- claims --- */

struct claim {
	struct call *call;
	struct edit edit;
	struct stream_body *s;
	struct stream_group *g;
	struct stream_consumer *c;
	int64_t min_idle_ms;
	int64_t time_ms;     /* becomes the delivery's */
	int64_t retry_count; /* -1 = one more, unless just_id */
	bool just_id, force;
	struct id last; /* LASTID */
	int ids_end;    /* behind the ids in argv */
	uint64_t changed;
};

static struct stream_effect claim_effect(const struct claim *x)
{
	return (struct stream_effect){x->call, x->call->argv[1], x->g};
}

static bool parse_min_idle(struct claim *x)
{
	if (!num_parse_i64(x->call->argv[4], &x->min_idle_ms)) {
		call_failf(x->call, E_CLAIM_IDLE, x->call->command->row->name);
		return false;
	}
	if (x->min_idle_ms < 0)
		x->min_idle_ms = 0;
	return true;
}

/* MISSING: there is no such group (the error is written). */
static enum found claim_open(struct claim *x)
{
	enum found found = container_open(x->call, 1, TYPE_STREAM, NULL, &x->edit);
	if (found == FOUND) {
		x->s = x->edit.value.ptr;
		x->g = stream_group_find(x->s, x->call->argv[2]);
	}
	if (found == REFUSED)
		return REFUSED;
	if (x->g == NULL) {
		no_group(x->call);
		return MISSING;
	}
	return FOUND;
}

/* The entry is gone: so is what is pending of it. Propagated as a claim, which finds the same. */
static void drop_pending(struct claim *x, struct id id, const struct stream_pending *p)
{
	struct stream_effect effect = claim_effect(x);
	stream_effect_claim(&effect, id, p);
	stream_pending_delete(x->g, id);
	x->changed++;
}

static void give(struct claim *x, struct id id, struct stream_pending *p, struct stream_entry *e)
{
	struct stream_effect effect = claim_effect(x);
	stream_pending_give(x->g, id, p, x->c);
	p->time_ms = x->time_ms;
	if (x->retry_count >= 0)
		p->count = (uint64_t)x->retry_count;
	else if (!x->just_id)
		p->count++;
	if (x->just_id)
		stream_reply_id(x->call->reply, id);
	else
		stream_reply_entry(x->call->reply, e);
	x->c->active_ms = x->call->exec->now_ms;
	stream_effect_claim(&effect, id, p);
	x->changed++;
}

/* --- XCLAIM --- */

static bool claim_number(struct claim *x, int *i, const char *option, int64_t *out)
{
	if (num_parse_i64(x->call->argv[++*i], out))
		return true;
	call_failf(x->call, E_CLAIM_OPTION_VALUE, option);
	return false;
}

static bool claim_option(struct claim *x, int *i)
{
	struct call *call = x->call;
	bool has_operand = *i + 1 < call->argc;
	int64_t idle;
	if (call_arg_is(call, *i, "FORCE"))
		return x->force = true;
	if (call_arg_is(call, *i, "JUSTID"))
		return x->just_id = true;
	if (has_operand && call_arg_is(call, *i, "IDLE")) {
		if (!claim_number(x, i, "IDLE", &idle))
			return false;
		/* Before all time is now, as after it. */
		if (__builtin_sub_overflow(call->exec->now_ms, idle, &x->time_ms))
			x->time_ms = -1;
		return true;
	}
	if (has_operand && call_arg_is(call, *i, "TIME"))
		return claim_number(x, i, "TIME", &x->time_ms);
	if (has_operand && call_arg_is(call, *i, "RETRYCOUNT"))
		return claim_number(x, i, "RETRYCOUNT", &x->retry_count);
	if (has_operand && call_arg_is(call, *i, "LASTID"))
		return stream_arg_id(call, ++*i, 0, &x->last);
	stream_fail(call, E_CLAIM_OPTION, call->argv[*i], BYTES(""));
	return false;
}

/* Ids up to the first word that is none, then options. */
static bool xclaim_parse(struct claim *x)
{
	struct call *call = x->call;
	struct id id;
	int i = 5;
	while (i < call->argc && stream_parse_id(call->argv[i], 0, &id))
		i++;
	x->ids_end = i;
	x->time_ms = -1;
	for (; i < call->argc; i++)
		if (!claim_option(x, &i))
			return false;
	if (x->time_ms < 0 || x->time_ms > call->exec->now_ms)
		x->time_ms = call->exec->now_ms;
	return true;
}

/* True: a reply element was written. */
static bool claim_one(struct claim *x, struct id id)
{
	struct stream_entry e;
	struct stream_pending *p = stream_pending_find(x->g, id);
	if (!stream_find(x->s, id, &e)) {
		if (p != NULL)
			drop_pending(x, id, p);
		return false;
	}
	if (p == NULL) {
		if (!x->force)
			return false;
		p = stream_pending_add(x->g, x->c, id, x->time_ms);
	} else if (x->min_idle_ms > 0 && x->call->exec->now_ms - p->time_ms < x->min_idle_ms) {
		return false;
	}
	give(x, id, p, &e);
	return true;
}

static enum outcome xclaim(struct call *call)
{
	struct claim x = {.call = call, .retry_count = -1};
	if (claim_open(&x) != FOUND || !parse_min_idle(&x) || !xclaim_parse(&x))
		return FAILED;
	struct stream_effect effect = claim_effect(&x);
	int64_t sent = 0;
	effect_none(call);
	bool has_moved = id_compare(x.last, x.g->last) > 0;
	if (has_moved)
		x.g->last = x.last;
	x.c = stream_consumer_touch(&effect, &x.edit, call->argv[3]);
	struct reply_hole hole = reply_open(call->reply);
	for (int i = 5; i < x.ids_end; i++) {
		struct id id;
		stream_parse_id(call->argv[i], 0, &id);
		sent += claim_one(&x, id);
	}
	reply_close_array(call->reply, hole, sent);
	if (has_moved && x.changed == 0) {
		stream_effect_group(&effect); /* no claim has said it */
		x.changed++;
	}
	stream_close_quietly(&x.edit, x.changed);
	return DONE;
}

/* --- XAUTOCLAIM --- */

struct autoclaim {
	struct claim claim;
	struct id from;
	int64_t count;
	struct buf gone; /* ids of entries that were deleted */
};

static bool autoclaim_parse(struct autoclaim *a)
{
	struct call *call = a->claim.call;
	struct i64_range range = {1, AUTOCLAIM_COUNT_MAX};
	if (!parse_min_idle(&a->claim) || !stream_arg_start(call, 5, &a->from))
		return false;
	for (int i = 6; i < call->argc; i++) {
		if (i + 1 < call->argc && call_arg_is(call, i, "COUNT")) {
			if (!num_parse_i64(call->argv[++i], &a->count) || a->count < range.min ||
				a->count > range.max)
				return call_fail(call, E_COUNT_TOO_SMALL), false;
		} else if (call_arg_is(call, i, "JUSTID")) {
			a->claim.just_id = true;
		} else {
			return call_fail(call, E_SYNTAX), false;
		}
	}
	return true;
}

/* Goes through the pending entries; returns how many were claimed, *next is where to go on. */
static int64_t autoclaim_walk(struct autoclaim *a, struct id *next)
{
	struct claim *x = &a->claim;
	int64_t tries = a->count * AUTOCLAIM_TRIES;
	int64_t left = a->count;
	int64_t sent = 0;
	struct id_place at = id_tree_at_least(&x->g->pending, a->from);
	while (at.leaf != NULL && tries-- > 0 && left > 0) {
		struct id id = id_place_item(at)->id;
		struct stream_pending *p = id_place_item(at)->ptr;
		struct stream_entry e;
		if (!stream_find(x->s, id, &e)) {
			drop_pending(x, id, p);
			buf_add(&a->gone, &id, sizeof(id));
			at = id_tree_at_least(&x->g->pending, id);
			left--;
			continue;
		}
		at = id_place_next(at);
		if (x->min_idle_ms > 0 && x->time_ms - p->time_ms < x->min_idle_ms)
			continue;
		give(x, id, p, &e);
		sent++;
		left--;
	}
	*next = at.leaf == NULL ? ID_LEAST : id_place_item(at)->id;
	return sent;
}

static enum outcome xautoclaim(struct call *call)
{
	struct autoclaim a = {
		.claim = {.call = call, .retry_count = -1, .time_ms = call->exec->now_ms},
		.count = AUTOCLAIM_COUNT};
	struct id next;
	if (!autoclaim_parse(&a) || claim_open(&a.claim) != FOUND)
		return FAILED;
	struct reply *r = call->reply;
	struct stream_effect effect = claim_effect(&a.claim);
	effect_none(call);
	a.claim.c = stream_consumer_touch(&effect, &a.claim.edit, call->argv[3]);
	reply_array(r, 3);
	/* Where to go on stands in front and is known last. */
	struct reply_hole next_hole = reply_open(r);
	struct reply_hole hole = reply_open(r);
	int64_t sent = autoclaim_walk(&a, &next);
	reply_close_array(r, hole, sent);
	struct stream_text text = stream_text_id(next);
	reply_close_bulk(r, next_hole, stream_text_bytes(&text));
	size_t gone = a.gone.len / sizeof(struct id);
	reply_array(r, (int64_t)gone);
	for (size_t i = 0; i < gone; i++) {
		struct id id;
		memcpy(&id, a.gone.ptr + i * sizeof(id), sizeof(id));
		stream_reply_id(r, id);
	}
	buf_release(&a.gone);
	stream_close_quietly(&a.claim.edit, a.claim.changed);
	return DONE;
}

const struct command_row stream_claim_commands[] = {
	{.name = "XPENDING",
		.run = xpending,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity =
			"O(N) with N being the number of elements returned, so asking for a small "
			"fixed number of entries per call is O(1). O(M), where M is the total "
			"number of entries scanned when used with the IDLE filter. When the "
			"command returns just the summary and the list of consumers is small, it "
			"runs in O(1) time; otherwise, an additional O(N) time for iterating "
			"every consumer.",
		.history = "6.2.0=Added the `IDLE` option and exclusive range intervals.",
		.syntax = "key:key:RO+access group filters=[[IDLE min-idle-time:integer]@6.2.0 "
			  "start end count:integer [consumer]]",
		.tips = "nondeterministic_output",
		.summary = "Shows what a group was given and has not acknowledged."},
	{.name = "XCLAIM",
		.run = xclaim,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(log N) with N being the number of messages in the PEL of the "
			      "consumer group.",
		.syntax = "key:key:RW+update group consumer min-idle-time id... "
			  "[IDLE ms:integer] "
			  "[TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] "
			  "[FORCE] [JUSTID] [LASTID lastid]",
		.tips = "nondeterministic_output",
		.summary = "Gives pending entries to another consumer."},
	{.name = "XAUTOCLAIM",
		.run = xautoclaim,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "6.2.0",
		.complexity = "O(1) if COUNT is small.",
		.history = "7.0.0=Added an element to the reply array, containing deleted entries "
			   "the command cleared from the PEL",
		.syntax = "key:key:RW+delete group consumer min-idle-time start "
			  "[COUNT count:integer] [JUSTID]",
		.tips = "nondeterministic_output",
		.summary = "Gives what is pending for long to another consumer, a part each time."},
	{0},
};
