/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocked calls, with two commands of our own: TAKE key blocks until the key exists and deletes it;
 * PUT key value sets it.
 */
#include "../../../src/exec/wait.c"

#include "../cmd/runner.h"

#include "base/num.h"

static int take_runs;

static enum outcome take(struct call *call)
{
	struct key key = call_key(call, 1);
	struct entry *e = call_find_write(call, key);
	int64_t timeout_ms = 0;
	take_runs++;

	if (e == NULL) {
		if (call->argc > 2)
			assert_true(num_parse_i64(call->argv[call->argc - 1], &timeout_ms));
		return wait_on_keys(call, &(struct wait_spec){.timeout_ms = timeout_ms,
						  .on_timeout = reply_null_array,
						  .keys = call->argv + 1,
						  .key_count = call->argc > 3 ? 2 : 1});
	}
	char scratch[NUM_I64_MAX_CHARS];
	struct value v = entry_value(e);
	reply_bulk(call->reply, value_string(&v, scratch));
	db_delete_entry(call->db, key, e, false);
	db_publish(call->db, key, EVENT_GENERIC, "del");
	return DONE;
}

static enum outcome put(struct call *call)
{
	struct key key = call_key(call, 1);
	db_set_string(call->db, key, call->argv[2], EXPIRY_NONE);
	db_publish(call->db, key, EVENT_STRING, "set");
	reply_ok(call->reply);
	return DONE;
}

