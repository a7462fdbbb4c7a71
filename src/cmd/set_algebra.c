/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Intersections, unions and differences of sets: answered, counted or stored.
 */
#include "types/set_algebra.h"

#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/container.h"

#define OPERANDS_INLINE 16

/* The sets at several keys; a missing key is an empty set. */
struct operands {
	struct value *sets;
	size_t count;
	struct value inline_sets[OPERANDS_INLINE];
};

static void operands_release(struct operands *o)
{
	if (o->sets != o->inline_sets)
		mem_free(o->sets);
}

/* Finds the sets at argv[first … first + count - 1]; false: one is of another type, the error is
 * written, nothing is to be released. */
static bool operands_find(struct call *call, int first, int count, struct operands *o)
{
	o->count = (size_t)count;
	o->sets = o->inline_sets;
	if (count > OPERANDS_INLINE)
		o->sets = mem_alloc(o->count * sizeof(o->sets[0]));
	for (int i = 0; i < count; i++) {
		o->sets[i] = set_empty;
		if (container_read(call, first + i, TYPE_SET, &o->sets[i]) != REFUSED)
			continue;
		operands_release(o);
		return false;
	}
	return true;
}

typedef void algebra(struct value *sets, size_t count, set_visit *visit, void *context);

static void unite(struct value *sets, size_t count, set_visit *visit, void *context)
{
	set_unite(sets, count, visit, context);
}

/* --- answering --- */

struct answer {
	struct reply *reply;
	int64_t count;
};

static bool answer_member(const struct listpack_item *item, void *context)
{
	struct answer *a = context;
	reply_item(a->reply, item);
	a->count++;
	return true;
}

static enum outcome answer_algebra(struct call *call, algebra *run)
{
	struct operands o;
	struct answer a = {call->reply, 0};
	if (!operands_find(call, 1, call->argc - 1, &o))
		return FAILED;
	struct reply_hole hole = reply_open(call->reply);
	run(o.sets, o.count, answer_member, &a);
	reply_close_set(call->reply, hole, a.count);
	operands_release(&o);
	return DONE;
}

static enum outcome sinter(struct call *call)
{
	return answer_algebra(call, set_intersect);
}

static enum outcome sunion(struct call *call)
{
	return answer_algebra(call, unite);
}

static enum outcome sdiff(struct call *call)
{
	return answer_algebra(call, set_subtract);
}

/* --- counting --- */

struct count {
	int64_t seen;
	int64_t limit; /* 0 = none */
};

static bool count_member(const struct listpack_item *item, void *context)
{
	struct count *c = context;
	(void)item;
	return ++c->seen != c->limit;
}

static enum outcome sintercard(struct call *call)
{
	struct operands o;
	struct count c = {0, 0};
	int64_t keys;
	if (!container_arg_numkeys(call, 1, &keys))
		return FAILED;
	if (keys > call->argc - 2)
		return call_fail(call, E_NUMKEYS_BEYOND);
	for (int i = 2 + (int)keys; i < call->argc; i += 2) {
		if (i + 1 == call->argc || !call_arg_is(call, i, "LIMIT"))
			return call_fail(call, E_SYNTAX);
		if (!call_arg_i64_in(call, i + 1, (struct i64_range){0, INT64_MAX}, &c.limit,
			    E_LIMIT_NEGATIVE))
			return FAILED;
	}
	if (!operands_find(call, 2, (int)keys, &o))
		return FAILED;
	set_intersect(o.sets, o.count, count_member, &c);
	operands_release(&o);
	reply_i64(call->reply, c.seen);
	return DONE;
}

/* --- storing --- */

static bool store_member(const struct listpack_item *item, void *context)
{
	set_add_item(context, item);
	return true;
}

static void unite_into(struct value *sets, size_t count, set_visit *visit, void *context)
{
	(void)visit;
	set_unite_into(sets, count, context);
}

static enum outcome store_algebra(struct call *call, algebra *run, const char *event)
{
	struct operands o;
	struct value result = set_empty;
	if (!operands_find(call, 2, call->argc - 2, &o))
		return FAILED;
	run(o.sets, o.count, store_member, &result);
	operands_release(&o);
	container_store(call, call_key(call, 1), &result, EVENT_SET, event);
	return DONE;
}

static enum outcome sinterstore(struct call *call)
{
	return store_algebra(call, set_intersect, "sinterstore");
}

static enum outcome sunionstore(struct call *call)
{
	return store_algebra(call, unite_into, "sunionstore");
}

static enum outcome sdiffstore(struct call *call)
{
	return store_algebra(call, set_subtract, "sdiffstore");
}

#define SET .group = "set"
#define STORE_FLAGS (CMD_WRITE | CMD_DENY_OOM)
#define INTER_COMPLEXITY                                                                           \
	"O(N*M) worst case where N is the cardinality of the smallest set and M is the number of " \
	"sets."
#define SUM_COMPLEXITY "O(N) where N is the total number of elements in all given sets."

const struct command_row set_algebra_commands[] = {
	{.name = "SINTER",
		.run = sinter,
		.flags = CMD_READONLY,
		SET,
		.since = "1.0.0",
		.complexity = INTER_COMPLEXITY,
		.syntax = "key:key:RO+access...",
		.tips = "nondeterministic_output_order",
		.summary = "Answers the members that all of several sets have."},
	{.name = "SINTERCARD",
		.run = sintercard,
		.flags = CMD_READONLY,
		SET,
		.since = "7.0.0",
		.complexity = INTER_COMPLEXITY,
		.syntax = "numkeys:integer key:key:RO+access... [LIMIT limit:integer]",
		.summary = "Counts the members that all of several sets have."},
	{.name = "SINTERSTORE",
		.run = sinterstore,
		.flags = STORE_FLAGS,
		SET,
		.since = "1.0.0",
		.complexity = INTER_COMPLEXITY,
		.syntax = "destination:key:RW+update key:key:RO+access...",
		.summary = "Stores the members that all of several sets have."},
	{.name = "SUNION",
		.run = sunion,
		.flags = CMD_READONLY,
		SET,
		.since = "1.0.0",
		.complexity = SUM_COMPLEXITY,
		.syntax = "key:key:RO+access...",
		.tips = "nondeterministic_output_order",
		.summary = "Answers the members that any of several sets has."},
	{.name = "SUNIONSTORE",
		.run = sunionstore,
		.flags = STORE_FLAGS,
		SET,
		.since = "1.0.0",
		.complexity = SUM_COMPLEXITY,
		.syntax = "destination:key:OW+update key:key:RO+access...",
		.summary = "Stores the members that any of several sets has."},
	{.name = "SDIFF",
		.run = sdiff,
		.flags = CMD_READONLY,
		SET,
		.since = "1.0.0",
		.complexity = SUM_COMPLEXITY,
		.syntax = "key:key:RO+access...",
		.tips = "nondeterministic_output_order",
		.summary = "Answers the members of the first set that no other has."},
	{.name = "SDIFFSTORE",
		.run = sdiffstore,
		.flags = STORE_FLAGS,
		SET,
		.since = "1.0.0",
		.complexity = SUM_COMPLEXITY,
		.syntax = "destination:key:OW+update key:key:RO+access...",
		.summary = "Stores the members of the first set that no other has."},
	{0},
};
