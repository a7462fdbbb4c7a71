/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The offload thread's ends: jobs that free themselves, and what is still queued when the loop
 * goes. The usual is in conformance/.
 */
#include "../../../src/io/offload.c"

#include "conformance/harness.c"

static unsigned worked, done;

static void work_and_free(struct offload *job)
{
	__atomic_add_fetch(&worked, 1, __ATOMIC_RELAXED);
	mem_free(job);
}

static void test_silent_jobs(void **state)
{
	(void)state;
	worked = 0;
	for (int i = 0; i < 500; i++) {
		struct offload *job = mem_calloc(1, sizeof *job);
		job->work = work_and_free;
		offload_submit(world.loop, job);
	}
	int64_t limit_us = clock_mono_us() + PATIENCE_US;
	while (offload_pending(world.loop) > 0)
		assert_true(clock_mono_us() < limit_us);
	assert_int_equal(worked, 500);
}

static void work_slowly(struct offload *job)
{
	(void)job;
	usleep(200);
	__atomic_add_fetch(&worked, 1, __ATOMIC_RELAXED);
}

static void count_done(struct offload *job)
{
	done++;
	mem_free(job);
}

static void test_close_finishes(void **state)
{
	(void)state;
	worked = done = 0;
	for (int i = 0; i < 50; i++) {
		struct offload *job = mem_calloc(1, sizeof *job);
		*job = (struct offload){.work = work_slowly, .done = count_done};
		offload_submit(world.loop, job);
	}
	offload_close(world.loop);
	assert_int_equal(worked, 50);
	assert_int_equal(done, 50);
	assert_int_equal(offload_pending(world.loop), 0);
	offload_close(world.loop);
}

/* The thread takes no signals, and an idle loop is woken by the end of a job. */
static void work_looks_at_mask(struct offload *job)
{
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	*(bool *)job->context = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT);
	usleep(20000);
}

static void stop_when_done(struct offload *job)
{
	(void)job;
	loop_stop(world.loop);
}

static void test_wakes_idle_loop(void **state)
{
	(void)state;
	bool is_masked = false;
	struct offload job = {.work = work_looks_at_mask, .done = stop_when_done,
			      .context = &is_masked};
	offload_submit(world.loop, &job);
	loop_run(world.loop);
	assert_true(is_masked);
	assert_true(world.turn_begins <= 3);
}

static void count_start(void *context)
{
	__atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
}

/* Once on each thread, before its first job. */
static void test_start(void **state)
{
	(void)state;
	unsigned started = 0;
	worked = done = 0;
	offload_on_start(world.loop, count_start, &started);
	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < 3; i++) {
			struct offload *job = mem_calloc(1, sizeof *job);
			*job = (struct offload){.work = work_slowly, .done = count_done};
			offload_submit(world.loop, job);
		}
		offload_close(world.loop);
		assert_int_equal(started, round);
		assert_int_equal(worked, 3 * round);
	}
}

int main(void)
{
	world.kind = LOOP_AUTO;
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_silent_jobs),
		WORLD_TEST(test_close_finishes),
		WORLD_TEST(test_wakes_idle_loop),
		WORLD_TEST(test_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
