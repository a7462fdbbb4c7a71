/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Channels, patterns and shard channels: who is told what, in which words and how often, what is
 * left when a session goes; a session that publishes to itself; all of it at random against a
 * table of bits.
 */
#include "../../../src/push/pubsub.c"

#include "world.h"

/* BOTH channel: publishes, unsubscribes from it in the same call, then replies. */
static enum outcome both(struct call *call)
{
	int64_t count =
		pubsub_publish(call->exec, CHANNEL_PLAIN, call->argv[1], BYTES("from within"));
	pubsub_unsubscribe(call->session, CHANNEL_PLAIN, call->argv[1]);
	reply_i64(call->reply, count);
	return DONE;
}

static enum outcome hello(struct call *call)
{
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "BOTH",
		.run = both,
		.flags = CMD_PUBSUB,
		.group = "pubsub",
		.since = "1.0.0",
		.syntax = "channel"},
	{.name = "PING", .run = hello, .group = "connection", .since = "1.0.0", .syntax = ""},
	{.name = "ECHO", .run = hello, .group = "connection", .since = "1.0.0", .syntax = ""},
	{0},
};

static const struct command_row *const groups[] = {rows, NULL};

static void open_all(struct world *w)
{
	world_open(w, groups);
	pubsub_init(w->exec);
	world_fill(w);
}

static void close_all(struct world *w)
{
	world_empty(w);
	pubsub_free(w->exec); /* asserts that no channel is left */
	runner_close(&w->runner);
}

static int64_t publish(struct world *w, enum channel_kind kind, const char *to, const char *text)
{
	return pubsub_publish(w->exec, kind, bytes_text(to), bytes_text(text));
}

static void count_visits(struct bytes name, size_t subscribers, void *context)
{
	(void)name;
	*(size_t *)context += subscribers;
}

static void count_session_visits(struct session *s, struct bytes name, void *context)
{
	(void)s;
	(void)name;
	++*(int *)context;
}

static void test_empty(void **state)
{
	struct world w;
	size_t visits = 0;
	int session_visits = 0;
	(void)state;
	open_all(&w);
	for (int kind = 0; kind < CHANNEL_KINDS; kind++) {
		enum channel_kind k = (enum channel_kind)kind;
		assert_int_equal(0, publish(&w, k, "a", "x"));
		assert_int_equal(0, publish(&w, k, "", ""));
		assert_int_equal(0, pubsub_count(w.exec, k));
		assert_int_equal(0, pubsub_channel_subscribers(w.exec, k, BYTES("a")));
		assert_false(pubsub_unsubscribe(&w.s[0], k, BYTES("a")));
		pubsub_each(w.exec, k, count_visits, &visits);
		pubsub_session_each(&w.s[0], k, count_session_visits, &session_visits);
		assert_int_equal(0, pubsub_session_count(&w.s[0], k));
	}
	assert_int_equal(0, visits);
	assert_int_equal(0, session_visits);
	assert_int_equal(0, pubsub_memory_bytes(&w.s[0]));
	assert_int_equal(0, pubsub_session_total(w.exec));
	assert_int_equal(0, w.s[0].flags & SESSION_PUBSUB);
	close_all(&w);
}