static enum outcome settle(struct call *call)
{
	if (!call->is_blocked_retry)
		return wait_on_graves(call);
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "SETTLE",
		.run = settle,
		.flags = CMD_WRITE,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "word"},
	{.name = "TAKE",
		.run = take,
		.flags = CMD_WRITE | CMD_BLOCKING,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:RW+access+delete [more] [timeout:integer]"},
	{.name = "PUT",
		.run = put,
		.flags = CMD_WRITE,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:OW+update value"},
	{0},
};

static const struct command_row *const groups[] = {rows, NULL};

struct bench {
	struct runner main;
	struct session others[3];
};

static void bench_open(struct bench *b)
{
	runner_open(&b->main, groups);
	for (int i = 0; i < 3; i++)
		session_init(&b->others[i], b->main.exec, ORIGIN_CLIENT);
}

static void bench_close(struct bench *b)
{
	for (int i = 0; i < 3; i++)
		session_release(&b->others[i]);
	runner_close(&b->main);
}

static void say(struct session *s, const char *a, const char *b, const char *c)
{
	struct bytes argv[3] = {
		bytes_text(a), bytes_text(b), c == NULL ? BYTES("") : bytes_text(c)};
	call_run(s, argv, c == NULL ? 2 : 3);
}

static void heard(struct session *s, const char *wanted)
{
	struct iovec pieces[8];
	struct buf text = {0};
	int count = out_pieces(&s->out, pieces, 8);

	for (int i = 0; i < count; i++)
		buf_add(&text, pieces[i].iov_base, pieces[i].iov_len);
	assert_string_equal(wanted, buf_text(&text));
	buf_release(&text);
	out_clear(&s->out);
}

static void test_first_come_first_served(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	for (int i = 0; i < 3; i++)
		say(&b.others[i], "TAKE", "k", NULL);
	assert_int_equal(3, wait_blocked_count(b.main.exec));
	assert_int_equal(1, wait_key_count(b.main.exec));
	say(&b.main.session, "PUT", "k", "one");
	heard(&b.others[0], "$3\r\none\r\n");
	heard(&b.others[1], "");
	assert_int_equal(2, wait_blocked_count(b.main.exec));
	say(&b.main.session, "PUT", "other", "x");
	heard(&b.others[1], "");
	say(&b.main.session, "PUT", "k", "two");
	heard(&b.others[1], "$3\r\ntwo\r\n");
	wait_release_session(&b.others[2]);
	assert_int_equal(0, wait_key_count(b.main.exec));
	bench_close(&b);
}

static void test_timeouts(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	say(&b.others[0], "TAKE", "k", "500");
	say(&b.others[1], "TAKE", "k", "100");
	say(&b.others[2], "TAKE", "k", "300");
	assert_int_equal(100000, wait_next_timeout_us(b.main.exec));
	exec_set_time(b.main.exec, (RUNNER_NOW_MS + 300) * 1000);
	wait_expire(b.main.exec);
	heard(&b.others[0], "");
	heard(&b.others[1], "*-1\r\n");
	heard(&b.others[2], "*-1\r\n");
	assert_int_equal(200000, wait_next_timeout_us(b.main.exec));
	assert_int_equal(1, wait_timeout_count(b.main.exec));
	bench_close(&b);
}

/* Real time runs on while a turn's clock stands. */
static void late_clock(struct exec *exec)
{
	exec_set_time(exec, RUNNER_NOW_MS * 1000 + 2900);
}

static void test_a_timeout_never_ends_early(void **state)
{
	struct bench b;
	int64_t begin = RUNNER_NOW_MS * 1000 + 2900;
	(void)state;
	bench_open(&b);
	b.main.exec->refresh_time = late_clock;
	say(&b.others[0], "TAKE", "k", "50");
	assert_int_equal(50000, wait_next_timeout_us(b.main.exec));
	exec_set_time(b.main.exec, begin + 49999);
	wait_expire(b.main.exec);
	heard(&b.others[0], "");
	assert_int_equal(1, wait_next_timeout_us(b.main.exec));
	exec_set_time(b.main.exec, begin + 50000);
	wait_expire(b.main.exec);
	heard(&b.others[0], "*-1\r\n");
	assert_int_equal(-1, wait_next_timeout_us(b.main.exec));
	/* As far away as a timeout may be: no overflow, and no sleep that a clock can't say. */
	say(&b.others[1], "TAKE", "k", "9223370000000000000");
	assert_int_equal(WAIT_SLEEP_MAX_US, wait_next_timeout_us(b.main.exec));
	wait_expire(b.main.exec);
	heard(&b.others[1], "");
	bench_close(&b);
}

#define CROWD 10000

/* What a change costs does not depend on who waits for other keys: nobody of them is looked at. */
static void test_a_push_visits_only_its_waiters(void **state)
{
	struct runner t;
	struct session *crowd = mem_calloc(CROWD, sizeof(*crowd));
	(void)state;
	runner_open(&t, groups);
	for (int i = 0; i < CROWD; i++) {
		char name[16];
		session_init(&crowd[i], t.exec, ORIGIN_CLIENT);
		snprintf(name, sizeof(name), "other:%d", i % (CROWD / 2));
		say(&crowd[i], "TAKE", i == 7 ? "mine" : name, NULL);
	}
	assert_int_equal(CROWD, wait_blocked_count(t.exec));
	take_runs = 0;
	say(&t.session, "PUT", "nobody", "v");
	assert_int_equal(0, take_runs);
	say(&t.session, "PUT", "mine", "v");
	assert_int_equal(1, take_runs);
	assert_int_equal(CROWD - 1, wait_blocked_count(t.exec));
	/* Two wait for this one: the second is asked too, and again when the first deletes it. */
	say(&t.session, "PUT", "other:1", "v");
	assert_int_equal(4, take_runs);
	assert_int_equal(CROWD - 2, wait_blocked_count(t.exec));
	for (int i = 0; i < CROWD; i++)
		session_release(&crowd[i]);
	mem_free(crowd);
	runner_close(&t);
}

static void test_many_deadlines_come_in_order(void **state)
{
	struct runner t;
	struct session sessions[200];
	int64_t last = -1;
	(void)state;
	runner_open(&t, groups);
	for (int i = 0; i < 200; i++) {
		char timeout[16];
		session_init(&sessions[i], t.exec, ORIGIN_CLIENT);
		snprintf(timeout, sizeof(timeout), "%d", 1 + (i * 7919) % 1000);
		say(&sessions[i], "TAKE", i % 2 ? "odd" : "even", timeout);
	}
	for (int i = 0; i < 200; i += 5)
		wait_release_session(&sessions[i]);
	for (int64_t next; (next = wait_next_timeout_us(t.exec)) >= 0;) {
		int64_t at = t.exec->now_us + next;
		assert_true(at > last);
		last = at;
		exec_set_time(t.exec, at);
		wait_expire(t.exec);
	}
	assert_int_equal(0, wait_blocked_count(t.exec));
	for (int i = 0; i < 200; i++)
		session_release(&sessions[i]);
	runner_close(&t);
}

static void test_unblock(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	say(&b.others[0], "TAKE", "k", NULL);
	say(&b.others[1], "TAKE", "k", NULL);
	assert_true(wait_unblock(&b.others[0], true));
	heard(&b.others[0], "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
	assert_true(wait_unblock(&b.others[1], false));
	heard(&b.others[1], "*-1\r\n");
	assert_false(wait_unblock(&b.others[1], false));
	assert_int_equal(0, wait_blocked_count(b.main.exec));
	bench_close(&b);
}

static void test_never_blocks_where_it_must_not(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	b.others[0].flags |= SESSION_DENY_BLOCKING;
	say(&b.others[0], "TAKE", "k", NULL);
	heard(&b.others[0], "*-1\r\n");
	assert_int_equal(0, wait_blocked_count(b.main.exec));
	b.others[0].flags &= ~(uint32_t)SESSION_DENY_BLOCKING;
	bench_close(&b);
}

static void test_the_same_key_twice_is_one_wait(void **state)
{
	struct bench b;
	struct bytes argv[4] = {BYTES("TAKE"), BYTES("k"), BYTES("k"), BYTES("0")};
	(void)state;
	bench_open(&b);
	call_run(&b.others[0], argv, 4);
	say(&b.main.session, "PUT", "k", "v");
	heard(&b.others[0], "$1\r\nv\r\n");
	assert_int_equal(0, wait_key_count(b.main.exec));
	bench_close(&b);
}

static void test_what_waits_for_the_graveyard(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	for (int i = 0; i < 3; i++)
		say(&b.others[i], "SETTLE", "x", NULL);
	assert_int_equal(3, b.main.exec->grave_waits);
	assert_int_equal(3, wait_blocked_count(b.main.exec));
	wait_release_session(&b.others[1]);
	assert_int_equal(2, b.main.exec->grave_waits);
	/* Who is about to be closed is not served, and is no obstacle. */
	b.others[0].flags |= SESSION_CLOSE_ASAP;
	wait_serve_graves(b.main.exec);
	heard(&b.others[0], "");
	heard(&b.others[2], "+OK\r\n");
	assert_int_equal(1, b.main.exec->grave_waits);
	b.others[0].flags &= ~(uint32_t)SESSION_CLOSE_ASAP;
	assert_false(wait_unblock(&b.others[0], false));
	wait_serve_graves(b.main.exec);
	heard(&b.others[0], "+OK\r\n");
	assert_false(wait_has_grave_waits(b.main.exec));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_come_first_served),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_a_timeout_never_ends_early),
		cmocka_unit_test(test_many_deadlines_come_in_order),
		cmocka_unit_test(test_a_push_visits_only_its_waiters),
		cmocka_unit_test(test_unblock),
		cmocka_unit_test(test_never_blocks_where_it_must_not),
		cmocka_unit_test(test_the_same_key_twice_is_one_wait),
		cmocka_unit_test(test_what_waits_for_the_graveyard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
