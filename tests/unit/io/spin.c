/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When the loop looks before it sleeps, for how long, and how rarely after looks in vain. The back
 * end is one that counts its waits; that replies come on each of the real ones is in conformance/.
 */
#include "../../../src/io/spin.c"

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
static int spin_us;

static struct loop loop_make(void)
{
	clock_init();
	spin_us = SPIN_US;
	looks = 0;
	looks_until_news = 0;
	steal_us = 0;
	return (struct loop){.backend = &fake, .options.spin_us = &spin_us, .absence = 1};
}

static void test_due(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	assert_true(spin_is_due(&loop, -1));
	assert_true(spin_is_due(&loop, SPIN_US + 1));
	assert_false(spin_is_due(&loop, SPIN_US)); /* a timer is as near */
	loop.absence = SPIN_ABSENCE_MAX;
	assert_true(spin_is_due(&loop, -1));
	loop.absence = SPIN_ABSENCE_MAX + 1; /* one of many */
	assert_false(spin_is_due(&loop, -1));
	loop.absence = 0; /* nobody delivered */
	assert_false(spin_is_due(&loop, -1));
	loop.absence = 1;
	loop.depth = 1; /* a turn inside a long operation */
	assert_false(spin_is_due(&loop, -1));
	loop.depth = 0;
	spin_us = 0;
	assert_false(spin_is_due(&loop, -1));
	loop.options.spin_us = NULL;
	assert_false(spin_is_due(&loop, -1));
}

static void test_finds(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	spin_us = 1000000; /* a look that ends by its news alone */
	for (unsigned i = 1; i < 20; i++) {
		looks = 0;
		looks_until_news = i;
		assert_true(spin_wait(&loop));
		assert_int_equal(looks, i);
		assert_int_equal(loop.spin.skip, 0);
	}
}

static void test_looks_in_vain(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	int64_t begin_us = clock_mono_us();
	assert_false(spin_wait(&loop));
	assert_true(clock_mono_us() - begin_us >= SPIN_US * 9 / 10);
	assert_true(looks > 0);
	/* One sleep without a look, then three, and so on, but not for ever. */
	spin_us = 1;
	for (unsigned skipped = 1; skipped <= SPIN_SKIP_MAX; skipped = skipped * 2 + 1) {
		for (unsigned i = 0; i < skipped; i++) {
			looks = 0;
			assert_false(spin_wait(&loop));
			assert_int_equal(looks, 0);
		}
		assert_false(spin_wait(&loop));
		assert_true(looks > 0);
	}
	assert_int_equal(loop.spin.skip, SPIN_SKIP_MAX);
	/* News are all it takes to begin anew. */
	loop.spin.skip = 0;
	looks = 0;
	looks_until_news = 1;
	spin_us = SPIN_US;
	assert_true(spin_wait(&loop));
	assert_int_equal(loop.spin.penalty, 0);
}

/* Found, but behind another program's slice: yielding does harm here. */
static void test_processor_stolen(void **state)
{
	(void)state;
	struct loop loop = loop_make();
	spin_us = 10;
	steal_us = 10 * SPIN_STOLEN_FACTOR + 100;
	looks_until_news = 1;
	assert_true(spin_wait(&loop));
	assert_int_equal(loop.spin.skip, 1);
}

UNIT_MAIN(test_due, test_finds, test_looks_in_vain, test_processor_stolen)
