/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ring itself: more operations than it has places, more completions than it has room, deadlines
 * that move.
 */
#include "../../../src/io/ring.c"

#include "conformance/harness.c"

#define MANY 5000

static struct ring *ring_new(unsigned entries, unsigned completions)
{
	struct ring *r = mem_calloc_aligned(64, sizeof *r);
	char why[100];
	const struct ring_options options = {
		.entries = entries, .completions = completions, .is_reactor = true};
	assert_int_equal(ring_open(r, &options, why, sizeof why), 0);
	return r;
}

static void ring_delete(struct ring *r)
{
	ring_close(r);
	mem_free(r);
}

/* Places run out: ring_sqe submits by itself. Completions run over: none is lost. */
static void test_overflow(void **state)
{
	(void)state;
	static uint64_t owners[MANY];
	static bool seen[MANY];
	struct ring *r = ring_new(16, 32);
	memset(seen, 0, sizeof seen);
	for (int i = 0; i < MANY; i++) {
		struct io_uring_sqe *sqe = ring_sqe(r, &owners[i], RING_LISTENER);
		io_uring_prep_nop(sqe);
	}
	unsigned count = 0;
	for (int tries = 0; count < MANY; tries++) {
		assert_true(tries < MANY);
		struct io_uring_cqe cqe;
		ring_wait(r, 1000, 0);
		while (ring_next(r, &cqe)) {
			assert_int_equal(ring_tag_of(cqe.user_data), RING_LISTENER);
			size_t i = (size_t)((uint64_t *)ring_owner_of(cqe.user_data) - owners);
			assert_false(seen[i]);
			seen[i] = true;
			count++;
		}
	}
	ring_delete(r);
}

/* A reserved chain is not torn: all of it is in one submission. */
static void test_reserve(void **state)
{
	(void)state;
	struct ring *r = ring_new(8, 64);
	uint64_t owner;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < round % 8; i++)
			io_uring_prep_nop(ring_sqe(r, &owner, RING_NOTHING));
		ring_reserve(r, 3);
		unsigned before = r->io.sq.sqe_tail;
		unsigned pending = r->io.sq.sqe_tail - *r->io.sq.khead;
		for (int i = 0; i < 3; i++)
			io_uring_prep_nop(ring_sqe(r, &owner, RING_NOTHING));
		assert_int_equal(r->io.sq.sqe_tail - before, 3);
		assert_int_equal(r->io.sq.sqe_tail - *r->io.sq.khead, pending + 3);
		ring_wait(r, 0, 0);
		struct io_uring_cqe cqe;
		while (ring_next(r, &cqe))
			;
	}
	ring_delete(r);
}

/* Operations that complete at once don't wake: the wait goes on to the timeout. */
static void test_instant(void **state)
{
	(void)state;
	struct ring *r = ring_new(64, 256);
	uint64_t owner;
	struct io_uring_cqe cqe;
	for (int i = 0; i < 10; i++) {
		io_uring_prep_nop(ring_sqe(r, &owner, RING_LISTENER));
		r->instant++;
	}
	int64_t start_us = clock_mono_us();
	ring_wait(r, 1500, start_us);
	assert_true(clock_mono_us() - start_us >= 1400);
	for (int i = 0; i < 10; i++)
		assert_true(ring_next(r, &cqe));
	assert_false(ring_next(r, &cqe));
	/* Flushed ones may have been taken already, so they are not waited for. */
	io_uring_prep_nop(ring_sqe(r, &owner, RING_LISTENER));
	r->instant++;
	ring_flush(r);
	assert_int_equal(r->instant, 0);
	ring_wait(r, -1, 0);
	assert_true(ring_next(r, &cqe));
	ring_delete(r);
}

static void add_timeout(struct ring *r, struct __kernel_timespec *after, int64_t us)
{
	static uint64_t owner;
	*after = (struct __kernel_timespec){.tv_nsec = us * 1000};
	io_uring_prep_timeout(ring_sqe(r, &owner, RING_NOTHING), after, 0, 0);
}

