/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log's writer with real files: what is in them, under each policy; frames that prove
 * themselves; a new file, the end, and a disk that is full.
 */
#include "../../../src/persist/log.c"

#include "log_world.h"

#include <sys/resource.h>
#include <sys/stat.h>

static void test_groups_are_frames(void **state)
{
	static const enum log_fsync policies[] = {
		LOG_FSYNC_ALWAYS, LOG_FSYNC_EVERYSEC, LOG_FSYNC_NO};
	(void)state;
	for (int p = 0; p < 3; p++) {
		struct buf commands = {0};
		open_all(policies[p]);
		for (int i = 0; i < 20; i++) {
			for (int k = 0; k <= i; k++)
				tell("SET", BYTES("abc"));
			turns_until(p == 0 ? all_durable : all_written);
		}
		assert_int_equal(log_writer_stats_get(t.log)->groups, 20);
		assert_int_equal(file_check(t.path, &commands), 20);
		assert_int_equal(commands.len, t.stream->appended);
		if (policies[p] == LOG_FSYNC_NO)
			assert_int_equal(log_writer_durable(t.log), 0);
		/* Nothing is lost at the end, and the file is cut to its content. */
		tell("SET", BYTES("last"));
		log_writer_stop(t.log, on_done, NULL);
		turns_until(is_done);
		assert_int_equal(t.done, 1);
		struct stat st;
		assert_int_equal(stat(t.path, &st), 0);
		assert_int_equal(st.st_size, t.size);
		assert_false(log_writer_is_on(t.log));
		buf_release(&commands);
		close_all();
	}
}

static void test_everysec_syncs_by_itself(void **state)
{
	(void)state;
	open_all(LOG_FSYNC_EVERYSEC);
	tell("SET", BYTES("a"));
	turns_until(all_written);
	assert_false(all_durable());
	turns_until(all_durable);
	assert_int_equal(log_writer_stats_get(t.log)->syncs, 1);
	assert_int_equal(t.synced, 1);
	close_all();
}

/* At rest only who asks is served; what was not synced meanwhile is, behind it. */
static void test_rest(void **state)
{
	(void)state;
	open_all(LOG_FSYNC_EVERYSEC);
	tell("SET", BYTES("a"));
	turns_until(all_written);
	log_writer_rest(t.log, true);
	tell("SET", BYTES("b"));
	turns_until(all_written);
	int64_t end_us = clock_mono_us() + LOG_SYNC_PERIOD_US * 5 / 4;
	while (clock_mono_us() < end_us)
		loop_turn(t.loop, 1000);
	assert_int_equal(t.synced, 0);
	log_writer_sync(t.log, on_synced, NULL);
	turns_until(is_done);
	assert_true(all_durable());
	assert_int_equal(t.synced, 1);
	tell("SET", BYTES("c"));
	turns_until(all_written);
	log_writer_rest(t.log, false);
	turns_until(all_durable);
	assert_int_equal(t.synced, 2);
	close_all();
}

static void test_sync_on_demand(void **state)
{
	(void)state;
	open_all(LOG_FSYNC_NO);
	log_writer_sync(t.log, on_synced, NULL);
	assert_int_equal(t.done, 1); /* there was nothing */
	tell("SET", BYTES("a"));
	log_writer_sync(t.log, on_synced, NULL);
	assert_int_equal(t.done, 1);
	t.done = 0;
	turns_until(is_done);
	assert_int_equal(t.done, 1);
	assert_true(all_durable());
	tell("SET", BYTES("b"));
	assert_true(log_writer_drain(t.log, 5000000));
	assert_true(all_durable());
	close_all();
}

