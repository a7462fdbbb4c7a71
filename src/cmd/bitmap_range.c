/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bitmaps as a whole: BITCOUNT, BITPOS, BITOP. Ranges are in bytes or bits, negative ones counted
 * from the end.
 */
#include "cmd/bitmap.h"

#include "base/mem.h"
#include "cmd/commands.h"
#include "types/bits.h"
#include "types/string.h"

#define OPERANDS_INLINE 16

/* start [end [BYTE|BIT]] from argv[first] on. */
struct bit_request {
	int64_t start, end;
	bool has_end, is_bits;
};

static bool parse_end(struct call *call, int index, struct bit_request *out)
{
	out->has_end = call->argc > index;
	return !out->has_end || call_arg_i64(call, index, &out->end);
}

static bool parse_unit(struct call *call, int index, struct bit_request *out)
{
	if (call->argc <= index)
		return true;
	out->is_bits = call_arg_is(call, index, "BIT");
	if (out->is_bits || call_arg_is(call, index, "BYTE"))
		return true;
	call_fail(call, E_SYNTAX);
	return false;
}

/* False: the error is written; of BITPOS, whose range begins later, that of the unit before that of
 * the end. */
static bool parse_range(struct call *call, int first, struct bit_request *out)
{
	*out = (struct bit_request){.end = -1};
	if (call->argc > first + 3) {
		call_fail(call, E_SYNTAX);
		return false;
	}
	if (call->argc > first && !call_arg_i64(call, first, &out->start))
		return false;
	if (first == 2)
		return parse_end(call, first + 1, out) && parse_unit(call, first + 2, out);
	return parse_unit(call, first + 2, out) && parse_end(call, first + 1, out);
}

/* The bits that it means in so many bytes. */
static struct bit_range resolve_range(const struct bit_request *request, size_t bytes)
{
	int64_t start = request->start, end = request->end;
	int64_t len = (int64_t)bytes * (request->is_bits ? 8 : 1);
	struct bit_range none = {0, 0};

	if (start < 0)
		start = start < -len ? 0 : start + len;
	if (end < 0)
		end = end < -len ? 0 : end + len;
	if (end >= len)
		end = len - 1;
	if (start > end)
		return none;
	if (request->is_bits)
		return (struct bit_range){(uint64_t)start, (uint64_t)end + 1};
	return (struct bit_range){(uint64_t)start * 8, ((uint64_t)end + 1) * 8};
}

static enum outcome bitcount(struct call *call)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bit_request request;
	struct bytes bytes;

	if (call->argc == 3)
		return call_fail(call, E_SYNTAX);
	if (!parse_range(call, 2, &request) || !bitmap_read(call, 1, scratch, &bytes))
		return FAILED;
	/* BITPOS would look at the first byte or bit where both lie before it. */
	if (request.start < 0 && request.end < 0 && request.start > request.end)
		bytes.len = 0;
	uint64_t count = bits_count(bytes, resolve_range(&request, bytes.len));
	reply_i64(call->reply, (int64_t)count);
	return DONE;
}

static enum outcome bitpos(struct call *call)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bit_request request;
	struct bytes bytes;
	int64_t bit;

	if (!call_arg_i64(call, 2, &bit))
		return FAILED;
	if (bit != 0 && bit != 1)
		return call_fail(call, E_BITPOS_BIT);
	if (!parse_range(call, 3, &request))
		return FAILED;
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	if (e == NULL) {
		/* Nothing is zeros without an end. */
		reply_i64(call->reply, bit == 1 ? -1 : 0);
		return DONE;
	}
	bytes = string_bytes(e, scratch);
	struct bit_range range = resolve_range(&request, bytes.len);
	int64_t at = bits_find(bytes, range, bit == 1);
	/* So is what lies behind the string, where no end says that it is not meant. */
	if (at < 0 && bit == 0 && !request.has_end && range.first < range.behind)
		at = (int64_t)range.behind;
	reply_i64(call->reply, at);
	return DONE;
}

/* --- BITOP --- */

static const char *const operation_names[] = {
	[BITS_AND] = "AND",
	[BITS_OR] = "OR",
	[BITS_XOR] = "XOR",
	[BITS_NOT] = "NOT",
	[BITS_DIFF] = "DIFF",
	[BITS_DIFF1] = "DIFF1",
	[BITS_ANDOR] = "ANDOR",
	[BITS_ONE] = "ONE",
};

