/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Unions, intersections and differences of sorted sets and sets: answered, counted or stored.
 */
#include "types/zset_algebra.h"

#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/zset.h"
#include "types/set.h"

#define SOURCES_INLINE 16

enum operation { UNITE, INTERSECT, SUBTRACT, COUNT };

/* numkeys key [key …] [words] of one call. */
struct algebra {
	enum operation operation;
	struct zset_source *sources;
	size_t count;
	enum zset_aggregate how;
	int64_t limit;
	bool with_scores;
	struct zset_source inline_sources[SOURCES_INLINE];
};

static void algebra_release(struct algebra *a)
{
	if (a->sources != a->inline_sources)
		mem_free(a->sources);
}

/* A missing key is an empty sorted set; false: neither sorted set nor set, the error is written. */
static bool find_source(struct call *call, int index, struct zset_source *source)
{
	struct entry *e = call_find_read(call, call_key(call, index));
	*source = (struct zset_source){.value = zset_empty, .weight = 1};
	if (e == NULL)
		return true;
	if (e->type != TYPE_ZSET && e->type != TYPE_SET) {
		call_fail(call, E_WRONGTYPE);
		return false;
	}
	source->value = entry_value(e);
	return true;
}

/* WEIGHTS weight [weight …], which begins at argv[at]. */
static bool parse_weights(struct call *call, int at, struct algebra *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (num_parse_double(call->argv[(size_t)at + 1 + i], &a->sources[i].weight))
			continue;
		call_fail(call, E_WEIGHT);
		return false;
	}
	return true;
}

static bool parse_aggregate(struct call *call, int index, struct algebra *a)
{
	if (call_arg_is(call, index, "SUM"))
		a->how = ZSET_SUM;
	else if (call_arg_is(call, index, "MIN"))
		a->how = ZSET_MIN;
	else if (call_arg_is(call, index, "MAX"))
		a->how = ZSET_MAX;
	else
		return false;
	return true;
}

