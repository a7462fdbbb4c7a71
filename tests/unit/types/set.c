/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets against a naive array of texts, in every encoding and across the thresholds; their row;
 * their algebra against the naive one.
 */
#include "../../../src/types/set.c"

#include "row.h"
#include "types/set_algebra.h"

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

static void count_member(const struct listpack_item *item, void *context)
{
	char scratch[NUM_I64_MAX_CHARS];
	int64_t number;
	if (num_parse_i64(listpack_item_text(item, scratch), &number) && number < 2000)
		((int *)context)[number]++;
}

/* Every member has the same chance, drawn alone, sparsely or densely, in every encoding. */
static void test_random_is_uniform(void **state)
{
	(void)state;
	static int seen[2000];
	static const int sizes[] = {100, 500, 1000};
	rand_seed(4);
	for (int kind = 0; kind < 3; kind++) {
		int size = sizes[kind];
		struct value v = set_empty;
		add_numbers(&v, 0, size);
		if (kind == 0)
			assert_false(set_add(&v, BYTES("1")));
		struct listpack_item item;
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < size * 100; i++) {
			assert_true(set_random(&v, &item));
			count_member(&item, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 45, 160);
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < 200; i++) {
			set_sample(&v, (size_t)size / 10, count_member, seen);
			set_sample(&v, (size_t)size * 4 / 10, count_member, seen);
		}
		for (int i = 0; i < size; i++)
			assert_in_range(seen[i], 55, 150);
		memset(seen, 0, sizeof(seen));
		set_sample(&v, (size_t)size + 5, count_member, seen);
		for (int i = 0; i < size; i++)
			assert_int_equal(seen[i], 1);
		set_free(&v);
	}
}

static void test_scan(void **state)
{
	(void)state;
	static int seen[2000];
	struct value v = set_empty;
	add_numbers(&v, 0, 2000);
	uint64_t cursor = 0;
	int calls = 0;
	memset(seen, 0, sizeof(seen));
	do {
		cursor = set_scan(&v, cursor, 10, count_member, seen);
		calls++;
	} while (cursor != 0);
	assert_in_range(calls, 50, 250);
	for (int i = 0; i < 2000; i++)
		assert_true(seen[i] >= 1);
	set_free(&v);
	add_numbers(&v, 0, 5);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(set_scan(&v, 0, 1, count_member, seen), 0);
	assert_int_equal(seen[4], 1);
	set_free(&v);
}

static void test_decode_refuses(void **state)
{
	(void)state;
	struct value v;
	static const struct {
		uint8_t tag;
		struct bytes body;
	} bad[] = {
		{2, BYTES("\x00")},
		{2,
			BYTES("\x02\x01"
			      "a\x01"
			      "a")},
		{2,
			BYTES("\x02\xc0\x05\x01"
			      "5")},
		{2,
			BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			      "a")},
		{11, BYTES("\x08\x02\0\0\0\0\0\0\0")},
		{11, BYTES("\x0c\x02\0\0\0\2\0\0\0\1\0\1\0")},
		{20, BYTES("\x07\x07\0\0\0\0\0\xff")},
		{20, BYTES("\x0b\x0b\0\0\0\2\0\1\1\1\1\xff")},
		/* The same text as an integer and as a string. */
		{20,
			BYTES("\x0c\x0c\0\0\0\2\0\1\1\x81"
			      "1\2\xff")},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct codec_reader r = codec_reader_of(bad[i].body);
		assert_false(set_ops.decode(bad[i].tag, &r, &v));
		assert_non_null(r.error);
	}
}

struct gather {
	struct model *m;
	size_t stop_after;
};

static bool gather_member(const struct listpack_item *item, void *context)
{
	struct gather *g = context;
	char scratch[NUM_I64_MAX_CHARS];
	/* Each member comes once. */
	assert_true(model_add(g->m, listpack_item_text(item, scratch)));
	return g->m->count < g->stop_after;
}

#define SETS_MAX 8

static void naive(int kind, const struct value *sets, size_t count, struct model *out)
{
	struct set_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	for (size_t i = 0; i < count; i++) {
		set_iter_init(&it, &sets[i]);
		while (set_next(&it, &item)) {
			struct bytes text = listpack_item_text(&item, scratch);
			size_t others = 0;
			for (size_t j = 0; j < count; j++)
				others += set_has(&sets[j], text);
			if (kind == 0 ? others == count : kind == 1 || (i == 0 && others == 1))
				model_add(out, text);
		}
	}
}

static void run_algebra(size_t count)
{
	static struct model want, got;
	struct value sets[SETS_MAX], order[SETS_MAX];
	char scratch[512];
	for (size_t i = 0; i < count; i++) {
		sets[i] = set_empty;
		uint64_t size = rand_below(3) == 0 ? rand_below(5) : rand_below(400);
		bool integers = rand_below(2);
		for (; size > 0; size--)
			set_add(&sets[i], random_member(scratch, integers, 150));
	}
	for (int kind = 0; kind < 3; kind++) {
		struct gather g = {&got, SIZE_MAX};
		want.count = got.count = 0;
		naive(kind, sets, count, &want);
		memcpy(order, sets, sizeof(sets[0]) * count);
		if (kind == 0)
			set_intersect(order, count, gather_member, &g);
		else if (kind == 1)
			set_unite(order, count, gather_member, &g);
		else
			set_subtract(order, count, gather_member, &g);
		assert_int_equal(got.count, want.count);
		for (size_t i = 0; i < want.count; i++)
			assert_int_not_equal(model_find(&got, want.texts[i]), MODEL_MAX);
		if (kind == 1) {
			struct value all = set_empty;
			set_unite_into(sets, count, &all);
			assert_same(&all, &want);
			set_free(&all);
		}
		size_t whole = got.count;
		model_clear(&got);
		g.stop_after = 3;
		if (whole > 3) {
			set_unite(sets, count, gather_member, &g);
			assert_int_equal(got.count, 3);
		}
		model_clear(&got);
		model_clear(&want);
	}
	for (size_t i = 0; i < count; i++)
		set_free(&sets[i]);
}

static void test_algebra(void **state)
{
	(void)state;
	rand_seed(9);
	for (int i = 0; i < 60; i++)
		run_algebra(1 + rand_below(SETS_MAX));
}

static int emitted_words;

static void check_emit(const struct bytes *argv, int argc, void *context)
{
	assert_true(bytes_equal(argv[0], BYTES("SADD")) && bytes_equal(argv[1], BYTES("k")));
	assert_true(argc <= 66);
	for (int i = 2; i < argc; i++)
		assert_true(set_has(context, argv[i]));
	emitted_words += argc - 2;
}

static void test_rewrite(void **state)
{
	(void)state;
	struct value v = set_empty;
	add_numbers(&v, 0, 200);
	emitted_words = 0;
	set_ops.rewrite(BYTES("k"), &v, check_emit, &v);
	assert_int_equal(emitted_words, 200);
	set_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_random_is_uniform),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
