/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups that bypass the page cache: the tail against a model; then the writer with a real file,
 * whose direct writes pass by here and may be refused, fail or fall short. Where /tmp knows no
 * direct writes, plain ones stand for them: what is asked of them is checked all the same.
 */
#include "io/disk.h"

int fake_open(int fd);
void fake_submit(struct loop *loop, struct disk_op *op);

#define disk_submit fake_submit
#define disk_open_direct fake_open
#include "../../../src/persist/log_direct.c"
#undef disk_submit
#undef disk_open_direct

#include "log_world.h"

#include "io/loop.h"
#include "persist/log_internal.h"

#include <sys/stat.h>

/* --- the disk between ------------------------------------------------------------------------- */

static struct {
	int open_error;       /* direct writes can't be had */
	bool opens_read_only; /* … zeros fail */
	bool opens_refusing;  /* … zeros are refused */
	ssize_t result;       /* of the next direct write, which is not made; 0: it is made */
	struct disk_op *kept; /* it waits for its result */
	int writes;
} fake;

int fake_open(int fd)
{
	char path[32];
	if (fake.open_error != 0)
		return -fake.open_error;
	/* (Nobody takes zeros for this number: EINVAL.) */
	if (fake.opens_refusing)
		return open("/proc/self/oom_score_adj", O_RDWR);
	int direct = fake.opens_read_only ? -1 : disk_open_direct(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return direct >= 0 ? direct : open(path, fake.opens_read_only ? O_RDONLY : O_RDWR);
}

void fake_submit(struct loop *loop, struct disk_op *op)
{
	assert_int_equal(op->flags, DISK_DSYNC);
	assert_int_equal(op->iov_count, 1);
	assert_int_equal((uintptr_t)op->iov->iov_base % DISK_DIRECT_BYTES, 0);
	assert_int_equal(op->iov->iov_len % DISK_DIRECT_BYTES, 0);
	assert_int_equal(op->offset % DISK_DIRECT_BYTES, 0);
	fake.writes++;
	if (fake.result == 0) {
		disk_submit(loop, op);
		return;
	}
	assert_null(fake.kept);
	fake.kept = op;
}

static void end_kept(void)
{
	struct disk_op *op = fake.kept;
	if (op == NULL)
		return;
	ssize_t result = fake.result;
	fake.kept = NULL;
	fake.result = 0;
	op->done(op, result, 0);
}

static void begin(enum log_fsync policy)
{
	memset(&fake, 0, sizeof(fake));
	open_all(policy);
	log_writer_stop(t.log, on_done, NULL);
	turns_until(is_done);
	t.done = 0;
	unlink(t.path);
	t.config.direct_io = LOG_DIRECT_AUTO;
}

static void start(bool is_framed)
{
	log_writer_start(t.log, &(struct log_file){.fd = file_new(), .is_framed = is_framed});
	log_writer_trust(t.log);
}

/* A command of about so many bytes, and that it is durable. */
static void commit(size_t bytes)
{
	static char text[3 << 20];
	memset(text, 'a' + (int)(bytes % 26), bytes);
	tell("SET", bytes_of(text, bytes));
	turns_until(all_durable);
}

/* Zeros are there, so that what comes goes over them. */
static void warm(void)
{
	for (int i = 0; i < 2000 && fake.writes == 0; i++)
		commit(10);
	assert_true(fake.writes > 0);
	assert_true(log_writer_is_direct(t.log));
}

static void check_file(int frames, uint64_t bytes)
{
	struct buf commands = {0};
	int found = file_check(t.path, &commands);
	if (frames > 0)
		assert_int_equal(found, frames);
	assert_int_equal(commands.len, bytes);
	buf_release(&commands);
}

/* --- the tail --------------------------------------------------------------------------------- */

#define MODEL_BYTES (1 << 20)

static void test_tail_against_model(void **state)
{
	static char model[MODEL_BYTES];
	static struct log_direct d;
	uint64_t seed = 99;
	(void)state;
	for (int i = 0; i < MODEL_BYTES; i++)
		model[i] = (char)unit_random(&seed);
	for (int round = 0; round < 200; round++) {
		uint64_t size = 0;
		memset(&d, 0, sizeof(d));
		for (int step = 0; step < 40; step++) {
			struct iovec pieces[8];
			int count = (int)(unit_random(&seed) % 8);
			uint64_t to = size;
			for (int i = 0; i < count; i++) {
				size_t most = unit_random(&seed) % 3 == 0 ? 3 : 5000;
				size_t len = unit_random(&seed) % most;
				if (to + len > MODEL_BYTES)
					len = 0;
				pieces[i] = (struct iovec){model + to, len};
				to += len;
			}
			log_direct_follow(&d, size, pieces, count);
			size = to;
			size_t tail = size % DISK_DIRECT_BYTES;
			assert_memory_equal(d.tail, model + size - tail, tail);
		}
	}
}

static void test_limits(void **state)
{
	struct log_direct d = {.fd = 3};
	const uint64_t most = LOG_DIRECT_MAX_BYTES;
	(void)state;
	assert_true(log_direct_takes(&d, 0, 1));
	assert_true(log_direct_takes(&d, 0, most - DISK_DIRECT_BYTES));
	assert_true(log_direct_takes(&d, 4095, most - DISK_DIRECT_BYTES));
	assert_false(log_direct_takes(&d, 0, most - DISK_DIRECT_BYTES + 1));
	assert_false(log_direct_takes(&d, 0, UINT64_MAX));
	assert_true(log_direct_takes(&d, UINT64_MAX - 5000, 4096));
	d.is_refused = true;
	assert_false(log_direct_takes(&d, 0, 1));
	d = (struct log_direct){.fd = -1};
	assert_false(log_direct_takes(&d, 0, 1));
	assert_int_equal(log_direct_end(0), 0);
	assert_int_equal(log_direct_end(1), 4096);
	assert_int_equal(log_direct_end(4096), 4096);
	assert_int_equal(log_direct_content(100, 50, 4096), 50);
	assert_int_equal(log_direct_content(100, 50, 512), 50); /* but for some of the zeros */
	assert_int_equal(log_direct_content(100, 50, 120), 20);
	assert_int_equal(log_direct_content(100, 50, 100), 0);
	assert_int_equal(log_direct_content(100, 50, 0), 0);
	assert_int_equal(log_direct_content(100, 50, -EIO), -EIO);
}

/* --- the writer ------------------------------------------------------------------------------- */

static void test_groups_go_directly(void **state)
{
	struct stat st;
	(void)state;
	begin(LOG_FSYNC_ALWAYS);
	uint64_t before = t.stream->appended;
	start(true);
	warm();
	int writes = fake.writes;
	uint64_t groups = log_writer_stats_get(t.log)->groups;
	static const size_t sizes[] = {1, 3900, 4096, 200, 8192, 60000, 5, 100000, 4000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		commit(sizes[i]);
	assert_true(fake.writes > writes);
	check_file((int)log_writer_stats_get(t.log)->groups, t.stream->appended - before);
	assert_int_equal(log_writer_stats_get(t.log)->groups - groups, 9);
	log_writer_stop(t.log, on_done, NULL);
	turns_until(is_done);
	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_size, t.size);
	assert_false(log_writer_is_direct(t.log));
	check_file(0, t.stream->appended - before);
	close_all();
}

/* Sizes of all kinds, longer than a direct write takes too, policies and both ways in turn, the
 * file read by somebody meanwhile: what is in it is always what was appended. */
static void test_mixed(void **state)
{
	uint64_t seed = 7;
	(void)state;
	begin(LOG_FSYNC_ALWAYS);
	uint64_t before = t.stream->appended;
	start(true);
	warm();
	for (int i = 0; i < 120; i++) {
		static const size_t most[] = {20, 300, 5000, 5000, 40000, 40000, 500000, 2500000};
		t.config.fsync = unit_random(&seed) % 4 == 0 ? LOG_FSYNC_NO : LOG_FSYNC_ALWAYS;
		t.config.direct_io =
			unit_random(&seed) % 8 == 0 ? LOG_DIRECT_NO : LOG_DIRECT_AUTO;
		log_writer_configure(t.log);
		size_t bytes = unit_random(&seed) % most[unit_random(&seed) % (i % 10 ? 6 : 8)];
		if (t.config.fsync == LOG_FSYNC_ALWAYS) {
			commit(bytes);
		} else {
			tell("SET", bytes_of("unsynced", 8));
			turns_until(all_written);
		}
		if (i % 20 == 0)
			check_file(0, t.stream->appended - before);
	}
	assert_true(log_writer_drain(t.log, 5000000));
	check_file(0, t.stream->appended - before);
	assert_int_equal(t.failures, 0);
	assert_true(fake.writes > 20);
	close_all();
}

/* What waits for a sync gets it with the next group that is synced: not a direct one. */
static void test_unsynced_before(void **state)
{
	(void)state;
	begin(LOG_FSYNC_ALWAYS);
	start(true);
	warm();
	t.config.fsync = LOG_FSYNC_NO;
	tell("SET", BYTES("unsynced"));
	turns_until(all_written);
	assert_false(all_durable());
	t.config.fsync = LOG_FSYNC_ALWAYS;
	int writes = fake.writes;
	commit(100);
	assert_int_equal(fake.writes, writes);
	commit(100);
	assert_int_equal(fake.writes, writes + 1);
	close_all();
}

/* A file that holds something already, with an end that is no block's. */
static void test_content_before(void **state)
{
	(void)state;
	for (size_t size = 4090; size <= 4101; size += 3) {
		static char old[5000], found[5000];
		begin(LOG_FSYNC_ALWAYS);
		int fd = file_new();
		memset(old, 'o', sizeof(old));
		assert_int_equal(pwrite(fd, old, size, 0), size);
		log_writer_start(t.log, &(struct log_file){.fd = fd, .size = size});
		log_writer_trust(t.log);
		uint64_t before = t.stream->appended;
		warm();
		commit(6000);
		struct buf b = file_read(t.path);
		assert_true(b.len >= size + t.stream->appended - before);
		memcpy(found, b.ptr, size);
		assert_memory_equal(found, old, size);
		assert_memory_equal(b.ptr + size, "*2\r\n$6\r\nSELECT", 14);
		assert_int_equal(
			strlen(buf_text(&b)), size + t.stream->appended - before); /* then zeros */
		buf_release(&b);
		close_all();
	}
}

/* Nothing is done when they are refused: the group goes the other way, and all that come. */
static void test_refusals(void **state)
{
	static const int errors[] = {EINVAL, EOPNOTSUPP};
	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(LOG_FSYNC_ALWAYS);
		uint64_t before = t.stream->appended;
		start(true);
		warm();
		int writes = fake.writes;
		fake.result = -errors[i];
		tell("SET", BYTES("refused"));
		for (int k = 0; k < 1000 && fake.kept == NULL; k++) {
			log_writer_turn(t.log);
			loop_turn(t.loop, 1000);
		}
		assert_false(all_durable());
		end_kept();
		assert_false(all_durable());
		turns_until(all_durable);
		for (int k = 0; k < 10; k++)
			commit(1000);
		assert_int_equal(fake.writes, writes + 1);
		assert_int_equal(t.failures, 0);
		assert_false(log_writer_is_direct(t.log));
		check_file(0, t.stream->appended - before);
		close_all();
	}
}

