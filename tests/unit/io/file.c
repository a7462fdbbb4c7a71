/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io/file: what is written is read, errors are told by number.
 */
#include "../../../src/io/file.c"

#include "../unit.h"

static void test_round_trip(void **state)
{
	char path[] = "/tmp/ringlet-unit-XXXXXX";
	char other[64], read_back[100];
	int64_t size;
	(void)state;
	close(mkstemp(path));
	snprintf(other, sizeof(other), "%s.new", path);
	int fd = file_create(path);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, "hello", 5), 0);
	assert_int_equal(file_write(fd, "", 0), 0);
	assert_int_equal(file_sync(fd), 0);
	assert_int_equal(file_close(fd), 0);
	assert_int_equal(file_rename_synced(path, other), 0);
	assert_int_equal(file_open_read(path, &size), -ENOENT);
	fd = file_open_read(other, &size);
	assert_true(fd >= 0 && size == 5);
	assert_int_equal(file_read(fd, read_back, 3), 3);
	assert_int_equal(file_read(fd, read_back + 3, 97), 2);
	assert_memory_equal(read_back, "hello", 5);
	assert_int_equal(file_read(fd, read_back, 1), 0);
	assert_int_equal(file_close(fd), 0);
	/* Made anew, it is empty. */
	fd = file_create(other);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	file_close(fd);
	unlink(other);
}

static void test_errors(void **state)
{
	int64_t size;
	char room[8];
	(void)state;
	assert_int_equal(file_open_read("/tmp", &size), -EISDIR);
	assert_int_equal(file_create("/nowhere/at/all"), -ENOENT);
	assert_int_equal(file_rename_synced("/nowhere/a", "/nowhere/b"), -ENOENT);
	assert_int_equal(file_read(-1, room, sizeof(room)), -EBADF);
	assert_int_equal(file_write(-1, room, sizeof(room)), -EBADF);
	assert_int_equal(file_sync(-1), -EBADF);
	assert_int_equal(file_close(-1), -EBADF);
	int full = open("/dev/full", O_WRONLY);
	assert_int_equal(file_write(full, "x", 1), -ENOSPC);
	close(full);
}

UNIT_MAIN(test_round_trip, test_errors)
