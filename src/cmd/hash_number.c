/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HINCRBY and HINCRBYFLOAT. A result is validated before it is stored; the float's is propagated as
 * the text that it became.
 */
#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/container.h"
#include "exec/effect.h"
#include "types/hash.h"

#include <math.h>

/* The number in a field; 0 where it is missing. False: it holds no number. */
static bool field_i64(const struct value *v, struct bytes field, int64_t *number)
{
	struct listpack_item item;
	*number = 0;
	if (!hash_get(v, field, &item))
		return true;
	if (!item.is_integer)
		return num_parse_i64(item.text, number);
	*number = item.integer;
	return true;
}

static bool field_long_double(const struct value *v, struct bytes field, long double *number)
{
	struct listpack_item item;
	char digits[NUM_I64_MAX_CHARS];
	*number = 0;
	if (!hash_get(v, field, &item))
		return true;
	return num_parse_long_double(listpack_item_text(&item, digits), number);
}

static enum outcome hincrby(struct call *call)
{
	struct edit edit;
	char digits[NUM_I64_MAX_CHARS];
	int64_t increment, number;
	if (!call_arg_i64(call, 3, &increment) ||
		container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	if (!field_i64(&edit.value, call->argv[2], &number))
		return call_fail(call, E_HASH_NOT_INTEGER);
	if (__builtin_add_overflow(number, increment, &number))
		return call_fail(call, E_OVERFLOW);
	struct bytes text = bytes_of(digits, num_print_i64(digits, number));
	hash_set(&edit.value, call->argv[2], text);
	edit_close(&edit, EVENT_HASH, "hincrby", 1);
	reply_i64(call->reply, number);
	return DONE;
}

static enum outcome hincrbyfloat(struct call *call)
{
	struct edit edit;
	char digits[NUM_LONG_DOUBLE_MAX_CHARS];
	long double increment, number;
	if (!num_parse_long_double(call->argv[3], &increment))
		return call_fail(call, E_NOT_FLOAT);
	if (isnan(increment) || isinf(increment))
		return call_fail(call, E_VALUE_NAN);
	if (container_open(call, 1, TYPE_HASH, &hash_empty, &edit) == REFUSED)
		return FAILED;
	if (!field_long_double(&edit.value, call->argv[2], &number))
		return call_fail(call, E_HASH_NOT_FLOAT);
	number += increment;
	if (isnan(number) || isinf(number))
		return call_fail(call, E_NAN_OR_INFINITY);
	struct bytes text = bytes_of(digits, num_print_long_double(digits, number));
	hash_set(&edit.value, call->argv[2], text);
	edit_close(&edit, EVENT_HASH, "hincrbyfloat", 1);
	reply_bulk(call->reply, text);
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
