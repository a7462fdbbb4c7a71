/* SPDX-License-Identifier: BSD-3-Clause
 *
 * PFDEBUG shows and changes how a HyperLogLog is kept; PFSELFTEST tries whether registers and
 * estimates are what they should be, on the machine it runs on.
 */
#include "cmd/hll.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/rand.h"
#include "cmd/commands.h"

#define TEST_ROUNDS 100
#define TEST_ELEMENTS 200000
/* Six times the standard error of so many registers. */
#define TEST_ERROR_MAX (6 * 1.04 / 128)

static void reply_registers(struct call *call, const struct hll *dense)
{
	reply_array(call->reply, HLL_REGISTERS);
	for (unsigned i = 0; i < HLL_REGISTERS; i++)
		reply_i64(call->reply, hll_dense_get(dense->data, i));
}

static enum outcome reply_runs(struct call *call, const struct hll *sparse)
{
	struct buf text = {0};
	struct hll_run run;
	unsigned first = 0;
	bool good = true;
	for (size_t at = HLL_HEADER_BYTES; good && at < sparse->len;) {
		good = hll_next_run(hll_bytes(sparse), &at, &first, &run);
		if (good && run.value > 0)
			buf_printf(&text, "v:%u,%u ", run.value, run.length);
		else if (good)
			buf_printf(&text, "%c:%u ", run.bytes == 1 ? 'z' : 'Z', run.length);
	}
	good = good && first == HLL_REGISTERS;
	if (good)
		reply_bulk(call->reply, bytes_of(text.ptr, text.len - 1));
	buf_release(&text);
	return good ? DONE : call_fail(call, E_HLL_CORRUPT);
}

/* Makes what is stored dense; false: the error is written. */
static bool make_dense(struct call *call, struct key key, struct hll *h, bool *converted)
{
	enum hll_result result = hll_to_dense(h);
	*converted = result == HLL_CHANGED;
	if (result == HLL_CORRUPT) {
		call_fail(call, E_HLL_CORRUPT);
		return false;
	}
	if (*converted) {
		hll_store(call, key, h);
		db_publish(call->db, key, EVENT_SILENT, "pfdebug");
	}
	return true;
}

static enum outcome pfdebug(struct call *call)
{
	struct key key = call_key(call, 2);
	struct entry *e = call_find_write(call, key);
	struct bytes bytes;
	bool converted;
	struct hll h;

	if (e == NULL)
		return call_fail(call, E_HLL_NO_KEY);
	if (!hll_entry_bytes(call, e, &bytes))
		return FAILED;
	if (!hll_load(&h, bytes))
		return call_fail(call, E_HLL_CORRUPT);
	bool is_dense = hll_is_dense(hll_bytes(&h));
	if (call_arg_is(call, 1, "ENCODING")) {
		reply_simple(call->reply, is_dense ? "dense" : "sparse");
		return DONE;
	}
	if (call_arg_is(call, 1, "DECODE"))
		return is_dense ? call_fail(call, E_HLL_NOT_SPARSE) : reply_runs(call, &h);
	bool is_getreg = call_arg_is(call, 1, "GETREG");
	if (!is_getreg && !call_arg_is(call, 1, "TODENSE"))
		return call_failf(call, E_HLL_SUBCOMMAND,
			bytes_clip_text(call->argv[1], sizeof(struct bytes_clip)).text);
	if (!make_dense(call, key, &h, &converted))
		return FAILED;
	if (is_getreg)
		reply_registers(call, &h);
	else
		reply_i64(call->reply, converted);
	return DONE;
}

/* --- PFSELFTEST --- */

/* Registers in random order keep what they were given and leave their neighbours alone. */
static bool test_registers(struct hll *dense, struct hll_registers *wanted)
{
	for (int round = 0; round < TEST_ROUNDS; round++) {
		for (unsigned i = 0; i < HLL_REGISTERS; i++) {
			unsigned index = (unsigned)rand_below(HLL_REGISTERS);
			wanted->values[index] = (uint8_t)rand_below(64);
			hll_dense_set(dense->data, index, wanted->values[index]);
		}
		for (unsigned i = 0; i < HLL_REGISTERS; i++)
			if (hll_dense_get(dense->data, i) != wanted->values[i])
				return false;
	}
	return true;
}

static bool estimate_is_near(struct bytes bytes, uint64_t seen)
{
	struct hll_registers registers;
	memset(&registers, 0, sizeof(registers));
	if (hll_merge(&registers, bytes) == HLL_CORRUPT)
		return false;
	double error = (double)hll_count(&registers) - (double)seen;
	double limit = TEST_ERROR_MAX * (double)seen + 1;
	return error <= limit && error >= -limit;
}

/* Both forms see the same elements: they agree and are near the truth. Returns what is wrong. */
static const char *test_estimates(struct hll *sparse, struct hll *dense)
{
	struct hll_registers a, b;
	uint64_t seed = rand_u64();
	for (uint64_t seen = 1; seen <= TEST_ELEMENTS; seen++) {
		uint64_t element = seed + seen;
		unsigned value, index = hll_place(bytes_of(&element, 8), &value);
		hll_raise(sparse, index, value, 3000);
		hll_raise(dense, index, value, 0);
		if ((seen & (seen - 1)) != 0)
			continue;
		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		if (seen == 64 && hll_is_dense(hll_bytes(sparse)))
			return "sparse encoding not used";
		if (hll_merge(&a, hll_bytes(sparse)) == HLL_CORRUPT ||
			hll_merge(&b, hll_bytes(dense)) == HLL_CORRUPT ||
			memcmp(&a, &b, sizeof(a)) != 0)
			return "dense/sparse disagree";
		if (!estimate_is_near(hll_bytes(dense), seen))
			return "Too big error";
	}
	return NULL;
}

static enum outcome pfselftest(struct call *call)
{
	struct hll_registers wanted;
	struct hll dense, sparse;
	memset(&wanted, 0, sizeof(wanted));
	hll_init(&dense);
	hll_to_dense(&dense);
	if (!test_registers(&dense, &wanted))
		return call_failf(call, E_HLL_TEST, "a register is not what it was set to");
	hll_init(&sparse);
	hll_init(&dense);
	hll_to_dense(&dense);
	const char *wrong = test_estimates(&sparse, &dense);
	if (wrong != NULL)
		return call_failf(call, E_HLL_TEST, wrong);
	reply_ok(call->reply);
	return DONE;
}

#define GROUP .group = "hyperloglog", .since = "2.8.9"

const struct command_row hll_debug_commands[] = {
	{.name = "PFDEBUG", .run = pfdebug, GROUP, .complexity = "N/A",
		.flags = CMD_WRITE | CMD_DENY_OOM | CMD_ADMIN | CMD_SYSCMD,
		.syntax = "subcommand key:key:RW+access",
		.summary = "Shows or changes how a HyperLogLog is kept."},
	{.name = "PFSELFTEST", .run = pfselftest, .flags = CMD_ADMIN | CMD_SYSCMD, GROUP,
		.complexity = "N/A", .syntax = "",
		.summary = "Tests HyperLogLogs on this machine."},
	{0},
};
