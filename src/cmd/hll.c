/* SPDX-License-Identifier: BSD-3-Clause
 *
 * PFADD, PFCOUNT, PFMERGE. A dense value is changed in place; a sparse one is copied, changed and
 * put back, for its length changes with it.
 */
#include "cmd/hll.h"

#include "base/num.h"
#include "cmd/commands.h"
#include "types/config.h"
#include "types/string.h"

bool hll_entry_bytes(struct call *call, const struct entry *e, struct bytes *out)
{
	static char scratch[NUM_I64_MAX_CHARS]; /* a number is no HyperLogLog: never looked at */
	*out = bytes_of("", 0);
	if (e->type != TYPE_STRING) {
		call_fail(call, E_WRONGTYPE);
		return false;
	}
	*out = string_bytes(e, scratch);
	if (hll_is_valid(*out))
		return true;
	call_fail(call, E_HLL_INVALID);
	return false;
}

void hll_store(struct call *call, struct key key, const struct hll *h)
{
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE_RAW,
		.string = hll_bytes(h)};
	db_set_value(call->db, key, &v, EXPIRY_KEEP);
}

/* --- PFADD --- */

/* How many registers rise; 0: the value need not be touched. */
static uint64_t add_dense(struct call *call, struct key key, struct entry *e, struct bytes bytes)
{
	uint64_t raised = 0;
	char *data = NULL;
	for (int i = 2; i < call->argc; i++) {
		unsigned value, index = hll_place(call->argv[i], &value);
		if (hll_dense_get(data == NULL ? bytes.ptr : data, index) >= value)
			continue;
		if (data == NULL)
			string_make_writable(call->db, key, e, HLL_DENSE_BYTES, &data);
		hll_dense_set(data, index, value);
		raised++;
	}
	if (data != NULL)
		hll_forget(data);
	return raised;
}

/* The same; -1: corrupt. */
static int64_t add_sparse(struct call *call, struct hll *h)
{
	int64_t raised = 0;
	for (int i = 2; i < call->argc; i++) {
		unsigned value, index = hll_place(call->argv[i], &value);
		enum hll_result result =
			hll_raise(h, index, value, types_config.hll_sparse_max_bytes);
		if (result == HLL_CORRUPT)
			return -1;
		raised += result == HLL_CHANGED;
	}
	return raised;
}

static enum outcome pfadd(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	struct bytes bytes;
	struct hll h;
	uint64_t changes;

	if (e != NULL && !hll_entry_bytes(call, e, &bytes))
		return FAILED;
	if (e != NULL && hll_is_dense(bytes)) {
		changes = add_dense(call, key, e, bytes);
	} else {
		if (e == NULL)
			hll_init(&h);
		else if (!hll_load(&h, bytes))
			return call_fail(call, E_HLL_CORRUPT);
		int64_t raised = add_sparse(call, &h);
		if (raised < 0)
			return call_fail(call, E_HLL_CORRUPT);
		changes = (uint64_t)raised + (e == NULL);
		if (changes > 0) {
			hll_forget(h.data);
			hll_store(call, key, &h);
		}
	}
	if (changes > 0) {
		db_publish(call->db, key, EVENT_STRING, "pfadd");
		call->db->keyspace->dirty += changes - 1;
	}
	reply_i64(call->reply, changes > 0);
	return DONE;
}

/* --- PFCOUNT --- */

/* Adds the registers of the value at argv[index], if there is one; false: the error is written. */
static bool merge_key(struct call *call, int index, struct hll_registers *registers, bool *is_dense)
{
	struct entry *e = call_find_read(call, call_key(call, index));
	struct bytes bytes;
	if (e == NULL)
		return true;
	if (!hll_entry_bytes(call, e, &bytes))
		return false;
	*is_dense = *is_dense || hll_is_dense(bytes);
	if (hll_merge(registers, bytes) != HLL_CORRUPT)
		return true;
	call_fail(call, E_HLL_CORRUPT);
	return false;
}

