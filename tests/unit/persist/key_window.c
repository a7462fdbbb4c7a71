/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Windows against an array of flags: whatever was added is there, nothing else (but for one hash in
 * two, where 0 and 1 count as the same), and past the limit everything is.
 */
#include "../../../src/persist/key_window.c"

#include "../unit.h"

static void test_empty(void **state)
{
	struct key_window w = {0};
	(void)state;
	assert_true(key_window_is_empty(&w));
	assert_false(key_window_has(&w, 0));
	assert_false(key_window_has(&w, 7));
	key_window_clear(&w);
	key_window_add(&w, 0, 10);
	assert_true(key_window_has(&w, 0));
	assert_false(key_window_is_empty(&w));
	key_window_clear(&w);
	assert_true(key_window_is_empty(&w));
	key_window_release(&w);
}

static void test_random_against_flags(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct key_window w = {0}, other = {0};
		bool flags[2000] = {false};
		size_t count = 0;
		int adds = (int)(unit_random(&seed) % 3000);
		for (int i = 0; i < adds; i++) {
			unsigned n = (unsigned)(unit_random(&seed) % 2000);
			/* Hashes that crowd: only a few bits differ. */
			key_window_add(i % 2 == 0 ? &w : &other, (uint64_t)(n + 1) << (round % 40),
				1 << 20);
			count += !flags[n];
			flags[n] = true;
		}
		other.last_group = 9;
		key_window_merge(&w, &other, 1 << 20);
		assert_int_equal(w.count, count);
		assert_true(key_window_is_empty(&other));
		assert_int_equal(w.last_group, 9);
		for (unsigned n = 0; n < 2000; n++)
			assert_int_equal(
				key_window_has(&w, (uint64_t)(n + 1) << (round % 40)), flags[n]);
		key_window_release(&w);
		key_window_release(&other);
	}
}

static void test_too_many_are_all(void **state)
{
	struct key_window w = {0}, other = {0};
	(void)state;
	for (uint64_t i = 1; i <= 11; i++)
		key_window_add(&w, i << 8, 10);
	assert_true(w.is_all);
	assert_true(key_window_has(&w, 12345));
	assert_int_equal(w.count, 0);
	key_window_add(&other, 5, 10);
	key_window_merge(&other, &w, 10);
	assert_true(key_window_has(&other, 777));
	assert_true(key_window_is_empty(&w));
	key_window_release(&w);
	key_window_release(&other);
}

static void test_large_ones_are_given_back(void **state)
{
	struct key_window w = {0};
	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		key_window_add(&w, i * 0x9e3779b97f4a7c15u, 1 << 20);
	assert_int_equal(w.count, 100000);
	key_window_clear(&w);
	assert_true(w.cap > WINDOW_KEEP_CAP); /* it was well used */
	key_window_add(&w, 1, 10);
	key_window_clear(&w);
	assert_int_equal(w.cap, 0);
	key_window_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random_against_flags),
		cmocka_unit_test(test_too_many_are_all),
		cmocka_unit_test(test_large_ones_are_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
