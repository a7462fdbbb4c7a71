/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The commands of one list. Those that move elements between lists or wait for them are in
 * list_move.c.
 */
#include "cmd/list.h"

#include "cmd/commands.h"
#include "store/graveyard.h"

bool list_parse_end(struct bytes word, enum list_end *end)
{
	*end = bytes_is(word, "LEFT") ? LIST_LEFT : LIST_RIGHT;
	return *end == LIST_LEFT || bytes_is(word, "RIGHT");
}

/* --- pushing --- */

static enum outcome push(struct call *call, enum list_end end, const struct value *create)
{
	struct edit edit;
	int count = call->argc - 2;
	enum found found = container_open(call, 1, TYPE_LIST, create, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	list_reserve(&edit.value, call->argv + 2, (size_t)count);
	for (int i = 0; i < count; i++)
		list_push(&edit.value, call->argv[2 + i], end);
	uint64_t length = list_length(&edit.value);
	edit_close(&edit, EVENT_LIST, list_push_event(end), (uint64_t)count);
	reply_i64(call->reply, (int64_t)length);
	return DONE;
}

static enum outcome lpush(struct call *call)
{
	return push(call, LIST_LEFT, &list_empty);
}

static enum outcome rpush(struct call *call)
{
	return push(call, LIST_RIGHT, &list_empty);
}

static enum outcome lpushx(struct call *call)
{
	return push(call, LIST_LEFT, NULL);
}

static enum outcome rpushx(struct call *call)
{
	return push(call, LIST_RIGHT, NULL);
}

static enum outcome linsert(struct call *call)
{
	struct edit edit;
	struct list_iter it;
	struct listpack_item item;
	struct listpack_item pivot = listpack_item_of(call->argv[3]);
	bool is_after = call_arg_is(call, 2, "AFTER");
	if (!is_after && !call_arg_is(call, 2, "BEFORE"))
		return call_fail(call, E_SYNTAX);
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	int64_t answer = found == MISSING ? 0 : -1;
	if (found == FOUND) {
		uint64_t index = 0;
		list_iter_init(&it, &edit.value, 0, false);
		bool is_there = false;
		for (; !is_there && list_next(&it, &item); index++)
			is_there = listpack_item_equals(&item, &pivot);
		list_iter_release(&it);
		if (is_there) {
			list_reserve(&edit.value, call->argv + 4, 1);
			list_insert(&edit.value, is_after ? index : index - 1, call->argv[4]);
			answer = (int64_t)list_length(&edit.value);
			edit_close(&edit, EVENT_LIST, "linsert", 1);
		}
	}
	reply_i64(call->reply, answer);
	return DONE;
}

/* --- popping --- */

/* Fewer are not worth handing over. */
#define TRIM_LEAST 1024

/* Keeps first … behind - 1; whole nodes of the rest are freed in slices. */
static void keep(struct edit *edit, uint64_t first, uint64_t behind)
{
	struct value cut[2];
	list_trim(&edit->value, first, behind, cut);
	for (int i = 0; i < 2; i++)
		if (cut[i].ptr != NULL)
			grave_bury_value(edit->db->keyspace, &cut[i], false);
}

uint64_t list_pop_many(struct call *call, struct edit *edit, enum list_end end, uint64_t count)
{
	struct list_iter it;
	struct listpack_item item;
	uint64_t length = list_length(&edit->value);
	if (count > length)
		count = length;
	reply_array(call->reply, (int64_t)count);
	list_iter_init(&it, &edit->value, end == LIST_LEFT ? 0 : length - 1, end == LIST_RIGHT);
	for (uint64_t i = 0; i < count && list_next(&it, &item); i++)
		reply_item(call->reply, &item);
	list_iter_release(&it);
	if (count < TRIM_LEAST)
		list_delete_range(&edit->value, end == LIST_LEFT ? 0 : length - count, count);
	else if (end == LIST_LEFT)
		keep(edit, count, length);
	else
		keep(edit, 0, length - count);
	list_shrink(&edit->value);
	edit_close(edit, EVENT_LIST, list_pop_event(end), count);
	return count;
}

static enum outcome pop(struct call *call, enum list_end end)
{
	struct edit edit;
	struct listpack_item item;
	int64_t count = 1;
	bool has_count = call->argc == 3;
	if (call->argc > 3)
		return call_failf(call, E_ARITY, call->command->name);
	if (has_count && !call_arg_i64_in(call, 2, (struct i64_range){0, INT64_MAX}, &count,
				 E_MUST_BE_POSITIVE))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING && has_count)
		reply_null_array(call->reply);
	else if (found == MISSING)
		reply_null(call->reply);
	else if (has_count)
		list_pop_many(call, &edit, end, (uint64_t)count);
	if (found == MISSING || has_count)
		return DONE;
	list_peek(&edit.value, end, &item);
	reply_item(call->reply, &item);
	list_drop(&edit.value, end);
	list_shrink(&edit.value);
	edit_close(&edit, EVENT_LIST, list_pop_event(end), 1);
	return DONE;
}

