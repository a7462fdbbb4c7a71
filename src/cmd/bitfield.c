/* SPDX-License-Identifier: BSD-3-Clause
 *
 * BITFIELD and BITFIELD_RO: integers of any width inside a string. All operations of a call are
 * checked before the first one runs; OVERFLOW holds for those behind it. With nothing but GET the
 * key is only read.
 */
#include "cmd/bitmap.h"

#include "base/mem.h"
#include "cmd/commands.h"
#include "types/bits.h"
#include "types/string.h"

#define FIELD_OPS_INLINE 32

enum field_verb { FIELD_GET, FIELD_SET, FIELD_INCRBY };

struct field_op {
	enum field_verb verb;
	enum bits_overflow overflow;
	struct bits_type type;
	uint64_t offset;
	int64_t operand;
};

struct field_ops {
	struct field_op *ops;
	size_t count;
	bool writes;
	uint64_t behind; /* of the bits that are written */
	struct field_op inline_ops[FIELD_OPS_INLINE];
};

static bool parse_overflow(struct call *call, int index, enum bits_overflow *out)
{
	if (call_arg_is(call, index, "WRAP"))
		*out = BITS_WRAP;
	else if (call_arg_is(call, index, "SAT"))
		*out = BITS_SAT;
	else if (call_arg_is(call, index, "FAIL"))
		*out = BITS_FAIL;
	else
		return call_fail(call, E_BITFIELD_OVERFLOW) == DONE;
	return true;
}

/* The verb at argv[i] with its operands; false: the error is written. */
static bool parse_op(struct call *call, int i, struct field_op *op)
{
	int words = call->argc - i - 1;
	if (words >= 2 && call_arg_is(call, i, "GET"))
		op->verb = FIELD_GET;
	else if (words >= 3 && call_arg_is(call, i, "SET"))
		op->verb = FIELD_SET;
	else if (words >= 3 && call_arg_is(call, i, "INCRBY"))
		op->verb = FIELD_INCRBY;
	else
		return call_fail(call, E_SYNTAX) == DONE;
	if (!bits_type_parse(call->argv[i + 1], &op->type))
		return call_fail(call, E_BITFIELD_TYPE) == DONE;
	if (!bitmap_arg_offset(call, i + 2, op->type.width, &op->offset))
		return false;
	return op->verb == FIELD_GET || call_arg_i64(call, i + 3, &op->operand);
}

/* `o` has room for as many operations as there are arguments. */
static bool parse_ops(struct call *call, struct field_ops *o)
{
	enum bits_overflow overflow = BITS_WRAP;
	for (int i = 2; i < call->argc;) {
		if (i + 1 < call->argc && call_arg_is(call, i, "OVERFLOW")) {
			if (!parse_overflow(call, i + 1, &overflow))
				return false;
			i += 2;
			continue;
		}
		struct field_op *op = &o->ops[o->count];
		op->overflow = overflow;
		if (!parse_op(call, i, op))
			return false;
		o->count++;
		i += op->verb == FIELD_GET ? 3 : 4;
		if (op->verb == FIELD_GET)
			continue;
		o->writes = true;
		uint64_t behind = op->offset + op->type.width;
		o->behind = behind > o->behind ? behind : o->behind;
	}
	return true;
}

static enum outcome run_reads(struct call *call, const struct field_ops *o)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct bytes bytes;
	if (!bitmap_read(call, 1, scratch, &bytes))
		return FAILED;
	reply_array(call->reply, (int64_t)o->count);
	for (size_t i = 0; i < o->count; i++) {
		const struct field_op *op = &o->ops[i];
		uint64_t field = bits_read(bytes, op->offset, op->type.width);
		reply_i64(call->reply, bits_value(op->type, field));
	}
	return DONE;
}

