/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Strings as arrays of bits: SETBIT and GETBIT. Bit 0 is the highest of the first byte; what lies
 * behind the end reads as 0.
 */
#include "cmd/string.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "types/string.h"

/* The bit offset at argv[index]; false: the error is written. */
static bool bit_offset(struct call *call, int index, uint64_t *offset)
{
	int64_t number;
	if (num_parse_i64(call->argv[index], &number) && number >= 0 &&
	    number / 8 < string_max_bytes(call)) {
		*offset = (uint64_t)number;
		return true;
	}
	call_fail(call, E_BIT_OFFSET);
	return false;
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

	if (!bit_offset(call, 2, &offset) ||
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
	uint64_t offset;

	if (!bit_offset(call, 2, &offset))
		return FAILED;
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	struct bytes bytes = e == NULL ? bytes_of("", 0) : string_bytes(e, scratch);
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
