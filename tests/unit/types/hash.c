/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes against a naive array of pairs, in both encodings and across the thresholds; their row.
 */
#include "../../../src/types/hash.c"

#include "row.h"

#define MODEL_MAX 1500

struct model {
	struct bytes fields[MODEL_MAX];
	struct bytes values[MODEL_MAX];
	size_t count;
};

static struct bytes own(struct bytes text)
{
	return bytes_of(mem_dup(text.ptr, text.len), text.len);
}

static void disown(struct bytes text)
{
	mem_free((void *)(uintptr_t)text.ptr);
}

static size_t model_find(const struct model *m, struct bytes field)
{
	for (size_t i = 0; i < m->count; i++)
		if (bytes_equal(m->fields[i], field))
			return i;
	return MODEL_MAX;
}

static bool model_set(struct model *m, struct bytes field, struct bytes value)
{
	size_t i = model_find(m, field);
	if (i != MODEL_MAX) {
		disown(m->values[i]);
		m->values[i] = own(value);
		return false;
	}
	m->fields[m->count] = own(field);
	m->values[m->count++] = own(value);
	return true;
}

static bool model_delete(struct model *m, struct bytes field)
{
	size_t i = model_find(m, field);
	if (i == MODEL_MAX)
		return false;
	disown(m->fields[i]);
	disown(m->values[i]);
	m->count--;
	memmove(&m->fields[i], &m->fields[i + 1], (m->count - i) * sizeof(field));
	memmove(&m->values[i], &m->values[i + 1], (m->count - i) * sizeof(field));
	return true;
}

static void assert_same(const struct value *v, const struct model *m)
{
	struct hash_iter it;
	struct listpack_item field, value;
	char scratch[NUM_I64_MAX_CHARS];
	size_t seen = 0;
	hash_ops.check(v);
	assert_int_equal(hash_length(v), m->count);
	hash_iter_init(&it, v, HASH_EVERYTHING);
	for (; hash_next(&it, &field, &value); seen++) {
		size_t i = model_find(m, listpack_item_text(&field, scratch));
		assert_int_not_equal(i, MODEL_MAX);
		/* A packed hash keeps the order of arrival. */
		assert_true(v->encoding != ENC_LISTPACK || i == seen);
		assert_true(bytes_equal(listpack_item_text(&value, scratch), m->values[i]));
	}
	assert_int_equal(seen, m->count);
}

static struct bytes random_text(char *scratch, uint64_t world, bool small)
{
	uint64_t pick = rand_below(world);
	if (pick % 3 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)(pick * pick * pick)));
	size_t len = small ? pick % 30 : pick % 30 == 7 ? 200 + pick % 200 : pick % 70;
	for (size_t i = 0; i < len; i++)
		scratch[i] = (char)(pick >> (i % 3 * 4));
	return bytes_of(scratch, len);
}

static void run_model(uint64_t world, bool small, int steps)
{
	static struct model m;
	char field_text[512];
	char value_text[512];
	struct value v = hash_empty;
	struct listpack_item got;
	char scratch[NUM_I64_MAX_CHARS];
	m.count = 0;
	for (int i = 0; i < steps; i++) {
		struct bytes field = random_text(field_text, world, small);
		struct bytes value = random_text(value_text, 1000, small);
		size_t at = model_find(&m, field);
		assert_int_equal(hash_get(&v, 1, field, &got) == HASH_LIVE, at != MODEL_MAX);
		if (at != MODEL_MAX)
			assert_true(bytes_equal(listpack_item_text(&got, scratch), m.values[at]));
		if (rand_below(5) < 3)
			assert_int_equal(
				hash_set(&v, 1, field, value), model_set(&m, field, value));
		else
			assert_int_equal(hash_delete(&v, field), model_delete(&m, field));
		if (i % 61 == 0)
			assert_same(&v, &m);
	}
	assert_same(&v, &m);
	if (m.count > 0)
		row_test(&hash_ops, &v, 60);
	hash_free(&v);
	while (m.count > 0)
		model_delete(&m, m.fields[0]);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(31);
	run_model(60, true, 1000);
	run_model(500, true, 2000);
	run_model(1400, true, 3000);
	run_model(400, false, 2000);
	types_config.hash_max_listpack_entries = 0;
	run_model(30, true, 300);
	types_config.hash_max_listpack_entries = 10;
	types_config.hash_max_listpack_value = 1000;
	run_model(30, false, 1000);
	types_config.hash_max_listpack_entries = 512;
	types_config.hash_max_listpack_value = 64;
}

static void test_thresholds(void **state)
{
	(void)state;
	char scratch[NUM_I64_MAX_CHARS];
	char text[300];
	struct value v = hash_empty;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 512; i++)
		hash_set(&v, 1, bytes_of(scratch, num_print_i64(scratch, i)), BYTES("v"));
	assert_string_equal(hash_ops.encoding(&v), "listpack");
	hash_set(&v, 1, BYTES("more"), BYTES("v"));
	assert_string_equal(hash_ops.encoding(&v), "hashtable");
	hash_free(&v);
	v = hash_empty;
	hash_set(&v, 1, BYTES("f"), bytes_of(text, 64));
	assert_string_equal(hash_ops.encoding(&v), "listpack");
	hash_set(&v, 1, BYTES("f"), bytes_of(text, 65));
	assert_string_equal(hash_ops.encoding(&v), "hashtable");
	/* In place, to another size, with wide lengths. */
	for (size_t len = 0; len < sizeof(text); len += 7) {
		struct listpack_item got;
		assert_false(hash_set(&v, 1, BYTES("f"), bytes_of(text, len)));
		assert_int_equal(hash_get(&v, 1, BYTES("f"), &got), HASH_LIVE);
		assert_true(bytes_equal(got.text, bytes_of(text, len)));
		assert_true(hash_set(&v, 1, bytes_of(text, len), bytes_of(text, 300 - len)));
	}
	hash_ops.check(&v);
	hash_free(&v);
	v = hash_empty;
	struct bytes pair[2] = {BYTES("f"), bytes_of(text, 65)};
	hash_reserve(&v, pair, 2);
	assert_string_equal(hash_ops.encoding(&v), "hashtable");
	hash_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_thresholds),
	};
	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
