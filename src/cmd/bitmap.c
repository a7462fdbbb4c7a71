/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Strings as arrays of bits: SETBIT and GETBIT. Bit 0 is the highest of the first byte; what lies
 * behind the end reads as 0.
 */
#include "cmd/bitmap.h"

#include "cmd/commands.h"
#include "cmd/string.h"
#include "types/string.h"

bool bitmap_arg_offset(struct call *call, int index, unsigned unit, uint64_t *offset)
{
	struct bytes text = call->argv[index];
	bool is_counted = unit > 0 && text.len > 0 && text.ptr[0] == '#';
	int64_t number;
	if (is_counted)
		text = bytes_of(text.ptr + 1, text.len - 1);
	if (num_parse_i64(text, &number) && number >= 0 &&
		!__builtin_mul_overflow(number, is_counted ? (int64_t)unit : 1, &number) &&
		number / 8 < string_max_bytes(call)) {
		*offset = (uint64_t)number;
		return true;
	}
	call_fail(call, E_BIT_OFFSET);
	return false;
}

bool bitmap_read(struct call *call, int index, char *scratch, struct bytes *out)
{
	struct entry *e = call_find_read(call, call_key(call, index));
	*out = bytes_of("", 0);
	if (e == NULL)
		return true;
	if (e->type != TYPE_STRING) {
		call_fail(call, E_WRONGTYPE);
		return false;
	}
	*out = string_bytes(e, scratch);
	return true;
}

static inline unsigned bit_mask(uint64_t offset)
{
	return 0x80u >> (offset & 7);
}

static enum outcome setbit(struct call *call)
{
	struct key key = call_key(call, 1);
	uint64_t offset;
	int64_t bit;
	char *data;

	if (!bitmap_arg_offset(call, 2, 0, &offset) ||
		!call_arg_i64_in(call, 3, (struct i64_range){0, 1}, &bit, E_BIT))
		return FAILED;
	struct entry *e = call_find_write(call, key);
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	size_t at = offset / 8;
	size_t len = e == NULL ? 0 : string_length(e);
	bool grows = at >= len;
	string_make_writable(call->db, key, e, grows ? at + 1 : len, &data);
	unsigned mask = bit_mask(offset);
	bool was_set = (uint8_t)data[at] & mask;
	data[at] = (char)(((uint8_t)data[at] & ~mask) | (bit ? mask : 0));
	/* Writing what is there already is no change. */
	if (grows || e == NULL || was_set != (bit == 1))
		db_publish(call->db, key, EVENT_STRING, "setbit");
	reply_i64(call->reply, was_set);
	return DONE;
}

static enum outcome getbit(struct call *call)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bytes bytes;
	uint64_t offset;

	if (!bitmap_arg_offset(call, 2, 0, &offset) || !bitmap_read(call, 1, scratch, &bytes))
		return FAILED;
	size_t at = offset / 8;
	reply_i64(call->reply, at < bytes.len && (uint8_t)bytes.ptr[at] & bit_mask(offset));
	return DONE;
}

#define GROUP .group = "bitmap", .since = "2.2.0", .complexity = "O(1)"

const struct command_row bitmap_commands[] = {
	{.name = "SETBIT", .run = setbit, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP,
		.syntax = "key:key:RW+access+update offset:integer value:integer",
		.summary = "Sets or clears a bit of a string and answers what it was."},
	{.name = "GETBIT", .run = getbit, .flags = CMD_READONLY | CMD_FAST, GROUP,
		.syntax = "key:key:RO+access offset:integer",
		.summary = "Answers a bit of a string."},
	{0},
};