static enum outcome count_many(struct call *call)
{
	struct hll_registers registers;
	bool is_dense = false;
	memset(&registers, 0, sizeof(registers));
	for (int i = 1; i < call->argc; i++)
		if (!merge_key(call, i, &registers, &is_dense))
			return FAILED;
	reply_i64(call->reply, (int64_t)hll_count(&registers));
	return DONE;
}

static enum outcome pfcount(struct call *call)
{
	struct key key = call_key(call, 1);
	struct hll_registers registers;
	struct bytes bytes;
	uint64_t count;
	char *data;

	if (call->argc > 2)
		return count_many(call);
	struct entry *e = call_find_read(call, key);
	if (e == NULL) {
		reply_i64(call->reply, 0);
		return DONE;
	}
	if (!hll_entry_bytes(call, e, &bytes))
		return FAILED;
	if (!hll_cached(bytes, &count)) {
		memset(&registers, 0, sizeof(registers));
		if (hll_merge(&registers, bytes) == HLL_CORRUPT)
			return call_fail(call, E_HLL_CORRUPT);
		count = hll_count(&registers);
		string_make_writable(call->db, key, e, bytes.len, &data);
		hll_cache(data, count);
		/* The bytes are others now: a replica's must become so too. */
		db_publish(call->db, key, EVENT_SILENT, "pfcount");
	}
	reply_i64(call->reply, (int64_t)count);
	return DONE;
}

/* --- PFMERGE --- */

/* The destination as it is, or a new one; false: the error is written. */
static bool load_destination(struct call *call, struct key key, struct hll *h)
{
	struct entry *e = call_find_write(call, key);
	struct bytes bytes;
	hll_init(h);
	if (e == NULL)
		return true;
	if (!hll_entry_bytes(call, e, &bytes))
		return false;
	if (hll_load(h, bytes))
		return true;
	call_fail(call, E_HLL_CORRUPT);
	return false;
}

static enum outcome pfmerge(struct call *call)
{
	struct key key = call_key(call, 1);
	struct hll_registers registers;
	bool is_dense = false;
	struct hll h;

	memset(&registers, 0, sizeof(registers));
	for (int i = 1; i < call->argc; i++)
		if (!merge_key(call, i, &registers, &is_dense))
			return FAILED;
	if (!load_destination(call, key, &h))
		return FAILED;
	bool good = !is_dense || hll_to_dense(&h) != HLL_CORRUPT;
	for (unsigned i = 0; good && i < HLL_REGISTERS; i++)
		good = registers.values[i] == 0 ||
			hll_raise(&h, i, registers.values[i],
				types_config.hll_sparse_max_bytes) != HLL_CORRUPT;
	if (!good)
		return call_fail(call, E_HLL_CORRUPT);
	hll_forget(h.data);
	hll_store(call, key, &h);
	db_publish(call->db, key, EVENT_STRING, "pfadd");
	reply_ok(call->reply);
	return DONE;
}

#define GROUP .group = "hyperloglog", .since = "2.8.9"

const struct command_row hll_commands[] = {
	{.name = "PFADD", .run = pfadd, .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST, GROUP,
		.complexity = "O(1) to add every element.",
		.syntax = "key:key:RW+insert [element...]",
		.summary = "Adds elements to a HyperLogLog, which is made where there is none."},
	{.name = "PFCOUNT", .run = pfcount, .flags = CMD_READONLY | CMD_MAY_REPLICATE, GROUP,
		.complexity = "O(1) with a very small average constant time when called with a "
			"single key. O(N) with N being the number of keys, and much bigger "
			"constant times, when called with multiple keys.",
		.syntax = "key:key:RW+access...",
		.key_notes = "RW because it may change the internal representation of the key, and "
			"propagate to replicas",
		.summary = "Estimates how many different elements HyperLogLogs saw."},
	{.name = "PFMERGE", .run = pfmerge, .flags = CMD_WRITE | CMD_DENY_OOM, GROUP,
		.complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
		.syntax = "destkey:key:RW+access+insert [sourcekey:key:RO+access...]",
		.summary = "Merges HyperLogLogs into one."},
	{0},
};
