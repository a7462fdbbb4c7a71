/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of one sorted set's members. Ranges are in zset_range.c, pops in zset_pop.c, unions
 * and the like in zset_algebra.c.
 */
#include "cmd/zset.h"

#include <math.h>
#include <stdio.h>

#include "cmd/commands.h"

/* --- ZADD --- */

enum zadd_flag {
	ZADD_NX = 1 << 0,
	ZADD_XX = 1 << 1,
	ZADD_GT = 1 << 2,
	ZADD_LT = 1 << 3,
	ZADD_CH = 1 << 4,
	ZADD_INCR = 1 << 5,
};

/* Scores that are kept when they were read; further ones are read again. */
#define ZADD_SCORES_KEPT 8

/* What ZADD is to do with argv[first …], scores and members in turn. */
struct zadd {
	unsigned flags;
	int first;
	int64_t added, updated;
	double score;      /* the last one set */
	bool was_set;      /* not held back by a condition */
	double scores[ZADD_SCORES_KEPT]; /* the first ones */
};

/* All but the scores. */
static void zadd_init(struct zadd *z, unsigned flags)
{
	memset(z, 0, offsetof(struct zadd, scores));
	z->flags = flags;
}

static bool zadd_options(struct call *call, struct zadd *z)
{
	static const char *const names[] = {"NX", "XX", "GT", "LT", "CH", "INCR"};
	for (z->first = 2; z->first < call->argc; z->first++) {
		/* Numbers begin with none of their letters, but "inf" and "nan". */
		struct bytes word = call->argv[z->first];
		if (word.len < 2 || word.len > 4 || word.ptr[0] < 'A')
			break;
		unsigned i = 0;
		while (i < sizeof(names) / sizeof(names[0]) &&
			!call_arg_is(call, z->first, names[i]))
			i++;
		if (i == sizeof(names) / sizeof(names[0]))
			break;
		z->flags |= 1u << i;
	}
	int left = call->argc - z->first;
	enum error error = E_NONE;
	unsigned exclusive = z->flags & (ZADD_NX | ZADD_GT | ZADD_LT);
	if (left == 0 || left % 2 != 0)
		error = E_SYNTAX;
	else if ((z->flags & ZADD_NX) && (z->flags & ZADD_XX))
		error = E_ZADD_NX_XX;
	else if ((exclusive & (exclusive - 1)) != 0)
		error = E_ZADD_GT_LT_NX;
	else if ((z->flags & ZADD_INCR) && left > 2)
		error = E_ZADD_INCR_PAIR;
	if (error != E_NONE)
		call_fail(call, error);
	return error == E_NONE;
}

/* Scores are looked at before anything is changed. Finds the longest member, too. */
static bool zadd_check(struct call *call, struct zadd *z, size_t *longest)
{
	double score;
	*longest = 0;
	for (int i = z->first; i < call->argc; i += 2) {
		if (!call_arg_double(call, i, &score))
			return false;
		if ((i - z->first) / 2 < ZADD_SCORES_KEPT)
			z->scores[(i - z->first) / 2] = score;
		if (call->argv[i + 1].len > *longest)
			*longest = call->argv[i + 1].len;
	}
	return true;
}

/* False: the sum is no number. */
static bool zadd_one(struct value *v, struct zadd *z, struct bytes member, double score)
{
	double before;
	bool was_there = false;
	/* Without a condition one search does. */
	if (z->flags & ~(unsigned)ZADD_CH)
		was_there = zset_score(v, member, &before);
	if (was_there && (z->flags & ZADD_NX))
		return true;
	if (!was_there && (z->flags & ZADD_XX))
		return true;
	if (was_there && (z->flags & ZADD_INCR))
		score += before;
	if (isnan(score))
		return false;
	if (was_there && (((z->flags & ZADD_GT) && score <= before) ||
				 ((z->flags & ZADD_LT) && score >= before)))
		return true;
	z->was_set = true;
	z->score = score;
	enum zset_change change = zset_set(v, member, score);
	z->added += change == ZSET_ADDED;
	z->updated += change == ZSET_MOVED;
	return true;
}

static void zadd_reply(struct call *call, const struct zadd *z)
{
	if (!(z->flags & ZADD_INCR))
		reply_i64(call->reply, z->flags & ZADD_CH ? z->added + z->updated : z->added);
	else if (z->was_set)
		reply_double(call->reply, z->score);
	else
		reply_null(call->reply);
}

static enum outcome zadd_run(struct call *call, struct zadd *z)
{
	struct edit edit;
	size_t longest;
	if (!zadd_check(call, z, &longest))
		return FAILED;
	const struct value *create = z->flags & ZADD_XX ? NULL : &zset_empty;
	enum found found = container_open(call, 1, TYPE_ZSET, create, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		zadd_reply(call, z);
		return DONE;
	}
	zset_reserve(&edit.value, (size_t)(call->argc - z->first) / 2, longest);
	bool is_number = true;
	for (int i = z->first; is_number && i < call->argc; i += 2) {
		int nth = (i - z->first) / 2;
		double score = 0;
		if (nth < ZADD_SCORES_KEPT)
			score = z->scores[nth];
		else
			num_parse_double(call->argv[i], &score);
		is_number = zadd_one(&edit.value, z, call->argv[i + 1], score);
	}
	edit_close(&edit, EVENT_ZSET, z->flags & ZADD_INCR ? "zincr" : "zadd",
		(uint64_t)(z->added + z->updated));
	if (!is_number)
		return call_fail(call, E_SCORE_NAN);
	zadd_reply(call, z);
	return DONE;
}