static unsigned take_all(struct ring *r)
{
	struct io_uring_cqe cqe;
	unsigned count = 0;
	while (ring_next(r, &cqe))
		count++;
	return count;
}

/* Several are waited for, but not longer than was said; then one is enough. */
static void test_expect(void **state)
{
	(void)state;
	struct ring *r = ring_new(64, 256);
	struct __kernel_timespec after;
	uint64_t owner;
	int64_t start_us = clock_mono_us();
	for (int i = 0; i < 3; i++)
		io_uring_prep_nop(ring_sqe(r, &owner, RING_NOTHING));
	ring_expect(r, 3, 900000);
	ring_wait(r, -1, 0);
	assert_true(clock_mono_us() - start_us < 800000);
	assert_int_equal(take_all(r), 3);

	start_us = clock_mono_us();
	io_uring_prep_nop(ring_sqe(r, &owner, RING_NOTHING));
	ring_expect(r, 3, 20000);
	ring_wait(r, -1, 0);
	assert_int_equal(clock_mono_us() - start_us >= 19000, r->can_gather);
	assert_int_equal(take_all(r), 1);

	/* Nothing comes in that time: the kernel may end the wait, or go on for one. */
	start_us = clock_mono_us();
	add_timeout(r, &after, 20000);
	ring_expect(r, 3, 1000);
	ring_wait(r, -1, 0);
	while (take_all(r) == 0)
		ring_wait(r, -1, 0);
	assert_in_range(clock_mono_us() - start_us, 19000, 800000);
	ring_delete(r);
}

/* It was said of one wait: the next is as ever, nor is a mere look made long by it. */
static void test_expect_once(void **state)
{
	(void)state;
	struct ring *r = ring_new(64, 256);
	struct __kernel_timespec after;
	int64_t start_us = clock_mono_us();
	ring_expect(r, 3, 900000);
	ring_wait(r, 0, 0);
	add_timeout(r, &after, 1000);
	ring_wait(r, -1, 0);
	assert_int_equal(take_all(r), 1);
	assert_true(clock_mono_us() - start_us < 800000);
	ring_delete(r);
}

/* A deadline that moves to become earlier fires at the earlier time, a later one does not delay. */
static void test_deadline(void **state)
{
	(void)state;
	struct ring *r = ring_new(64, 256);
	struct io_uring_cqe cqe;
	int64_t start_us = clock_mono_us();
	timer_set(r, start_us + 10000000);
	timer_set(r, start_us + 8000);
	timer_set(r, start_us + 20000000);
	assert_int_equal(r->timer_us, start_us + 8000);
	bool has_fired = false;
	while (!has_fired) {
		ring_wait(r, -1, start_us);
		while (ring_next(r, &cqe))
			has_fired |= ring_tag_of(cqe.user_data) == RING_TIMER &&
				     cqe.res == -ETIME;
	}
	int64_t took_us = clock_mono_us() - start_us;
	assert_true(took_us >= 7900 && took_us < 1000000);
	ring_delete(r);
}

static void test_old_kernels(void **state)
{
	(void)state;
	/* Each combination of flags works, and says what it can do. */
	for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
		struct ring *r = mem_calloc_aligned(64, sizeof *r);
		const struct ring_options options = {.entries = 8, .completions = 16};
		r->timer_us = INT64_MAX;
		assert_int_equal(setup(r, &options, setups[i].flags), 0);
		uint64_t owner;
		struct io_uring_cqe cqe;
		for (int round = 0; round < 3; round++) {
			io_uring_prep_nop(ring_sqe(r, &owner, RING_SOCKET_OUT));
			ring_wait(r, 500, clock_mono_us());
			assert_true(ring_next(r, &cqe));
			assert_false(ring_next(r, &cqe));
			ring_wait(r, 0, 0);
		}
		assert_int_equal(r->is_modern, i == 0);
		ring_delete(r);
	}
}

int main(void)
{
	clock_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow), cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_instant),  cmocka_unit_test(test_expect),
		cmocka_unit_test(test_expect_once), cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_old_kernels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
