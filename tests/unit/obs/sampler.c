/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/sampler: weights add up to the number of calls, whatever the load does.
 */
#include "../../../src/obs/sampler.c"

#include "../unit.h"

static void test_quiet(void **state)
{
	struct sampler s;
	uint32_t left = 0;
	(void)state;
	sampler_init(&s);
	for (int tick = 0; tick < 10; tick++) {
		for (int i = 0; i < SAMPLER_BUDGET - 1; i++) {
			assert_int_equal(sampler_take(&s, &left), 1);
			assert_int_equal(left, 1);
		}
		sampler_tick(&s, (uint64_t)(tick + 1) * (SAMPLER_BUDGET - 1), &left);
		assert_int_equal(left, 1);
	}
}

/* Calls of one tick after the other, as many as each says; returns the samples taken. */
static uint64_t run(struct sampler *s, const uint64_t *ticks, int count, uint64_t *weight)
{
	uint32_t left = 1;
	uint64_t calls = 0, taken = 0;
	for (int tick = 0; tick < count; tick++) {
		for (uint64_t i = 0; i < ticks[tick]; i++) {
			calls++;
			if (--left != 0)
				continue;
			*weight += sampler_take(s, &left);
			taken++;
		}
		sampler_tick(s, calls, &left);
	}
	return taken;
}

static void test_unbiased(void **state)
{
	static const uint64_t waves[] = {100000, 10, 100000, 100000, 0, 3, 200000, 1000, 50000};
	struct sampler s;
	uint64_t weight = 0, calls = 0, taken = 0;
	(void)state;
	rand_seed(1);
	sampler_init(&s);
	for (int i = 0; i < 20; i++)
		taken += run(&s, waves, 9, &weight);
	for (int i = 0; i < 9; i++)
		calls += 20 * waves[i];
	assert_true(weight > calls * 95 / 100 && weight < calls * 105 / 100);
	/* A burst out of the quiet is sampled more often than a steady load, but not by much. */
	assert_true(taken < 20 * 9 * 12 * SAMPLER_BUDGET);
}

static void test_steady(void **state)
{
	uint64_t ticks[200], weight = 0;
	struct sampler s;
	(void)state;
	rand_seed(2);
	sampler_init(&s);
	for (int i = 0; i < 200; i++)
		ticks[i] = 25000;
	uint64_t taken = run(&s, ticks, 200, &weight);
	assert_true(taken > 190 * SAMPLER_BUDGET * 8 / 10);
	assert_true(taken < 220 * SAMPLER_BUDGET * 12 / 10);
	assert_int_equal(s.period, 25000 / SAMPLER_BUDGET + 1);
}

/* Every call of a pattern has the same chance. */
static void test_pattern(void **state)
{
	uint64_t weights[4] = {0};
	struct sampler s = {.period = 8};
	uint32_t left = 1;
	(void)state;
	rand_seed(3);
	for (unsigned i = 0; i < 400000; i++) {
		if (--left != 0)
			continue;
		weights[i % 4] += sampler_take(&s, &left);
		s.taken = 0; /* the load stays what it is */
	}
	for (int i = 0; i < 4; i++)
		assert_true(weights[i] > 95000 && weights[i] < 105000);
}

static void test_far(void **state)
{
	struct sampler s;
	uint32_t left = 0;
	(void)state;
	sampler_init(&s);
	sampler_tick(&s, UINT64_C(1) << 40, &left);
	assert_int_equal(s.period, SAMPLER_PERIOD_MAX);
	assert_true(left >= 1);
	/* The load fell: one does not wait for the far one. */
	sampler_tick(&s, (UINT64_C(1) << 40) + 1, &left);
	assert_int_equal(left, 1);
}

UNIT_MAIN(test_quiet, test_unbiased, test_steady, test_pattern, test_far)
