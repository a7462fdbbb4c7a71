/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The uring_proactor back end: all that a back end must do, and what is its own.
 */
#include "../../../src/io/backend_uring_proactor.c"

#include "conformance/harness.c"

#include "conformance/sockets.c"
#include "conformance/rest.c"
#include "conformance/chaos.c"

/* Many sockets want more buffers than there are: receives end for want of one and start again. */
static void test_pool_runs_dry(void **state)
{
	(void)state;
	enum { COUNT = 400, SIZE = 20000 };
	static char data[SIZE];
	struct conn *conns = calloc(COUNT, sizeof *conns);
	for (unsigned i = 0; i < COUNT; i++) {
		conn_open(&conns[i]);
		pattern_fill(data, SIZE, i);
		peer_write(&conns[i], data, SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		turns_until_size(&conns[i].got_len, SIZE);
		pattern_fill(data, SIZE, i);
		assert_memory_equal(conns[i].got, data, SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++)
		conn_finish(&conns[i]);
	free(conns);
}

/* What the kernel receives ahead is bounded, paused or not. */
static void test_backlog_limit(void **state)
{
	(void)state;
	static char data[100000];
	for (int is_paused = 0; is_paused < 2; is_paused++) {
		struct conn c;
		conn_open_tcp(&c);
		if (is_paused)
			socket_pause(world.loop, &c.socket);
		size_t written = 0, most = 0;
		for (int i = 0; i < 60; i++) {
			ssize_t n = write(c.peer, data, sizeof data);
			written += n > 0 ? (size_t)n : 0;
			loop_turn(world.loop, 0);
			size_t bytes = inbox_of(&c.socket)->bytes;
			most = bytes > most ? bytes : most;
		}
		assert_true(most > 0);
		assert_true(most <= BACKLOG_MAX + BUFFER_COUNT * BUFFER_BYTES);
		if (is_paused)
			assert_int_equal(c.bytes_calls, 0);
		socket_resume(world.loop, &c.socket);
		turns_until_size(&c.got_len, written);
		assert_int_equal(c.got_len, written);
		conn_finish(&c);
	}
}

/* Every buffer comes back, whatever became of its socket. */
static void test_no_buffer_is_lost(void **state)
{
	(void)state;
	struct proactor *p = world.loop->state;
	static char data[60000];
	for (int round = 0; round < 60; round++) {
		struct conn c;
		conn_open(&c);
		if (round % 2 == 0)
			socket_pause(world.loop, &c.socket);
		peer_write(&c, data, sizeof data);
		turns((unsigned)round % 3);
		conn_finish(&c);
	}
	/* All of them are in the kernel's ring: so many can be taken without a break. */
	struct conn c;
	conn_open_tcp(&c);
	unsigned short tail = p->pool->tail;
	turns(1);
	assert_int_equal(p->lent_count, 0);
	for (int i = 0; i < 2 * BUFFER_COUNT; i++) {
		size_t before = c.got_len;
		peer_write(&c, "x", 1);
		turns_until_size(&c.got_len, before + 1);
	}
	assert_int_equal((unsigned short)(p->pool->tail - tail), 2 * BUFFER_COUNT);
	conn_finish(&c);
}

/* A send larger than the socket takes at once goes on by itself, behind the first try. */
static void test_send_goes_on(void **state)
{
	(void)state;
	enum { SIZE = 3000000 };
	char *data = malloc(SIZE), *back = malloc(SIZE);
	pattern_fill(data, SIZE, 8);
	struct conn c;
	conn_open(&c);
	conn_send(&c, data, SIZE);
	assert_int_equal(world.loop->ring->instant, 1);
	turns(2);
	assert_int_equal(world.loop->ring->instant, 0);
	assert_int_equal(c.sent_calls, 0);
	peer_read(&c, back, SIZE);
	turns_until_unsigned(&c.sent_calls, 1);
	assert_memory_equal(data, back, SIZE);
	conn_finish(&c);
	free(data);
	free(back);
}

int main(void)
{
	world.kind = LOOP_IO_URING_PROACTOR;
	const struct CMUnitTest tests[] = {CONFORMANCE_SOCKETS, CONFORMANCE_REST, CONFORMANCE_CHAOS,
		WORLD_TEST(test_pool_runs_dry),
		WORLD_TEST(test_backlog_limit), WORLD_TEST(test_no_buffer_is_lost),
		WORLD_TEST(test_send_goes_on)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
