/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parts of strings: APPEND, STRLEN, SETRANGE, GETRANGE and its old name SUBSTR.
 */
#include "cmd/string.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "net/net.h"
#include "types/string.h"

#define STRING_MAX_BYTES (512ll * 1024 * 1024) /* where there is no parameter */

int64_t string_max_bytes(const struct call *call)
{
	const struct services *services = call->exec->services;
	if (services == NULL || services->net == NULL)
		return STRING_MAX_BYTES;
	uint64_t limit = net_config_get(services->net)->proto_max_bulk_len;
	return limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

/* May a string get this long? Who only repeats what was accepted before is not asked. */
static bool length_is_allowed(struct call *call, size_t len, size_t more)
{
	size_t sum;
	if (call->session->origin == ORIGIN_RECOVERY || call->session->origin == ORIGIN_PRIMARY)
		return true;
	if (!__builtin_add_overflow(len, more, &sum) && sum <= (uint64_t)string_max_bytes(call))
		return true;
	call_fail(call, E_STRING_TOO_LONG);
	return false;
}

static enum outcome append(struct call *call)
{
	struct key key = call_key(call, 1);
	struct bytes more = call->argv[2];
	struct entry *e = call_find_write(call, key);
	size_t len = more.len;
	if (e == NULL) {
		db_set_string(call->db, key, more, EXPIRY_NONE);
	} else {
		if (e->type != TYPE_STRING)
			return call_fail(call, E_WRONGTYPE);
		if (!length_is_allowed(call, string_length(e), more.len))
			return FAILED;
		string_append(call->db, key, e, more, &len);
	}
	db_publish(call->db, key, EVENT_STRING, "append");
	reply_i64(call->reply, (int64_t)len);
	return DONE;
}

static enum outcome string_len(struct call *call)
{
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	reply_i64(call->reply, e == NULL ? 0 : (int64_t)string_length(e));
	return DONE;
}

static enum outcome setrange(struct call *call)
{
	struct key key = call_key(call, 1);
	struct bytes part = call->argv[3];
	int64_t offset;

	if (!call_arg_i64(call, 2, &offset))
		return FAILED;
	if (offset < 0)
		return call_fail(call, E_OFFSET);
	struct entry *e = call_find_write(call, key);
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	if (part.len == 0) {
		reply_i64(call->reply, e == NULL ? 0 : (int64_t)string_length(e));
		return DONE;
	}
	if (!length_is_allowed(call, (size_t)offset, part.len))
		return FAILED;
	e = string_set_range(call->db, key, e, (size_t)offset, part);
	db_publish(call->db, key, EVENT_STRING, "setrange");
	reply_i64(call->reply, (int64_t)string_length(e));
	return DONE;
}

/* [start, end] of a string of `len` bytes, negative ones counted from its end; false: nothing. */
static bool range_clamp(int64_t len, int64_t *start, int64_t *end)
{
	if (*start < 0 && *end < 0 && *start > *end)
		return false;
	if (*start < 0)
		*start = *start < -len ? 0 : *start + len;
	if (*end < 0)
		*end = *end < -len ? 0 : *end + len;
	if (*end >= len)
		*end = len - 1;
	return len > 0 && *start <= *end;
}

static enum outcome getrange(struct call *call)
{
	char scratch[NUM_I64_MAX_CHARS];
	int64_t start, end;
	if (!call_arg_i64(call, 2, &start) || !call_arg_i64(call, 3, &end))
		return FAILED;
	struct entry *e = call_find_read(call, call_key(call, 1));
	if (e != NULL && e->type != TYPE_STRING)
		return call_fail(call, E_WRONGTYPE);
	struct bytes all = e == NULL ? bytes_of("", 0) : string_bytes(e, scratch);
	if (!range_clamp((int64_t)all.len, &start, &end)) {
		reply_bulk(call->reply, bytes_of("", 0));
		return DONE;
	}
	struct bytes part = bytes_of(all.ptr + start, (size_t)(end - start) + 1);
	struct value v = entry_value(e);
	if (v.encoding == ENC_BLOB)
		reply_bulk_lend(call->reply, part, blob_drop, blob_hold(v.ptr));
	else
		reply_bulk(call->reply, part);
	return DONE;
}

#define GROUP .group = "string"

const struct command_row string_range_commands[] = {
	{.name = "APPEND", .run = append, .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST, GROUP,
		.since = "2.0.0", .complexity = "O(1) amortized over the growth of the value.",
		.syntax = "key:key:RW+insert value",
		.summary = "Adds to the end of a value, or sets it."},
	{.name = "STRLEN", .run = string_len, .flags = CMD_READONLY | CMD_FAST, GROUP,
		.since = "2.2.0",
		.complexity = "O(1)", .syntax = "key:key:RO",
		.summary = "Answers the length of a value."},
	{.name = "SETRANGE", .run = setrange, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP,
		.since = "2.2.0",
		.complexity = "O(M) where M is the length of the value argument.",
		.syntax = "key:key:RW+update offset:integer value",
		.summary = "Overwrites a value from an offset; zeros fill a gap."},
	{.name = "GETRANGE", .run = getrange, .flags = CMD_READONLY, GROUP, .since = "2.4.0",
		.complexity = "O(N) where N is the length of the part.",
		.syntax = "key:key:RO+access start:integer end:integer",
		.summary = "Answers a part of a value."},
	{.name = "SUBSTR", .run = getrange, .flags = CMD_READONLY, GROUP, .since = "1.0.0",
		.complexity = "O(N) where N is the length of the part.",
		.syntax = "key:key:RO+access start:integer end:integer",
		.summary = "Answers a part of a value.", .deprecated = "2.0.0=`GETRANGE`"},
	{0},
};