static enum outcome zadd(struct call *call)
{
	struct zadd z;
	zadd_init(&z, 0);
	return zadd_options(call, &z) ? zadd_run(call, &z) : FAILED;
}

static enum outcome zincrby(struct call *call)
{
	/* ZADD's options would be understood here, too, but leave no room for a member. */
	struct zadd z;
	zadd_init(&z, ZADD_INCR);
	return zadd_options(call, &z) ? zadd_run(call, &z) : FAILED;
}

static enum outcome zrem(struct call *call)
{
	struct edit edit;
	uint64_t removed = 0;
	enum found found = container_open(call, 1, TYPE_ZSET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		for (int i = 2; i < call->argc; i++)
			removed += zset_remove(&edit.value, call->argv[i]);
		edit_close(&edit, EVENT_ZSET, "zrem", removed);
	}
	reply_i64(call->reply, (int64_t)removed);
	return DONE;
}

/* --- reading --- */

static enum outcome zcard(struct call *call)
{
	struct value v = zset_empty;
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	reply_i64(call->reply, (int64_t)zset_length(&v));
	return DONE;
}

static void reply_score(struct call *call, const struct value *v, int index)
{
	double score;
	if (zset_score(v, call->argv[index], &score))
		reply_double(call->reply, score);
	else
		reply_null(call->reply);
}

static enum outcome zscore(struct call *call)
{
	struct value v = zset_empty;
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	reply_score(call, &v, 2);
	return DONE;
}

static enum outcome zmscore(struct call *call)
{
	struct value v = zset_empty;
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++)
		reply_score(call, &v, i);
	return DONE;
}

static enum outcome reply_rank(struct call *call, bool backwards)
{
	struct value v = zset_empty;
	size_t rank;
	double score;
	bool with_score = call->argc == 4;
	if (call->argc > 4)
		return call_failf(call, E_ARITY, call->command->name);
	if (with_score && !call_arg_is(call, 3, "WITHSCORE"))
		return call_fail(call, E_SYNTAX);
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	if (!zset_rank(&v, call->argv[2], &rank, &score)) {
		if (with_score)
			reply_null_array(call->reply);
		else
			reply_null(call->reply);
		return DONE;
	}
	if (with_score)
		reply_array(call->reply, 2);
	reply_i64(call->reply, (int64_t)(backwards ? zset_length(&v) - 1 - rank : rank));
	if (with_score)
		reply_double(call->reply, score);
	return DONE;
}

static enum outcome zrank(struct call *call)
{
	return reply_rank(call, false);
}

static enum outcome zrevrank(struct call *call)
{
	return reply_rank(call, true);
}

/* --- ZRANDMEMBER --- */

static void reply_sampled(const struct listpack_item *member, double score, void *context)
{
	zset_reply_pair(context, member, score);
}

static enum outcome zrandmember_many(struct call *call)
{
	struct value v = zset_empty;
	struct listpack_item member;
	double score;
	int64_t count;
	struct zset_reply r = zset_reply_of(call->reply, call->argc == 4);
	if (!container_arg_sample(call, "WITHSCORES", &count))
		return FAILED;
	enum found found = container_read(call, 1, TYPE_ZSET, &v);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		count = 0;
	int64_t length = (int64_t)zset_length(&v);
	if (count > length)
		count = length;
	zset_reply_begin(&r, count < 0 ? -count : count);
	if (count >= 0)
		zset_sample(&v, (size_t)count, reply_sampled, &r);
	for (; count < 0 && !reply_is_full(call->reply); count++) {
		zset_random(&v, &member, &score);
		zset_reply_pair(&r, &member, score);
	}
	return DONE;
}

