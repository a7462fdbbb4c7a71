/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges of sorted sets, by rank, score or member: answered, counted, stored, deleted. All of them
 * become a range of ranks first (types/zset.h).
 */
#include <math.h>
#include <stdlib.h>

#include "cmd/commands.h"
#include "cmd/zset.h"
#include "store/graveyard.h"

enum range_by { BY_RANK, BY_SCORE, BY_MEMBER };

/* What is asked for: the bounds as given, and which of what lies between. */
struct range_spec {
	enum range_by by;
	bool backwards;
	int64_t start, stop;
	struct zset_score_bounds scores;
	struct zset_member_bounds members;
	int64_t offset;
	int64_t count; /* -1 = all */
	bool with_scores;
};

/* --- bounds --- */

#define BOUND_TEXT_MAX 512

/* As strtod reads it: also an empty text, which is 0, and blanks in front. */
static bool parse_score(struct bytes text, double *score)
{
	char copy[BOUND_TEXT_MAX];
	char *end;
	if (num_parse_double(text, score))
		return true;
	if (text.len >= sizeof(copy))
		return false;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	*score = strtod(copy, &end);
	return *end == '\0' && !isnan(*score);
}

static bool parse_score_bound(struct bytes text, double *score, bool *is_excluded)
{
	*is_excluded = text.len > 0 && text.ptr[0] == '(';
	if (*is_excluded)
		text = bytes_of(text.ptr + 1, text.len - 1);
	return parse_score(text, score);
}

static bool parse_member_bound(struct bytes text, struct zset_member_bound *bound)
{
	*bound = (struct zset_member_bound){.text = {NULL, 0}};
	if (text.len == 0)
		return false;
	switch (text.ptr[0]) {
	case '-':
	case '+':
		bound->infinity = text.ptr[0] == '-' ? -1 : 1;
		return text.len == 1;
	case '(':
	case '[':
		bound->is_excluded = text.ptr[0] == '(';
		bound->text = bytes_of(text.ptr + 1, text.len - 1);
		return true;
	default:
		return false;
	}
}

/* The bounds in argv[low] and argv[high]. */
static bool parse_bounds(struct call *call, int low, int high, struct range_spec *spec)
{
	struct zset_score_bounds *s = &spec->scores;
	if (spec->by == BY_RANK)
		return call_arg_i64(call, low, &spec->start) &&
		       call_arg_i64(call, high, &spec->stop);
	if (spec->by == BY_SCORE) {
		if (parse_score_bound(call->argv[low], &s->min, &s->excludes_min) &&
			parse_score_bound(call->argv[high], &s->max, &s->excludes_max))
			return true;
		call_fail(call, E_SCORE_BOUNDS);
		return false;
	}
	spec->members.backwards = spec->backwards;
	if (parse_member_bound(call->argv[low], &spec->members.min) &&
		parse_member_bound(call->argv[high], &spec->members.max))
		return true;
	call_fail(call, E_MEMBER_BOUNDS);
	return false;
}

static struct zset_range range_by_rank(int64_t start, int64_t stop, int64_t length)
{
	if (start < 0)
		start += length;
	if (stop < 0)
		stop += length;
	if (start < 0)
		start = 0;
	if (start > stop || start >= length)
		return (struct zset_range){0, 0};
	return (struct zset_range){(size_t)start, (size_t)(stop >= length ? length : stop + 1)};
}

/* The ranks that are asked for: counted from the greatest when the spec goes by rank backwards. */
static struct zset_range resolve(const struct value *v, const struct range_spec *spec)
{
	if (spec->by == BY_SCORE)
		return zset_range_by_score(v, &spec->scores);
	if (spec->by == BY_MEMBER)
		return zset_range_by_member(v, &spec->members);
	size_t length = zset_length(v);
	struct zset_range r = range_by_rank(spec->start, spec->stop, (int64_t)length);
	if (spec->backwards && r.first != r.behind)
		return (struct zset_range){length - r.behind, length - r.first};
	return r;
}

/* Cuts what LIMIT leaves out. */
static struct zset_range limited(struct zset_range r, const struct range_spec *spec)
{
	size_t length = r.behind - r.first;
	size_t offset = (size_t)spec->offset;
	if (spec->offset < 0 || offset >= length)
		return (struct zset_range){0, 0};
	size_t count = length - offset;
	if (spec->count >= 0 && (size_t)spec->count < count)
		count = (size_t)spec->count;
	size_t first = spec->backwards ? r.behind - offset - count : r.first + offset;
	return (struct zset_range){first, first + count};
}

