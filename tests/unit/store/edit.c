/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/edit: what is stored, deleted and told after each way an edit can end.
 */
#include "../../../src/store/edit.c"

#include "fixture.h"

/* As a command would: the pile gets another pointer and another length. */
static void pile_set_length(struct value *v, size_t count)
{
	pile_free(v);
	*v = pile_new(count);
}

static size_t length_of(struct fixture *f, const char *key)
{
	struct value v = entry_value(db_find(f->db, key_text(key)));
	return pile_length(&v);
}

static void test_open(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	fixture_open(&f);
	set_text(f.db, "s", "text", EXPIRY_NONE);
	assert_int_equal(edit_open(f.db, key_text("s"), TYPE_LIST, NULL, &edit), EDIT_WRONG_TYPE);
	assert_int_equal(edit_open(f.db, key_text("no"), TYPE_LIST, NULL, &edit), EDIT_MISSING);
	set_text(f.db, "old", "text", NOW_MS);
	assert_int_equal(edit_open(f.db, key_text("old"), TYPE_STRING, NULL, &edit), EDIT_MISSING);
	assert_told(&f, "0:old:expired!expired");
	fixture_close(&f);
}

static void test_create(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	fixture_open(&f);
	f.k->notices = EVENT_NEW;
	struct value fresh = pile_new(2);
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, &fresh, &edit), EDIT_OK);
	assert_false(edit_close(&edit, EVENT_LIST, "lpush", 2));
	assert_told(&f, "0:a:new? 0:a:lpush");
	assert_int_equal(length_of(&f, "a"), 2);

	/* New and still empty: nothing happened, nothing stays. */
	fresh = pile_new(0);
	assert_int_equal(edit_open(f.db, key_text("b"), TYPE_LIST, &fresh, &edit), EDIT_OK);
	assert_true(edit_close(&edit, EVENT_LIST, "lpush", 0));
	assert_told(&f, "");
	assert_int_equal(db_size(f.db), 1);
	assert_int_equal(piles_alive, 1);
	fixture_close(&f);
}

static void test_change(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	fixture_open(&f);
	struct value v = pile_new(3);
	db_set_value(f.db, key_text("a"), &v, NOW_MS + 5);
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit), EDIT_OK);
	pile_set_length(&edit.value, 9);
	assert_false(edit_close(&edit, EVENT_LIST, "rpush", 6));
	assert_told(&f, "0:a:rpush");
	assert_int_equal(length_of(&f, "a"), 9);
	assert_int_equal(entry_expiry_ms(edit.entry), NOW_MS + 5);

	/* Nothing changed but the pointer moved: written back, not told. */
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit), EDIT_OK);
	pile_set_length(&edit.value, 9);
	assert_false(edit_close(&edit, EVENT_LIST, "rpush", 0));
	assert_told(&f, "");
	assert_int_equal(length_of(&f, "a"), 9);

	/* Emptied: the event, then "del". */
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit), EDIT_OK);
	pile_set_length(&edit.value, 0);
	assert_true(edit_close(&edit, EVENT_LIST, "lpop", 9));
	assert_told(&f, "0:a:lpop 0:a:del");
	assert_int_equal(db_size(f.db), 0);
	assert_int_equal(dict_count(&f.db->expiring), 0);
	assert_int_equal(piles_alive, 0);
	fixture_close(&f);
}

static void test_store(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	fixture_open(&f);
	struct value fresh = pile_new(1);
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, &fresh, &edit), EDIT_OK);
	assert_false(edit_store(&edit));
	assert_int_equal(length_of(&f, "a"), 1);
	assert_int_equal(edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit), EDIT_OK);
	pile_set_length(&edit.value, 0);
	assert_true(edit_store(&edit));
	assert_told(&f, "");
	assert_int_equal(f.k->dirty, 0);
	assert_int_equal(db_size(f.db), 0);
	fixture_close(&f);
}

static void test_touch(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	fixture_open(&f);
	struct value v = pile_new(1);
	db_set_value(f.db, key_text("a"), &v, EXPIRY_NONE);
	uint32_t at = f.k->lru_clock;
	keyspace_set_time(f.k, NOW_MS + 60000);
	f.k->no_touch = true;
	edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit);
	assert_int_equal(edit.entry->access, at);
	f.k->no_touch = false;
	edit_open(f.db, key_text("a"), TYPE_LIST, NULL, &edit);
	assert_int_equal(edit.entry->access, at + 60);
	fixture_close(&f);
}

UNIT_MAIN(test_open, test_create, test_change, test_store, test_touch)
