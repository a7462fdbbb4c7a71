/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/phases: what a probe adds to which phase, and the buckets' ends.
 */
#include "../../../src/obs/phases.c"

#include "../unit.h"

static uint64_t us(double us)
{
	return (uint64_t)(us / clock_us_per_tick);
}

static void test_probe(void **state)
{
	struct command c = {0};
	struct probe p = {.command = &c,
		.received = us(1000),
		.begun = us(1010),
		.ended = us(1020),
		.released = us(1220),
		.sent = us(1320),
		.weight = 3,
		.may_hold = true};
	(void)state;
	assert_int_equal(phases_count(&c, PHASE_QUEUE), 0);
	phases_on_probe(&p, NULL);
	p.may_hold = false;
	p.received = us(2000); /* counters that don't agree: nothing is negative */
	p.weight = 2;
	phases_on_probe(&p, NULL);
	const uint64_t(*counts)[PHASE_POWERS] = c.phases->counts;
	assert_int_equal(counts[PHASE_QUEUE][4], 3); /* 10 us */
	assert_int_equal(counts[PHASE_QUEUE][0], 2);
	assert_int_equal(counts[PHASE_DURABILITY][8], 3); /* 200 us */
	assert_int_equal(counts[PHASE_SEND][7], 5);       /* 100 us */
	assert_int_equal(counts[PHASE_TOTAL][9], 3);      /* 320 us */
	assert_int_equal(phases_count(&c, PHASE_QUEUE), 5);
	assert_int_equal(phases_count(&c, PHASE_DURABILITY), 3);
	phases_forget(&c);
	assert_null(c.phases);
	assert_int_equal(phases_count(&c, PHASE_TOTAL), 0);
}

static void test_powers(void **state)
{
	(void)state;
	assert_int_equal(phase_power(0), 0);
	assert_int_equal(phase_power(us(1.0)), 0);
	assert_int_equal(phase_power(us(1.1)), 1);
	assert_int_equal(phase_power(us(2.0)), 1);
	assert_int_equal(phase_power(us(1000)), 10);
	assert_int_equal(phase_power(us(1e6)), 20);
	assert_int_equal(phase_power(UINT64_MAX), PHASE_POWERS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_powers),
	};
	clock_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
