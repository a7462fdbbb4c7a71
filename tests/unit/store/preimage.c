/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/preimage: who is heard before it changes, once; generations never run out.
 */
#include "../../../src/store/preimage.c"

#include "fixture.h"

struct ear {
	struct keyspace *k;
	unsigned saved, taken;
};

static void hear_save(struct db *db, struct entry *e, void *context)
{
	struct ear *ear = context;
	assert_int_equal(db->saved_id, db->id);
	assert_false(entry_is_saved(ear->k, e));
	entry_mark_saved(ear->k, e);
	ear->saved++;
}

static void hear_take(struct db *db, void *context)
{
	struct ear *ear = context;
	(void)db;
	ear->taken++;
}

static void put(struct keyspace *k, const char *name, const char *text)
{
	db_set_string(&k->dbs[0], key_of(bytes_text(name)), bytes_text(text), EXPIRY_KEEP);
}

static void test_heard_once(void **state)
{
	(void)state;
	struct keyspace *k = keyspace_new(2);
	struct ear ear = {.k = k};
	const struct preimage_sink sink = {hear_save, hear_take, &ear};
	keyspace_set_time(k, NOW_MS);
	put(k, "a", "1");
	put(k, "b", "text");
	put(k, "c", "text");
	preimage_begin(k, &sink);
	put(k, "new", "text"); /* nobody needs it */
	put(k, "new", "other");
	assert_int_equal(ear.saved, 0);
	put(k, "a", "2");
	put(k, "a", "3");
	assert_int_equal(ear.saved, 1);
	struct key b = key_of(BYTES("b"));
	struct entry *e = db_set_expiry(&k->dbs[0], b, db_find(&k->dbs[0], b), NOW_MS + 1000);
	assert_int_equal(ear.saved, 2);
	assert_true(entry_is_saved(k, e)); /* also after it moved */
	db_delete_entry(&k->dbs[0], b, e, false);
	assert_int_equal(ear.saved, 2);
	keyspace_flush(k, 0, false);
	assert_int_equal(ear.taken, 1);
	preimage_end(k, true);
	put(k, "a", "4");
	keyspace_free(k);
}

static void test_generations(void **state)
{
	(void)state;
	struct keyspace *k = keyspace_new(1);
	struct ear ear = {.k = k};
	const struct preimage_sink sink = {hear_save, hear_take, &ear};
	keyspace_set_time(k, NOW_MS);
	put(k, "still", "text");
	for (int i = 0; i < 100; i++) {
		preimage_begin(k, &sink);
		struct entry *e = db_peek(&k->dbs[0], key_of(BYTES("still")));
		assert_false(entry_is_saved(k, e));
		if (i % 31 == 30)
			entry_mark_saved(k, e);
		preimage_end(k, i % 31 == 30);
	}
	keyspace_free(k);
}

UNIT_MAIN(test_heard_once, test_generations)
