/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/keyspace: every kind of value over every other, against a naive model; what is told to the
 * sinks; what a key costs.
 */
#include "../../../src/store/keyspace.c"

#include "fixture.h"

static void test_set_and_find(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	assert_null(db_find(f.db, key_text("a")));
	struct entry *e = set_text(f.db, "a", "hello", EXPIRY_NONE);
	assert_ptr_equal(db_find(f.db, key_text("a")), e);
	assert_int_equal(e->encoding, ENC_INLINE);
	assert_entry_text(e, "hello");

	/* The same size class: in place, the same entry. */
	if (mem_size_class(17) != 17) {
		assert_ptr_equal(set_text(f.db, "a", "jelly", EXPIRY_NONE), e);
		assert_int_equal(set_text(f.db, "a", "", EXPIRY_NONE)->inline_len, 0);
	}
	e = set_text(f.db, "a", "-12", EXPIRY_NONE);
	assert_int_equal(e->encoding, ENC_INT);
	assert_int_equal(entry_value(e).integer, -12);
	e = set_text(f.db, "a", "007", EXPIRY_NONE);
	assert_int_equal(e->encoding, ENC_INLINE);
	assert_entry_text(e, "007");
	e = set_text(f.db, "", "empty key", EXPIRY_NONE);
	assert_ptr_equal(db_find(f.db, key_text("")), e);
	assert_int_equal(db_size(f.db), 2);
	assert_told(&f, "");
	fixture_close(&f);
}

static void test_long_keys_and_values(void **state)
{
	struct fixture f;
	static char key[70000], value[10000];
	(void)state;
	fixture_open(&f);
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	const size_t lens[] = {0, 1, 7, 8, 254, 255, 256, 257, 65536, 70000};
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct key k = key_of(bytes_of(key, lens[i]));
		const size_t sizes[] = {0, 4095, 4096, 4097, 10000, 3, 4097, 4096};
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			struct bytes text = bytes_of(value, sizes[j]);
			struct entry *e =
				db_set_string(f.db, k, text, j % 2 ? NOW_MS + 5 : EXPIRY_NONE);
			struct value v = entry_value(e);
			char scratch[NUM_I64_MAX_CHARS];
			assert_true(bytes_equal(value_string(&v, scratch), text));
			assert_int_equal(e->encoding, sizes[j] > 4096 ? ENC_BLOB : ENC_INLINE);
			assert_ptr_equal(db_find(f.db, k), e);
			assert_int_equal(entry_expiry_ms(e), j % 2 ? NOW_MS + 5 : -1);
		}
	}
	assert_int_equal(db_size(f.db), sizeof(lens) / sizeof(lens[0]));
	fixture_close(&f);
}

static void test_expiry(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	struct entry *e = set_text(f.db, "a", "x", NOW_MS + 100);
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 100);
	e = set_text(f.db, "a", "y", EXPIRY_KEEP);
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 100);
	e = set_text(f.db, "a", "z", EXPIRY_NONE);
	assert_int_equal(entry_expiry_ms(e), -1);
	assert_int_equal(dict_count(&f.db->expiring), 0);
	e = db_set_expiry(f.db, key_text("a"), e, NOW_MS + 7);
	e = db_set_expiry(f.db, key_text("a"), e, NOW_MS + 8);
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 8);
	assert_entry_text(e, "z");
	e = db_set_expiry(f.db, key_text("a"), e, EXPIRY_NONE);
	assert_int_equal(entry_expiry_ms(e), -1);
	e = db_set_expiry(f.db, key_text("a"), e, 0);

	/* Overwriting an expired key: it goes first, and that is told. */
	f.k->notices = EVENT_NEW;
	e = set_text(f.db, "a", "again", EXPIRY_KEEP);
	assert_int_equal(entry_expiry_ms(e), -1);
	assert_told(&f, "0:a:expired!expired 0:a:new?");
	assert_int_equal(f.k->stats.expired, 1);

	/* Where deletion is not ours it is hidden, and overwritten in place. */
	f.k->allow_expiry = 0;
	db_set_expiry(f.db, key_text("a"), e, NOW_MS);
	assert_null(db_find(f.db, key_text("a")));
	assert_non_null(db_peek(f.db, key_text("a")));
	set_text(f.db, "a", "over", EXPIRY_NONE);
	assert_entry_text(db_find(f.db, key_text("a")), "over");
	assert_int_equal(db_size(f.db), 1);
	assert_told(&f, "");
	fixture_close(&f);
}

