/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Elements that move from list to list, pops from the first of several lists, and the forms of both
 * that wait. A waiting call is simply run again when one of its keys changes; what it then did is
 * propagated in its form that does not wait.
 */
#include "base/buf.h"
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/list.h"
#include "cmd/mpop.h"
#include "cmd/timeout.h"
#include "exec/effect.h"
#include "exec/wait.h"

/* --- from list to list --- */

struct move {
	enum list_end from;
	enum list_end to;
};

/* Source and destination are one list: it turns. */
static void rotate(struct call *call, struct edit *edit, struct move move)
{
	char digits[NUM_I64_MAX_CHARS];
	struct buf copy = {0};
	struct listpack_item item;
	list_peek(&edit->value, move.from, &item);
	buf_add_bytes(&copy, listpack_item_text(&item, digits));
	struct bytes text = buf_bytes(&copy);
	reply_item(call->reply, &item);
	list_drop(&edit->value, move.from);
	list_reserve(&edit->value, &text, 1);
	list_push(&edit->value, text, move.to);
	list_shrink(&edit->value);
	edit_store(edit);
	db_publish(call->db, edit->key, EVENT_LIST, list_push_event(move.to));
	db_publish_also(call->db, edit->key, EVENT_LIST, list_pop_event(move.from));
	buf_release(&copy);
}

static void move_between(
	struct call *call, struct edit *source, struct edit *destination, struct move move)
{
	char digits[NUM_I64_MAX_CHARS];
	struct listpack_item item;
	list_peek(&source->value, move.from, &item);
	struct bytes text = listpack_item_text(&item, digits);
	list_reserve(&destination->value, &text, 1);
	list_push(&destination->value, text, move.to);
	reply_item(call->reply, &item);
	list_drop(&source->value, move.from);
	list_shrink(&source->value);
	edit_close(destination, EVENT_LIST, list_push_event(move.to), 1);
	edit_close(source, EVENT_LIST, list_pop_event(move.from), 1);
	call->db->keyspace->dirty--; /* one change, though two keys tell of it */
}

/* MISSING: there is nothing to move. The keys are argv[1] and argv[2]. */
static enum found move_try(struct call *call, struct move move)
{
	struct edit source, destination;
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &source);
	if (found != FOUND)
		return found;
	if (bytes_equal(call->argv[1], call->argv[2])) {
		rotate(call, &source, move);
		return FOUND;
	}
	struct key key = key_of(call->argv[2]);
	if (container_open_key(call, key, TYPE_LIST, &list_empty, &destination) != FOUND)
		return REFUSED;
	move_between(call, &source, &destination, move);
	return FOUND;
}

static enum outcome move_now(struct call *call, struct move move)
{
	enum found found = move_try(call, move);
	if (found == MISSING)
		reply_null(call->reply);
	return found == REFUSED ? FAILED : DONE;
}

static enum outcome rpoplpush(struct call *call)
{
	return move_now(call, (struct move){LIST_RIGHT, LIST_LEFT});
}

static bool move_parse(struct call *call, struct move *move)
{
	if (list_parse_end(call->argv[3], &move->from) && list_parse_end(call->argv[4], &move->to))
		return true;
	call_fail(call, E_SYNTAX);
	return false;
}

static enum outcome lmove(struct call *call)
{
	struct move move;
	return move_parse(call, &move) ? move_now(call, move) : FAILED;
}

static enum outcome move_or_wait(struct call *call, struct move move, int64_t timeout_ms)
{
	struct wait_spec spec = {
		.timeout_ms = timeout_ms,
		.on_timeout = reply_null_array,
		.on_denied = reply_null,
		.keys = call->argv + 1,
		.key_count = 1,
	};
	enum found found = mpop_is_other_type(call, TYPE_LIST, 1) ? MISSING : move_try(call, move);
	if (found == MISSING)
		return wait_on_keys(call, &spec);
	return found == REFUSED ? FAILED : DONE;
}

static enum outcome brpoplpush(struct call *call)
{
	int64_t timeout_ms;
	if (!timeout_parse_seconds(call, 3, &timeout_ms))
		return FAILED;
	enum outcome outcome = move_or_wait(call, (struct move){LIST_RIGHT, LIST_LEFT}, timeout_ms);
	if (outcome == DONE)
		EFFECT(call, BYTES("RPOPLPUSH"), call->argv[1], call->argv[2]);
	return outcome;
}

static enum outcome blmove(struct call *call)
{
	struct move move;
	int64_t timeout_ms;
	if (!move_parse(call, &move) || !timeout_parse_seconds(call, 5, &timeout_ms))
		return FAILED;
	enum outcome outcome = move_or_wait(call, move, timeout_ms);
	if (outcome == DONE)
		EFFECT(call, BYTES("LMOVE"), call->argv[1], call->argv[2], call->argv[3],
			call->argv[4]);
	return outcome;
}

/* --- from the first of several --- */