/* One name as channel, pattern and shard channel: three things that do not know each other. */
static void test_kinds(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	w.s[1].reply.resp = 3;
	for (int i = 0; i < 2; i++)
		for (int kind = 0; kind < CHANNEL_KINDS; kind++)
			assert_true(pubsub_subscribe(&w.s[i], (enum channel_kind)kind, BYTES("c")));
	assert_true(pubsub_subscribe(&w.s[2], CHANNEL_PATTERN, BYTES("*")));
	assert_true(pubsub_subscribe(&w.s[2], CHANNEL_PATTERN, BYTES("?x")));
	assert_int_equal(3, pubsub_session_total(w.exec));
	assert_int_equal(5, publish(&w, CHANNEL_PLAIN, "c", "hi"));
	assert_string_equal(
		"*3 $7 message $1 c $2 hi *4 $8 pmessage $1 c $1 c $2 hi ", said(&w.s[0]));
	assert_string_equal(
		">3 $7 message $1 c $2 hi >4 $8 pmessage $1 c $1 c $2 hi ", said(&w.s[1]));
	assert_string_equal("*4 $8 pmessage $1 * $1 c $2 hi ", said(&w.s[2]));
	assert_int_equal(2, publish(&w, CHANNEL_SHARD, "c", ""));
	assert_string_equal("*3 $8 smessage $1 c $0  ", said(&w.s[0]));
	assert_string_equal(">3 $8 smessage $1 c $0  ", said(&w.s[1]));
	assert_string_equal("", said(&w.s[2]));
	assert_int_equal(2, publish(&w, CHANNEL_PLAIN, "xx", "hi"));
	assert_string_equal("*4 $8 pmessage $1 * $2 xx $2 hi *4 $8 pmessage $2 ?x $2 xx $2 hi ",
		said(&w.s[2]));
	assert_true(pubsub_unsubscribe(&w.s[0], CHANNEL_PLAIN, BYTES("c")));
	assert_int_equal(1, pubsub_channel_subscribers(w.exec, CHANNEL_PLAIN, BYTES("c")));
	assert_int_equal(2, pubsub_channel_subscribers(w.exec, CHANNEL_SHARD, BYTES("c")));
	assert_int_equal(2, pubsub_session_count(&w.s[0], CHANNEL_PATTERN) +
				     pubsub_session_count(&w.s[0], CHANNEL_SHARD));
	close_all(&w);
}

static void test_twice(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	assert_true(pubsub_subscribe(&w.s[0], CHANNEL_PLAIN, BYTES("a")));
	size_t bytes = pubsub_memory_bytes(&w.s[0]);
	assert_true(bytes > 0);
	assert_false(pubsub_subscribe(&w.s[0], CHANNEL_PLAIN, BYTES("a")));
	assert_int_equal(bytes, pubsub_memory_bytes(&w.s[0]));
	assert_int_equal(1, publish(&w, CHANNEL_PLAIN, "a", "x"));
	assert_true(pubsub_subscribe(&w.s[0], CHANNEL_PLAIN, BYTES("")));
	assert_true(pubsub_unsubscribe(&w.s[0], CHANNEL_PLAIN, BYTES("")));
	assert_true(pubsub_unsubscribe(&w.s[0], CHANNEL_PLAIN, BYTES("a")));
	assert_false(pubsub_unsubscribe(&w.s[0], CHANNEL_PLAIN, BYTES("a")));
	assert_int_equal(0, pubsub_count(w.exec, CHANNEL_PLAIN));
	assert_int_equal(0, w.s[0].flags & SESSION_PUBSUB);
	assert_int_equal(0, pubsub_session_total(w.exec));
	close_all(&w);
}

static void leave_channel(struct session *s, struct bytes name, void *context)
{
	++*(int *)context;
	assert_true(pubsub_unsubscribe(s, CHANNEL_PLAIN, name));
}

/* UNSUBSCRIBE without words: each is left while they are walked. */
static void test_leave_all(void **state)
{
	struct world w;
	char name[32];
	int visits = 0;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "channel:%d", i);
		assert_true(pubsub_subscribe(&w.s[0], CHANNEL_PLAIN, bytes_text(name)));
		if (i % 3 == 0)
			assert_true(pubsub_subscribe(&w.s[1], CHANNEL_PLAIN, bytes_text(name)));
	}
	pubsub_session_each(&w.s[0], CHANNEL_PLAIN, leave_channel, &visits);
	assert_int_equal(3000, visits);
	assert_int_equal(0, pubsub_session_count(&w.s[0], CHANNEL_PLAIN));
	assert_int_equal(1000, pubsub_count(w.exec, CHANNEL_PLAIN));
	assert_int_equal(1, pubsub_session_total(w.exec));
	assert_int_equal(1, publish(&w, CHANNEL_PLAIN, "channel:2997", "x"));
	assert_string_equal("", said(&w.s[0]));
	close_all(&w);
}

/* Behind the reply, though it was published before it, and though it has left the channel since. */
static void test_within_a_call(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 2; i++) {
		w.s[i].reply.resp = 3;
		pubsub_subscribe(&w.s[i], CHANNEL_PLAIN, BYTES("own"));
	}
	say(&w.s[0], "BOTH own");
	assert_string_equal(":2 >3 $7 message $3 own $11 from within ", said(&w.s[0]));
	assert_string_equal(">3 $7 message $3 own $11 from within ", said(&w.s[1]));
	say(&w.s[0], "BOTH own");
	assert_string_equal(":1 ", said(&w.s[0]));
	say(&w.s[1], "BOTH own");
	assert_int_equal(0, pubsub_count(w.exec, CHANNEL_PLAIN));
	close_all(&w);
}

