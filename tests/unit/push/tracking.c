/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Invalidations: of keys that were read, of prefixes, once and to whom it concerns; the table's
 * limit; sessions that go, in the middle of a turn too; and at random against a naive model.
 */
#include "../../../src/push/tracking.c"

#include "world.h"

static enum outcome look(struct call *call)
{
	for (int i = 1; i < call->argc; i++)
		call_find_read(call, call_key(call, i));
	reply_ok(call->reply);
	return DONE;
}

static enum outcome poke(struct call *call)
{
	for (int i = 1; i < call->argc; i++) {
		struct key key = call_key(call, i);
		db_set_string(call->db, key, BYTES("v"), EXPIRY_NONE);
		db_publish(call->db, key, EVENT_STRING, "set");
	}
	reply_ok(call->reply);
	return DONE;
}

static enum outcome flush(struct call *call)
{
	keyspace_bury(call->exec->keyspace, -1, false);
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "LOOK",
		.run = look,
		.flags = CMD_READONLY,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:RO+access..."},
	{.name = "POKE",
		.run = poke,
		.flags = CMD_WRITE,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:OW+update..."},
	{.name = "FLUSH",
		.run = flush,
		.flags = CMD_WRITE,
		.group = "server",
		.since = "1.0.0",
		.syntax = ""},
	{0},
};

static const struct command_row *const groups[] = {rows, NULL};

static struct push_config config;

static void open_all(struct world *w)
{
	config = (struct push_config){.tracking_table_max_keys = 1000};
	world_open(w, groups);
	pubsub_init(w->exec);
	tracking_init(w->exec, &config);
	world_fill(w);
	for (int i = 0; i < WORLD_SESSIONS; i++)
		w->s[i].reply.resp = 3;
}

static void close_all(struct world *w)
{
	world_empty(w);
	pubsub_free(w->exec);
	tracking_free(w->exec);
	runner_close(&w->runner);
}

static void track(struct session *s, struct tracking_options options)
{
	tracking_enable(s, &options);
}

/* Sessions, keys, items, prefixes. */
static const char *figures(struct world *w)
{
	static char text[64];
	size_t sessions, keys, items, prefixes;

	tracking_figures(w->exec, &sessions, &keys, &items, &prefixes);
	snprintf(text, sizeof(text), "%zu %zu %zu %zu", sessions, keys, items, prefixes);
	return text;
}

static void does(struct world *w, int i, const char *line)
{
	say(&w->s[i], line);
}

static void hears(struct world *w, int i, const char *wanted)
{
	assert_string_equal(wanted, said(&w->s[i]));
}

#define INVALID(name) ">2 $10 invalidate *1 $" name " "
#define ALL_INVALID ">2 $10 invalidate _ "

static void test_empty(void **state)
{
	struct world w;
	struct tracking_options options;
	(void)state;
	open_all(&w);
	does(&w, 0, "LOOK a");
	does(&w, 1, "POKE a");
	does(&w, 1, "FLUSH");
	tracking_on_turn_end(w.exec);
	hears(&w, 0, "+OK ");
	hears(&w, 1, "+OK +OK ");
	assert_string_equal("0 0 0 0", figures(&w));
	tracking_disable(&w.s[0]);
	assert_false(tracking_options_get(&w.s[0], &options));
	assert_int_equal(CACHING_UNSET, tracking_caching_get(&w.s[0]));
	assert_int_equal(0, tracking_memory_bytes(&w.s[0]));
	assert_null(tracking_overlap(&w.s[0], BYTES("")).ptr);
	close_all(&w);
}

/* The first change tells, once; what was not read, or is read by another, does not. */
static void test_keys(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 2; i++)
		track(&w.s[i], (struct tracking_options){0});
	does(&w, 0, "LOOK a b a missing");
	does(&w, 1, "LOOK b");
	does(&w, 2, "LOOK a");
	for (int i = 0; i < 3; i++)
		hears(&w, i, "+OK ");
	assert_string_equal("2 3 4 0", figures(&w));
	does(&w, 2, "POKE a a");
	hears(&w, 0, INVALID("1 a"));
	hears(&w, 1, "");
	does(&w, 2, "POKE missing");
	hears(&w, 0, INVALID("7 missing"));
	does(&w, 2, "POKE other b");
	hears(&w, 0, INVALID("1 b"));
	hears(&w, 1, INVALID("1 b"));
	hears(&w, 2, "+OK +OK +OK ");
	assert_string_equal("2 0 0 0", figures(&w));
	does(&w, 2, "POKE a b");
	hears(&w, 0, "");
	close_all(&w);
}

