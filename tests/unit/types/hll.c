/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HyperLogLog: sparse and dense against plain registers, the estimate against the truth, bytes that
 * nobody would write.
 */
#include "../../../src/types/hll.c"

#include "../unit.h"
#include "base/rand.h"

#define SPARSE_MAX 3000

static void assert_registers(const struct hll *h, const struct hll_registers *wanted)
{
	struct hll_registers got;
	memset(&got, 0, sizeof(got));
	assert_true(hll_is_valid(hll_bytes(h)));
	assert_int_equal(hll_merge(&got, hll_bytes(h)), HLL_CHANGED);
	assert_memory_equal(&got, wanted, sizeof(got));
}

/* The same hash as in Redis: known places of known elements. */
static void test_place(void **state)
{
	unsigned value;
	(void)state;
	assert_int_equal(hll_place(BYTES("a"), &value), 8436 + 1 + 4274);
	assert_int_equal(value, 2);
}

static void test_raise(void **state)
{
	static struct hll h;
	struct hll_registers wanted;
	(void)state;
	for (unsigned world = 2; world <= HLL_REGISTERS; world *= 8) {
		memset(&wanted, 0, sizeof(wanted));
		hll_init(&h);
		assert_int_equal(h.len, HLL_HEADER_BYTES + 2);
		for (int i = 0; i < 3000; i++) {
			unsigned index = (unsigned)rand_below(world);
			unsigned value = (unsigned)rand_below(i < 2900 ? 4 : 40) + 1;
			bool rises = value > wanted.values[index];
			assert_int_equal(hll_raise(&h, index, value, SPARSE_MAX),
				rises ? HLL_CHANGED : HLL_SAME);
			if (rises)
				wanted.values[index] = (uint8_t)value;
			if (i % 50 == 0)
				assert_registers(&h, &wanted);
			assert_true(hll_is_dense(hll_bytes(&h)) || h.len <= SPARSE_MAX);
		}
		assert_registers(&h, &wanted);
		hll_to_dense(&h);
		assert_int_equal(h.len, HLL_DENSE_BYTES);
		assert_registers(&h, &wanted);
		assert_int_equal(hll_to_dense(&h), HLL_SAME);
	}
}

/* Neighbours of one value become one run of up to four. */
static void test_runs(void **state)
{
	static struct hll h;
	(void)state;
	hll_init(&h);
	for (unsigned i = 0; i < 8; i++)
		hll_raise(&h, 100 + i, 3, SPARSE_MAX);
	assert_int_equal(h.len, HLL_HEADER_BYTES + 2 + 2 + 2);
	hll_raise(&h, 101, 5, SPARSE_MAX);
	assert_int_equal(h.len, HLL_HEADER_BYTES + 2 + 4 + 2);
}

static void test_count(void **state)
{
	static struct hll_registers registers;
	uint64_t seed = rand_u64();
	(void)state;
	assert_int_equal(hll_count(&registers), 0);
	for (uint64_t seen = 1; seen <= 300000; seen++) {
		uint64_t element = seed + seen;
		unsigned value, index = hll_place(bytes_of(&element, 8), &value);
		if (registers.values[index] < value)
			registers.values[index] = (uint8_t)value;
		if ((seen & (seen - 1)) != 0)
			continue;
		double count = (double)hll_count(&registers);
		assert_true(fabs(count - (double)seen) <= 0.05 * (double)seen + 1);
	}
	memset(&registers, 63, sizeof(registers));
	hll_count(&registers);
	memset(&registers, HLL_RANKS + 1, sizeof(registers));
	hll_count(&registers);
}

static void test_header(void **state)
{
	static struct hll h;
	uint64_t count;
	(void)state;
	hll_init(&h);
	assert_true(hll_cached(hll_bytes(&h), &count) && count == 0);
	hll_forget(h.data);
	assert_false(hll_cached(hll_bytes(&h), &count));
	hll_cache(h.data, 12345);
	assert_true(hll_cached(hll_bytes(&h), &count) && count == 12345);
	assert_false(hll_is_valid(bytes_of(h.data, HLL_HEADER_BYTES - 1)));
	assert_false(hll_is_valid(BYTES("")));
	h.data[4] = 0;
	assert_false(hll_is_valid(hll_bytes(&h)));
	h.data[4] = 2;
	assert_false(hll_is_valid(hll_bytes(&h)));
	assert_false(hll_load(&h, bytes_of(h.data, HLL_SPARSE_BYTES_MAX + 1)));
}

/* Random runs: each function says that they are corrupt or does its work; nothing is overrun. */
static void test_spoiled(void **state)
{
	static struct hll h, copy;
	static struct hll_registers registers;
	int good = 0;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		hll_init(&h);
		for (uint64_t i = rand_below(30); i > 0; i--)
			hll_raise(&h, (unsigned)rand_below(HLL_REGISTERS),
				1 + (unsigned)rand_below(32), SPARSE_MAX);
		for (uint64_t i = rand_below(3); i > 0; i--)
			h.data[HLL_HEADER_BYTES + rand_below(h.len - HLL_HEADER_BYTES)] =
				(uint8_t)rand_u64();
		h.len -= rand_below(2);
		copy = h;
		bool is_corrupt = hll_merge(&registers, hll_bytes(&h)) == HLL_CORRUPT;
		assert_int_equal(hll_to_dense(&copy), is_corrupt ? HLL_CORRUPT : HLL_CHANGED);
		for (int i = 0; i < 5; i++)
			hll_raise(&h, (unsigned)rand_below(HLL_REGISTERS),
				1 + (unsigned)rand_below(40), rand_below(200));
		good += !is_corrupt;
	}
	assert_true(good > 1000 && good < 19000);
}

UNIT_MAIN(test_place, test_raise, test_runs, test_count, test_header, test_spoiled)
