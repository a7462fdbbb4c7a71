/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets against a naive array of texts, in every encoding and across the thresholds; their row;
 * their algebra against the naive one.
 */
#include "../../../src/types/set.c"

#include "row.h"

#define MODEL_MAX 2000

struct model {
	struct bytes texts[MODEL_MAX];
	size_t count;
};

static size_t model_find(const struct model *m, struct bytes text)
{
	for (size_t i = 0; i < m->count; i++)
		if (bytes_equal(m->texts[i], text))
			return i;
	return MODEL_MAX;
}

static bool model_add(struct model *m, struct bytes text)
{
	if (model_find(m, text) != MODEL_MAX)
		return false;
	m->texts[m->count++] = bytes_of(mem_dup(text.ptr, text.len), text.len);
	return true;
}

static bool model_remove(struct model *m, struct bytes text)
{
	size_t i = model_find(m, text);
	if (i == MODEL_MAX)
		return false;
	mem_free((void *)(uintptr_t)m->texts[i].ptr);
	m->texts[i] = m->texts[--m->count];
	return true;
}

static void model_clear(struct model *m)
{
	while (m->count > 0)
		model_remove(m, m->texts[0]);
}

/* A member out of a small world, so that it is often met again. */
static struct bytes random_member(char *scratch, bool integers, uint64_t world)
{
	uint64_t pick = rand_below(world);
	if (integers || pick % 3 == 0)
		return bytes_of(
			scratch, num_print_i64(scratch, (int64_t)(pick * pick * pick) - 1000));
	size_t len = pick % 50 == 1 ? 60 + pick % 300 : pick % 20;
	for (size_t i = 0; i < len; i++)
		scratch[i] = (char)(pick >> (i % 3 * 4));
	return bytes_of(scratch, len);
}

static void assert_same(const struct value *v, const struct model *m)
{
	struct set_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	size_t seen = 0;
	set_ops.check(v);
	assert_int_equal(set_length(v), m->count);
	set_iter_init(&it, v);
	for (; set_next(&it, &item); seen++)
		assert_int_not_equal(model_find(m, listpack_item_text(&item, scratch)), MODEL_MAX);
	assert_int_equal(seen, m->count);
}

static void run_model(bool integers, uint64_t world, int steps)
{
	static struct model m;
	char scratch[512];
	struct value v = set_empty;
	m.count = 0;
	for (int i = 0; i < steps; i++) {
		struct bytes text = random_member(scratch, integers, world);
		assert_int_equal(set_has(&v, text), model_find(&m, text) != MODEL_MAX);
		if (rand_below(5) < 3)
			assert_int_equal(set_add(&v, text), model_add(&m, text));
		else
			assert_int_equal(set_remove(&v, text), model_remove(&m, text));
		if (i % 97 == 0)
			assert_same(&v, &m);
	}
	assert_same(&v, &m);
	if (m.count > 0)
		row_test(&set_ops, &v, 60);
	set_free(&v);
	model_clear(&m);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(21);
	run_model(true, 300, 1500);
	run_model(true, 3000, 3000);
	run_model(false, 100, 1000);
	run_model(false, 900, 3000);
	types_config.set_max_intset_entries = 8;
	types_config.set_max_listpack_entries = 20;
	types_config.set_max_listpack_value = 10;
	run_model(true, 40, 1000);
	run_model(false, 40, 1000);
	types_config.set_max_intset_entries = 0;
	types_config.set_max_listpack_entries = 0;
	run_model(true, 40, 300);
	types_config.set_max_intset_entries = 512;
	types_config.set_max_listpack_entries = 128;
	types_config.set_max_listpack_value = 64;
}

static void add_numbers(struct value *v, int from, int to)
{
	char scratch[NUM_I64_MAX_CHARS];
	for (int i = from; i < to; i++)
		set_add(v, bytes_of(scratch, num_print_i64(scratch, i)));
}

static void test_thresholds(void **state)
{
	(void)state;
	struct value v = set_empty;
	add_numbers(&v, 0, 512);
	assert_string_equal(set_ops.encoding(&v), "intset");
	add_numbers(&v, 512, 513);
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	add_numbers(&v, 0, 127);
	assert_true(set_add(&v, BYTES("x")));
	assert_string_equal(set_ops.encoding(&v), "listpack");
	assert_true(set_add(&v, BYTES("y")));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	add_numbers(&v, 0, 128);
	set_add(&v, BYTES("x"));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	char text[65];
	memset(text, 'x', sizeof(text));
	set_add(&v, bytes_of(text, 64));
	assert_string_equal(set_ops.encoding(&v), "listpack");
	set_add(&v, bytes_of(text, 65));
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
	v = set_empty;
	set_reserve(&v, BYTES("x"), 129);
	assert_string_equal(set_ops.encoding(&v), "hashtable");
	set_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_thresholds),
	};
	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
