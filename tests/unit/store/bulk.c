/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/bulk: the same keyspace as by setting key after key, and nothing of what was dropped.
 */
#include "../../../src/store/bulk.c"

#include "fixture.h"
#include "store/digest.h"
#include "types/string.h"

static struct keyspace *make(void)
{
	type_register(TYPE_STRING, &string_ops);
	type_register(TYPE_LIST, &pile_ops);
	struct keyspace *k = keyspace_new(1);
	keyspace_set_time(k, NOW_MS);
	return k;
}

/* The i-th text: numbers, short and long ones. */
static struct bytes text_of(unsigned i, char *room)
{
	static char zeros[ENTRY_INLINE_MAX_BYTES + 2];
	if (i % 17 == 0)
		return bytes_of(zeros, ENTRY_INLINE_MAX_BYTES - 1 + i % 3);
	return bytes_of(room, (size_t)sprintf(room, i % 3 == 0 ? "%u" : "v%u", i * 100));
}

static void test_same(void **state)
{
	char name[16], room[32];
	unsigned char of_a[20], of_b[20];
	(void)state;
	struct keyspace *a = make();
	struct keyspace *b = make();
	struct bulk bulk = {.db = &b->dbs[0]};
	bulk_reserve(&b->dbs[0], 5000, 700);
	for (unsigned i = 0; i < 5000; i++) {
		struct bytes key = bytes_of(name, (size_t)sprintf(name, "key%u", i));
		int64_t expiry = i % 7 == 0 ? NOW_MS + i : EXPIRY_NONE;
		db_set_string(&a->dbs[0], key_of(key), text_of(i, room), expiry);
		if (i % 2 == 0) {
			bulk_add_string(&bulk, key, text_of(i, room), expiry);
		} else {
			struct value v = {.type = TYPE_STRING, .encoding = ENC_BLOB};
			v.ptr = blob_of(text_of(i, room));
			bulk_add(&bulk, key, &v, expiry);
		}
		if (bulk_is_full(&bulk))
			assert_true(bulk_flush(&bulk));
	}
	assert_true(bulk_flush(&bulk));
	keyspace_digest(a, of_a);
	keyspace_digest(b, of_b);
	assert_memory_equal(of_a, of_b, 20);
	assert_int_equal(db_size(&b->dbs[0]), 5000);
	assert_int_equal(dict_count(&a->dbs[0].expiring), dict_count(&b->dbs[0].expiring));
	dict_check(&b->dbs[0].entries);
	dict_check(&b->dbs[0].expiring);
	for (unsigned i = 0; i < 5000; i++) {
		struct key key = key_of(bytes_of(name, (size_t)sprintf(name, "key%u", i)));
		assert_int_equal(
			db_peek(&a->dbs[0], key)->encoding, db_peek(&b->dbs[0], key)->encoding);
	}
	keyspace_free(a);
	keyspace_free(b);
}

static void add_one(struct bulk *bulk, const char *key, const char *text)
{
	bulk_add_string(bulk, bytes_text(key), bytes_text(text), EXPIRY_NONE);
}

static void test_duplicates(void **state)
{
	(void)state;
	struct keyspace *k = make();
	struct bulk bulk = {.db = &k->dbs[0]};
	size_t before = mem_used_bytes();
	add_one(&bulk, "a", "1");
	add_one(&bulk, "b", "2");
	add_one(&bulk, "a", "3");
	add_one(&bulk, "c", "4");
	assert_false(bulk_flush(&bulk));
	assert_int_equal(db_size(&k->dbs[0]), 2);
	assert_int_equal(bulk.count, 0);
	bulk.overwrites = true;
	struct value pile = pile_new(3);
	bulk_add(&bulk, BYTES("a"), &pile, NOW_MS + 5);
	add_one(&bulk, "b", "5");
	add_one(&bulk, "a", "6");
	assert_true(bulk_flush(&bulk));
	assert_int_equal(piles_alive, 0);
	assert_int_equal(db_size(&k->dbs[0]), 2);
	assert_int_equal(dict_count(&k->dbs[0].expiring), 0);
	pile = pile_new(2);
	bulk_add(&bulk, BYTES("x"), &pile, EXPIRY_NONE);
	bulk_drop(&bulk);
	assert_int_equal(piles_alive, 0);
	keyspace_flush(k, -1, false);
	assert_true(mem_used_bytes() <= before + 4096);
	keyspace_free(k);
}

UNIT_MAIN(test_same, test_duplicates)