/* Released: forgotten at once. Marked for closing: still counted, but nothing is written to it. */
static void test_gone(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 3; i++) {
		pubsub_subscribe(&w.s[i], CHANNEL_PLAIN, BYTES("a"));
		pubsub_subscribe(&w.s[i], CHANNEL_PATTERN, BYTES("a*"));
	}
	pubsub_subscribe(&w.s[0], CHANNEL_SHARD, BYTES("alone"));
	world_leave(&w, 0);
	session_close(&w.s[1], false);
	assert_int_equal(4, publish(&w, CHANNEL_PLAIN, "a", "x"));
	assert_string_equal("", said(&w.s[1]));
	assert_string_equal(
		"*3 $7 message $1 a $1 x *4 $8 pmessage $2 a* $1 a $1 x ", said(&w.s[2]));
	assert_int_equal(0, pubsub_count(w.exec, CHANNEL_SHARD));
	assert_int_equal(2, pubsub_session_total(w.exec));
	world_leave(&w, 2);
	world_leave(&w, 1);
	assert_int_equal(0, pubsub_count(w.exec, CHANNEL_PLAIN));
	assert_int_equal(0, pubsub_count(w.exec, CHANNEL_PATTERN));
	assert_int_equal(0, pubsub_session_total(w.exec));
	close_all(&w);
}

/* One encoding for all who listen in a protocol: lent, and alive until the last has sent it. */
static void test_long_message(void **state)
{
	struct world w;
	struct iovec first[8], second[8];
	size_t len = OUT_LEND_MIN_BYTES + 1;
	char *text = mem_alloc(len);
	(void)state;
	open_all(&w);
	memset(text, 'x', len);
	for (int i = 0; i < 3; i++)
		pubsub_subscribe(&w.s[i], CHANNEL_PLAIN, BYTES("a"));
	w.s[2].reply.resp = 3;
	assert_int_equal(
		3, pubsub_publish(w.exec, CHANNEL_PLAIN, BYTES("a"), bytes_of(text, len)));
	memset(text, 'y', len); /* it was the publisher's */
	mem_free(text);
	assert_int_equal(1, out_pieces(&w.s[0].out, first, 8));
	assert_int_equal(1, out_pieces(&w.s[1].out, second, 8));
	assert_ptr_equal(first[0].iov_base, second[0].iov_base);
	assert_true(w.s[0].out.lent_bytes > len);
	assert_int_equal(1, out_pieces(&w.s[2].out, second, 8));
	assert_ptr_not_equal(first[0].iov_base, second[0].iov_base);
	out_clear(&w.s[0].out);
	world_leave(&w, 0);
	const char *got = said(&w.s[1]);
	assert_int_equal(strlen("*3 $7 message $1 a $16385  ") + len, strlen(got));
	assert_int_equal('x', got[strlen(got) - 2]);
	close_all(&w);
}

static void test_gate(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	pubsub_subscribe(&w.s[0], CHANNEL_SHARD, BYTES("a"));
	say(&w.s[0], "ECHO");
	assert_string_equal("-ERR Can't execute 'echo': only (P|S)SUBSCRIBE / "
			    "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context ",
		said(&w.s[0]));
	say(&w.s[0], "PING");
	assert_string_equal("+OK ", said(&w.s[0]));
	w.s[0].reply.resp = 3;
	say(&w.s[0], "ECHO");
	assert_string_equal("+OK ", said(&w.s[0]));
	w.s[0].reply.resp = 2;
	pubsub_unsubscribe(&w.s[0], CHANNEL_SHARD, BYTES("a"));
	say(&w.s[0], "ECHO");
	assert_string_equal("+OK ", said(&w.s[0]));
	close_all(&w);
}

