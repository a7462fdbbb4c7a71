/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pops from sorted sets, of one or of the first that has any, and the forms that wait. A waiting
 * call is simply run again when one of its keys changes; what it then did is propagated as ZPOPMIN
 * or ZPOPMAX.
 */
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/mpop.h"
#include "cmd/timeout.h"
#include "cmd/zset.h"
#include "store/graveyard.h"
#include "exec/effect.h"
#include "exec/wait.h"

enum pop_end { POP_MIN, POP_MAX };

static struct bytes pop_command(enum pop_end end)
{
	return end == POP_MIN ? BYTES("ZPOPMIN") : BYTES("ZPOPMAX");
}

/* Replies with up to `count` pairs from `end` on, in an array or not, deletes them and closes the
 * edit; returns how many. */
static size_t pop_many(struct edit *edit, enum pop_end end, size_t count,
	const struct zset_reply *r, bool is_array)
{
	struct zset_iter it;
	struct listpack_item member;
	struct value rest;
	double score;
	size_t length = zset_length(&edit->value);
	if (count > length)
		count = length;
	if (is_array)
		zset_reply_begin(r, (int64_t)count);
	zset_iter_init(&it, &edit->value, end == POP_MIN ? 0 : length - 1, end == POP_MAX);
	for (size_t i = 0; i < count && zset_next(&it, &member, &score); i++)
		zset_reply_pair(r, &member, score);
	size_t first = end == POP_MIN ? 0 : length - count;
	zset_delete_range(&edit->value, (struct zset_range){first, first + count}, &rest);
	if (rest.ptr != NULL)
		grave_bury_value(edit->db->keyspace, &rest, false);
	edit_close(edit, EVENT_ZSET, end == POP_MIN ? "zpopmin" : "zpopmax", count);
	return count;
}

/* --- from one --- */

static enum outcome pop(struct call *call, enum pop_end end)
{
	struct edit edit;
	int64_t count = 1;
	bool has_count = call->argc == 3;
	if (call->argc > 3)
		return call_fail(call, E_SYNTAX);
	if (has_count && !call_arg_i64_in(call, 2, (struct i64_range){0, INT64_MAX}, &count,
				 E_MUST_BE_POSITIVE))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_ZSET, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_array(call->reply, 0);
		return DONE;
	}
	struct zset_reply r = {call->reply, true, has_count && call->reply->resp > 2};
	pop_many(&edit, end, (size_t)count, &r, true);
	return DONE;
}

static enum outcome zpopmin(struct call *call)
{
	return pop(call, POP_MIN);
}

static enum outcome zpopmax(struct call *call)
{
	return pop(call, POP_MAX);
}

/* --- from the first of several --- */

static enum outcome pop_or_wait(struct call *call, enum pop_end end)
{
	struct edit edit;
	int index;
	int keys = call->argc - 2;
	struct wait_spec spec = {
		.on_timeout = reply_null_array, .keys = call->argv + 1, .key_count = keys};
	if (!timeout_parse_seconds(call, call->argc - 1, &spec.timeout_ms))
		return FAILED;
	enum found found =
		mpop_open_first(call, TYPE_ZSET, (struct mpop_keys){1, keys}, &edit, &index);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		return wait_on_keys(call, &spec);
	struct zset_reply r = {call->reply, true, false};
	reply_array(call->reply, 3);
	reply_bulk(call->reply, call->argv[index]);
	pop_many(&edit, end, 1, &r, false);
	EFFECT(call, pop_command(end), call->argv[index]);
	return DONE;
}

static enum outcome bzpopmin(struct call *call)
{
	return pop_or_wait(call, POP_MIN);
}

static enum outcome bzpopmax(struct call *call)
{
	return pop_or_wait(call, POP_MAX);
}

static void zmpop_pop(
	struct call *call, struct edit *edit, struct bytes key, int end, int64_t count)
{
	char digits[NUM_I64_MAX_CHARS];
	enum pop_end from = end == 0 ? POP_MIN : POP_MAX;
	struct zset_reply r = {call->reply, true, true};
	size_t popped = pop_many(edit, from, (size_t)count, &r, true);
	EFFECT(call, pop_command(from), key, bytes_of(digits, num_print_u64(digits, popped)));
}

static const struct mpop_kind zmpop_kind = {TYPE_ZSET, {"MIN", "MAX"}, zmpop_pop};

static enum outcome zmpop(struct call *call)
{
	return mpop_now(call, &zmpop_kind);
}

static enum outcome bzmpop(struct call *call)
{
	return mpop_or_wait(call, &zmpop_kind);
}

#define ZSET .group = "sorted-set"
#define POP_KEY "key:key:RW+access+delete "
#define POP_KEYS "key:key:RW+access+delete... "
#define POP_COMPLEXITY                                                                             \
	"O(log(N)*M) with N being the number of elements in the sorted set, and M being the "      \
	"number of elements popped."
#define BLOCK_COMPLEXITY "O(log(N)) with N being the number of elements in the sorted set."
#define BLOCK_HISTORY "6.0.0=`timeout` is interpreted as a double instead of an integer."
#define MPOP_COMPLEXITY                                                                            \
	"O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of "        \
	"elements in the sorted set, and M being the number of elements popped."
#define MPOP_TAIL "numkeys:integer " POP_KEYS "where={MIN|MAX} [COUNT count:integer]"

const struct command_row zset_pop_commands[] = {
	{.name = "ZPOPMIN",
		.run = zpopmin,
		.flags = CMD_WRITE | CMD_FAST,
		ZSET,
		.since = "5.0.0",
		.complexity = POP_COMPLEXITY,
		.syntax = POP_KEY "[count:integer]",
		.summary = "Takes the members with the least scores out of a sorted set."},
	{.name = "ZPOPMAX",
		.run = zpopmax,
		.flags = CMD_WRITE | CMD_FAST,
		ZSET,
		.since = "5.0.0",
		.complexity = POP_COMPLEXITY,
		.syntax = POP_KEY "[count:integer]",
		.summary = "Takes the members with the greatest scores out of a sorted set."},
	{.name = "BZPOPMIN",
		.run = bzpopmin,
		.flags = CMD_WRITE | CMD_FAST | CMD_BLOCKING,
		ZSET,
		.since = "5.0.0",
		.complexity = BLOCK_COMPLEXITY,
		.history = BLOCK_HISTORY,
		.syntax = POP_KEYS "timeout:double",
		.summary = "Takes the least member of the first sorted set that has any; waits "
			   "for one."},
	{.name = "BZPOPMAX",
		.run = bzpopmax,
		.flags = CMD_WRITE | CMD_FAST | CMD_BLOCKING,
		ZSET,
		.since = "5.0.0",
		.complexity = BLOCK_COMPLEXITY,
		.history = BLOCK_HISTORY,
		.syntax = POP_KEYS "timeout:double",
		.summary = "Takes the greatest member of the first sorted set that has any; waits "
			   "for one."},
	{.name = "ZMPOP",
		.run = zmpop,
		.flags = CMD_WRITE,
		ZSET,
		.since = "7.0.0",
		.complexity = MPOP_COMPLEXITY,
		.syntax = MPOP_TAIL,
		.summary = "Takes members from the first sorted set that has any."},
	{.name = "BZMPOP",
		.run = bzmpop,
		.flags = CMD_WRITE | CMD_BLOCKING,
		ZSET,
		.since = "7.0.0",
		.complexity = MPOP_COMPLEXITY,
		.syntax = "timeout:double " MPOP_TAIL,
		.summary = "As ZMPOP; waits for a member."},
	{0},
};
