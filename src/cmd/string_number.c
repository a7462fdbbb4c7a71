/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Strings that are numbers: INCR and its kin. An integer is changed where it lies, without another
 * allocation; a key keeps its expiry.
 */
#include "cmd/string.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "exec/effect.h"
#include "store/preimage.h"

#include <math.h>

/* Puts the number into an entry that holds a string, or makes the entry. */
static void integer_store(struct call *call, struct key key, struct entry *e, int64_t number)
{
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INT, .integer = number};
	if (LIKELY(e != NULL && e->encoding == ENC_INT)) {
		db_before_change(call->db, e);
		memcpy(entry_word_ptr(e), &number, sizeof(number));
	} else {
		db_set_value(call->db, key, &v, EXPIRY_KEEP);
	}
}

static enum outcome add_integer(struct call *call, int64_t by)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	int64_t number = 0;

	if (LIKELY(e != NULL)) {
		struct value v = entry_value(e);
		char scratch[NUM_I64_MAX_CHARS];
		if (UNLIKELY(e->type != TYPE_STRING))
			return call_fail(call, E_WRONGTYPE);
		if (LIKELY(e->encoding == ENC_INT))
			number = v.integer;
		else if (!num_parse_i64(value_string(&v, scratch), &number))
			return call_fail(call, E_NOT_INTEGER);
	}
	if (__builtin_add_overflow(number, by, &number))
		return call_fail(call, E_OVERFLOW);
	integer_store(call, key, e, number);
	db_publish(call->db, key, EVENT_STRING, "incrby");
	reply_i64(call->reply, number);
	return DONE;
}

static enum outcome incr(struct call *call)
{
	return add_integer(call, 1);
}

static enum outcome decr(struct call *call)
{
	return add_integer(call, -1);
}

static enum outcome incrby(struct call *call)
{
	int64_t by;
	if (!call_arg_i64(call, 2, &by))
		return FAILED;
	return add_integer(call, by);
}

static enum outcome decrby(struct call *call)
{
	int64_t by;
	if (!call_arg_i64(call, 2, &by))
		return FAILED;
	if (by == INT64_MIN)
		return call_fail(call, E_DECREMENT_OVERFLOW);
	return add_integer(call, -by);
}

/* The number that the entry holds; false: the error is written. */
static bool float_read(struct call *call, const struct entry *e, long double *out)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct value v;
	*out = 0;
	if (e == NULL)
		return true;
	if (e->type != TYPE_STRING) {
		call_fail(call, E_WRONGTYPE);
		return false;
	}
	v = entry_value(e);
	if (num_parse_long_double(value_string(&v, scratch), out))
		return true;
	call_fail(call, E_NOT_FLOAT);
	return false;
}

static enum outcome incrbyfloat(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	char text[NUM_LONG_DOUBLE_MAX_CHARS];
	long double number, by;

	if (!float_read(call, e, &number))
		return FAILED;
	if (!num_parse_long_double(call->argv[2], &by))
		return call_fail(call, E_NOT_FLOAT);
	number += by;
	if (!isfinite(number))
		return call_fail(call, E_NAN_OR_INFINITY);
	struct bytes value = bytes_of(text, num_print_long_double(text, number));
	/* Text also where it reads as an integer: "embstr", as clients that look are used to. */
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE, .string = value};
	db_set_value(call->db, key, &v, EXPIRY_KEEP);
	db_publish(call->db, key, EVENT_STRING, "incrbyfloat");
	reply_bulk(call->reply, value);
	/* Another machine's long double must not make another value of it. */
	EFFECT(call, BYTES("SET"), key.name, value, BYTES("KEEPTTL"));
	return DONE;
}

#define GROUP .group = "string"
#define WRITES (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)

const struct command_row string_number_commands[] = {
	{.name = "INCR", .run = incr, .flags = WRITES, GROUP, .since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update",
		.summary = "Adds one to the number at a key."},
	{.name = "DECR", .run = decr, .flags = WRITES, GROUP, .since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update",
		.summary = "Takes one from the number at a key."},
	{.name = "INCRBY", .run = incrby, .flags = WRITES, GROUP, .since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update increment:integer",
		.summary = "Adds to the number at a key."},
	{.name = "DECRBY", .run = decrby, .flags = WRITES, GROUP, .since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+access+update decrement:integer",
		.summary = "Subtracts from the number at a key."},
	{.name = "INCRBYFLOAT", .run = incrbyfloat, .flags = WRITES, GROUP, .since = "2.6.0",
		.complexity = "O(1)", .syntax = "key:key:RW+access+update increment:double",
		.summary = "Adds to the floating point number at a key."},
	{0},
};
