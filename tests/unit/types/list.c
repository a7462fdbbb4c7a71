/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists against a naive array, across the change of form and under several limits; their row; when
 * they change form.
 */
#include "../../../src/types/list.c"

#include "base/num.h"
#include "row.h"

#define MODEL_MAX 1200

struct model {
	uint32_t ids[MODEL_MAX];
	size_t count;
};

static struct bytes text_of(uint32_t id, char *scratch)
{
	if (id % 3 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)id * id * id));
	size_t len = id % 40 == 1 ? 100 + id % 300 : id % 30;
	memset(scratch, 'a' + (int)(id % 26), len);
	if (len > 4)
		memcpy(scratch, &id, 4);
	return bytes_of(scratch, len);
}

static void model_insert(struct model *m, size_t index, uint32_t id)
{
	memmove(&m->ids[index + 1], &m->ids[index], (m->count - index) * sizeof(id));
	m->ids[index] = id;
	m->count++;
}

static void model_delete(struct model *m, size_t index, size_t count)
{
	if (count > m->count - index)
		count = m->count - index;
	m->count -= count;
	memmove(&m->ids[index], &m->ids[index + count], (m->count - index) * sizeof(m->ids[0]));
}

static void assert_item(const struct listpack_item *item, uint32_t id)
{
	char scratch[512];
	char digits[NUM_I64_MAX_CHARS];
	assert_true(bytes_equal(listpack_item_text(item, digits), text_of(id, scratch)));
}

static void assert_same(const struct value *v, const struct model *m)
{
	struct list_iter it;
	struct listpack_item item;
	list_ops.check(v);
	assert_int_equal(list_length(v), m->count);
	for (int backwards = 0; backwards < 2; backwards++) {
		size_t from = backwards && m->count > 0 ? m->count - 1 : 0;
		list_iter_init(&it, v, from, backwards);
		for (size_t i = 0; i < m->count; i++) {
			assert_true(list_next(&it, &item));
			assert_item(&item, m->ids[backwards ? from - i : i]);
		}
		assert_false(list_next(&it, &item));
		list_iter_release(&it);
	}
	assert_int_equal(list_peek(v, LIST_RIGHT, &item), m->count > 0);
	if (m->count > 0)
		assert_item(&item, m->ids[m->count - 1]);
}

static void delete_on_walk(struct value *v, struct model *m, bool backwards)
{
	struct list_iter it;
	struct listpack_item item;
	size_t at = backwards ? m->count - 1 : 0;
	list_iter_init(&it, v, at, backwards);
	for (int steps = 0; steps < 20 && list_next(&it, &item); steps++) {
		assert_item(&item, m->ids[at]);
		if (rand_below(2)) {
			list_delete_here(&it);
			model_delete(m, at, 1);
			at -= backwards;
		} else {
			at += backwards ? (size_t)-1 : 1;
		}
	}
	list_iter_release(&it);
}

static void grow(struct value *v, struct model *m, uint64_t kind)
{
	char scratch[512];
	uint32_t id = (uint32_t)rand_below(2000);
	struct bytes text = text_of(id, scratch);
	size_t index = m->count == 0 ? 0 : rand_below(m->count);
	list_reserve(v, &text, 1);
	if (kind < 2) {
		list_push(v, text, kind == 0 ? LIST_LEFT : LIST_RIGHT);
		model_insert(m, kind == 0 ? 0 : m->count, id);
	} else if (kind == 2 || m->count == 0) {
		list_insert(v, index, text);
		model_insert(m, index, id);
	} else {
		list_replace(v, index, text);
		m->ids[index] = id;
		list_shrink(v);
	}
}

static void shrink(struct value *v, struct model *m, uint64_t kind)
{
	if (m->count == 0)
		return;
	if (kind < 2) {
		list_drop(v, kind == 0 ? LIST_LEFT : LIST_RIGHT);
		model_delete(m, kind == 0 ? 0 : m->count - 1, 1);
	} else if (kind == 2) {
		delete_on_walk(v, m, rand_below(2));
	} else if (rand_below(2)) {
		size_t index = rand_below(m->count);
		size_t count = rand_below(8);
		list_delete_range(v, index, count);
		model_delete(m, index, count);
	} else {
		struct value cut[2];
		size_t first = rand_below(m->count < 5 ? m->count : 5);
		size_t behind = m->count - rand_below(5);
		behind = behind < first || behind > m->count ? first : behind;
		list_trim(v, first, behind, cut);
		model_delete(m, behind, m->count);
		model_delete(m, 0, first);
		list_free(&cut[0]);
		list_free(&cut[1]);
	}
	list_shrink(v);
}

static void run_model(int size, int depth, size_t plain_from)
{
	static struct model m;
	struct value v = list_empty;
	m.count = 0;
	types_config.list_max_listpack_size = size;
	types_config.list_compress_depth = depth;
	types_config.list_packed_threshold = plain_from;
	for (int i = 0; i < 2500; i++) {
		/* Grows to some hundreds and back to nothing, twice. */
		bool up = (i / 500) % 2 == 0;
		if (rand_below(10) < (up ? 9u : 4u) && m.count < MODEL_MAX - 1)
			grow(&v, &m, rand_below(4));
		else
			shrink(&v, &m, rand_below(4));
		if (i % 50 == 0)
			assert_same(&v, &m);
	}
	assert_same(&v, &m);
	if (m.count > 0)
		row_test(&list_ops, &v, 60);
	list_free(&v);
	types_config.list_max_listpack_size = -2;
	types_config.list_compress_depth = 0;
	types_config.list_packed_threshold = 0;
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(77);
	run_model(-2, 0, 0);
	run_model(-1, 1, 0);
	run_model(1, 0, 0);
	run_model(10, 2, 0);
	run_model(50, 1, 20);
	run_model(0, 0, 1);
	run_model(1000, 0, 0);
}

static void push(struct value *v, struct bytes text)
{
	list_reserve(v, &text, 1);
	list_push(v, text, LIST_RIGHT);
}

static void test_changes_of_form(void **state)
{
	(void)state;
	char text[9000];
	struct value v = list_empty;
	memset(text, 'x', sizeof(text));
	types_config.list_max_listpack_size = 3;
	for (int i = 0; i < 3; i++)
		push(&v, BYTES("a"));
	assert_string_equal(list_ops.encoding(&v), "listpack");
	push(&v, BYTES("a"));
	assert_string_equal(list_ops.encoding(&v), "quicklist");
	list_delete_range(&v, 3, 1);
	list_shrink(&v);
	assert_string_equal(list_ops.encoding(&v), "quicklist");
	list_delete_range(&v, 1, 2);
	list_shrink(&v);
	assert_string_equal(list_ops.encoding(&v), "listpack");
	list_free(&v);
	types_config.list_max_listpack_size = -2;
	v = list_empty;
	push(&v, bytes_of(text, 8185));
	assert_string_equal(list_ops.encoding(&v), "listpack");
	list_free(&v);
	v = list_empty;
	push(&v, bytes_of(text, 8186));
	assert_string_equal(list_ops.encoding(&v), "quicklist");
	list_free(&v);
	/* All that one command adds counts at once. */
	v = list_empty;
	struct bytes many[3] = {bytes_of(text, 4000), bytes_of(text, 4000), bytes_of(text, 4000)};
	list_reserve(&v, many, 3);
	assert_string_equal(list_ops.encoding(&v), "quicklist");
	list_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_changes_of_form),
	};
	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