static enum outcome lpop(struct call *call)
{
	return pop(call, LIST_LEFT);
}

static enum outcome rpop(struct call *call)
{
	return pop(call, LIST_RIGHT);
}

/* --- reading --- */

static enum outcome llen(struct call *call)
{
	struct value v = list_empty;
	if (container_read(call, 1, TYPE_LIST, &v) == REFUSED)
		return FAILED;
	reply_i64(call->reply, (int64_t)list_length(&v));
	return DONE;
}

static enum outcome lindex(struct call *call)
{
	struct value v;
	struct list_iter it;
	struct listpack_item item;
	int64_t index;
	enum found found = container_read(call, 1, TYPE_LIST, &v);
	if (found == REFUSED)
		return FAILED;
	if (found == MISSING) {
		reply_null(call->reply);
		return DONE;
	}
	if (!call_arg_i64(call, 2, &index))
		return FAILED;
	uint64_t length = list_length(&v);
	if (index < 0)
		index += (int64_t)length;
	if (index < 0 || (uint64_t)index >= length) {
		reply_null(call->reply);
		return DONE;
	}
	list_iter_init(&it, &v, (uint64_t)index, false);
	if (list_next(&it, &item))
		reply_item(call->reply, &item);
	list_iter_release(&it);
	return DONE;
}

/* A range as LRANGE and LTRIM understand it, within 0 … length; an empty one has first == behind.
 */
struct range {
	uint64_t first;
	uint64_t behind;
};

static struct range range_of(int64_t start, int64_t stop, uint64_t length)
{
	int64_t end = (int64_t)length;
	if (start < 0)
		start += end;
	if (stop < 0)
		stop += end;
	if (start < 0)
		start = 0;
	if (start > stop || start >= end)
		return (struct range){0, 0};
	return (struct range){(uint64_t)start, stop >= end ? length : (uint64_t)stop + 1};
}

static enum outcome lrange(struct call *call)
{
	struct value v = list_empty;
	struct list_iter it;
	struct listpack_item item;
	int64_t start, stop;
	if (!call_arg_i64(call, 2, &start) || !call_arg_i64(call, 3, &stop) ||
		container_read(call, 1, TYPE_LIST, &v) == REFUSED)
		return FAILED;
	struct range range = range_of(start, stop, list_length(&v));
	reply_array(call->reply, (int64_t)(range.behind - range.first));
	list_iter_init(&it, &v, range.first, false);
	uint64_t left = range.behind - range.first;
	while (left > 0) {
		const unsigned char *at = list_next_run(&it);
		for (; at != NULL && left > 0; left--)
			at = reply_packed(call->reply, at);
		if (left == 0 || !list_next(&it, &item))
			break;
		reply_item(call->reply, &item);
		left--;
	}
	list_iter_release(&it);
	return DONE;
}

struct lpos_options {
	int64_t rank;
	int64_t count; /* -1: one, and not in an array */
	int64_t max_len;
};

static bool lpos_options(struct call *call, struct lpos_options *o)
{
	for (int i = 3; i < call->argc; i += 2) {
		if (i + 1 == call->argc)
			goto syntax;
		if (call_arg_is(call, i, "RANK")) {
			if (!call_arg_i64(call, i + 1, &o->rank))
				return false;
			if (o->rank == 0 || o->rank == INT64_MIN) {
				if (o->rank == 0)
					call_fail(call, E_LPOS_RANK);
				else
					call_failf(call, E_RANGE_BETWEEN, (long long)-INT64_MAX,
						(long long)INT64_MAX);
				return false;
			}
		} else if (call_arg_is(call, i, "COUNT")) {
			if (!call_arg_i64_in(call, i + 1, (struct i64_range){0, INT64_MAX},
				    &o->count, E_COUNT_NEGATIVE))
				return false;
		} else if (call_arg_is(call, i, "MAXLEN")) {
			if (!call_arg_i64_in(call, i + 1, (struct i64_range){0, INT64_MAX},
				    &o->max_len, E_MAXLEN_NEGATIVE))
				return false;
		} else {
			goto syntax;
		}
	}
	return true;
syntax:
	call_fail(call, E_SYNTAX);
	return false;
}