static void test_new_file(void **state)
{
	char first[64];
	struct buf one = {0}, two = {0};
	(void)state;
	open_all(LOG_FSYNC_ALWAYS);
	memcpy(first, t.path, sizeof(first));
	tell("SET", BYTES("in-the-first"));
	turns_until(all_durable);
	tell("SET", BYTES("in-the-first"));
	log_writer_switch(
		t.log, &(struct log_file){.fd = file_new(), .is_framed = true}, on_done, NULL);
	tell("SET", BYTES("in-the-second"));
	turns_until(is_done);
	turns_until(all_durable);
	assert_int_equal(t.done, 1);
	file_check(first, &one);
	file_check(t.path, &two);
	assert_null(strstr(buf_text(&one), "second"));
	assert_null(strstr(buf_text(&two), "first"));
	assert_non_null(strstr(buf_text(&two), "SELECT"));
	assert_int_equal(one.len + two.len, t.stream->appended);
	buf_release(&one);
	buf_release(&two);
	unlink(first);
	close_all();
}

static void test_full_disk(void **state)
{
	struct rlimit before, tight;
	(void)state;
	open_all(LOG_FSYNC_ALWAYS);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight = before;
	tight.rlim_cur = 50;
	setrlimit(RLIMIT_FSIZE, &tight);
	tell("SET", BYTES("too long for what is left on that disk"));
	turns_until(has_failed);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(t.failures, 1);
	assert_int_equal(t.durable, 0 + log_writer_durable_group(t.log));
	assert_int_equal(log_writer_durable(t.log), 0);
	log_writer_sync(t.log, on_synced, NULL);
	assert_int_equal(t.done, 100);
	assert_string_not_equal(log_writer_error(t.log), "");
	/* Only a new file leads on. */
	unlink(t.path);
	log_writer_start(t.log, &(struct log_file){.fd = file_new(), .is_framed = true});
	log_writer_trust(t.log);
	tell("SET", BYTES("a"));
	turns_until(all_durable);
	close_all();
}

/* More than one write takes, and more than may wait. */
static void test_long_groups(void **state)
{
	struct bytes big = {malloc(1 << 20), 1 << 20};
	struct buf commands = {0};
	(void)state;
	memset((char *)(uintptr_t)big.ptr, 'x', big.len);
	open_all(LOG_FSYNC_NO);
	for (int i = 0; i < 70; i++)
		tell("SET", big);
	for (int i = 0; i < LOG_PIECES_MAX / 50; i++)
		tell("SET", BYTES("small"));
	turns_until(all_written);
	assert_int_equal(t.backlogs, 101);
	assert_int_equal(file_check(t.path, &commands), 1);
	assert_int_equal(commands.len, t.stream->appended);
	buf_release(&commands);
	free((char *)(uintptr_t)big.ptr);
	close_all();
}

/* One group, however many writes it takes: one commit, from its end to the last of them. */
static void test_figures_of_groups(void **state)
{
	static char bytes[STREAM_BLOCK_BYTES / 2]; /* a block each */
	const struct log_writer_stats *stats;
	struct buf commands = {0};
	(void)state;
	open_all(LOG_FSYNC_NO);
	stats = log_writer_stats_get(t.log);
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < LOG_PIECES_MAX + 10; i++)
		tell("SET", bytes_of(bytes, sizeof(bytes)));
	turns_until(all_written);
	assert_true(file_check(t.path, &commands) > 1);
	assert_int_equal(stats->groups, 1);
	assert_int_equal(stats->size_longest, stats->group_bytes);
	assert_true(stats->size_longest > commands.len);
	assert_int_equal(histogram_count(stats->sizes), 1);
	assert_int_equal(histogram_count(stats->commits), 1);
	assert_true(stats->commit_longest_us > 0);
	uint64_t longest = stats->size_longest;
	tell("SET", BYTES("a"));
	turns_until(all_written);
	assert_int_equal(histogram_count(stats->sizes), 2);
	assert_int_equal(stats->size_longest, longest);
	assert_true(histogram_percentile(stats->sizes, 50) < 200);
	log_writer_stats_reset(t.log);
	assert_int_equal(stats->size_longest, 0);
	assert_int_equal(stats->commit_longest_us, 0);
	buf_release(&commands);
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_are_frames),
		cmocka_unit_test(test_everysec_syncs_by_itself),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_sync_on_demand),
		cmocka_unit_test(test_new_file),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_long_groups),
		cmocka_unit_test(test_figures_of_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
