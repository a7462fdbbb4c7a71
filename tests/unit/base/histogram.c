/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/histogram: buckets tile all numbers, and what is read back is what a sorted list says.
 */
#include "../../../src/base/histogram.c"

#include "../unit.h"

static void test_buckets(void **state)
{
	(void)state;
	/* Each bucket begins where the one before ends, and is at most 1/16 wide. */
	uint64_t next = 0;
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		assert_int_equal(bucket_first(bucket), next);
		assert_int_equal(histogram_bucket(next), bucket);
		assert_int_equal(histogram_bucket(histogram_bucket_last(bucket)), bucket);
		assert_true(histogram_bucket_last(bucket) - next <= next / HISTOGRAM_STEPS);
		next = histogram_bucket_last(bucket) + 1;
	}
	assert_int_equal(next, UINT64_C(1) << HISTOGRAM_OCTAVES);
	assert_int_equal(histogram_bucket(next), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void test_against_sorted(void **state)
{
	static uint64_t values[2000];
	uint64_t seed = 5;
	struct latency_histogram *h = histogram_new();
	(void)state;

	for (size_t i = 0; i < 2000; i++) {
		values[i] = unit_random(&seed) >> (24 + unit_random(&seed) % 40);
		histogram_add(h, values[i]);
	}
	qsort(values, 2000, sizeof(values[0]), compare);
	assert_int_equal(histogram_count(h), 2000);
	for (double percent = 0; percent <= 100; percent += 0.5) {
		size_t rank = (size_t)(percent / 100 * 2000 + 0.5);
		uint64_t exact = values[rank == 0 ? 0 : rank - 1];
		uint64_t got = histogram_percentile(h, percent);
		assert_int_equal(histogram_bucket(got), histogram_bucket(exact));
		assert_true(got >= exact);
	}
	for (unsigned power = 0; power < 41; power++) {
		uint64_t limit = UINT64_C(1) << power, exact = 0;
		while (exact < 2000 && values[exact] <= limit)
			exact++;
		uint64_t low = histogram_count_within(h, limit - limit / 16);
		uint64_t high = histogram_count_within(h, limit + limit / 16);
		assert_true(low <= exact && exact <= high);
	}
	assert_int_equal(histogram_count_within(h, UINT64_MAX / 2), 2000);
	mem_free(h);
}

static void test_empty(void **state)
{
	struct latency_histogram *h = histogram_new();
	(void)state;
	assert_int_equal(histogram_percentile(h, 50), 0);
	assert_int_equal(histogram_count_within(h, 1000), 0);
	histogram_add(h, 3);
	assert_int_equal(histogram_percentile(h, 0), 3);
	assert_int_equal(histogram_percentile(h, 100), 3);
	mem_free(h);
}

UNIT_MAIN(test_buckets, test_against_sorted, test_empty)