/* One's own change is told behind the reply; with NOLOOP not at all, but the key is forgotten. */
static void test_own(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	track(&w.s[0], (struct tracking_options){0});
	track(&w.s[1], (struct tracking_options){.noloop = true});
	does(&w, 0, "LOOK a b");
	does(&w, 1, "LOOK a b");
	hears(&w, 0, "+OK ");
	hears(&w, 1, "+OK ");
	does(&w, 0, "POKE a b");
	hears(&w, 0, "+OK " INVALID("1 a") INVALID("1 b"));
	hears(&w, 1, INVALID("1 a") INVALID("1 b"));
	does(&w, 0, "LOOK a");
	does(&w, 1, "LOOK a");
	does(&w, 1, "POKE a");
	hears(&w, 0, "+OK " INVALID("1 a"));
	hears(&w, 1, "+OK +OK ");
	assert_string_equal("2 0 0 0", figures(&w));
	close_all(&w);
}

static void test_redirect(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	w.s[0].reply.resp = w.s[1].reply.resp = 2;
	track(&w.s[0], (struct tracking_options){.redirect = w.s[1].id});
	does(&w, 0, "LOOK a b c");
	does(&w, 2, "POKE a"); /* RESP2, and not subscribed: there is no way to say it */
	hears(&w, 1, "");
	pubsub_subscribe(&w.s[1], CHANNEL_PLAIN, BYTES("__redis__:invalidate"));
	does(&w, 0, "POKE b"); /* its own change; but the message is another's */
	hears(&w, 1, "*3 $7 message $20 __redis__:invalidate *1 $1 b ");
	does(&w, 2, "FLUSH");
	hears(&w, 1, "*3 $7 message $20 __redis__:invalidate $-1 ");
	hears(&w, 0, "+OK +OK ");
	w.s[0].reply.resp = 3;
	does(&w, 0, "LOOK a");
	uint64_t id = w.s[1].id;
	world_leave(&w, 1);
	assert_int_equal(0, w.s[0].flags & SESSION_TRACKING_BROKEN);
	does(&w, 2, "POKE a");
	char wanted[80];
	snprintf(wanted, sizeof(wanted), "+OK >2 $21 tracking-redir-broken :%d ", (int)id);
	hears(&w, 0, wanted);
	assert_int_not_equal(0, w.s[0].flags & SESSION_TRACKING_BROKEN);
	close_all(&w);
}

/* What CLIENT CACHING says is over with the next command. */
static void test_caching(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	track(&w.s[0], (struct tracking_options){.optin = true});
	does(&w, 0, "LOOK a");
	tracking_set_caching(&w.s[0], CACHING_YES);
	does(&w, 0, "LOOK b");
	does(&w, 0, "LOOK c");
	assert_string_equal("1 1 1 0", figures(&w));
	track(&w.s[0], (struct tracking_options){.optout = true});
	tracking_set_caching(&w.s[0], CACHING_NO);
	does(&w, 0, "LOOK d");
	assert_int_equal(CACHING_UNSET, tracking_caching_get(&w.s[0]));
	does(&w, 0, "LOOK e");
	assert_string_equal("1 2 2 0", figures(&w));
	does(&w, 1, "POKE a b c d e");
	hears(&w, 0, "+OK +OK +OK +OK +OK " INVALID("1 b") INVALID("1 e"));
	close_all(&w);
}