/* Replies with the matches' indexes; returns how many. */
static int64_t lpos_reply(struct call *call, const struct value *v, const struct lpos_options *o)
{
	struct list_iter it;
	struct listpack_item item;
	struct listpack_item wanted = listpack_item_of(call->argv[2]);
	bool backwards = o->rank < 0;
	int64_t to_skip = (backwards ? -o->rank : o->rank) - 1;
	int64_t length = (int64_t)list_length(v);
	int64_t limit = o->max_len != 0 && o->max_len < length ? o->max_len : length;
	int64_t most = o->count < 0 ? 1 : o->count == 0 ? INT64_MAX : o->count;
	int64_t found = 0;
	list_iter_init(&it, v, backwards ? (uint64_t)length - 1 : 0, backwards);
	for (int64_t i = 0; i < limit && found < most && list_next(&it, &item); i++) {
		if (!listpack_item_equals(&item, &wanted) || to_skip-- > 0)
			continue;
		reply_i64(call->reply, backwards ? length - 1 - i : i);
		found++;
	}
	list_iter_release(&it);
	return found;
}

static enum outcome lpos(struct call *call)
{
	struct lpos_options o = {.rank = 1, .count = -1};
	struct value v;
	if (!lpos_options(call, &o))
		return FAILED;
	enum found found = container_read(call, 1, TYPE_LIST, &v);
	if (found == REFUSED)
		return FAILED;
	if (o.count < 0) {
		if (found == MISSING || lpos_reply(call, &v, &o) == 0)
			reply_null(call->reply);
		return DONE;
	}
	if (found == MISSING) {
		reply_array(call->reply, 0);
		return DONE;
	}
	struct reply_hole hole = reply_open(call->reply);
	reply_close_array(call->reply, hole, lpos_reply(call, &v, &o));
	return DONE;
}

/* --- changing in the middle --- */

static enum outcome lset(struct call *call)
{
	struct edit edit;
	int64_t index;
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &edit);
	if (found == MISSING)
		return call_fail(call, E_NO_KEY);
	if (found == REFUSED || !call_arg_i64(call, 2, &index))
		return FAILED;
	uint64_t length = list_length(&edit.value);
	if (index < 0)
		index += (int64_t)length;
	if (index < 0 || (uint64_t)index >= length)
		return call_fail(call, E_OUT_OF_RANGE);
	list_reserve(&edit.value, call->argv + 3, 1);
	list_replace(&edit.value, (uint64_t)index, call->argv[3]);
	list_shrink(&edit.value);
	edit_close(&edit, EVENT_LIST, "lset", 1);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome lrem(struct call *call)
{
	struct edit edit;
	struct list_iter it;
	struct listpack_item item;
	struct listpack_item wanted = listpack_item_of(call->argv[3]);
	int64_t count;
	uint64_t removed = 0;
	if (!call_arg_i64(call, 2, &count))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		bool backwards = count < 0;
		uint64_t most = backwards ? 0 - (uint64_t)count : (uint64_t)count;
		uint64_t last = list_length(&edit.value) - 1;
		list_iter_init(&it, &edit.value, backwards ? last : 0, backwards);
		while ((most == 0 || removed < most) && list_next(&it, &item)) {
			if (!listpack_item_equals(&item, &wanted))
				continue;
			list_delete_here(&it);
			removed++;
		}
		list_iter_release(&it);
		list_shrink(&edit.value);
		edit_close(&edit, EVENT_LIST, "lrem", removed);
	}
	reply_i64(call->reply, (int64_t)removed);
	return DONE;
}