/* Replies; true when the bytes changed. */
static bool run_op(struct call *call, const struct field_op *op, uint8_t *data, size_t len)
{
	uint64_t old = bits_read(bytes_of(data, len), op->offset, op->type.width);
	int64_t value = bits_value(op->type, old);
	uint64_t field;
	if (op->verb == FIELD_GET) {
		reply_i64(call->reply, value);
		return false;
	}
	bool is_set = op->verb == FIELD_SET;
	if (!bits_add(op->type, is_set ? op->operand : value, is_set ? 0 : op->operand,
		    op->overflow, &field)) {
		reply_null(call->reply);
		return false;
	}
	bits_write(data, op->offset, op->type.width, field);
	reply_i64(call->reply, is_set ? value : bits_value(op->type, field));
	return field != old;
}

static enum outcome run_writes(struct call *call, const struct field_ops *o)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	char *data;
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	size_t len = e == NULL ? 0 : string_length(e);
	size_t needed = (o->behind + 7) / 8;
	bool grows = needed > len;
	uint64_t changes = 0;
	len = needed > len ? needed : len;
	string_make_writable(call->db, key, e, len, &data);
	reply_array(call->reply, (int64_t)o->count);
	for (size_t i = 0; i < o->count; i++)
		changes += run_op(call, &o->ops[i], (uint8_t *)data, len);
	/* Growing is a change even where every write failed: the key is another than before. */
	if (grows || changes > 0) {
		db_publish(call->db, key, EVENT_STRING, "setbit");
		call->db->keyspace->dirty += changes > 0 ? changes - 1 : 0;
	}
	return DONE;
}

static enum outcome run_fields(struct call *call, bool may_write)
{
	struct field_ops o = {.count = 0};
	enum outcome outcome = FAILED;
	o.ops = o.inline_ops;
	if (call->argc / 3 > FIELD_OPS_INLINE)
		o.ops = mem_alloc((size_t)call->argc / 3 * sizeof(o.ops[0]));
	if (parse_ops(call, &o)) {
		if (o.writes && !may_write)
			outcome = call_fail(call, E_BITFIELD_READONLY);
		else
			outcome = o.writes ? run_writes(call, &o) : run_reads(call, &o);
	}
	if (o.ops != o.inline_ops)
		mem_free(o.ops);
	return outcome;
}

static enum outcome bitfield(struct call *call)
{
	return run_fields(call, true);
}

static enum outcome bitfield_ro(struct call *call)
{
	return run_fields(call, false);
}

/* With nothing but GET it is a read. */
static bool bitfield_keys(const struct bytes *argv, int argc, struct key_refs *refs)
{
	bool writes = false;
	for (int i = 2; i < argc; i++)
		writes = writes || bytes_is(argv[i], "SET") || bytes_is(argv[i], "INCRBY");
	for (int i = 0; i < refs->count && !writes; i++)
		refs->refs[i].flags = KEY_RO | KEY_ACCESS;
	return true;
}

#define GROUP .group = "bitmap", .complexity = "O(1) for each subcommand specified"

const struct command_row bitfield_commands[] = {
	{.name = "BITFIELD", .run = bitfield, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP,
		.since = "3.2.0",
		.syntax = "key:key:RW+access+update+variable_flags operation=["
			"GET get-block={encoding offset:integer}|"
			"write={[OVERFLOW overflow-block={WRAP|SAT|FAIL}] write-operation={"
			"SET set-block={encoding offset:integer value:integer}|"
			"INCRBY incrby-block={encoding offset:integer increment:integer}}}]...",
		.summary = "Reads, sets and adds to integers of any width in a string.",
		.key_notes = "This command allows both access and modification of the key",
		.find_keys = bitfield_keys},
	{.name = "BITFIELD_RO", .run = bitfield_ro, .flags = CMD_READONLY | CMD_FAST, GROUP,
		.since = "6.0.0",
		.syntax = "key:key:RO+access [GET get-block={encoding offset:integer}]...",
		.summary = "Reads integers of any width in a string."},
	{0},
};