static void test_publish(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	db_publish(f.db, key_text("k"), EVENT_STRING, "set");
	db_notice(f.db, key_text("k"), EVENT_KEY_MISS, "keymiss");
	f.k->notices = EVENT_KEY_MISS;
	db_notice(f.db, key_text("k"), EVENT_KEY_MISS, "keymiss");
	f.k->cause = CHANGE_MIGRATED;
	db_publish(&f.k->dbs[1], key_text("k"), EVENT_GENERIC, "del");
	assert_told(&f, "0:k:set 0:k:keymiss? 1:k:del!migrated");
	assert_int_equal(f.k->dirty, 2);
	fixture_close(&f);
}

static void test_values(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	struct key a = key_text("a");
	struct value v = pile_new(3);
	struct entry *e = db_set_value(f.db, a, &v, NOW_MS + 1);
	assert_int_equal(e->type, TYPE_LIST);
	assert_int_equal(v.type, TYPE_STRING);
	/* Another pointer for the same key; the old one is the caller's. */
	struct value old = entry_value(e);
	v = pile_new(4);
	e = db_update_value(f.db, a, e, &v);
	value_release(&old);
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 1);
	assert_int_equal(piles_alive, 1);
	/* A short blob moves into the entry, a long one stays what it is. */
	v = (struct value){
		.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = blob_of(BYTES("short"))};
	e = db_set_value(f.db, a, &v, EXPIRY_KEEP);
	assert_int_equal(piles_alive, 0);
	assert_int_equal(e->encoding, ENC_INLINE);
	assert_entry_text(e, "short");
	assert_int_equal(entry_expiry_ms(e), NOW_MS + 1);
	struct blob *b = blob_new(5000, 6000);
	v = (struct value){.type = TYPE_STRING, .encoding = ENC_BLOB, .ptr = b};
	e = db_set_value(f.db, a, &v, EXPIRY_NONE);
	assert_ptr_equal(entry_value(e).ptr, b);
	/* Detached values stand on their own. */
	db_detach(f.db, a, e, &v);
	assert_ptr_equal(v.ptr, b);
	value_release(&v);
	e = set_text(f.db, "s", "text", EXPIRY_NONE);
	db_detach(f.db, key_text("s"), e, &v);
	assert_text_equal(((struct blob *)v.ptr)->data, ((struct blob *)v.ptr)->len, "text");
	value_release(&v);
	e = set_text(f.db, "i", "5", NOW_MS + 1);
	db_detach(f.db, key_text("i"), e, &v);
	assert_int_equal(v.integer, 5);
	assert_int_equal(db_size(f.db), 0);
	fixture_close(&f);
}

/* A value that is a view of the entry it is written into. */
static void test_own_bytes(void **state)
{
	struct fixture f;
	char long_text[300];
	(void)state;
	fixture_open(&f);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	struct entry *e = set_text(f.db, "a", "0123456789abcdefghijklmnopqrstuvwxyz", NOW_MS + 9);
	struct bytes own = entry_value(e).string;
	e = db_set_string(f.db, key_text("a"), bytes_of(own.ptr + 10, 20), EXPIRY_NONE);
	assert_entry_text(e, "abcdefghijklmnopqrst");
	own = entry_value(e).string;
	e = db_set_string(f.db, key_text("a"), bytes_of(own.ptr + 2, 18), EXPIRY_NONE);
	assert_entry_text(e, "cdefghijklmnopqrst");
	struct value v = entry_value(e);
	v.string.len = 4;
	e = db_update_value(f.db, key_text("a"), e, &v);
	assert_entry_text(e, "cdef");
	v = entry_value(e);
	v.encoding = ENC_INLINE_RAW;
	e = db_update_value(f.db, key_text("a"), e, &v);
	assert_int_equal(e->encoding, ENC_INLINE_RAW);
	v = (struct value){.type = TYPE_STRING, .encoding = ENC_INT, .integer = 77};
	e = db_update_value(f.db, key_text("a"), e, &v);
	v.integer = 78;
	assert_ptr_equal(db_update_value(f.db, key_text("a"), e, &v), e);
	assert_entry_text(e, "78");
	v = (struct value){
		.type = TYPE_STRING, .encoding = ENC_INLINE, .string = bytes_text(long_text)};
	e = db_update_value(f.db, key_text("a"), e, &v);
	assert_entry_text(e, long_text);
	fixture_close(&f);
}

