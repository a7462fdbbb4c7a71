/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The heap of timers against a naive model; how timers fire is in conformance/.
 */
#include "../../../src/io/timer.c"

#include "conformance/harness.c"

#define COUNT 200

static struct timer timers[COUNT];
static bool is_armed_model[COUNT];
static unsigned fired;
static int64_t last_deadline_us;

static void heap_check(const struct loop *loop)
{
	size_t armed = 0;
	for (size_t i = 0; i < loop->timer_count; i++) {
		assert_int_equal(loop->timers[i]->heap_index, i);
		if (i > 0)
			assert_true(loop->timers[(i - 1) / 2]->deadline_us <=
				    loop->timers[i]->deadline_us);
	}
	int64_t earliest = INT64_MAX;
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(timer_is_armed(&timers[i]), is_armed_model[i]);
		armed += is_armed_model[i];
		if (is_armed_model[i] && timers[i].deadline_us < earliest)
			earliest = timers[i].deadline_us;
	}
	assert_int_equal(loop->timer_count, armed);
	assert_int_equal(timers_next_us(loop), earliest);
}

static void on_model_timer(struct timer *t)
{
	size_t i = (size_t)(t - timers);
	assert_true(is_armed_model[i]);
	assert_false(timer_is_armed(t));
	assert_true(t->deadline_us >= last_deadline_us);
	last_deadline_us = t->deadline_us;
	is_armed_model[i] = false;
	fired++;
}

static void test_against_model(void **state)
{
	(void)state;
	struct loop loop = {.depth = 0};
	srandom(42);
	for (int i = 0; i < COUNT; i++)
		timer_init(&timers[i], on_model_timer, NULL);
	memset(is_armed_model, 0, sizeof is_armed_model);
	for (int step = 0; step < 5000; step++) {
		int i = (int)(random() % COUNT);
		if (random() % 3 == 0) {
			timer_disarm(&loop, &timers[i]);
			is_armed_model[i] = false;
		} else {
			timer_arm(&loop, &timers[i], random() % 1000000000);
			is_armed_model[i] = true;
		}
		if (step % 50 == 0)
			heap_check(&loop);
		if (step % 500 == 499) {
			/* Some of them are due. */
			loop.clock.mono_us = timers_next_us(&loop) + 200000000;
			last_deadline_us = 0;
			fired = 0;
			timers_run(&loop);
			assert_true(fired > 0 && timers_next_us(&loop) > loop.clock.mono_us);
			loop.clock.mono_us = 0;
			heap_check(&loop);
		}
	}
	loop.clock.mono_us = INT64_MAX - 1;
	last_deadline_us = 0;
	timers_run(&loop);
	heap_check(&loop);
	assert_int_equal(loop.timer_count, 0);
	mem_free(loop.timers);
}

/* Far beyond the end of time, and before its beginning. */
static void test_extremes(void **state)
{
	(void)state;
	struct loop loop = {.depth = 0};
	struct timer a, b;
	timer_init(&a, on_model_timer, NULL);
	timer_init(&b, on_model_timer, NULL);
	clock_read(&loop.clock);
	timer_arm(&loop, &a, INT64_MAX);
	assert_int_equal(a.deadline_us, INT64_MAX);
	timer_arm(&loop, &b, INT64_MIN);
	assert_true(b.deadline_us > loop.clock.mono_us);
	assert_true(b.deadline_us < loop.clock.mono_us + 1000000);
	assert_ptr_equal(loop.timers[0], &b);
	timer_disarm(&loop, &b);
	timer_disarm(&loop, &a);
	mem_free(loop.timers);
}

static struct timer pair[2];
static unsigned pair_fired;

/* Each re-arms itself for at once and disarms the other: no endless turn, one shot each. */
static void on_pair(struct timer *t)
{
	pair_fired++;
	timer_disarm(world.loop, t == &pair[0] ? &pair[1] : &pair[0]);
	timer_arm(world.loop, t, 0);
}

static void test_rearm_in_callback(void **state)
{
	(void)state;
	timer_init(&pair[0], on_pair, NULL);
	timer_init(&pair[1], on_pair, NULL);
	timer_arm(world.loop, &pair[0], 0);
	timer_arm(world.loop, &pair[1], 0);
	pair_fired = 0;
	loop_turn(world.loop, 1000);
	loop_turn(world.loop, 1000);
	unsigned turns_run = 2;
	assert_in_range(pair_fired, 1, turns_run);
	assert_int_equal(timer_is_armed(&pair[0]) + timer_is_armed(&pair[1]), 1);
	timer_disarm(world.loop, &pair[0]);
	timer_disarm(world.loop, &pair[1]);
}

int main(void)
{
	clock_init();
	world.kind = LOOP_EPOLL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_extremes),
		WORLD_TEST(test_rearm_in_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