/* False: the error is written. */
static bool parse_operation(struct call *call, int sources, enum bits_operation *out)
{
	unsigned i = 0, count = sizeof(operation_names) / sizeof(operation_names[0]);
	while (i < count && !call_arg_is(call, 1, operation_names[i]))
		i++;
	*out = (enum bits_operation)i;
	bool needs_two = i == BITS_DIFF || i == BITS_DIFF1 || i == BITS_ANDOR;
	if (i == count)
		call_fail(call, E_SYNTAX);
	else if (i == BITS_NOT && sources != 1)
		call_fail(call, E_BITOP_NOT);
	else if (needs_two && sources < 2)
		call_failf(call, E_BITOP_TWO, operation_names[i]);
	else
		return true;
	return false;
}

/* Numbers among the sources are printed somewhere. */
struct operand_text {
	char digits[NUM_I64_MAX_CHARS];
};

/* Finds the strings at argv[3 …]; *longest: the length of the longest. False: one is none. */
static bool find_sources(
	struct call *call, struct bytes *sources, struct operand_text *texts, size_t *longest)
{
	*longest = 0;
	for (int i = 3; i < call->argc; i++) {
		struct bytes *source = &sources[i - 3];
		if (!bitmap_read(call, i, texts[i - 3].digits, source))
			return false;
		*longest = source->len > *longest ? source->len : *longest;
	}
	return true;
}

/* Stores what the sources make. */
static void store_combined(struct call *call, enum bits_operation operation,
	const struct bytes *sources, size_t longest)
{
	struct key key = call_key(call, 2);
	if (longest == 0) {
		struct entry *old = call_find_write(call, key);
		if (old == NULL)
			return;
		db_delete_entry(call->db, key, old, call->db->keyspace->config.lazy_server_del);
		db_publish(call->db, key, EVENT_GENERIC, "del");
		return;
	}
	struct blob *b = blob_new(longest, longest);
	bits_combine(operation, sources, (size_t)call->argc - 3, (uint8_t *)b->data);
	struct value v = {.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = b};
	bool is_short = longest <= ENTRY_INLINE_MAX_BYTES;
	if (is_short)
		v = (struct value){.type = TYPE_STRING, .encoding = ENC_INLINE_RAW,
			.string = blob_bytes(b)};
	db_set_value(call->db, key, &v, EXPIRY_NONE);
	if (is_short)
		blob_drop(b);
	db_publish(call->db, key, EVENT_STRING, "set");
}

static enum outcome bitop(struct call *call)
{
	struct operand_text inline_texts[OPERANDS_INLINE], *texts = inline_texts;
	struct bytes inline_sources[OPERANDS_INLINE], *sources = inline_sources;
	enum bits_operation operation;
	int count = call->argc - 3;
	size_t longest;

	if (!parse_operation(call, count, &operation))
		return FAILED;
	if (count > OPERANDS_INLINE) {
		sources = mem_alloc((size_t)count * sizeof(*sources));
		texts = mem_alloc((size_t)count * sizeof(*texts));
	}
	bool good = find_sources(call, sources, texts, &longest);
	if (good) {
		store_combined(call, operation, sources, longest);
		reply_i64(call->reply, (int64_t)longest);
	}
	if (count > OPERANDS_INLINE) {
		mem_free(sources);
		mem_free(texts);
	}
	return good ? DONE : FAILED;
}

#define GROUP .group = "bitmap", .complexity = "O(N)"

const struct command_row bitmap_range_commands[] = {
	{.name = "BITCOUNT", .run = bitcount, .flags = CMD_READONLY, GROUP, .since = "2.6.0",
		.syntax = "key:key:RO+access range=[start:integer end:integer "
			"unit=[BYTE|BIT]@7.0.0]",
		.summary = "Counts the set bits of a string or of a part of it.",
		.history = "7.0.0=Added the `BYTE|BIT` option."},
	{.name = "BITPOS", .run = bitpos, .flags = CMD_READONLY, GROUP, .since = "2.8.7",
		.syntax = "key:key:RO+access bit:integer range=[start:integer "
			"end-unit-block=[end:integer unit=[BYTE|BIT]@7.0.0]]",
		.summary = "Answers the place of the first set or clear bit.",
		.history = "7.0.0=Added the `BYTE|BIT` option."},
	{.name = "BITOP", .run = bitop, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP, .since = "2.6.0",
		.syntax = "operation={AND|OR|XOR|NOT|DIFF@8.2.0|DIFF1@8.2.0|ANDOR@8.2.0|"
			"ONE@8.2.0} destkey:key:OW+update key:key:RO+access...",
		.summary = "Stores what several strings make, bit by bit.",
		.history = "8.2.0=Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations."},
	{0},
};