/* --- against a model ------------------------------------------------------------------------ */

#define MODEL_KEYS 400

struct model {
	bool is_in;
	int kind; /* 0 text, 1 number, 2 pile */
	size_t len;
	char fill;
	int64_t number;
	int64_t expiry_ms;
};

static struct bytes model_text(const struct model *m, char *buffer, size_t size)
{
	if (m->kind == 1)
		return bytes_of(buffer, num_print_i64(buffer, m->number));
	assert_true(m->len <= size);
	memset(buffer, m->fill, m->len);
	return bytes_of(buffer, m->len);
}

static void model_check(struct fixture *f, const struct model *m, struct key key)
{
	static char buffer[9000];
	char scratch[NUM_I64_MAX_CHARS];
	struct entry *e = db_peek(f->db, key);
	assert_true((e != NULL) == m->is_in);
	if (e == NULL)
		return;
	struct value v = entry_value(e);
	assert_int_equal(entry_expiry_ms(e), m->expiry_ms);
	if (m->kind == 2)
		assert_int_equal(pile_length(&v), m->len);
	else
		assert_true(bytes_equal(value_string(&v, scratch),
			model_text(m, buffer, sizeof(buffer))));
}

static void model_set(struct fixture *f, struct model *m, struct key key, uint64_t *seed)
{
	static char buffer[9000];
	static const size_t lens[] = {0, 3, 8, 16, 30, 44, 45, 100, 255, 4000, 4096, 4097, 9000};
	int64_t expiry = unit_random(seed) % 3 == 0
		? NOW_MS + (int64_t)(unit_random(seed) % 1000) + 1
		: unit_random(seed) % 2 ? EXPIRY_KEEP
					: EXPIRY_NONE;
	m->kind = (int)(unit_random(seed) % 3);
	m->len = lens[unit_random(seed) % (sizeof(lens) / sizeof(lens[0]))];
	m->fill = (char)('a' + unit_random(seed) % 26);
	m->number = (int64_t)unit_random(seed) >> (unit_random(seed) % 64);
	if (expiry != EXPIRY_KEEP)
		m->expiry_ms = expiry;
	else if (!m->is_in)
		m->expiry_ms = -1;
	m->is_in = true;
	if (m->kind == 2) {
		m->len %= 100;
		struct value v = pile_new(m->len);
		db_set_value(f->db, key, &v, expiry);
	} else {
		db_set_string(f->db, key, model_text(m, buffer, sizeof(buffer)), expiry);
	}
}

static void test_model(void **state)
{
	struct fixture f;
	static struct model models[MODEL_KEYS];
	static char names[MODEL_KEYS][400];
	uint64_t seed = 5;
	(void)state;
	fixture_open(&f);
	memset(models, 0, sizeof(models));
	for (int i = 0; i < MODEL_KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "%*d", i % 20 == 0 ? 300 : 3 + i % 30, i);
	for (int step = 0; step < 60000; step++) {
		int i = (int)(unit_random(&seed) % MODEL_KEYS);
		struct key key = key_text(names[i]);
		struct entry *e = db_find(f.db, key);
		struct model *m = &models[i];
		switch (unit_random(&seed) % 8) {
		case 0:
			if (e != NULL)
				db_delete_entry(f.db, key, e, unit_random(&seed) % 2 == 0);
			m->is_in = false;
			break;
		case 1:
		case 2:
			if (e == NULL)
				break;
			m->expiry_ms = unit_random(&seed) % 2 ? NOW_MS + 50000 + step : -1;
			db_set_expiry(f.db, key, e, m->expiry_ms);
			break;
		case 3: {
			struct value v;
			if (e == NULL)
				break;
			db_detach(f.db, key, e, &v);
			db_set_value(f.db, key, &v, m->expiry_ms);
			break;
		}
		default:
			model_set(&f, m, key, &seed);
		}
		model_check(&f, m, key);
		if (step % 64 == 0)
			keyspace_free_slice(f.k, 20);
		if (step % 6000 == 0) {
			fixture_check_db(f.db);
			for (int j = 0; j < MODEL_KEYS; j++)
				model_check(&f, &models[j], key_text(names[j]));
		}
	}
	fixture_close(&f);
}

