/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The disk in its three ways: the reactor's ring, a ring of its own, a thread. All give the same
 * results for the same operations.
 */
#include "../../../src/io/disk.c"

#include "conformance/harness.c"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

struct outcome {
	struct disk_op op;
	unsigned calls;
	ssize_t written;
	int synced;
};

static void on_done(struct disk_op *op, ssize_t written, int synced)
{
	struct outcome *o = (struct outcome *)op;
	o->calls++;
	o->written = written;
	o->synced = synced;
}

static void run(struct outcome *o)
{
	o->calls = 0;
	o->op.done = on_done;
	disk_submit(world.loop, &o->op);
	assert_int_equal(o->calls, 0);
	turns_until_unsigned(&o->calls, 1);
}

/* A file that may not grow beyond a limit: the write is short, the sync is not tried; the next
 * write fails. */
static void check_short_write(int fd)
{
	char page[8192] = "x";
	struct iovec iov = {page, sizeof page};
	struct rlimit before, tight;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight = before;
	tight.rlim_cur = 5000;
	setrlimit(RLIMIT_FSIZE, &tight);
	struct outcome o = {.op = {.fd = fd, .iov = &iov, .iov_count = 1, .flags = DISK_FSYNC}};
	run(&o);
	assert_int_equal(o.written, 5000);
	assert_int_equal(o.synced, -ECANCELED);
	o.op.offset = 5000;
	run(&o);
	assert_int_equal(o.written, -EFBIG);
	assert_int_equal(o.synced, -ECANCELED);
	setrlimit(RLIMIT_FSIZE, &before);
	run(&o);
	assert_int_equal(o.written, sizeof page);
	assert_int_equal(o.synced, 0);
}

/* Whole blocks go through it, others are refused; where there is no such way it says so. */
static void check_direct(int fd)
{
	int direct = disk_open_direct(fd);
	if (direct == -EOPNOTSUPP)
		return;
	assert_true(direct >= 0);
	char *block = mem_calloc_aligned(DISK_DIRECT_BYTES, 2 * DISK_DIRECT_BYTES), found[4];
	struct iovec iov = {block, DISK_DIRECT_BYTES};
	struct outcome o = {.op = {.fd = direct, .iov = &iov, .iov_count = 1, .flags = DISK_DSYNC}};
	memcpy(block, "\0\0direct", 8);
	run(&o);
	assert_int_equal(o.written, DISK_DIRECT_BYTES);
	assert_int_equal(pread(fd, found, sizeof found, 2), 4);
	assert_memory_equal(found, "dire", 4);
	iov.iov_len = 100;
	run(&o);
	assert_int_equal(o.written, -EINVAL);
	iov = (struct iovec){block + 1, DISK_DIRECT_BYTES};
	run(&o);
	assert_int_equal(o.written, -EINVAL);
	close(direct);
	mem_free(block);
	assert_int_equal(ftruncate(fd, 9), 0);
}

static void check_method(enum loop_backend_kind kind, const char *method)
{
	char path[] = "/tmp/ringlet-unit-XXXXXX", text[16];
	world.kind = kind;
	assert_int_equal(world_setup(NULL), 0);
	assert_string_equal(disk_method(world.loop), method);
	int fd = mkstemp(path);
	struct iovec iov[2] = {{(void *)(uintptr_t)"abc", 3}, {(void *)(uintptr_t)"defg", 4}};
	struct outcome o = {.op = {.fd = fd, .iov = iov, .iov_count = 2, .offset = 2,
				   .flags = DISK_FSYNC | DISK_ASYNC}};
	run(&o);
	assert_int_equal(o.written, 7);
	assert_int_equal(o.synced, 0);
	assert_int_equal(pread(fd, text, sizeof text, 0), 9);
	assert_memory_equal(text, "\0\0abcdefg", 9);
	o.op.flags = DISK_DSYNC;
	o.op.offset = 9;
	run(&o);
	assert_int_equal(o.written, 7);
	assert_int_equal(o.synced, 0);
	assert_int_equal(pread(fd, text, sizeof text, 0), 16);
	assert_memory_equal(text, "\0\0abcdefgabcdefg", 16);
	o.op.flags = DISK_FSYNC | DISK_ASYNC;
	check_direct(fd);
	check_short_write(fd);
	close(fd);
	o.op.fd = fd;
	run(&o);
	assert_int_equal(o.written, -EBADF);
	assert_int_equal(o.synced, -ECANCELED);
	o.op.iov_count = 0;
	run(&o);
	assert_int_equal(o.written, 0);
	assert_int_equal(o.synced, -EBADF);
	unlink(path);
	assert_int_equal(disk_pending(world.loop), 0);
	world_teardown(NULL);
}

static void test_methods(void **state)
{
	(void)state;
	check_method(LOOP_IO_URING, "io_uring");
	check_method(LOOP_IO_URING_PROACTOR, "io_uring");
	check_method(LOOP_EPOLL, "io_uring");
	check_method(LOOP_POLL, "io_uring");
	check_method(LOOP_SELECT, "io_uring");
	setenv("RINGLET_IO_URING", "off", 1);
	check_method(LOOP_EPOLL, "thread");
	check_method(LOOP_POLL, "thread");
	check_method(LOOP_SELECT, "thread");
	unsetenv("RINGLET_IO_URING");
}

static void test_no_direct_writes(void **state)
{
	(void)state;
	int fd = memfd_create("ringlet", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(disk_open_direct(fd), -EOPNOTSUPP);
	close(fd);
	assert_int_equal(disk_open_direct(fd), -EBADF);
}

/* loop_free waits for what is in flight. */
static void test_free_waits(void **state)
{
	(void)state;
	static struct outcome many[100];
	struct iovec iov = {(void *)(uintptr_t)"z", 1};
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	static const enum loop_backend_kind kinds[] = {LOOP_IO_URING, LOOP_EPOLL};
	for (int i = 0; i < 3; i++) {
		if (i == 2)
			setenv("RINGLET_IO_URING", "off", 1);
		world.kind = i == 2 ? LOOP_EPOLL : kinds[i];
		assert_int_equal(world_setup(NULL), 0);
		int fd = mkstemp(path);
		memset(many, 0, sizeof many);
		for (int k = 0; k < 100; k++) {
			many[k].op = (struct disk_op){.fd = fd, .iov = &iov, .iov_count = 1,
						      .offset = k, .done = on_done};
			disk_submit(world.loop, &many[k].op);
		}
		world_teardown(NULL);
		for (int k = 0; k < 100; k++)
			assert_int_equal(many[k].calls + (many[k].written == 1), 2);
		close(fd);
		unlink(path);
		memcpy(path, "/tmp/ringlet-unit-XXXXXX", sizeof path);
	}
	unsetenv("RINGLET_IO_URING");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_no_direct_writes),
		cmocka_unit_test(test_free_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