static void fail_with(ssize_t result, bool is_abandoned)
{
	begin(LOG_FSYNC_ALWAYS);
	start(true);
	warm();
	uint64_t durable = log_writer_durable(t.log), group = log_writer_durable_group(t.log);
	fake.result = result;
	static char text[5000];
	memset(text, '~', sizeof(text));
	tell("SET", bytes_of(text, sizeof(text)));
	for (int k = 0; k < 1000 && fake.kept == NULL; k++) {
		log_writer_turn(t.log);
		loop_turn(t.loop, 1000);
	}
	int writes = fake.writes;
	if (is_abandoned)
		log_failed(t.log, EIO, "another");
	end_kept();
	assert_int_equal(t.failures, 1);
	assert_true(log_writer_has_failed(t.log));
	for (int k = 0; k < 20; k++) {
		log_writer_turn(t.log);
		loop_turn(t.loop, 1000);
	}
	assert_int_equal(fake.writes, writes);
	assert_int_equal(log_writer_durable(t.log), durable);
	assert_int_equal(log_writer_durable_group(t.log), group);
	struct buf left = file_read(t.path);
	assert_null(memchr(left.ptr, '~', left.len)); /* nor any other way */
	buf_release(&left);
	/* Only a new file leads on, and goes directly as well. */
	unlink(t.path);
	uint64_t before = t.stream->appended;
	start(true);
	fake.writes = 0;
	warm();
	check_file(0, t.stream->appended - before);
	close_all();
}

