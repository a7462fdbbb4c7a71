/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The select back end: all that a back end must do, and what is its own.
 */
#include "../../../src/io/backend_select.c"

#include "conformance/harness.c"

#include "conformance/sockets.c"
#include "conformance/rest.c"
#include "conformance/chaos.c"

/* A descriptor that a bit set can't hold is refused and stays the caller's. */
static void test_high_descriptor(void **state)
{
	(void)state;
	struct conn c = {.peer = -1};
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	static const int numbers[] = {FD_SETSIZE, FD_SETSIZE + 1, 5000};
	for (int i = 0; i < 3; i++) {
		int high = dup2(fds[0], numbers[i]);
		assert_int_equal(high, numbers[i]);
		assert_int_equal(socket_open(world.loop, &c.socket, high, &conn_events), -EMFILE);
		struct watch w = {.on_ready = watched_ready};
		assert_int_equal(watch_open(world.loop, &w, high, WATCH_READABLE), -EMFILE);
		assert_int_equal(write(high, "x", 1), 1);
		close(high);
	}
	/* The last that fits works. */
	assert_int_equal(dup2(fds[0], FD_SETSIZE - 1), FD_SETSIZE - 1);
	close(fds[0]);
	int pair[2] = {FD_SETSIZE - 1, fds[1]};
	conn_open_fds(&c, pair);
	peer_write(&c, "hi", 2);
	turns_until_size(&c.got_len, 2);
	conn_finish(&c);
}

int main(void)
{
	world.kind = LOOP_SELECT;
	const struct CMUnitTest tests[] = {CONFORMANCE_SOCKETS, CONFORMANCE_REST, CONFORMANCE_CHAOS,
		WORLD_TEST(test_high_descriptor)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
