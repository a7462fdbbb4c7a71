/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The choice of a back end, fallback where the kernel refuses one, and the arithmetic of the turn.
 * What turns do on each back end is in conformance/.
 */
#include "../../../src/io/loop.c"

#include "conformance/harness.c"
#include "conformance/refuse.c"

static void test_parse(void **state)
{
	(void)state;
	enum loop_backend_kind kind;
	static const char *const names[] = {"auto", "io_uring", "io_uring-proactor",
					    "epoll", "poll", "select"};
	for (unsigned i = 0; i < 6; i++) {
		assert_true(loop_backend_parse(names[i], &kind));
		assert_int_equal(kind, i);
	}
	assert_true(loop_backend_parse("EPOLL", &kind));
	assert_int_equal(kind, LOOP_EPOLL);
	assert_false(loop_backend_parse("", &kind));
	assert_false(loop_backend_parse("epol", &kind));
	assert_false(loop_backend_parse("epolls", &kind));
}

static struct loop *plain_loop(enum loop_backend_kind kind, unsigned max_sockets, char error[200])
{
	struct loop_options options = {.backend = kind, .max_sockets = max_sockets};
	error[0] = '\0';
	return loop_new(&options, error, 200);
}

static void test_named(void **state)
{
	(void)state;
	for (unsigned i = 1; i < BACKEND_COUNT; i++) {
		char error[200];
		struct loop *loop = plain_loop(backends[i].kind, 100, error);
		assert_non_null(loop);
		assert_string_equal(loop_backend_name(loop), backends[i].name);
		assert_string_equal(loop_backend_reason(loop), "chosen by name");
		assert_string_equal(error, "");
		loop_turn(loop, 0);
		loop_free(loop);
	}
}

static void test_select_limit(void **state)
{
	(void)state;
	char error[200];
	struct loop *loop = plain_loop(LOOP_SELECT, 10032, error);
	assert_int_equal(loop_socket_limit(loop), FD_SETSIZE - LOOP_SELECT_RESERVE);
	assert_non_null(strstr(loop_backend_reason(loop), "below FD_SETSIZE (1024)"));
	assert_non_null(strstr(loop_backend_reason(loop), "992 sockets instead of 10032"));
	loop_free(loop);
	loop = plain_loop(LOOP_EPOLL, 10032, error);
	assert_int_equal(loop_socket_limit(loop), 0);
	loop_free(loop);
}

static void test_auto(void **state)
{
	(void)state;
	char error[200];
	struct loop *loop = plain_loop(LOOP_AUTO, 100, error);
	assert_string_equal(loop_backend_name(loop), "io_uring");
	assert_non_null(strstr(loop_backend_reason(loop), "auto"));
	loop_free(loop);
}

static void test_switched_off(void **state)
{
	(void)state;
	char error[200];
	setenv("RINGLET_IO_URING", "off", 1);
	struct loop *loop = plain_loop(LOOP_AUTO, 100, error);
	assert_string_equal(loop_backend_name(loop), "epoll");
	assert_non_null(strstr(loop_backend_reason(loop), "io_uring is refused"));
	assert_string_equal(disk_method(loop), "thread");
	loop_free(loop);
	assert_null(plain_loop(LOOP_IO_URING, 100, error));
	assert_non_null(strstr(error, "io_uring is refused here (Operation not permitted)"));
	assert_null(plain_loop(LOOP_IO_URING_PROACTOR, 100, error));
	assert_non_null(strstr(error, "refused"));
	unsetenv("RINGLET_IO_URING");
}

static unsigned disk_done;

static void on_disk_done(struct disk_op *op, ssize_t written, int synced)
{
	disk_done += op->context == &world && written == 5 && synced == 0;
}

static int write_durably(void)
{
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	int fd = mkstemp(path);
	const struct iovec iov = {(void *)(uintptr_t)"bytes", 5};
	struct disk_op op = {.fd = fd, .flags = DISK_FSYNC, .iov = &iov, .iov_count = 1,
			     .done = on_disk_done, .context = &world};
	disk_done = 0;
	disk_submit(world.loop, &op);
	turns_until_unsigned(&disk_done, 1);
	close(fd);
	return unlink(path);
}

/* A server's day in a loop that auto chose: an echo and a durable write. */
static int live_a_little(const char *backend, const char *disk)
{
	world.kind = LOOP_AUTO;
	if (world_setup(NULL) != 0)
		return 1;
	if (strcmp(loop_backend_name(world.loop), backend) != 0)
		return 2;
	if (strcmp(disk_method(world.loop), disk) != 0)
		return 3;
	struct conn c;
	char back[4];
	conn_open(&c);
	c.echoes = true;
	peer_write(&c, "abcd", 4);
	peer_read(&c, back, 4);
	conn_finish(&c);
	if (write_durably() != 0)
		return 4;
	return world_teardown(NULL);
}

static int child_eperm(void)
{
	refuse_calls(SYS_io_uring_setup, SYS_io_uring_setup, EPERM);
	return live_a_little("epoll", "thread");
}

static int child_enosys(void)
{
	refuse_calls(SYS_io_uring_setup, SYS_io_uring_setup, ENOSYS);
	return live_a_little("epoll", "thread");
}

