/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The uring back end: all that a back end must do, and what is its own.
 */
#include "../../../src/io/backend_uring.c"

#include "conformance/harness.c"

#include "conformance/sockets.c"
#include "conformance/rest.c"
#include "conformance/chaos.c"

/* So many completions that the kernel ends multishot polls: they are armed again, no byte is
 * lost. */
static void test_completions_overflow(void **state)
{
	(void)state;
	enum { COUNT = 50 };
	struct conn conns[COUNT];
	for (unsigned i = 0; i < COUNT; i++)
		conn_open(&conns[i]);
	turns(1);
	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < COMPLETIONS + 500; i++)
			io_uring_prep_nop(ring_sqe(world.loop->ring, NULL, RING_NOTHING));
		for (unsigned i = 0; i < COUNT; i++)
			peer_write(&conns[i], "x", 1);
		for (unsigned i = 0; i < COUNT; i++)
			turns_until_size(&conns[i].got_len, round);
	}
	for (unsigned i = 0; i < COUNT; i++)
		conn_finish(&conns[i]);
}

/* The memory of a closed socket is not given back before the last completion of its polls. */
static void test_references(void **state)
{
	(void)state;
	struct conn c;
	conn_open(&c);
	assert_int_equal(c.socket.references, 1);
	turns(1);
	socket_close(world.loop, &c.socket);
	sockets_release(world.loop);
	assert_int_equal(c.socket.references, 1);
	assert_int_equal(c.closed_calls, 0);
	turns_until_unsigned(&c.closed_calls, 1);
	assert_int_equal(c.socket.references, 0);
	conn_finish(&c);
}

int main(void)
{
	world.kind = LOOP_IO_URING;
	const struct CMUnitTest tests[] = {CONFORMANCE_SOCKETS, CONFORMANCE_REST, CONFORMANCE_CHAOS,
		WORLD_TEST(test_completions_overflow),
		WORLD_TEST(test_references)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
