/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/graveyard: small things go at once, large ones a slice at a time, and all of it is counted.
 */
#include "../../../src/store/graveyard.c"

#include "fixture.h"

static void test_values(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	struct value v = pile_new(GRAVE_EFFORT);
	grave_bury_value(f.k, &v, true);
	assert_int_equal(piles_alive, 0);
	assert_int_equal(f.k->grave_count, 0);

	v = pile_new(10 * GRAVE_EFFORT);
	grave_bury_value(f.k, &v, true);
	v = pile_new(GRAVE_EFFORT + 1);
	grave_bury_value(f.k, &v, false);
	v = (struct value){.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_new(1, 1u << 20)};
	grave_bury_value(f.k, &v, true);
	assert_int_equal(f.k->grave_count, 2);
	size_t before = mem_used_bytes();
	assert_true(grave_dig(f.k));
	assert_true(before - mem_used_bytes() >= GRAVE_EFFORT * 24);
	assert_true(before - mem_used_bytes() <= GRAVE_EFFORT * 40);
	while (keyspace_free_slice(f.k, 1))
		continue;
	assert_false(grave_dig(f.k));
	assert_int_equal(piles_alive, 0);
	assert_int_equal(f.k->grave_count, 0);
	/* Only what the user asked to be freed lazily counts as such. */
	assert_int_equal(f.k->stats.lazy_freed, 1);
	fixture_close(&f);
}

static void test_dict(void **state)
{
	struct fixture f;
	char name[32];
	(void)state;
	fixture_open(&f);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "key %d", i);
		struct value v = pile_new(i == 77 ? 3000 : 2);
		db_set_value(f.db, key_text(name), &v, NOW_MS + 1);
	}
	grave_bury_dict(f.k, &f.db->expiring, false, true);
	grave_bury_dict(f.k, &f.db->entries, true, true);
	assert_int_equal(dict_count(&f.db->entries), 0);
	assert_int_equal(f.k->grave_count, 5000);
	/* The database is usable at once. */
	set_text(f.db, "key 1", "new", NOW_MS + 1);
	size_t digs = 0;
	for (size_t last = f.k->grave_count; grave_dig(f.k); last = f.k->grave_count) {
		/* No dig frees more than a few buckets; the large value comes back as one object.
		 */
		assert_true(last - f.k->grave_count < 200);
		digs++;
	}
	assert_true(digs > 50);
	assert_int_equal(piles_alive, 0);
	assert_int_equal(f.k->grave_count, 0);
	assert_int_equal(f.k->stats.lazy_freed, 5001);
	assert_int_equal(db_size(f.db), 1);
	fixture_close(&f);
}

UNIT_MAIN(test_values, test_dict)
