/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Samples are distinct and even; a scan in steps of any size sees everything.
 */
#include "../../../src/types/sample.c"

#include "base/hash.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ITEMS 1000

static int items[ITEMS]; /* how often each was visited */

static uint64_t item_hash(const void *item)
{
	return hash_bytes(&item, sizeof(item));
}

static const struct dict_ops ops = {.hash = item_hash};

static void fill(struct dict *d)
{
	dict_init(d, &ops);
	for (int i = 0; i < ITEMS; i++) {
		items[i] = 0;
		dict_insert(d, item_hash(&items[i]), &items[i]);
	}
}

static void visit(void *item, void *context)
{
	++*(int *)item;
	++*(size_t *)context;
}

static void test_sample(void **state)
{
	(void)state;
	struct dict d;
	size_t visited = 0;
	rand_seed(2);
	fill(&d);
	for (int round = 0; round < 1000; round++) {
		int before[ITEMS];
		memcpy(before, items, sizeof(items));
		sample_dict(&d, 100, visit, &visited);
		for (int i = 0; i < ITEMS; i++)
			assert_in_range(items[i] - before[i], 0, 1);
	}
	assert_int_equal(visited, 100000);
	for (int i = 0; i < ITEMS; i++)
		assert_in_range(items[i], 50, 160);
	dict_release(&d);
}

static void test_scan(void **state)
{
	(void)state;
	static const size_t counts[] = {1, 7, 100, ITEMS * 2, SIZE_MAX};
	struct dict d;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		size_t visited = 0;
		uint64_t cursor = 0;
		fill(&d);
		do {
			size_t before = visited;
			cursor = sample_scan(&d, cursor, counts[c], visit, &visited);
			/* A bucket is visited whole. */
			assert_true(counts[c] > ITEMS || visited - before < counts[c] + 40);
		} while (cursor != 0);
		assert_int_equal(visited, ITEMS);
		for (int i = 0; i < ITEMS; i++)
			assert_int_equal(items[i], 1);
		dict_release(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_scan),
	};
	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