static enum outcome ltrim(struct call *call)
{
	struct edit edit;
	int64_t start, stop;
	if (!call_arg_i64(call, 2, &start) || !call_arg_i64(call, 3, &stop))
		return FAILED;
	enum found found = container_open(call, 1, TYPE_LIST, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	if (found == FOUND) {
		uint64_t length = list_length(&edit.value);
		struct range range = range_of(start, stop, length);
		keep(&edit, range.first, range.behind);
		list_shrink(&edit.value);
		edit_close(&edit, EVENT_LIST, "ltrim", 1);
	}
	reply_ok(call->reply);
	return DONE;
}

#define LIST .group = "list"
#define PUSH_COMPLEXITY                                                                            \
	"O(1) for each element added, so O(N) to add N elements when the command is called with "  \
	"multiple arguments."
#define PUSH_HISTORY "2.4.0=Accepts multiple `element` arguments."
#define PUSHX_HISTORY "4.0.0=Accepts multiple `element` arguments."
#define POP_HISTORY "6.2.0=Added the `count` argument."
#define PUSH_FLAGS (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)

const struct command_row list_commands[] = {
	{.name = "LPUSH",
		.run = lpush,
		.flags = PUSH_FLAGS,
		LIST,
		.since = "1.0.0",
		.complexity = PUSH_COMPLEXITY,
		.history = PUSH_HISTORY,
		.syntax = "key:key:RW+insert element...",
		.summary = "Puts elements in front of a list, one after the other."},
	{.name = "RPUSH",
		.run = rpush,
		.flags = PUSH_FLAGS,
		LIST,
		.since = "1.0.0",
		.complexity = PUSH_COMPLEXITY,
		.history = PUSH_HISTORY,
		.syntax = "key:key:RW+insert element...",
		.summary = "Puts elements behind a list."},
	{.name = "LPUSHX",
		.run = lpushx,
		.flags = PUSH_FLAGS,
		LIST,
		.since = "2.2.0",
		.complexity = PUSH_COMPLEXITY,
		.history = PUSHX_HISTORY,
		.syntax = "key:key:RW+insert element...",
		.summary = "Puts elements in front of a list that exists."},
	{.name = "RPUSHX",
		.run = rpushx,
		.flags = PUSH_FLAGS,
		LIST,
		.since = "2.2.0",
		.complexity = PUSH_COMPLEXITY,
		.history = PUSHX_HISTORY,
		.syntax = "key:key:RW+insert element...",
		.summary = "Puts elements behind a list that exists."},
	{.name = "LINSERT",
		.run = linsert,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		LIST,
		.since = "2.2.0",
		.complexity =
			"O(N) where N is the number of elements to traverse before seeing the "
			"value pivot. This means that inserting somewhere on the left end on the "
			"list (head) can be considered O(1) and inserting somewhere on the right "
			"end "
			"(tail) is O(N).",
		.syntax = "key:key:RW+insert where={BEFORE|AFTER} pivot element",
		.summary = "Inserts an element next to another."},
	{.name = "LPOP",
		.run = lpop,
		.flags = CMD_WRITE | CMD_FAST,
		LIST,
		.since = "1.0.0",
		.complexity = "O(N) where N is the number of elements returned",
		.history = POP_HISTORY,
		.syntax = "key:key:RW+access+delete [count:integer]@6.2.0",
		.summary = "Takes elements from the front of a list."},
	{.name = "RPOP",
		.run = rpop,
		.flags = CMD_WRITE | CMD_FAST,
		LIST,
		.since = "1.0.0",
		.complexity = "O(N) where N is the number of elements returned",
		.history = POP_HISTORY,
		.syntax = "key:key:RW+access+delete [count:integer]@6.2.0",
		.summary = "Takes elements from the end of a list."},
	{.name = "LLEN",
		.run = llen,
		.flags = CMD_READONLY | CMD_FAST,
		LIST,
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RO",
		.summary = "Answers the length of a list."},
	{.name = "LINDEX",
		.run = lindex,
		.flags = CMD_READONLY,
		LIST,
		.since = "1.0.0",
		.complexity =
			"O(N) where N is the number of elements to traverse to get to the "
			"element at index. This makes asking for the first or the last element of "
			"the list O(1).",
		.syntax = "key:key:RO+access index:integer",
		.summary = "Answers the element at a place, counted from either end."},
	{.name = "LRANGE",
		.run = lrange,
		.flags = CMD_READONLY,
		LIST,
		.since = "1.0.0",
		.complexity = "O(S+N) where S is the distance of start offset from HEAD for small "
			      "lists, from nearest end (HEAD or TAIL) for large lists; and N is "
			      "the number "
			      "of elements in the specified range.",
		.syntax = "key:key:RO+access start:integer stop:integer",
		.summary = "Answers the elements between two places."},
	{.name = "LPOS",
		.run = lpos,
		.flags = CMD_READONLY,
		LIST,
		.since = "6.0.6",
		.complexity =
			"O(N) where N is the number of elements in the list, for the average "
			"case. When searching for elements near the head or the tail of the list, "
			"or "
			"when the MAXLEN option is provided, the command may run in constant time.",
		.syntax = "key:key:RO+access element [RANK rank:integer] "
			  "[COUNT num-matches:integer] [MAXLEN len:integer]",
		.summary = "Answers the places of an element."},
	{.name = "LSET",
		.run = lset,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		LIST,
		.since = "1.0.0",
		.complexity =
			"O(N) where N is the length of the list. Setting either the first or the "
			"last element of the list is O(1).",
		.syntax = "key:key:RW+update index:integer element",
		.summary = "Replaces the element at a place."},
	{.name = "LREM",
		.run = lrem,
		.flags = CMD_WRITE,
		LIST,
		.since = "1.0.0",
		.complexity = "O(N+M) where N is the length of the list and M is the number of "
			      "elements removed.",
		.syntax = "key:key:RW+delete count:integer element",
		.summary = "Removes elements by value, from either end."},
	{.name = "LTRIM",
		.run = ltrim,
		.flags = CMD_WRITE,
		LIST,
		.since = "1.0.0",
		.complexity =
			"O(N) where N is the number of elements to be removed by the operation.",
		.syntax = "key:key:RW+delete start:integer stop:integer",
		.summary = "Keeps the elements between two places, removes the others."},
	{0},
};
