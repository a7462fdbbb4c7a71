/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/parts: which entries are in the books through every way of writing, and the sweep, with a
 * type whose values are nothing but expiries.
 */
#include "../../../src/store/parts.c"

#include "fixture.h"

#define TIMES_MAX 8

/* Sorted: the next to expire is the first. */
struct times {
	size_t count;
	int64_t at_ms[TIMES_MAX];
};

static struct value times_new(size_t count, int64_t first_ms, int64_t step_ms)
{
	struct times *t = mem_alloc(sizeof(*t));
	t->count = count;
	for (size_t i = 0; i < count; i++)
		t->at_ms[i] = first_ms + (int64_t)i * step_ms;
	piles_alive++;
	return (struct value){.type = TYPE_HASH, .encoding = ENC_HASHTABLE, .ptr = t};
}

static void times_free(struct value *v)
{
	mem_free(v->ptr);
	piles_alive--;
}

static size_t times_length(const struct value *v)
{
	return ((const struct times *)v->ptr)->count;
}

static size_t times_effort(const struct value *v)
{
	(void)v;
	return 1;
}

/* INT64_MAX in the array is a part that does not expire. */
static int64_t times_soonest(const struct value *v)
{
	const struct times *t = v->ptr;
	return t->count == 0 ? INT64_MAX : t->at_ms[0];
}

static size_t times_expire(struct value *v, int64_t now_ms, size_t max,
	void (*gone)(struct bytes part, void *context), void *context)
{
	struct times *t = v->ptr;
	size_t deleted = 0;
	while (deleted < max && deleted < 2 && t->count > 0 && t->at_ms[0] <= now_ms) {
		gone(BYTES("part"), context);
		memmove(t->at_ms, t->at_ms + 1, --t->count * sizeof(t->at_ms[0]));
		deleted++;
	}
	return deleted;
}

static const struct type_ops times_ops = {
	.name = "times",
	.tags = pile_tags,
	.free = times_free,
	.free_effort = times_effort,
	.length = times_length,
	.soonest_ms = times_soonest,
	.expire_parts = times_expire,
};

static size_t parts_gone;

static void note_part(struct db *db, struct bytes key, struct bytes part, void *context)
{
	(void)db;
	(void)context;
	assert_true(key.len > 0 && bytes_equal(part, BYTES("part")));
	parts_gone++;
}

static void open_times(struct fixture *f)
{
	fixture_open(f);
	type_register(TYPE_HASH, &times_ops);
	f->k->part_gone = note_part;
	parts_gone = 0;
}

static void put(struct fixture *f, const char *key, struct value v)
{
	db_set_value(f->db, key_text(key), &v, EXPIRY_NONE);
}

static size_t decaying(const struct fixture *f)
{
	return dict_count(&f->db->decaying);
}

/* The books follow setting, overwriting, moving, editing and deleting. */
static void test_books(void **state)
{
	struct fixture f;
	struct edit edit;
	(void)state;
	open_times(&f);
	put(&f, "a", times_new(2, NOW_MS + 100, 10));
	assert_int_equal(decaying(&f), 1);
	put(&f, "b", times_new(1, INT64_MAX, 0));
	assert_int_equal(decaying(&f), 1);
	/* The entry moves when it gets an expiry of its own, and back. */
	struct entry *e = db_find(f.db, key_text("a"));
	e = db_set_expiry(f.db, key_text("a"), e, NOW_MS + 1000);
	assert_non_null(dict_find_pointer(&f.db->decaying, key_text("a").hash, e).bucket);
	db_set_expiry(f.db, key_text("a"), e, EXPIRY_NONE);
	set_text(f.db, "a", "text", EXPIRY_NONE);
	assert_int_equal(decaying(&f), 0);
	/* An edit that adds the first, one that takes the last away. */
	assert_int_equal(edit_open(f.db, key_text("b"), TYPE_HASH, NULL, &edit), EDIT_OK);
	((struct times *)edit.value.ptr)->at_ms[0] = NOW_MS + 5;
	edit_close(&edit, EVENT_HASH, "hexpire", 1);
	assert_int_equal(decaying(&f), 1);
	assert_int_equal(edit_open(f.db, key_text("b"), TYPE_HASH, NULL, &edit), EDIT_OK);
	((struct times *)edit.value.ptr)->at_ms[0] = INT64_MAX;
	edit_close(&edit, EVENT_HASH, "hpersist", 1);
	assert_int_equal(decaying(&f), 0);
	put(&f, "c", times_new(1, NOW_MS + 5, 0));
	e = db_find(f.db, key_text("c"));
	db_delete_entry(f.db, key_text("c"), e, false);
	assert_int_equal(decaying(&f), 0);
	put(&f, "d", times_new(1, NOW_MS + 5, 0));
	keyspace_swap(f.k, 0, 1);
	assert_int_equal(dict_count(&f.k->dbs[1].decaying), 1);
	keyspace_flush(f.k, -1, false);
	assert_int_equal(dict_count(&f.k->dbs[1].decaying), 0);
	fixture_close(&f);
}

static void test_sweep(void **state)
{
	struct fixture f;
	(void)state;
	open_times(&f);
	put(&f, "gone", times_new(5, NOW_MS - 10, 1));
	put(&f, "half", times_new(4, NOW_MS - 1, 1));
	put(&f, "later", times_new(3, NOW_MS + 10, 1));
	f.told[0] = '\0';
	uint64_t dirty = f.k->dirty;
	assert_false(keyspace_expire_slice(f.k, 1000000));
	assert_int_equal(parts_gone, 7);
	assert_int_equal(f.k->stats.expired_parts, 7);
	assert_int_equal(f.k->dirty, dirty);
	assert_null(db_find(f.db, key_text("gone")));
	assert_int_equal(decaying(&f), 2);
	assert_non_null(strstr(f.told, "0:gone:hexpired!part 0:gone:del!part"));
	assert_non_null(strstr(f.told, "0:half:hexpired!part"));
	assert_null(strstr(f.told, "later"));
	keyspace_set_time(f.k, NOW_MS + 100);
	keyspace_expire_slice(f.k, 1000000);
	assert_int_equal(db_size(f.db), 0);
	assert_int_equal(parts_gone, 12);
	fixture_close(&f);
}

/* Not more than the budget at once, yet all in the end; nothing where deletion is not ours. */
static void test_budget(void **state)
{
	struct fixture f;
	char name[300];
	(void)state;
	open_times(&f);
	for (int i = 0; i < 400; i++) {
		/* Some names are longer than the room on the stack. */
		memset(name, 'k', sizeof(name));
		name[i % 2 ? 290 : 10] = '\0';
		name[num_print_i64(name, i)] = 'x';
		put(&f, name, times_new(6, NOW_MS - 50, 1));
	}
	assert_int_equal(decaying(&f), 400);
	f.k->allow_expiry = 0;
	assert_false(keyspace_expire_slice(f.k, 1000000));
	assert_int_equal(parts_gone, 0);
	f.k->allow_expiry = 1;
	assert_true(keyspace_expire_slice(f.k, 40));
	assert_in_range(parts_gone, 1, 40);
	int rounds = 0;
	while (db_size(f.db) > 0 && rounds++ < 10000)
		keyspace_expire_slice(f.k, 100);
	assert_int_equal(db_size(f.db), 0);
	assert_int_equal(parts_gone, 2400);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_books),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests_name("store/parts", tests, NULL, NULL);
}
