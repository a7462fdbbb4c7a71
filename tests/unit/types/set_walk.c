/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every member has the same chance in every encoding; a scan sees all members.
 */
#include "../../../src/types/set_walk.c"

#include "set_model.h"

static void count_member(const struct listpack_item *item, void *context)
{
	char scratch[NUM_I64_MAX_CHARS];
	int64_t number;
	if (num_parse_i64(listpack_item_text(item, scratch), &number) && number < 2000)
		((int *)context)[number]++;
}

/* Every member has the same chance, drawn alone, sparsely or densely, in every encoding. */
static void test_random_is_uniform(void **state)
{
	(void)state;
	static int seen[2000];
	static const int sizes[] = {100, 500, 1000};
	rand_seed(4);
	for (int kind = 0; kind < 3; kind++) {
		int size = sizes[kind];
		struct value v = set_empty;
		add_numbers(&v, 0, size);
		if (kind == 0)
			assert_false(set_add(&v, BYTES("1")));
		struct listpack_item item;
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < size * 100; i++) {
			assert_true(set_random(&v, &item));
			count_member(&item, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 45, 160);
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < 200; i++) {
			set_sample(&v, (size_t)size / 10, count_member, seen);
			set_sample(&v, (size_t)size * 4 / 10, count_member, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 55, 150);
		memset(seen, 0, sizeof(seen));
		set_sample(&v, (size_t)size + 5, count_member, seen);
		for (int i = 0; i < size; i++)
			assert_int_equal(seen[i], 1);
		set_free(&v);
	}
}

static void test_scan(void **state)
{
	(void)state;
	static int seen[2000];
	struct value v = set_empty;
	add_numbers(&v, 0, 2000);
	uint64_t cursor = 0;
	int calls = 0;
	memset(seen, 0, sizeof(seen));
	do {
		cursor = set_scan(&v, cursor, 10, count_member, seen);
		calls++;
	} while (cursor != 0);
	assert_in_range(calls, 50, 250);
	for (int i = 0; i < 2000; i++)
		assert_true(seen[i] >= 1);
	set_free(&v);
	add_numbers(&v, 0, 5);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(set_scan(&v, 0, 1, count_member, seen), 0);
	assert_int_equal(seen[4], 1);
	set_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_is_uniform),
		cmocka_unit_test(test_scan),
	};
	return cmocka_run_group_tests_name("set_walk", tests, NULL, NULL);
}