static enum outcome pop_or_wait(struct call *call, enum list_end end)
{
	struct edit edit;
	struct listpack_item item;
	int64_t timeout_ms;
	int index;
	int keys = call->argc - 2;
	struct wait_spec spec = {
		.on_timeout = reply_null_array, .keys = call->argv + 1, .key_count = keys};
	if (!timeout_parse_seconds(call, call->argc - 1, &timeout_ms))
		return FAILED;
	spec.timeout_ms = timeout_ms;
	enum found found =
		mpop_open_first(call, TYPE_LIST, (struct mpop_keys){1, keys}, &edit, &index);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING)
		return wait_on_keys(call, &spec);
	reply_array(call->reply, 2);
	reply_bulk(call->reply, call->argv[index]);
	list_peek(&edit.value, end, &item);
	reply_item(call->reply, &item);
	list_drop(&edit.value, end);
	list_shrink(&edit.value);
	edit_close(&edit, EVENT_LIST, list_pop_event(end), 1);
	EFFECT(call, end == LIST_LEFT ? BYTES("LPOP") : BYTES("RPOP"), call->argv[index]);
	return DONE;
}

static enum outcome blpop(struct call *call)
{
	return pop_or_wait(call, LIST_LEFT);
}

static enum outcome brpop(struct call *call)
{
	return pop_or_wait(call, LIST_RIGHT);
}

static void lmpop_pop(
	struct call *call, struct edit *edit, struct bytes key, int end, int64_t count)
{
	char digits[NUM_I64_MAX_CHARS];
	enum list_end from = end == 0 ? LIST_LEFT : LIST_RIGHT;
	uint64_t popped = list_pop_many(call, edit, from, (uint64_t)count);
	EFFECT(call, from == LIST_LEFT ? BYTES("LPOP") : BYTES("RPOP"), key,
		bytes_of(digits, num_print_u64(digits, popped)));
}

static const struct mpop_kind lmpop_kind = {TYPE_LIST, {"LEFT", "RIGHT"}, lmpop_pop};

static enum outcome lmpop(struct call *call)
{
	return mpop_now(call, &lmpop_kind);
}

static enum outcome blmpop(struct call *call)
{
	return mpop_or_wait(call, &lmpop_kind);
}

#define LIST .group = "list"
#define MOVE_FLAGS (CMD_WRITE | CMD_DENY_OOM)
#define BLOCK_FLAGS (CMD_WRITE | CMD_BLOCKING)
#define BLOCK_HISTORY "6.0.0=`timeout` is interpreted as a double instead of an integer."
#define MPOP_COMPLEXITY                                                                            \
	"O(N+M) where N is the number of provided keys and M is the number of elements returned."
#define MOVE_KEYS "source:key:RW+access+delete destination:key:RW+insert "
#define MOVE_ENDS "wherefrom={LEFT|RIGHT} whereto={LEFT|RIGHT} "
#define MPOP_TAIL                                                                                  \
	"numkeys:integer key:key:RW+access+delete... where={LEFT|RIGHT} [COUNT count:integer]"

const struct command_row list_move_commands[] = {
	{.name = "LMOVE",
		.run = lmove,
		.flags = MOVE_FLAGS,
		LIST,
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = MOVE_KEYS MOVE_ENDS,
		.summary = "Moves an element from one end of a list to an end of another."},
	{.name = "RPOPLPUSH",
		.run = rpoplpush,
		.flags = MOVE_FLAGS,
		LIST,
		.since = "1.2.0",
		.complexity = "O(1)",
		.syntax = MOVE_KEYS,
		.deprecated = "6.2.0=`LMOVE` with the `RIGHT` and `LEFT` arguments",
		.summary = "Moves the last element of a list to the front of another."},
	{.name = "BLMOVE",
		.run = blmove,
		.flags = MOVE_FLAGS | BLOCK_FLAGS,
		LIST,
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = MOVE_KEYS MOVE_ENDS "timeout:double",
		.summary = "As LMOVE; waits for an element."},
	{.name = "BRPOPLPUSH",
		.run = brpoplpush,
		.flags = MOVE_FLAGS | BLOCK_FLAGS,
		LIST,
		.since = "2.2.0",
		.complexity = "O(1)",
		.history = BLOCK_HISTORY,
		.syntax = MOVE_KEYS "timeout:double",
		.deprecated = "6.2.0=`BLMOVE` with the `RIGHT` and `LEFT` arguments",
		.summary = "As RPOPLPUSH; waits for an element."},
	{.name = "LMPOP",
		.run = lmpop,
		.flags = CMD_WRITE,
		LIST,
		.since = "7.0.0",
		.complexity = MPOP_COMPLEXITY,
		.syntax = MPOP_TAIL,
		.summary = "Takes elements from the first list that has any."},
	{.name = "BLMPOP",
		.run = blmpop,
		.flags = CMD_WRITE | CMD_BLOCKING,
		LIST,
		.since = "7.0.0",
		.complexity = MPOP_COMPLEXITY,
		.syntax = "timeout:double " MPOP_TAIL,
		.summary = "As LMPOP; waits for an element."},
	{.name = "BLPOP",
		.run = blpop,
		.flags = BLOCK_FLAGS,
		LIST,
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of provided keys.",
		.history = BLOCK_HISTORY,
		.syntax = "key:key:RW+access+delete... timeout:double",
		.summary =
			"Takes the first element of the first list that has any; waits for one."},
	{.name = "BRPOP",
		.run = brpop,
		.flags = BLOCK_FLAGS,
		LIST,
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of provided keys.",
		.history = BLOCK_HISTORY,
		.syntax = "key:key:RW+access+delete... timeout:double",
		.summary = "Takes the last element of the first list that has any; waits for one."},
	{0},
};
