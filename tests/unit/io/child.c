/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io/child: what a child says arrives, how it ended is told, and it holds no sockets.
 */
#include "../../../src/io/child.c"

#include "../unit.h"

#include <sys/socket.h>

static int wait_for(struct child *c)
{
	int status = -1;
	while (!child_poll(c, &status))
		child_sleep_us(1000);
	assert_int_equal(c->pid, 0);
	return status;
}

static void test_reports(void **state)
{
	(void)state;
	struct child c;
	assert_true(child_fork(&c));
	if (c.pid == 0) {
		for (uint64_t i = 1; i <= 1000; i++) {
			c.report.done = i;
			child_tell(&c, i == 1000);
		}
		c.report.error = 28;
		child_sleep_us(20000);
		child_tell(&c, false);
		child_exit(3);
	}
	assert_int_equal(wait_for(&c), 3);
	assert_true(c.report.private_bytes > 0);
	assert_int_equal(c.report.done, 1000);
	assert_int_equal(c.report.error, 28);
}

static void test_killed(void **state)
{
	(void)state;
	struct child c;
	assert_true(child_fork(&c));
	if (c.pid == 0) {
		child_sleep_us(30000000);
		child_exit(0);
	}
	int status;
	assert_false(child_poll(&c, &status));
	/* Not before it has its signals as it wants them. */
	child_sleep_us(50000);
	child_kill(&c);
	assert_int_equal(wait_for(&c), CHILD_SIGNALLED + SIGUSR1);
}

static void test_sockets(void **state)
{
	(void)state;
	int pair[2];
	char byte;
	struct child c;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(child_fork(&c));
	if (c.pid == 0) {
		child_sleep_us(30000000);
		child_exit(0);
	}
	child_sleep_us(50000);
	close(pair[1]);
	/* Nobody else holds the other end. */
	assert_int_equal(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	child_kill(&c);
	wait_for(&c);
}

UNIT_MAIN(test_reports, test_killed, test_sockets)
