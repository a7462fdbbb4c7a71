/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Notifications of keys: which classes are published on which channels, under which database, and
 * what is never one.
 */
#include "../../../src/push/notify.c"

#include "world.h"

static const struct command_row *const groups[] = {NULL};

struct ear {
	struct world w;
	struct notify notify;
	struct push_config config;
};

static void open_all(struct ear *e)
{
	world_open(&e->w, groups);
	e->config = (struct push_config){0};
	pubsub_init(e->w.exec);
	notify_init(&e->notify, e->w.exec, &e->config);
	world_fill(&e->w);
	pubsub_subscribe(&e->w.s[0], CHANNEL_PATTERN, BYTES("__key*"));
}

static void close_all(struct ear *e)
{
	world_empty(&e->w);
	pubsub_free(e->w.exec);
	runner_close(&e->w.runner);
}

static void want(struct ear *e, const char *letters)
{
	e->config.notify = notify_parse(bytes_text(letters));
	assert_true(e->config.notify >= 0);
	notify_configure(&e->notify);
}

/* What is heard, of each message only the channel and the payload. */
static void hears(struct ear *e, const char *wanted)
{
	char text[512] = "", copy[512];
	char *save = NULL;
	int at = 0;

	snprintf(copy, sizeof(copy), "%s", said(&e->w.s[0]));
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save), at++)
		if (at % 9 == 6 || at % 9 == 8) {
			strncat(text, word, sizeof(text) - strlen(text) - 1);
			strncat(text, " ", sizeof(text) - strlen(text) - 1);
		}
	assert_string_equal(wanted, text);
}

static void set(struct ear *e, int db)
{
	struct db *one = &e->w.runner.keyspace->dbs[db];
	struct key key = key_of(BYTES("k"));
	db_set_string(one, key, BYTES("v"), EXPIRY_NONE);
	db_publish(one, key, EVENT_STRING, "set");
}

static void test_off(void **state)
{
	struct ear e;
	(void)state;
	open_all(&e);
	set(&e, 0);
	want(&e, "A"); /* classes, but neither K nor E */
	set(&e, 0);
	want(&e, "KE"); /* and no classes */
	set(&e, 0);
	hears(&e, "");
	want(&e, "KEl");
	set(&e, 0);
	hears(&e, "");
	close_all(&e);
}

static void test_channels(void **state)
{
	struct ear e;
	(void)state;
	open_all(&e);
	want(&e, "K$");
	set(&e, 0);
	hears(&e, "__keyspace@0__:k set ");
	want(&e, "Eg$");
	set(&e, 3);
	hears(&e, "__keyevent@3__:set k ");
	want(&e, "AKE");
	set(&e, 15);
	hears(&e, "__keyspace@15__:k set __keyevent@15__:set k ");
	want(&e, "");
	set(&e, 0);
	hears(&e, "");
	close_all(&e);
}

/* A missed read is no change, and a flush says nothing of its keys. */
static void test_no_changes(void **state)
{
	struct ear e;
	struct key key = key_of(BYTES("k"));
	(void)state;
	open_all(&e);
	want(&e, "AKE");
	db_notice(e.w.db, key, EVENT_KEY_MISS, "keymiss");
	set(&e, 0);
	hears(&e, "__keyspace@0__:k set __keyevent@0__:set k ");
	db_publish(e.w.db, key, EVENT_STRING | EVENT_SILENT, "set");
	keyspace_bury(e.w.runner.keyspace, -1, false);
	hears(&e, "");
	want(&e, "KEmn");
	db_notice(e.w.db, key, EVENT_KEY_MISS, "keymiss");
	hears(&e, "__keyspace@0__:k keymiss __keyevent@0__:keymiss k ");
	set(&e, 0);
	hears(&e, "__keyspace@0__:k new __keyevent@0__:new k ");
	set(&e, 0);
	hears(&e, "");
	close_all(&e);
}

static void test_expired(void **state)
{
	struct ear e;
	struct key key = key_of(BYTES("k"));
	(void)state;
	open_all(&e);
	want(&e, "Ex");
	db_set_string(e.w.db, key, BYTES("v"), RUNNER_NOW_MS + 10);
	assert_non_null(db_find(e.w.db, key));
	hears(&e, "");
	exec_set_time(e.w.exec, (RUNNER_NOW_MS + 11) * 1000);
	assert_null(db_find(e.w.db, key));
	hears(&e, "__keyevent@0__:expired k ");
	close_all(&e);
}

UNIT_MAIN(test_off, test_channels, test_no_changes, test_expired)