static void test_flush_and_swap(void **state)
{
	struct fixture f;
	char name[32];
	(void)state;
	fixture_open(&f);
	for (int lazy = 0; lazy < 2; lazy++) {
		for (int i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "key %d", i);
			struct value v = pile_new(i % 500 == 0 ? 1000 : 1);
			db_set_value(&f.k->dbs[i % 2], key_text(name), &v,
				i % 3 ? NOW_MS + 1 : EXPIRY_NONE);
		}
		keyspace_swap(f.k, 0, 1);
		assert_non_null(db_find(&f.k->dbs[0], key_text("key 1")));
		assert_null(db_find(&f.k->dbs[0], key_text("key 0")));
		assert_int_equal(f.k->dbs[0].id, 0);
		assert_int_equal(keyspace_flush(f.k, 1, lazy), 1500);
		assert_told(&f, "1::flushdb!flushed");
		assert_int_equal(db_size(&f.k->dbs[1]), 0);
		assert_int_equal(dict_count(&f.k->dbs[1].expiring), 0);
		set_text(&f.k->dbs[1], "key 0", "new", EXPIRY_NONE);
		assert_int_equal(keyspace_flush(f.k, -1, lazy), 1501);
		assert_told(&f, "0::flushdb!flushed 1::flushdb!flushed");
		assert_int_equal(piles_alive, lazy ? 3000 : 0);
		assert_int_equal(f.k->grave_count, lazy ? 3001 : 0);
		size_t slices = 0;
		while (keyspace_free_slice(f.k, 1))
			slices++;
		assert_true(lazy ? slices > 100 : slices == 0);
		assert_int_equal(piles_alive, 0);
		assert_int_equal(f.k->grave_count, 0);
	}
	fixture_close(&f);
}

static void test_random(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	assert_null(db_random(f.db));
	set_text(f.db, "dead", "x", NOW_MS);
	assert_null(db_random(f.db));
	assert_told(&f, "0:dead:expired!expired");
	set_text(f.db, "alive", "x", NOW_MS + 1);
	assert_entry_text(db_random(f.db), "x");
	f.k->allow_expiry = 0;
	keyspace_set_time(f.k, NOW_MS + 2);
	assert_null(db_random(f.db));
	fixture_close(&f);
}

/* README.md's figures: what a key of 16 bytes with a value of 16 bytes costs in all. */
static void test_footprint(void **state)
{
	static const size_t counts[] = {100000, 140000, 200000};
	char name[32];
	(void)state;
	if (mem_size_class(40) != 48)
		skip();
	for (int ttl = 0; ttl < 2; ttl++) {
		struct fixture f;
		fixture_open(&f);
		size_t before = mem_used_bytes();
		size_t keys = 0;
		for (size_t c = 0; c < 3; c++) {
			for (; keys < counts[c]; keys++) {
				snprintf(name, sizeof(name), "key:%012zu", keys);
				set_text(f.db, name, "value-value-valu",
					ttl ? NOW_MS + 1 : EXPIRY_NONE);
			}
			while (keyspace_resize_slice(f.k, 100))
				continue;
			double each = (double)(mem_used_bytes() - before) / (double)keys;
			assert_true(each <= (ttl ? 67.0 : 57.5));
			assert_true(each >= 48.0 + 8.0 * (1 + ttl));
		}
		fixture_close(&f);
	}
}

UNIT_MAIN(test_set_and_find, test_long_keys_and_values, test_expiry, test_publish, test_values,
	test_own_bytes, test_model, test_flush_and_swap, test_random, test_footprint)
