/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HINCRBY and HINCRBYFLOAT. A result is validated before it is stored; the float's is propagated as
 * the text that it became.
 */
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/hash.h"
#include "exec/effect.h"

#include <math.h>

/* The field's value, out of which the number is to be read; false: it is missing, or was past its
 * expiry and is now. */
static bool field_find(struct call *call, struct edit *edit, struct listpack_item *item)
{
	enum hash_state state = hash_get(&edit->value, hash_now(call), call->argv[2], item);
	if (UNLIKELY(state == HASH_EXPIRED))
		hash_drop_expired_in(call, edit, call->argv[2]);
	return state == HASH_LIVE;
}

/* The expiry of a field that is there stays. */
static void field_store(struct call *call, struct edit *edit, bool is_there, struct bytes text)
{
	if (is_there)
		hash_update(&edit->value, call->argv[2], text);
	else
		hash_set(&edit->value, hash_now(call), call->argv[2], text);
}

static bool item_i64(const struct listpack_item *item, int64_t *number)
{
	if (!item->is_integer)
		return num_parse_i64(item->text, number);
	*number = item->integer;
	return true;
}

static bool item_long_double(const struct listpack_item *item, long double *number)
{
	char digits[NUM_I64_MAX_CHARS];
	return num_parse_long_double(listpack_item_text(item, digits), number);
}

static enum outcome hincrby(struct call *call)
{
	struct edit edit;
	char digits[NUM_I64_MAX_CHARS];
	struct listpack_item item;
	int64_t increment;
	int64_t number = 0;
	if (!call_arg_i64(call, 3, &increment) ||
		container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	bool is_there = field_find(call, &edit, &item);
	if (is_there && !item_i64(&item, &number))
		return call_fail(call, E_HASH_NOT_INTEGER);
	if (__builtin_add_overflow(number, increment, &number))
		return call_fail(call, E_OVERFLOW);
	struct bytes text = bytes_of(digits, num_print_i64(digits, number));
	field_store(call, &edit, is_there, text);
	edit_close(&edit, EVENT_HASH, "hincrby", 1);
	reply_i64(call->reply, number);
	return DONE;
}

static enum outcome hincrbyfloat(struct call *call)
{
	struct edit edit;
	char digits[NUM_LONG_DOUBLE_MAX_CHARS];
	struct listpack_item item;
	long double increment;
	long double number = 0;
	if (!num_parse_long_double(call->argv[3], &increment))
		return call_fail(call, E_NOT_FLOAT);
	if (isnan(increment) || isinf(increment))
		return call_fail(call, E_VALUE_NAN);
	if (container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	bool is_there = field_find(call, &edit, &item);
	if (is_there && !item_long_double(&item, &number))
		return call_fail(call, E_HASH_NOT_FLOAT);
	number += increment;
	if (isnan(number) || isinf(number))
		return call_fail(call, E_NAN_OR_INFINITY);
	struct bytes text = bytes_of(digits, num_print_long_double(digits, number));
	field_store(call, &edit, is_there, text);
	edit_close(&edit, EVENT_HASH, "hincrbyfloat", 1);
	reply_bulk(call->reply, text);
	/* HSET would take away the expiry. */
	if (is_there && hash_expiry_ms(&edit.value, call->argv[2]) != HASH_NO_EXPIRY)
		EFFECT(call, BYTES("HSETEX"), call->argv[1], BYTES("KEEPTTL"), BYTES("FIELDS"),
			BYTES("1"), call->argv[2], text);
	else
		EFFECT(call, BYTES("HSET"), call->argv[1], call->argv[2], text);
	return DONE;
}

#define HASH .group = "hash"
#define FAST_WRITE (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)

const struct command_row hash_number_commands[] = {
	{.name = "HINCRBY",
		.run = hincrby,
		.flags = FAST_WRITE,
		HASH,
		.since = "2.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update field increment:integer",
		.summary = "Adds to the integer in a field of a hash."},
	{.name = "HINCRBYFLOAT",
		.run = hincrbyfloat,
		.flags = FAST_WRITE,
		HASH,
		.since = "2.6.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update field increment:double",
		.summary = "Adds to the floating point number in a field of a hash."},
	{0},
};