#define NAMES 8
static const char *const names[CHANNEL_KINDS][NAMES] = {
	{"a", "b", "ab", "abc", "", "b*", "cc", "c"},
	{"a*", "*", "a", "?b", "[bc]*", "b\\*", "nothing", "*c"},
	{"a", "b", "ab", "abc", "", "b*", "cc", "c"},
};
/* Which pattern fits which channel. */
static const bool fits[NAMES][NAMES] = {
	{1, 0, 1, 1, 0, 0, 0, 0},
	{1, 1, 1, 1, 1, 1, 1, 1},
	{1, 0, 0, 0, 0, 0, 0, 0},
	{0, 0, 1, 0, 0, 0, 0, 0},
	{0, 1, 0, 0, 0, 1, 1, 1},
	{0, 0, 0, 0, 0, 1, 0, 0},
	{0, 0, 0, 0, 0, 0, 0, 0},
	{0, 0, 0, 1, 0, 0, 1, 1},
};

typedef bool model_bits[WORLD_SESSIONS][CHANNEL_KINDS][NAMES];

static int times_said(struct session *s)
{
	int times = 0;
	const char *text = said(s);
	while ((text = strstr(text, "message ")) != NULL) {
		times++;
		text++;
	}
	return times;
}

static void check_publish(struct world *w, model_bits has, bool is_shard, int name)
{
	enum channel_kind kind = is_shard ? CHANNEL_SHARD : CHANNEL_PLAIN;
	int64_t wanted = 0, got = publish(w, kind, names[kind][name], "x");

	for (int i = 0; i < WORLD_SESSIONS; i++) {
		int times = has[i][kind][name];
		for (int p = 0; !is_shard && p < NAMES; p++)
			times += has[i][CHANNEL_PATTERN][p] && fits[p][name];
		assert_int_equal(times, times_said(&w->s[i]));
		wanted += times;
	}
	assert_int_equal(wanted, got);
}

static void check_counts(struct world *w, model_bits has)
{
	size_t listening = 0;

	for (int kind = 0; kind < CHANNEL_KINDS; kind++) {
		size_t used = 0, subscriptions = 0, visits = 0;
		for (int n = 0; n < NAMES; n++) {
			size_t count = 0;
			for (int i = 0; i < WORLD_SESSIONS; i++)
				count += has[i][kind][n];
			assert_int_equal(count, pubsub_channel_subscribers(w->exec,
							(enum channel_kind)kind,
							bytes_text(names[kind][n])));
			used += count > 0;
			subscriptions += count;
		}
		pubsub_each(w->exec, (enum channel_kind)kind, count_visits, &visits);
		assert_int_equal(subscriptions, visits);
		assert_int_equal(used, pubsub_count(w->exec, (enum channel_kind)kind));
	}
	for (int i = 0; i < WORLD_SESSIONS; i++) {
		bool any = false;
		for (int n = 0; n < CHANNEL_KINDS * NAMES; n++)
			any |= has[i][n / NAMES][n % NAMES];
		listening += any;
		assert_int_equal(any, (w->s[i].flags & SESSION_PUBSUB) != 0);
	}
	assert_int_equal(listening, pubsub_session_total(w->exec));
}

static void test_random(void **state)
{
	static model_bits has;
	struct world w;
	uint64_t seed = 7;
	(void)state;
	open_all(&w);
	for (int step = 0; step < 20000; step++) {
		uint64_t bits = unit_random(&seed) >> 8;
		int i = (int)(bits % WORLD_SESSIONS), kind = (int)(bits / 16 % CHANNEL_KINDS);
		int n = (int)(bits / 64 % NAMES);
		struct bytes name = bytes_text(names[kind][n]);
		int what = (int)(bits / 1024 % 16);
		if (what < 6) {
			assert_int_equal(!has[i][kind][n],
				pubsub_subscribe(&w.s[i], (enum channel_kind)kind, name));
			has[i][kind][n] = true;
		} else if (what < 11) {
			assert_int_equal(has[i][kind][n],
				pubsub_unsubscribe(&w.s[i], (enum channel_kind)kind, name));
			has[i][kind][n] = false;
		} else if (what < 15) {
			check_publish(&w, has, kind == CHANNEL_SHARD, n);
		} else {
			world_leave(&w, i);
			session_init(&w.s[i], w.exec, ORIGIN_CLIENT);
			w.is_gone[i] = false;
			w.s[i].reply.resp = bits & 1 ? 3 : 2;
			memset(has[i], 0, sizeof(has[i]));
			check_counts(&w, has);
		}
	}
	close_all(&w);
}

UNIT_MAIN(test_empty, test_kinds, test_twice, test_leave_all, test_within_a_call, test_gone,
	test_long_message, test_gate, test_random)