/* --- ZRANGE and its older forms --- */

/* Which words a command knows. */
enum range_words {
	KNOWS_BY = 1 << 0, /* BYSCORE, BYLEX, REV */
	KNOWS_SCORES = 1 << 1,
};

static bool range_words(struct call *call, int at, unsigned words, struct range_spec *spec)
{
	for (; at < call->argc; at++) {
		int left = call->argc - at - 1;
		if ((words & KNOWS_SCORES) && call_arg_is(call, at, "WITHSCORES")) {
			spec->with_scores = true;
		} else if (call_arg_is(call, at, "LIMIT") && left >= 2) {
			if (!call_arg_i64(call, at + 1, &spec->offset) ||
				!call_arg_i64(call, at + 2, &spec->count))
				return false;
			at += 2;
		} else if ((words & KNOWS_BY) && !spec->backwards && call_arg_is(call, at, "REV")) {
			spec->backwards = true;
		} else if ((words & KNOWS_BY) && spec->by == BY_RANK &&
			   call_arg_is(call, at, "BYSCORE")) {
			spec->by = BY_SCORE;
		} else if ((words & KNOWS_BY) && spec->by == BY_RANK &&
			   call_arg_is(call, at, "BYLEX")) {
			spec->by = BY_MEMBER;
		} else {
			call_fail(call, E_SYNTAX);
			return false;
		}
	}
	return true;
}

/* key min max [words] from argv[at] on. */
static bool range_parse(struct call *call, int at, unsigned words, struct range_spec *spec)
{
	spec->count = -1;
	if (!range_words(call, at + 3, words, spec))
		return false;
	if (spec->by == BY_RANK && spec->count != -1) {
		call_fail(call, E_ZRANGE_LIMIT);
		return false;
	}
	if (spec->by == BY_MEMBER && spec->with_scores) {
		call_fail(call, E_ZRANGE_WITHSCORES);
		return false;
	}
	/* Backwards the greater bound comes first. */
	bool is_swapped = spec->backwards && spec->by != BY_RANK;
	if (!parse_bounds(call, at + 1 + is_swapped, at + 2 - is_swapped, spec))
		return false;
	/* By rank LIMIT 5 -1 may be said, and means nothing. */
	if (spec->by == BY_RANK)
		spec->offset = 0;
	return true;
}