static int child_enomem(void)
{
	refuse_calls(SYS_io_uring_setup, SYS_io_uring_setup, ENOMEM);
	char error[200];
	if (plain_loop(LOOP_IO_URING, 10, error) != NULL ||
	    strstr(error, "Cannot allocate memory") == NULL)
		return 9;
	return live_a_little("epoll", "thread");
}

static int child_no_epoll(void)
{
	refuse_calls(SYS_io_uring_setup, SYS_epoll_create1, EPERM);
	return live_a_little("poll", "thread");
}

static int child_all_well(void)
{
	return live_a_little("io_uring", "io_uring");
}

static int child_no_provided_buffers(void)
{
	refuse_calls(SYS_io_uring_register, SYS_io_uring_register, ENOMEM);
	char error[200];
	if (plain_loop(LOOP_IO_URING_PROACTOR, 10, error) != NULL ||
	    strstr(error, "provided buffers are refused (Cannot allocate memory)") == NULL)
		return 9;
	return live_a_little("io_uring", "io_uring");
}

/* Kernels before 5.11 have no epoll_pwait2: coarser timeouts, same behaviour. */
static int child_no_pwait2(void)
{
	refuse_calls(SYS_io_uring_setup, SYS_epoll_pwait2, ENOSYS);
	return live_a_little("epoll", "thread");
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_all_well), 0);
	assert_int_equal(in_child(child_eperm), 0);
	assert_int_equal(in_child(child_enosys), 0);
	assert_int_equal(in_child(child_enomem), 0);
	assert_int_equal(in_child(child_no_epoll), 0);
	assert_int_equal(in_child(child_no_provided_buffers), 0);
	assert_int_equal(in_child(child_no_pwait2), 0);
}

static void test_sleep(void **state)
{
	(void)state;
	struct timer t = {.deadline_us = 5000};
	struct timer *heap[] = {&t};
	struct loop loop = {.idle_us = -1, .before_wait_us = 1000, .timers = heap};
	struct socket s;
	link_init(&loop.ready);
	link_init(&loop.closing);
	link_init(&loop.outputs);
	assert_int_equal(sleep_us(&loop, -1), -1);
	assert_int_equal(sleep_us(&loop, 70), 70);
	loop.idle_us = 50;
	assert_int_equal(sleep_us(&loop, -1), 50);
	assert_int_equal(sleep_us(&loop, 70), 50);
	assert_int_equal(sleep_us(&loop, 0), 0);
	loop.timer_count = 1;
	assert_int_equal(sleep_us(&loop, -1), 50);
	loop.idle_us = -1;
	assert_int_equal(sleep_us(&loop, -1), 4000);
	assert_int_equal(sleep_us(&loop, 70), 70);
	loop.before_wait_us = 6000;
	assert_int_equal(sleep_us(&loop, -1), 0);
	loop.timer_count = 0;
	link_add_tail(&loop.ready, &s.ready);
	assert_int_equal(sleep_us(&loop, -1), 0);
	link_remove(&s.ready);
	link_add_tail(&loop.closing, &s.ready);
	assert_int_equal(sleep_us(&loop, -1), 0);
}

static unsigned depth_seen;

static void dive(void)
{
	depth_seen = world.loop->depth > depth_seen ? world.loop->depth : depth_seen;
}

static void timer_dives(struct timer *t)
{
	dive();
	timer_arm(world.loop, t, 0);
	loop_turn(world.loop, 1000);
}

static void test_depth(void **state)
{
	(void)state;
	struct timer t;
	timer_init(&t, timer_dives, NULL);
	timer_arm(world.loop, &t, 0);
	depth_seen = 0;
	loop_turn(world.loop, 1000);
	loop_turn(world.loop, 1000);
	assert_int_equal(depth_seen, LOOP_DEPTH_MAX);
	assert_int_equal(world.loop->depth, 0);
	timer_disarm(world.loop, &t);
}

static void test_readings_and_stats(void **state)
{
	(void)state;
	loop_turn(world.loop, 0);
	int64_t wall_us = clock_wall_us(), mono_us = clock_mono_us();
	/* Readings between two of the kernel's are the counter's, which may be some µs ahead. */
	assert_in_range(wall_us - loop_wall_us(world.loop) + 20, 0, 1000000);
	assert_in_range(mono_us - loop_mono_us(world.loop) + 20, 0, 1000000);
	assert_int_equal(loop_wall_ms(world.loop), loop_wall_us(world.loop) / 1000);
	assert_true(loop_now_us(world.loop) >= loop_mono_us(world.loop));
	loop_stats_reset(world.loop);
	int64_t until_us = clock_mono_us() + 3000;
	while (clock_mono_us() < until_us)
		;
	loop_turn(world.loop, 2000);
	const struct loop_stats *stats = loop_stats_get(world.loop);
	assert_int_equal(stats->turns, 1);
	assert_int_equal(stats->waits, 1);
	assert_true(stats->busy_us >= 2900 && stats->longest_turn_us >= 2900);
	loop_stats_reset(world.loop);
	loop_turn(world.loop, 2000);
	assert_true(loop_stats_get(world.loop)->busy_us < 1900); /* the sleep does not count */
}

int main(void)
{
	world.kind = LOOP_AUTO;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_select_limit),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sleep),
		WORLD_TEST(test_depth),
		WORLD_TEST(test_readings_and_stats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
