/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When the loop looks before it sleeps, for how long, and how rarely after looks in vain. The back
 * end is one that counts its waits; that replies come on each of the real ones is in conformance/.
 */
#include "../../../src/io/idle.c"

#include "../unit.h"

#include <unistd.h>

#define SPIN_US 200

static unsigned looks, looks_until_news;
static unsigned steal_us;

static bool fake_wait(struct loop *loop, int64_t timeout_us)
{
	(void)loop;
	assert_int_equal(timeout_us, 0);
	if (steal_us > 0)
		usleep(steal_us);
	return ++looks == looks_until_news;
}

static const struct loop_backend fake = {.name = "fake", .wait = fake_wait};
static int spin_us, gather_us;

static struct loop loop_make(void)
{
	clock_init();
	spin_us = SPIN_US;
	looks = 0;
	looks_until_news = 0;
	steal_us = 0;
	return (struct loop){.backend = &fake,
		.options = {.spin_us = &spin_us, .gather_us = &gather_us},
		.idle = {.delivered = 1, .away_most = 1, .away_sum = 1}};
}

static void test_due(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	assert_true(idle_look_is_due(&loop, -1));
	assert_true(idle_look_is_due(&loop, SPIN_US + 1));
	assert_false(idle_look_is_due(&loop, SPIN_US)); /* a timer is as near */
	loop.idle.away_most = IDLE_FEW_BATCHES;
	assert_true(idle_look_is_due(&loop, -1));
	loop.idle.away_most = IDLE_FEW_BATCHES + 1; /* one of many */
	assert_false(idle_look_is_due(&loop, -1));
	loop.idle.away_most = 1;
	loop.idle.delivered = 0;
	assert_false(idle_look_is_due(&loop, -1));
	loop.idle.delivered = 1;
	loop.depth = 1; /* a turn inside a long operation */
	assert_false(idle_look_is_due(&loop, -1));
	loop.depth = 0;
	spin_us = 0;
	assert_false(idle_look_is_due(&loop, -1));
	loop.options.spin_us = NULL;
	assert_false(idle_look_is_due(&loop, -1));
}

static void test_finds(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	spin_us = 1000000; /* a look that ends by its news alone */
	for (unsigned i = 1; i < 20; i++) {
		looks = 0;
		looks_until_news = i;
		assert_true(idle_look(&loop));
		assert_int_equal(looks, i);
		assert_int_equal(loop.idle.skip, 0);
	}
}

static void test_looks_in_vain(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	int64_t begin_us = clock_mono_us();
	assert_false(idle_look(&loop));
	assert_true(clock_mono_us() - begin_us >= SPIN_US * 9 / 10);
	assert_true(looks > 0);
	/* One sleep without a look, then three, and so on, but not for ever. */
	spin_us = 1;
	for (unsigned skipped = 1; skipped <= IDLE_SKIP_MAX; skipped = skipped * 2 + 1) {
		for (unsigned i = 0; i < skipped; i++) {
			looks = 0;
			assert_false(idle_look(&loop));
			assert_int_equal(looks, 0);
		}
		assert_false(idle_look(&loop));
		assert_true(looks > 0);
	}
	assert_int_equal(loop.idle.skip, IDLE_SKIP_MAX);
	/* News are all it takes to begin anew. */
	loop.idle.skip = 0;
	looks = 0;
	looks_until_news = 1;
	spin_us = SPIN_US;
	assert_true(idle_look(&loop));
	assert_int_equal(loop.idle.penalty, 0);
}

/* Found, but behind another program's slice: yielding does harm here. */
static void test_processor_stolen(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	spin_us = 10;
	steal_us = 10 * IDLE_STOLEN_FACTOR + 100;
	looks_until_news = 1;
	assert_true(idle_look(&loop));
	assert_int_equal(loop.idle.skip, 1);
}

/* `delivered` sockets of `in_play`, which take their turns, `period_us` after the turn before. */
static uint32_t company(uint32_t delivered, uint32_t in_play, double period_us)
{
	struct loop loop = loop_make();
	gather_us = 10;
	loop.idle = (struct idle){.turn_begin_ticks = 1000};
	loop.wait_end_ticks = 1000 + (uint64_t)(period_us / clock_us_per_tick);
	uint32_t company = 0;
	for (int turn = 0; turn < 200; turn++) {
		loop.idle.delivered = loop.idle.away_sum = 0;
		for (uint32_t i = 0; i < delivered; i++)
			idle_note(&loop.idle, in_play / delivered);
		company = idle_company(&loop);
	}
	return company;
}

static void test_company(void **state)
{
	(void)state;
	assert_int_equal(company(2, 48, 15), 12);
	assert_int_equal(company(1, 48, 9), 12);
	assert_int_equal(company(4, 20, 15), 5);
	assert_int_equal(company(2, IDLE_MANY, 5), IDLE_MANY / IDLE_COMPANY_SHARE);
	assert_int_equal(company(2, IDLE_MANY - 2, 5), 1); /* too few */
	assert_int_equal(company(2, 500, 15), IDLE_COMPANY_MAX);
	/* Too slow: nobody else would come in that time. */
	assert_int_equal(company(2, 48, 21), 1);
	assert_int_equal(company(1, 48, 1000), 1);
	/* Enough come as it is. */
	assert_int_equal(company(IDLE_BATCH_ENOUGH, 48, 15), 1);
	assert_int_equal(company(0, 48, 15), 1);
}

static void test_company_refused(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	gather_us = 0;
	loop.idle = (struct idle){.delivered = 2,
		.away_most = 24, .away_sum = 48, .in_play_sixteenths = 48 * 16};
	loop.wait_end_ticks = (uint64_t)(1 / clock_us_per_tick);
	assert_int_equal(idle_company(&loop), 1);
	loop.options.gather_us = NULL;
	assert_int_equal(idle_company(&loop), 1);
	gather_us = 10;
	loop.options.gather_us = &gather_us;
	assert_int_equal(idle_company(&loop), 12);
	loop.depth = 1;
	assert_int_equal(idle_company(&loop), 1);
}

/* One who comes back after a long time does not stand for many. */
static void test_stranger(void **state)
{
	(void)state;
	struct idle idle = {.skip = 0};
	idle_note(&idle, 1000000);
	idle_note(&idle, 3);
	assert_int_equal(idle.delivered, 2);
	assert_int_equal(idle.away_most, 1000000);
	assert_int_equal(idle.away_sum, IDLE_AWAY_MAX_BATCHES + 3);
}

UNIT_MAIN(test_due, test_finds, test_looks_in_vain, test_processor_stolen, test_company,
	test_company_refused, test_stranger)
