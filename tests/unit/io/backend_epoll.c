/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The epoll back end: all that a back end must do, and what is its own.
 */
#include "../../../src/io/backend_epoll.c"

#include "conformance/harness.c"

#include "conformance/sockets.c"
#include "conformance/rest.c"
#include "conformance/chaos.c"

/* More events than one wait returns: the others come in the next turns, none is lost. */
static void test_many_events(void **state)
{
	(void)state;
	enum { COUNT = EVENTS_MAX + 100 };
	struct conn *conns = calloc(COUNT, sizeof *conns);
	for (unsigned i = 0; i < COUNT; i++) {
		conn_open(&conns[i]);
		peer_write(&conns[i], "x", 1);
	}
	loop_turn(world.loop, 0);
	turns(2);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(conns[i].got_len, 1);
		conn_finish(&conns[i]);
	}
	free(conns);
}

/* The far deadline's timer is set once and not in each wait. */
static void test_far_deadline(void **state)
{
	(void)state;
	struct epoll *e = world.loop->state;
	struct timer t;
	timer_init(&t, stop_timer, NULL);
	timer_arm(world.loop, &t, 20000000);
	world.loop->before_wait_us = clock_mono_us();
	timer_set(e, world.loop->before_wait_us + 50000);
	int64_t armed_us = e->armed_us;
	timer_set(e, armed_us + 1000);
	assert_int_equal(e->armed_us, armed_us);
	timer_set(e, armed_us - 1000);
	assert_int_equal(e->armed_us, armed_us - 1000);
	timer_disarm(world.loop, &t);
}

/* Interest in writing is asked for behind a short write only, and given back. */
static void test_write_interest(void **state)
{
	(void)state;
	enum { SIZE = 4000000 };
	char *data = calloc(1, SIZE);
	struct conn c;
	conn_open(&c);
	conn_send(&c, "x", 1);
	assert_false(c.socket.flags & SOCKET_OUT_ARMED);
	peer_read(&c, data, 1);
	conn_send(&c, data, SIZE);
	assert_true(c.socket.flags & SOCKET_OUT_ARMED);
	peer_read(&c, data, SIZE);
	turns_until_unsigned(&c.sent_calls, 2);
	assert_false(c.socket.flags & SOCKET_OUT_ARMED);
	conn_finish(&c);
	free(data);
}

int main(void)
{
	world.kind = LOOP_EPOLL;
	const struct CMUnitTest tests[] = {CONFORMANCE_SOCKETS, CONFORMANCE_REST, CONFORMANCE_CHAOS,
		WORLD_TEST(test_many_events),
		WORLD_TEST(test_far_deadline), WORLD_TEST(test_write_interest)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