static void test_prefixes(void **state)
{
	struct world w;
	const struct bytes users[] = {BYTES("user:"), BYTES("item:")};
	(void)state;
	open_all(&w);
	track(&w.s[0], (struct tracking_options){.bcast = true});
	track(&w.s[1], (struct tracking_options){
			       .bcast = true, .prefixes = users, .prefix_count = 2});
	track(&w.s[2], (struct tracking_options){.bcast = true,
			       .noloop = true,
			       .prefixes = users,
			       .prefix_count = 1});
	assert_string_equal("3 0 0 3", figures(&w));
	does(&w, 3, "POKE user:1 user user:1 item:2");
	does(&w, 2, "POKE user:");
	hears(&w, 2, "+OK ");
	hears(&w, 1, "");
	tracking_on_turn_end(w.exec);
	hears(&w, 0, ">2 $10 invalidate *4 $6 user:1 $4 user $6 item:2 $5 user: ");
	hears(&w, 1, ">2 $10 invalidate *2 $6 user:1 $5 user: " INVALID("6 item:2"));
	hears(&w, 2, INVALID("6 user:1"));
	tracking_on_turn_end(w.exec);
	for (int i = 0; i < 3; i++)
		hears(&w, i, "");
	does(&w, 2, "POKE user:2"); /* nothing is left of it for NOLOOP */
	tracking_on_turn_end(w.exec);
	hears(&w, 2, "+OK ");
	hears(&w, 1, INVALID("6 user:2"));
	/* Another's change of the same key is told, whoever was first. */
	does(&w, 2, "POKE user:3");
	does(&w, 3, "POKE user:3");
	tracking_on_turn_end(w.exec);
	hears(&w, 2, "+OK " INVALID("6 user:3"));
	hears(&w, 1, INVALID("6 user:3"));
	close_all(&w);
}

static void count_prefix(struct bytes prefix, void *context)
{
	*(size_t *)context += prefix.len;
}

static void test_prefix_life(void **state)
{
	struct world w;
	size_t total = 0;
	char text[32];
	(void)state;
	open_all(&w);
	for (int i = 0; i < 500; i++) {
		int len = snprintf(text, sizeof(text), "prefix:%03d:", i);
		struct bytes prefix = bytes_of(text, (size_t)len);
		for (int k = 0; k < 2; k++)
			track(&w.s[k], (struct tracking_options){.bcast = true,
					       .prefixes = &prefix,
					       .prefix_count = 1});
	}
	assert_string_equal("2 0 0 500", figures(&w));
	tracking_prefixes_each(&w.s[0], count_prefix, &total);
	assert_int_equal(500 * 11, total);
	assert_true(bytes_is(tracking_overlap(&w.s[0], BYTES("prefix:123:x")), "prefix:123:"));
	assert_true(bytes_is(tracking_overlap(&w.s[0], BYTES("prefix:")), "prefix:000:"));
	assert_null(tracking_overlap(&w.s[0], BYTES("prefix:500:")).ptr);
	assert_null(tracking_overlap(&w.s[2], BYTES("prefix:")).ptr);
	does(&w, 2, "POKE prefix:499:a");
	world_leave(&w, 0); /* in the middle of a turn: the other's message is still to come */
	assert_string_equal("1 0 0 500", figures(&w));
	tracking_on_turn_end(w.exec);
	hears(&w, 1, INVALID("12 prefix:499:a"));
	does(&w, 2, "POKE prefix:499:a");
	tracking_disable(&w.s[1]);
	tracking_on_turn_end(w.exec);
	hears(&w, 1, "");
	assert_string_equal("0 0 0 0", figures(&w));
	close_all(&w);
}

/* Whoever has what is forgotten is told; a hundred keys a turn; 0 = no limit. */
static void test_limit(void **state)
{
	struct world w;
	char line[32];
	int told = 0;
	(void)state;
	open_all(&w);
	track(&w.s[0], (struct tracking_options){.noloop = true});
	config.tracking_table_max_keys = 0;
	for (int i = 0; i < 250; i++) {
		snprintf(line, sizeof(line), "LOOK key:%d", i);
		does(&w, 0, line);
	}
	said(&w.s[0]);
	tracking_on_turn_end(w.exec);
	assert_string_equal("1 250 250 0", figures(&w));
	config.tracking_table_max_keys = 250;
	tracking_on_turn_end(w.exec);
	hears(&w, 0, "");
	config.tracking_table_max_keys = 100;
	tracking_on_turn_end(w.exec);
	assert_string_equal("1 150 150 0", figures(&w));
	tracking_on_turn_end(w.exec);
	assert_string_equal("1 100 100 0", figures(&w));
	for (const char *at = said(&w.s[0]); (at = strstr(at, "invalidate")) != NULL; at++)
		told++;
	assert_int_equal(150, told);
	for (int i = 0; i < 250; i++) {
		snprintf(line, sizeof(line), "POKE key:%d", i);
		does(&w, 1, line);
	}
	for (const char *at = said(&w.s[0]); (at = strstr(at, "invalidate")) != NULL; at++)
		told++;
	assert_int_equal(250, told); /* each once, forgotten or changed */
	close_all(&w);
}

