/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/slowlog: what of a call is kept, how many are kept, and in which order.
 */
#include "../../../src/obs/slowlog.c"

#include "../unit.h"

#define LONG_BYTES 1000

static struct slowlog_entry *newest(struct slowlog *log)
{
	return LINK_OWNER(log->entries.next, struct slowlog_entry, link);
}

static void assert_bytes(struct bytes got, const char *want)
{
	assert_text_equal(got.ptr, got.len, want);
}

static void test_entry(void **state)
{
	struct slowlog log;
	struct bytes argv[] = {BYTES("SET"), BYTES("a\0b"), BYTES("secret"), BYTES("")};
	struct slowlog_call call = {.argv = argv,
		.argc = 4,
		.redacted = 1u << 2,
		.time_s = 77,
		.duration_us = 1234,
		.peer = BYTES("127.0.0.1:5"),
		.name = BYTES("me")};
	(void)state;

	slowlog_init(&log);
	log.next_id = 41;
	slowlog_add(&log, &call, 10);
	memset(argv, 0, sizeof(argv)); /* it keeps copies */
	struct slowlog_entry *e = newest(&log);
	assert_int_equal(e->id, 41);
	assert_int_equal(e->time_s, 77);
	assert_int_equal(e->duration_us, 1234);
	assert_int_equal(e->argc, 4);
	assert_bytes(e->argv[0], "SET");
	assert_int_equal(e->argv[1].len, 3);
	assert_memory_equal(e->argv[1].ptr, "a\0b", 3);
	assert_bytes(e->argv[2], "(redacted)");
	assert_int_equal(e->argv[3].len, 0);
	assert_bytes(e->peer, "127.0.0.1:5");
	assert_bytes(e->name, "me");
	slowlog_release(&log);
	assert_int_equal(log.memory_bytes, 0);
}

static void test_long_arguments(void **state)
{
	static char text[LONG_BYTES];
	struct slowlog log;
	struct bytes argv[] = {
		bytes_of(text, 128), bytes_of(text, 129), bytes_of(text, LONG_BYTES)};
	struct slowlog_call call = {.argv = argv, .argc = 3};
	(void)state;

	memset(text, 'x', sizeof(text));
	slowlog_init(&log);
	slowlog_add(&log, &call, 1);
	struct slowlog_entry *e = newest(&log);
	assert_int_equal(e->argv[0].len, 128);
	assert_int_equal(e->argv[1].len, 128 + strlen("... (1 more bytes)"));
	assert_memory_equal(e->argv[1].ptr + 128, "... (1 more bytes)", 18);
	assert_memory_equal(e->argv[2].ptr + 128, "... (872 more bytes)", 20);
	slowlog_release(&log);
}

static void test_many_arguments(void **state)
{
	struct slowlog log;
	struct bytes argv[41];
	struct slowlog_call call = {.argv = argv};
	(void)state;

	for (int i = 0; i < 41; i++)
		argv[i] = BYTES("k");
	slowlog_init(&log);
	call.argc = 32;
	slowlog_add(&log, &call, 10);
	assert_int_equal(newest(&log)->argc, 32);
	assert_bytes(newest(&log)->argv[31], "k");
	call.argc = 41;
	slowlog_add(&log, &call, 10);
	assert_int_equal(newest(&log)->argc, 32);
	assert_bytes(newest(&log)->argv[30], "k");
	assert_bytes(newest(&log)->argv[31], "... (10 more arguments)");
	slowlog_release(&log);
}

static void test_bounds(void **state)
{
	struct slowlog log;
	struct bytes argv[] = {BYTES("PING")};
	struct slowlog_call call = {.argv = argv, .argc = 1};
	int64_t id = 9;
	(void)state;

	slowlog_init(&log);
	for (int i = 0; i < 10; i++)
		slowlog_add(&log, &call, 4);
	assert_int_equal(log.count, 4);
	LINK_EACH (it, after, &log.entries)
		assert_int_equal(LINK_OWNER(it, struct slowlog_entry, link)->id, id--);
	assert_int_equal(id, 5);
	slowlog_trim(&log, 10);
	assert_int_equal(log.count, 4);
	slowlog_trim(&log, 1);
	assert_int_equal(newest(&log)->id, 9);
	slowlog_trim(&log, 0);
	assert_true(link_is_empty(&log.entries));
	slowlog_add(&log, &call, 4); /* ids go on */
	assert_int_equal(newest(&log)->id, 10);
	slowlog_release(&log);
}

UNIT_MAIN(test_entry, test_long_arguments, test_many_arguments, test_bounds)
