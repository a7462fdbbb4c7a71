/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/bigkeys: the walk finds the largest of many keys, and only what is there is shown.
 */
#include "../../../src/obs/bigkeys.c"

#include "store/type_ops.h"
#include "types/string.h"

#include "../unit.h"

static struct keyspace *keyspace_open(void)
{
	type_register(TYPE_STRING, &string_ops);
	struct keyspace *k = keyspace_new(3);
	keyspace_set_time(k, 1000);
	return k;
}

static void put(struct keyspace *k, int db, const char *name, size_t len)
{
	static char zeros[200000];
	db_set_string(&k->dbs[db], key_of(bytes_text(name)), bytes_of(zeros, len), EXPIRY_NONE);
}

/* Until the walk was through everything once more. */
static void walk(struct bigkeys *b, struct keyspace *k)
{
	uint64_t rounds = b->rounds;
	for (int i = 0; i < 100000 && b->rounds < rounds + 2; i++) {
		b->rest_until = 0;
		bigkeys_tick(b, k);
	}
	assert_int_equal(b->rounds, rounds + 2);
}

static void test_walk(void **state)
{
	struct keyspace *k = keyspace_open();
	struct bigkeys *b = bigkeys_new();
	uint8_t order[BIGKEYS_SLOTS];
	char name[32];
	(void)state;
	walk(b, k); /* nothing at all */
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "small:%d", i);
		put(k, i % 3, name, (size_t)(i % 50));
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "big:%d", i);
		put(k, i % 3, name, (size_t)(1000 + i * 1000));
	}
	walk(b, k);
	assert_int_equal(bigkeys_order(b, k, order), BIGKEYS_SLOTS);
	/* The allocator's classes make some of them equal. */
	for (int i = 0; i < 100; i++) {
		struct bytes shown = key_name_text(&b->names[order[i]], NULL);
		int number = -1;
		snprintf(name, sizeof(name), "%.*s", (int)shown.len, shown.ptr);
		assert_int_equal(sscanf(name, "big:%d", &number), 1);
		assert_int_equal(b->names[order[i]].db, number % 3);
		assert_true(b->bytes[order[i]] >= (uint64_t)(1000 + number * 1000));
		assert_true(i == 0 || b->bytes[order[i]] <= b->bytes[order[i - 1]]);
	}
	bigkeys_free(b);
	keyspace_free(k);
}

static void offer(struct bigkeys *b, struct keyspace *k, const char *name)
{
	b->rest_until = 0;
	bigkeys_offer(b, &k->dbs[0], db_peek(&k->dbs[0], key_of(bytes_text(name))));
}

/* What is shown is measured when it is asked for. */
static void test_true_now(void **state)
{
	struct keyspace *k = keyspace_open();
	struct bigkeys *b = bigkeys_new();
	uint8_t order[BIGKEYS_SLOTS];
	(void)state;
	put(k, 0, "a", 10000);
	put(k, 0, "b", 20000);
	put(k, 0, "c", 30000);
	offer(b, k, "a");
	offer(b, k, "b");
	offer(b, k, "b");
	offer(b, k, "c");
	assert_int_equal(b->count, 3);
	put(k, 0, "a", 100000);
	put(k, 0, "c", 1);
	struct key gone = key_of(BYTES("b"));
	db_delete_entry(&k->dbs[0], gone, db_peek(&k->dbs[0], gone), false);
	assert_int_equal(bigkeys_order(b, k, order), 2);
	assert_true(b->bytes[order[0]] > 100000 && b->bytes[order[1]] < 200);
	struct key a = key_of(BYTES("a"));
	db_set_expiry(&k->dbs[0], a, db_peek(&k->dbs[0], a), 1500);
	keyspace_set_time(k, 2000); /* expired, though still in the table */
	assert_int_equal(bigkeys_order(b, k, order), 1);
	bigkeys_forget(b);
	assert_int_equal(bigkeys_order(b, k, order), 0);
	bigkeys_free(b);
	keyspace_free(k);
}

static void test_rests(void **state)
{
	struct keyspace *k = keyspace_open();
	struct bigkeys *b = bigkeys_new();
	(void)state;
	put(k, 0, "a", 10000);
	b->rest_until = ticks_now() + (UINT64_C(1) << 50);
	bigkeys_offer(b, &k->dbs[0], db_peek(&k->dbs[0], key_of(BYTES("a"))));
	bigkeys_tick(b, k);
	assert_int_equal(b->count, 0);
	offer(b, k, "a");
	assert_int_equal(b->count, 1);
	assert_true(b->rest_until != 0);
	bigkeys_free(b);
	keyspace_free(k);
}

static void test_long_names(void **state)
{
	char name[4 * KEY_NAME_BYTES + 1];
	struct keyspace *k = keyspace_open();
	struct bigkeys *b = bigkeys_new();
	uint8_t order[BIGKEYS_SLOTS];
	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	put(k, 0, name, 100);
	offer(b, k, name);
	assert_int_equal(bigkeys_order(b, k, order), 1);
	const struct entry *e = key_name_entry(&b->names[0], k);
	assert_non_null(e);
	assert_int_equal(key_name_text(&b->names[0], e).len, sizeof(name) - 1);
	bigkeys_free(b);
	keyspace_free(k);
}

UNIT_MAIN(test_walk, test_true_now, test_rests, test_long_names)