static bool parse_words(struct call *call, int at, bool is_stored, struct algebra *a)
{
	bool has_scores = a->operation == UNITE || a->operation == INTERSECT;
	while (at < call->argc) {
		size_t left = (size_t)(call->argc - at);
		if (has_scores && left > a->count && call_arg_is(call, at, "WEIGHTS")) {
			if (!parse_weights(call, at, a))
				return false;
			at += 1 + (int)a->count;
		} else if (has_scores && left > 1 && call_arg_is(call, at, "AGGREGATE")) {
			if (!parse_aggregate(call, at + 1, a))
				goto syntax;
			at += 2;
		} else if (!is_stored && a->operation != COUNT &&
			call_arg_is(call, at, "WITHSCORES")) {
			a->with_scores = true;
			at++;
		} else if (a->operation == COUNT && left > 1 && call_arg_is(call, at, "LIMIT")) {
			if (!call_arg_i64_in(call, at + 1, (struct i64_range){0, INT64_MAX},
				    &a->limit, E_LIMIT_NEGATIVE))
				return false;
			at += 2;
		} else {
			goto syntax;
		}
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

/* numkeys stands at argv[at]. False: the error is written, nothing is to be released. */
static bool algebra_parse(struct call *call, int at, struct algebra *a)
{
	int64_t keys;
	a->how = ZSET_SUM;
	a->limit = 0;
	a->with_scores = false;
	if (!call_arg_i64(call, at, &keys))
		return false;
	if (keys < 1) {
		call_failf(call, E_ZSET_NO_INPUT, call->command->name);
		return false;
	}
	if (keys > call->argc - at - 1) {
		call_fail(call, E_SYNTAX);
		return false;
	}
	a->count = (size_t)keys;
	a->sources = a->inline_sources;
	if (a->count > SOURCES_INLINE)
		a->sources = mem_alloc(a->count * sizeof(a->sources[0]));
	bool is_good = true;
	for (int i = 0; is_good && i < (int)keys; i++)
		is_good = find_source(call, at + 1 + i, &a->sources[i]);
	is_good = is_good && parse_words(call, at + 1 + (int)keys, at == 2, a);
	if (!is_good)
		algebra_release(a);
	return is_good;
}

static void algebra_run(struct algebra *a, struct value *out)
{
	if (a->operation == UNITE)
		zset_unite(a->sources, a->count, a->how, out);
	else if (a->operation == INTERSECT)
		zset_intersect(a->sources, a->count, a->how, out);
	else
		zset_subtract(a->sources, a->count, out);
	algebra_release(a);
}

static enum outcome answer(struct call *call, enum operation operation)
{
	struct algebra a = {.operation = operation};
	struct value result;
	struct zset_iter it;
	struct listpack_item member;
	double score;
	if (!algebra_parse(call, 1, &a))
		return FAILED;
	algebra_run(&a, &result);
	struct zset_reply r = zset_reply_of(call->reply, a.with_scores);
	zset_reply_begin(&r, (int64_t)zset_length(&result));
	zset_iter_init(&it, &result, 0, false);
	while (zset_next(&it, &member, &score))
		zset_reply_pair(&r, &member, score);
	zset_free(&result);
	return DONE;
}

static enum outcome zunion(struct call *call)
{
	return answer(call, UNITE);
}

static enum outcome zinter(struct call *call)
{
	return answer(call, INTERSECT);
}

static enum outcome zdiff(struct call *call)
{
	return answer(call, SUBTRACT);
}

static enum outcome store(struct call *call, enum operation operation, const char *event)
{
	struct algebra a = {.operation = operation};
	struct value result;
	if (!algebra_parse(call, 2, &a))
		return FAILED;
	algebra_run(&a, &result);
	zset_to_packed(&result);
	container_store(call, call_key(call, 1), &result, EVENT_ZSET, event);
	return DONE;
}

static enum outcome zunionstore(struct call *call)
{
	return store(call, UNITE, "zunionstore");
}

static enum outcome zinterstore(struct call *call)
{
	return store(call, INTERSECT, "zinterstore");
}

static enum outcome zdiffstore(struct call *call)
{
	return store(call, SUBTRACT, "zdiffstore");
}

static enum outcome zintercard(struct call *call)
{
	struct algebra a = {.operation = COUNT};
	if (!algebra_parse(call, 1, &a))
		return FAILED;
	size_t count = zset_intersect_count(a.sources, a.count, (size_t)a.limit);
	algebra_release(&a);
	reply_i64(call->reply, (int64_t)count);
	return DONE;
}

#define ZSET .group = "sorted-set"
#define STORE_FLAGS (CMD_WRITE | CMD_DENY_OOM)
#define UNION_COMPLEXITY                                                                           \
	"O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M "      \
	"being the number of elements in the resulting sorted set."
#define INTER_COMPLEXITY                                                                           \
	"O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the "   \
	"number of input sorted sets and M being the number of elements in the resulting sorted "  \
	"set."
#define DIFF_COMPLEXITY                                                                            \
	"O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, "  \
	"N is the size of the first set, and K is the size of the result set."
#define KEYS "numkeys:integer key:key:RO+access... "
#define STORE_KEYS "destination:key:OW+update " KEYS
#define WEIGHTS "[WEIGHTS weight:integer...] [AGGREGATE aggregate={SUM|MIN|MAX}] "

const struct command_row zset_algebra_commands[] = {
	{.name = "ZUNION",
		.run = zunion,
		.flags = CMD_READONLY,
		ZSET,
		.since = "6.2.0",
		.complexity = UNION_COMPLEXITY,
		.syntax = KEYS WEIGHTS "[WITHSCORES]",
		.summary = "Answers the members that any of several sorted sets has."},
	{.name = "ZINTER",
		.run = zinter,
		.flags = CMD_READONLY,
		ZSET,
		.since = "6.2.0",
		.complexity = INTER_COMPLEXITY,
		.syntax = KEYS WEIGHTS "[WITHSCORES]",
		.summary = "Answers the members that all of several sorted sets have."},
	{.name = "ZDIFF",
		.run = zdiff,
		.flags = CMD_READONLY,
		ZSET,
		.since = "6.2.0",
		.complexity = DIFF_COMPLEXITY,
		.syntax = KEYS "[WITHSCORES]",
		.summary = "Answers the members of the first sorted set that no other has."},
	{.name = "ZUNIONSTORE",
		.run = zunionstore,
		.flags = STORE_FLAGS,
		ZSET,
		.since = "2.0.0",
		.complexity = UNION_COMPLEXITY,
		.syntax = STORE_KEYS WEIGHTS,
		.summary = "Stores the members that any of several sorted sets has."},
	{.name = "ZINTERSTORE",
		.run = zinterstore,
		.flags = STORE_FLAGS,
		ZSET,
		.since = "2.0.0",
		.complexity = INTER_COMPLEXITY,
		.syntax = STORE_KEYS WEIGHTS,
		.summary = "Stores the members that all of several sorted sets have."},
	{.name = "ZDIFFSTORE",
		.run = zdiffstore,
		.flags = STORE_FLAGS,
		ZSET,
		.since = "6.2.0",
		.complexity = DIFF_COMPLEXITY,
		.syntax = STORE_KEYS,
		.summary = "Stores the members of the first sorted set that no other has."},
	{.name = "ZINTERCARD",
		.run = zintercard,
		.flags = CMD_READONLY,
		ZSET,
		.since = "7.0.0",
		.complexity = "O(N*K) worst case with N being the smallest input sorted set, K "
			      "being the number of input sorted sets.",
		.syntax = KEYS "[LIMIT limit:integer]",
		.summary = "Counts the members that all of several sorted sets have."},
	{0},
};
