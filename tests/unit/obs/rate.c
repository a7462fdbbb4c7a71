/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/rate: a steady counter, a counter set back, a clock that stands still.
 */
#include "../../../src/obs/rate.c"

#include "../unit.h"

static void test_steady(void **state)
{
	struct rate r = {0};
	(void)state;
	assert_true(rate_mean(&r) == 0);
	/* 50 per 100 ms, from a counter that did not begin at zero. */
	for (uint64_t i = 0; i <= RATE_SAMPLES; i++)
		rate_sample(&r, 1000000 + i * 50, 5000000 + i * 100000, 1e6);
	assert_true(rate_mean(&r) > 499.9 && rate_mean(&r) < 500.1);
	for (int i = 0; i < RATE_SAMPLES; i++)
		rate_sample(&r, 1000000 + RATE_SAMPLES * 50, 9000000 + (uint64_t)i * 100000, 1e6);
	assert_true(rate_mean(&r) == 0);
}

static void test_set_back(void **state)
{
	struct rate r = {0};
	(void)state;
	rate_sample(&r, 1000, 100, 1);
	rate_sample(&r, 10, 200, 1);
	assert_true(rate_mean(&r) == 0);
	rate_sample(&r, 110, 300, 1);
	assert_true(rate_mean(&r) > 0);
	rate_sample(&r, 210, 300, 1); /* no time passed */
	rate_sample(&r, 310, 200, 1); /* time went back */
	assert_true(rate_mean(&r) * RATE_SAMPLES == 1);
}

UNIT_MAIN(test_steady, test_set_back)
