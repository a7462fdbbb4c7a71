/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Clocks: readings agree with the kernel's and never go back.
 */
#include "../../../src/io/clock.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_units(void **state)
{
	(void)state;
	int64_t us = clock_wall_us(), ms = clock_wall_ms();
	assert_in_range(ms * 1000 - us + 1000, 0, 1000000);
	us = clock_mono_us();
	ms = clock_mono_ms();
	assert_in_range(ms * 1000 - us + 1000, 0, 1000000);
	assert_true(clock_wall_ms() > 1700000000000);
}

static void test_calibration(void **state)
{
	(void)state;
	int64_t start_us = clock_mono_us();
	uint64_t ticks = clock_ticks();
	while (clock_mono_us() < start_us + 20000)
		;
	double took_us = clock_ticks_to_us(clock_ticks() - ticks);
	int64_t kernel_us = clock_mono_us() - start_us;
	assert_true(took_us > 19900 && took_us < (double)kernel_us * 1.01 + 50);
}

static void test_reading(void **state)
{
	(void)state;
	struct clock_reading r = {0};
	int64_t before_us = 0, until_us = clock_mono_us() + 15000;
	unsigned asked = 0;
	uint64_t base = 0;
	while (clock_mono_us() < until_us) {
		int64_t low_us = clock_mono_us(), low_wall_us = clock_wall_us();
		clock_read(&r);
		int64_t high_us = clock_mono_us(), high_wall_us = clock_wall_us();
		assert_true(r.mono_us >= before_us);
		before_us = r.mono_us;
		assert_true(r.mono_us >= low_us - 5 && r.mono_us <= high_us + 5);
		assert_true(r.wall_us >= low_wall_us - 200 && r.wall_us <= high_wall_us + 200);
		asked += r.base_ticks != base;
		base = r.base_ticks;
	}
	assert_true(asked >= 2); /* the kernel's word is fetched again and again */
	/* A reading from the future is waited for, not taken back. */
	r.mono_us += 1000000;
	int64_t future_us = r.mono_us;
	clock_read(&r);
	assert_int_equal(r.mono_us, future_us);
}

/* A counter that is not steady is never believed. */
static void test_unsteady(void **state)
{
	(void)state;
	uint64_t trusted = trust_ticks;
	trust_ticks = 0;
	struct clock_reading r = {0};
	for (int i = 0; i < 10; i++) {
		clock_read(&r);
		assert_int_equal(r.base_ticks, r.ticks);
	}
	trust_ticks = trusted;
}

int main(void)
{
	clock_init();
	double first = clock_us_per_tick;
	clock_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_calibration),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_unsteady),
	};
	return first != clock_us_per_tick || cmocka_run_group_tests(tests, NULL, NULL);
}