static void test_flush(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 2; i++)
		track(&w.s[i], (struct tracking_options){0});
	track(&w.s[2], (struct tracking_options){.bcast = true});
	does(&w, 0, "LOOK a b c");
	does(&w, 3, "FLUSH"); /* sixteen databases, one message */
	hears(&w, 0, "+OK " ALL_INVALID);
	hears(&w, 1, ALL_INVALID);
	hears(&w, 2, ALL_INVALID);
	assert_string_equal("3 0 0 1", figures(&w));
	does(&w, 0, "FLUSH");
	hears(&w, 0, "+OK " ALL_INVALID);
	does(&w, 3, "FLUSH");
	hears(&w, 1, ALL_INVALID ALL_INVALID);
	close_all(&w);
}

/* Ids of who is gone stay in the table: they cost a look-up, no message, and reach no newcomer. */
static void test_gone(void **state)
{
	struct world w;
	(void)state;
	open_all(&w);
	for (int i = 0; i < 3; i++) {
		track(&w.s[i], (struct tracking_options){0});
		does(&w, i, "LOOK a");
		hears(&w, i, "+OK ");
	}
	world_leave(&w, 0);
	session_init(&w.s[0], w.exec, ORIGIN_CLIENT);
	w.is_gone[0] = false;
	w.s[0].reply.resp = 3;
	track(&w.s[0], (struct tracking_options){0});
	session_close(&w.s[1], false);
	assert_string_equal("3 1 3 0", figures(&w));
	does(&w, 3, "POKE a");
	hears(&w, 0, "");
	hears(&w, 1, "");
	hears(&w, 2, INVALID("1 a"));
	does(&w, 2, "LOOK b");
	for (int i = 0; i < 3; i++)
		tracking_disable(&w.s[i]);
	assert_string_equal("0 1 1 0", figures(&w));
	tracking_on_turn_end(w.exec);
	does(&w, 3, "POKE b"); /* the sinks are armed until the table is empty */
	assert_string_equal("0 0 0 0", figures(&w));
	tracking_on_turn_end(w.exec);
	assert_false(w.exec->is_tracking);
	hears(&w, 2, "+OK ");
	close_all(&w);
}

#define KEYS 20

static void check_poke(struct world *w, bool (*has)[KEYS], int key)
{
	char line[32], wanted[64];
	int len = snprintf(line, sizeof(line), "POKE k%d", key);

	snprintf(wanted, sizeof(wanted), ">2 $10 invalidate *1 $%d k%d ", len - 5, key);
	call_run(&w->runner.session, (struct bytes[]){BYTES("POKE"), bytes_text(line + 5)}, 2);
	out_clear(&w->runner.session.out);
	for (int i = 0; i < WORLD_SESSIONS; i++) {
		hears(w, i, has[i][key] ? wanted : "");
		has[i][key] = false;
	}
}

static void test_random(void **state)
{
	static bool has[WORLD_SESSIONS][KEYS];
	struct world w;
	uint64_t seed = 3;
	char line[32];
	(void)state;
	open_all(&w);
	for (int step = 0; step < 20000; step++) {
		uint64_t bits = unit_random(&seed) >> 8;
		int i = (int)(bits % WORLD_SESSIONS), key = (int)(bits / 16 % KEYS);
		int what = (int)(bits / 1024 % 32);
		bool is_on = (w.s[i].flags & SESSION_TRACKING) != 0;
		if (what < 20) {
			snprintf(line, sizeof(line), "LOOK k%d", key);
			does(&w, i, line);
			hears(&w, i, "+OK ");
			has[i][key] |= is_on;
		} else if (what < 28) {
			check_poke(&w, has, key);
		} else if (what < 30) {
			track(&w.s[i], (struct tracking_options){0});
		} else {
			world_leave(&w, i);
			session_init(&w.s[i], w.exec, ORIGIN_CLIENT);
			w.is_gone[i] = false;
			w.s[i].reply.resp = 3;
			memset(has[i], 0, sizeof(has[i]));
		}
		tracking_on_turn_end(w.exec);
	}
	for (int key = 0; key < KEYS; key++)
		check_poke(&w, has, key);
	size_t sessions, keys, items, prefixes;
	tracking_figures(w.exec, &sessions, &keys, &items, &prefixes);
	assert_int_equal(0, keys + items + prefixes);
	close_all(&w);
}

UNIT_MAIN(test_empty, test_keys, test_own, test_redirect, test_caching, test_prefixes,
	test_prefix_life, test_limit, test_flush, test_gone, test_random)