static void test_failures(void **state)
{
	(void)state;
	fail_with(-ENOSPC, false);
	fail_with(-EDQUOT, false);
	fail_with(-EIO, false);
	fail_with(DISK_DIRECT_BYTES / 8, false);
	fail_with(1, false);
	/* Nobody is interested any more: neither is it made again. */
	fail_with(-EINVAL, true);
	fail_with(-EIO, true);
}

/* No such way, or no zeros to go over: all goes the other way. */
static void test_not_to_be_had(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(LOG_FSYNC_ALWAYS);
		fake.opens_refusing = i == 2;
		fake.open_error = i == 0 ? EOPNOTSUPP : 0;
		fake.opens_read_only = i == 1;
		uint64_t before = t.stream->appended;
		start(true);
		for (int k = 0; k < 20; k++)
			commit(500);
		assert_int_equal(fake.writes, 0);
		assert_int_equal(log_writer_is_direct(t.log), i == 1);
		/* Those that were refused come the other way. */
		struct stat st;
		assert_int_equal(stat(t.path, &st), 0);
		assert_int_equal(st.st_size > (off_t)log_writer_file_size(t.log), i != 1);
		check_file(0, t.stream->appended - before);
		close_all();
	}
}

static void test_new_file(void **state)
{
	char first[64];
	(void)state;
	begin(LOG_FSYNC_ALWAYS);
	uint64_t before = t.stream->appended;
	start(true);
	warm();
	memcpy(first, t.path, sizeof(first));
	tell("SET", BYTES("ends the first"));
	uint64_t end = t.stream->appended;
	log_writer_switch(
		t.log, &(struct log_file){.fd = file_new(), .is_framed = true}, on_done, NULL);
	tell("SET", BYTES("begins the second"));
	turns_until(is_done);
	fake.writes = 0;
	warm();
	check_file(0, t.stream->appended - end);
	unlink(t.path);
	memcpy(t.path, first, sizeof(first));
	check_file(0, end - before);
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail_against_model),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_groups_go_directly),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_unsynced_before),
		cmocka_unit_test(test_content_before),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_not_to_be_had),
		cmocka_unit_test(test_new_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