static enum outcome range_reply(struct call *call, struct range_spec *spec, unsigned words)
{
	struct value v = zset_empty;
	struct zset_iter it;
	struct listpack_item member;
	double score;
	if (!range_parse(call, 1, words, spec) || container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	struct zset_range r = limited(resolve(&v, spec), spec);
	struct zset_reply reply = zset_reply_of(call->reply, spec->with_scores);
	zset_reply_begin(&reply, (int64_t)(r.behind - r.first));
	zset_iter_init(&it, &v, spec->backwards ? r.behind - 1 : r.first, spec->backwards);
	for (size_t i = r.first; i < r.behind && zset_next(&it, &member, &score); i++)
		zset_reply_pair(&reply, &member, score);
	return DONE;
}

static enum outcome zrange(struct call *call)
{
	struct range_spec spec = {.by = BY_RANK};
	return range_reply(call, &spec, KNOWS_BY | KNOWS_SCORES);
}

static enum outcome zrevrange(struct call *call)
{
	struct range_spec spec = {.by = BY_RANK, .backwards = true};
	return range_reply(call, &spec, KNOWS_SCORES);
}

static enum outcome zrangebyscore(struct call *call)
{
	struct range_spec spec = {.by = BY_SCORE};
	return range_reply(call, &spec, KNOWS_SCORES);
}

static enum outcome zrevrangebyscore(struct call *call)
{
	struct range_spec spec = {.by = BY_SCORE, .backwards = true};
	return range_reply(call, &spec, KNOWS_SCORES);
}

static enum outcome zrangebylex(struct call *call)
{
	struct range_spec spec = {.by = BY_MEMBER};
	return range_reply(call, &spec, KNOWS_SCORES);
}

static enum outcome zrevrangebylex(struct call *call)
{
	struct range_spec spec = {.by = BY_MEMBER, .backwards = true};
	return range_reply(call, &spec, KNOWS_SCORES);
}

static enum outcome zrangestore(struct call *call)
{
	struct range_spec spec = {.by = BY_RANK};
	struct value v = zset_empty;
	struct value result = zset_empty;
	struct zset_iter it;
	struct listpack_item member;
	char digits[NUM_I64_MAX_CHARS];
	double score;
	if (!range_parse(call, 2, KNOWS_BY, &spec) ||
		container_read(call, 2, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	struct zset_range r = limited(resolve(&v, &spec), &spec);
	zset_reserve(&result, r.behind - r.first, 0);
	zset_iter_init(&it, &v, r.first, false);
	for (size_t i = r.first; i < r.behind && zset_next(&it, &member, &score); i++)
		zset_set(&result, listpack_item_text(&member, digits), score);
	container_store(call, call_key(call, 1), &result, EVENT_ZSET, "zrangestore");
	return DONE;
}

/* --- counting and deleting --- */

static enum outcome count_range(struct call *call, enum range_by by)
{
	struct range_spec spec = {.by = by};
	struct value v = zset_empty;
	if (!parse_bounds(call, 2, 3, &spec) || container_read(call, 1, TYPE_ZSET, &v) == REFUSED)
		return FAILED;
	struct zset_range r = resolve(&v, &spec);
	reply_i64(call->reply, (int64_t)(r.behind - r.first));
	return DONE;
}

static enum outcome zcount(struct call *call)
{
	return count_range(call, BY_SCORE);
}

static enum outcome zlexcount(struct call *call)
{
	return count_range(call, BY_MEMBER);
}

static enum outcome remove_range(struct call *call, enum range_by by, const char *event)
{
	struct range_spec spec = {.by = by};
	struct zset_range r = {0, 0};
	struct edit edit;
	if (!parse_bounds(call, 2, 3, &spec))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_ZSET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		struct value rest;
		r = resolve(&edit.value, &spec);
		zset_delete_range(&edit.value, r, &rest);
		if (rest.ptr != NULL)
			grave_bury_value(call->db->keyspace, &rest, false);
		edit_close(&edit, EVENT_ZSET, event, r.behind - r.first);
	}
	reply_i64(call->reply, (int64_t)(r.behind - r.first));
	return DONE;
}

static enum outcome zremrangebyrank(struct call *call)
{
	return remove_range(call, BY_RANK, "zremrangebyrank");
}

static enum outcome zremrangebyscore(struct call *call)
{
	return remove_range(call, BY_SCORE, "zremrangebyscore");
}

static enum outcome zremrangebylex(struct call *call)
{
	return remove_range(call, BY_MEMBER, "zremrangebylex");
}

#define ZSET .group = "sorted-set"
#define FAST_READ (CMD_READONLY | CMD_FAST)
#define RANGE_COMPLEXITY                                                                           \
	"O(log(N)+M) with N being the number of elements in the sorted set and M the number of "   \
	"elements returned."
#define LIMIT_COMPLEXITY                                                                           \
	"O(log(N)+M) with N being the number of elements in the sorted set and M the number of "   \
	"elements being returned. If M is constant (e.g. always asking for the first 10 elements " \
	"with LIMIT), you can consider it O(log(N))."
#define COUNT_COMPLEXITY "O(log(N)) with N being the number of elements in the sorted set."
#define REMOVE_COMPLEXITY                                                                          \
	"O(log(N)+M) with N being the number of elements in the sorted set and M the number of "   \
	"elements removed by the operation."
#define READ_KEY "key:key:RO+access "
#define LIMIT_WORDS "[LIMIT limit={offset:integer count:integer}]"

const struct command_row zset_range_commands[] = {
	{.name = "ZRANGE",
		.run = zrange,
		.flags = CMD_READONLY,
		ZSET,
		.since = "1.2.0",
		.complexity = RANGE_COMPLEXITY,
		.history = "6.2.0=Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.",
		.syntax =
			READ_KEY "start stop sortby=[BYSCORE|BYLEX]@6.2.0 [REV]@6.2.0 " LIMIT_WORDS
				 "@6.2.0 [WITHSCORES]",
		.summary = "Answers a range of members of a sorted set."},
	{.name = "ZRANGESTORE",
		.run = zrangestore,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		ZSET,
		.since = "6.2.0",
		.complexity =
			"O(log(N)+M) with N being the number of elements in the sorted set and M "
			"the number of elements stored into the destination key.",
		.syntax = "dst:key:OW+update src:key:RO+access min max sortby=[BYSCORE|BYLEX] "
			  "[REV] " LIMIT_WORDS,
		.summary = "Stores a range of members of a sorted set in another key."},
	{.name = "ZREVRANGE",
		.run = zrevrange,
		.flags = CMD_READONLY,
		ZSET,
		.since = "1.2.0",
		.complexity = RANGE_COMPLEXITY,
		.syntax = READ_KEY "start:integer stop:integer [WITHSCORES]",
		.deprecated = "6.2.0=`ZRANGE` with the `REV` argument",
		.summary = "Answers a range of members of a sorted set, the greatest first."},
	{.name = "ZRANGEBYSCORE",
		.run = zrangebyscore,
		.flags = CMD_READONLY,
		ZSET,
		.since = "1.0.5",
		.complexity = LIMIT_COMPLEXITY,
		.history = "2.0.0=Added the `WITHSCORES` modifier.",
		.syntax = READ_KEY "min:double max:double [WITHSCORES]@2.0.0 " LIMIT_WORDS,
		.deprecated = "6.2.0=`ZRANGE` with the `BYSCORE` argument",
		.summary = "Answers the members of a sorted set with scores in a range."},
	{.name = "ZREVRANGEBYSCORE",
		.run = zrevrangebyscore,
		.flags = CMD_READONLY,
		ZSET,
		.since = "2.2.0",
		.complexity = LIMIT_COMPLEXITY,
		.history = "2.1.6=`min` and `max` can be exclusive.",
		.syntax = READ_KEY "max:double min:double [WITHSCORES] " LIMIT_WORDS,
		.deprecated = "6.2.0=`ZRANGE` with the `REV` and `BYSCORE` arguments",
		.summary = "As ZRANGEBYSCORE, the greatest first."},
	{.name = "ZRANGEBYLEX",
		.run = zrangebylex,
		.flags = CMD_READONLY,
		ZSET,
		.since = "2.8.9",
		.complexity = LIMIT_COMPLEXITY,
		.syntax = READ_KEY "min max " LIMIT_WORDS,
		.deprecated = "6.2.0=`ZRANGE` with the `BYLEX` argument",
		.summary = "Answers a range of members of a sorted set with equal scores, by "
			   "their bytes."},
	{.name = "ZREVRANGEBYLEX",
		.run = zrevrangebylex,
		.flags = CMD_READONLY,
		ZSET,
		.since = "2.8.9",
		.complexity = LIMIT_COMPLEXITY,
		.syntax = READ_KEY "max min " LIMIT_WORDS,
		.deprecated = "6.2.0=`ZRANGE` with the `REV` and `BYLEX` arguments",
		.summary = "As ZRANGEBYLEX, the greatest first."},
	{.name = "ZCOUNT",
		.run = zcount,
		.flags = FAST_READ,
		ZSET,
		.since = "2.0.0",
		.complexity = COUNT_COMPLEXITY,
		.syntax = READ_KEY "min:double max:double",
		.summary = "Counts the members of a sorted set with scores in a range."},
	{.name = "ZLEXCOUNT",
		.run = zlexcount,
		.flags = FAST_READ,
		ZSET,
		.since = "2.8.9",
		.complexity = COUNT_COMPLEXITY,
		.syntax = READ_KEY "min max",
		.summary = "Counts a range of members of a sorted set with equal scores."},
	{.name = "ZREMRANGEBYRANK",
		.run = zremrangebyrank,
		.flags = CMD_WRITE,
		ZSET,
		.since = "2.0.0",
		.complexity = REMOVE_COMPLEXITY,
		.syntax = "key:key:RW+delete start:integer stop:integer",
		.summary = "Removes a range of members from a sorted set, by their places."},
	{.name = "ZREMRANGEBYSCORE",
		.run = zremrangebyscore,
		.flags = CMD_WRITE,
		ZSET,
		.since = "1.2.0",
		.complexity = REMOVE_COMPLEXITY,
		.syntax = "key:key:RW+delete min:double max:double",
		.summary = "Removes the members with scores in a range from a sorted set."},
	{.name = "ZREMRANGEBYLEX",
		.run = zremrangebylex,
		.flags = CMD_WRITE,
		ZSET,
		.since = "2.8.9",
		.complexity = REMOVE_COMPLEXITY,
		.syntax = "key:key:RW+delete min max",
		.summary = "Removes a range of members from a sorted set with equal scores."},
	{0},
};