static enum outcome zrandmember(struct call *call)
{
	struct value v = zset_empty;
	struct listpack_item member;
	double score;
	if (call->argc > 2)
		return zrandmember_many(call);
	if (container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	if (zset_random(&v, &member, &score))
		reply_item(call->reply, &member);
	else
		reply_null(call->reply);
	return DONE;
}

/* --- ZSCAN --- */

struct zscan {
	struct container_scan scan;
	bool is_packed;
};

/* Scores are texts here, also in RESP3; those of a large set show all their digits. */
static void scan_visit(const struct listpack_item *member, double score, void *context)
{
	struct zscan *z = context;
	struct reply *reply = z->scan.reply;
	char digits[NUM_DOUBLE_MAX_CHARS];
	struct bytes text = listpack_item_text(member, digits);
	if (!container_scan_wants(&z->scan, text))
		return;
	reply_bulk(reply, text);
	size_t len = z->is_packed ? num_print_double(digits, score)
				  : (size_t)snprintf(digits, sizeof(digits), "%.17g", score);
	reply_bulk(reply, bytes_of(digits, len));
	z->scan.replied += 2;
}

static enum outcome zscan(struct call *call)
{
	struct zscan z;
	struct value v;
	enum found found = container_scan_begin(call, TYPE_ZSET, false, &z.scan, &v);
	if (found != FOUND)
		return found == MISSING ? DONE : FAILED;
	z.is_packed = v.encoding == ENC_LISTPACK;
	reply_array(call->reply, 2);
	/* The cursor stands before the members and is known after them. */
	struct reply_hole cursor_hole = reply_open(call->reply);
	struct reply_hole hole = reply_open(call->reply);
	uint64_t cursor = zset_scan(&v, z.scan.cursor, (size_t)z.scan.count, scan_visit, &z);
	reply_close_array(call->reply, hole, z.scan.replied);
	reply_close_bulk_u64(call->reply, cursor_hole, cursor);
	return DONE;
}

#define ZSET .group = "sorted-set"
#define FAST_READ (CMD_READONLY | CMD_FAST)
#define FAST_WRITE (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)

const struct command_row zset_commands[] = {
	{.name = "ZADD",
		.run = zadd,
		.flags = FAST_WRITE,
		ZSET,
		.since = "1.2.0",
		.complexity = "O(log(N)) for each item added, where N is the number of elements "
			      "in the sorted set.",
		.history = "2.4.0=Accepts multiple elements."
			   "|3.0.2=Added the `XX`, `NX`, `CH` and `INCR` options."
			   "|6.2.0=Added the `GT` and `LT` options.",
		.syntax = "key:key:RW+update condition=[NX|XX]@3.0.2 comparison=[GT|LT]@6.2.0 "
			  "[change=CH]@3.0.2 [increment=INCR]@3.0.2 data={score:double member}...",
		.summary = "Adds members to a sorted set or changes their scores."},
	{.name = "ZINCRBY",
		.run = zincrby,
		.flags = FAST_WRITE,
		ZSET,
		.since = "1.2.0",
		.complexity = "O(log(N)) where N is the number of elements in the sorted set.",
		.syntax = "key:key:RW+access+update increment:integer member",
		.summary = "Adds to the score of a member of a sorted set."},
	{.name = "ZREM",
		.run = zrem,
		.flags = CMD_WRITE | CMD_FAST,
		ZSET,
		.since = "1.2.0",
		.complexity = "O(M*log(N)) with N being the number of elements in the sorted set "
			      "and M the number of elements to be removed.",
		.history = "2.4.0=Accepts multiple elements.",
		.syntax = "key:key:RW+delete member...",
		.summary = "Removes members from a sorted set."},
	{.name = "ZSCORE",
		.run = zscore,
		.flags = FAST_READ,
		ZSET,
		.since = "1.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO+access member",
		.summary = "Answers the score of a member of a sorted set."},
	{.name = "ZMSCORE",
		.run = zmscore,
		.flags = FAST_READ,
		ZSET,
		.since = "6.2.0",
		.complexity = "O(N) where N is the number of members being requested.",
		.syntax = "key:key:RO+access member...",
		.summary = "Answers the scores of several members of a sorted set."},
	{.name = "ZCARD",
		.run = zcard,
		.flags = FAST_READ,
		ZSET,
		.since = "1.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers how many members a sorted set has."},
	{.name = "ZRANK",
		.run = zrank,
		.flags = FAST_READ,
		ZSET,
		.since = "2.0.0",
		.complexity = "O(log(N))",
		.history = "7.2.0=Added the optional `WITHSCORE` argument.",
		.syntax = "key:key:RO+access member [WITHSCORE]",
		.summary = "Answers the place of a member in a sorted set, by rising scores."},
	{.name = "ZREVRANK",
		.run = zrevrank,
		.flags = FAST_READ,
		ZSET,
		.since = "2.0.0",
		.complexity = "O(log(N))",
		.history = "7.2.0=Added the optional `WITHSCORE` argument.",
		.syntax = "key:key:RO+access member [WITHSCORE]",
		.summary = "Answers the place of a member in a sorted set, by falling scores."},
	{.name = "ZRANDMEMBER",
		.run = zrandmember,
		.flags = CMD_READONLY,
		ZSET,
		.since = "6.2.0",
		.complexity = "O(N) where N is the number of members returned",
		.syntax = "key:key:RO+access options=[count:integer [WITHSCORES]]",
		.tips = "nondeterministic_output",
		.summary = "Answers random members of a sorted set."},
	{.name = "ZSCAN",
		.run = zscan,
		.flags = CMD_READONLY,
		ZSET,
		.since = "2.8.0",
		.complexity = CONTAINER_SCAN_COMPLEXITY,
		.syntax = "key:key:RO+access cursor:integer [MATCH pattern:pattern] "
			  "[COUNT count:integer]",
		.tips = "nondeterministic_output",
		.summary = "Walks over the members of a sorted set, a part each time."},
	{0},
};
