/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every field has the same chance in both forms; walks and scans show what is live, once.
 */
#include "../../../src/types/hash_walk.c"

#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void count_field(
	const struct listpack_item *field, const struct listpack_item *value, void *context)
{
	char scratch[NUM_I64_MAX_CHARS];
	int64_t number, same;
	assert_true(num_parse_i64(listpack_item_text(field, scratch), &number));
	assert_true(num_parse_i64(listpack_item_text(value, scratch), &same));
	assert_int_equal(number, same);
	((int *)context)[number]++;
}

static void test_random_is_uniform(void **state)
{
	(void)state;
	static int seen[1000];
	char scratch[NUM_I64_MAX_CHARS];
	rand_seed(14);
	for (int size = 100; size <= 1000; size += 900) {
		struct value v = hash_empty;
		struct listpack_item field, value;
		for (int i = 0; i < size; i++) {
			struct bytes text = bytes_of(scratch, num_print_i64(scratch, i));
			hash_set(&v, 1, text, text);
		}
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < size * 100; i++) {
			assert_true(hash_random(&v, &field, &value));
			count_field(&field, &value, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 45, 160);
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < 200; i++) {
			hash_sample(&v, (size_t)size / 10, count_field, seen);
			hash_sample(&v, (size_t)size * 4 / 10, count_field, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 55, 150);
		memset(seen, 0, sizeof(seen));
		struct hash_scan scan = {.now_ms = 1, .count = 10};
		do
			hash_scan(&v, &scan, count_field, seen);
		while (scan.cursor != 0);
		for (int i = 0; i < size; i++)
			assert_true(seen[i] >= 1);
		hash_free(&v);
	}
}

/* Fields with odd numbers are past their expiry. */
static void test_expired_are_hidden(void **state)
{
	(void)state;
	static int seen[1000];
	char scratch[NUM_I64_MAX_CHARS];
	for (int size = 100; size <= 1000; size += 900) {
		struct value v = hash_empty;
		for (int i = 0; i < size; i++) {
			struct bytes text = bytes_of(scratch, num_print_i64(scratch, i));
			hash_set(&v, 1, text, text);
			hash_set_expiry_ms(&v, text, i % 2 ? 100 + i % 7 : 5000);
		}
		struct hash_iter it;
		struct listpack_item field, value;
		int count = 0;
		hash_iter_init(&it, &v, 200);
		for (; hash_next(&it, &field, &value); count++)
			assert_int_equal(it.expiry_ms, 5000);
		assert_int_equal(count, size / 2);
		memset(seen, 0, sizeof(seen));
		struct hash_scan scan = {.now_ms = 200, .count = 20};
		do
			hash_scan(&v, &scan, count_field, seen);
		while (scan.cursor != 0);
		for (int i = 0; i < size; i++)
			assert_int_equal(seen[i] > 0, i % 2 == 0);
		assert_int_equal(hash_length(&v), size);
		hash_free(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_is_uniform),
		cmocka_unit_test(test_expired_are_hidden),
	};
	return cmocka_run_group_tests_name("hash_walk", tests, NULL, NULL);
}
