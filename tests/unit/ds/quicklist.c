/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quicklist (nodes and walk) against a naive array of numbers, under every kind of limit:
 * counts, sizes, compression, plain nodes. Each number stands for a text of random kind and length.
 */
#include "../../../src/ds/quicklist.c"

#include "base/num.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MODEL_MAX 3000
#define TEXT_MAX 700

struct model {
	uint32_t ids[MODEL_MAX];
	size_t count;
};

/* The text of an id: a number, or letters that compress well or badly, of any length up to
 * TEXT_MAX. */
static struct bytes text_of(uint32_t id, char *scratch)
{
	uint64_t mixed = id * 0x9e3779b97f4a7c15u;
	if (mixed >> 62 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)mixed >> (id % 50)));
	size_t len = (mixed >> 32) % (id % 7 == 0 ? TEXT_MAX : 40);
	for (size_t i = 0; i < len; i++) {
		mixed = mixed * 6364136223846793005u + 1442695040888963407u;
		scratch[i] = id % 3 == 0 ? (char)(mixed >> 56) : (char)('a' + id % 26);
	}
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
	memmove(&m->ids[index], &m->ids[index + count],
		(m->count - index - count) * sizeof(m->ids[0]));
	m->count -= count;
}

static void assert_item(const struct listpack_item *item, uint32_t id)
{
	char scratch[TEXT_MAX];
	char digits[NUM_I64_MAX_CHARS];
	struct bytes got = listpack_item_text(item, digits);
	assert_true(bytes_equal(got, text_of(id, scratch)));
}

static void assert_same(const struct quicklist *ql, const struct model *m)
{
	struct quicklist_iter it;
	struct listpack_item item;
	quicklist_check(ql);
	assert_int_equal(ql->count, m->count);
	quicklist_iter_init(&it, ql, 0, false);
	for (size_t i = 0; i < m->count; i++) {
		assert_true(quicklist_next(&it, &item));
		assert_item(&item, m->ids[i]);
	}
	assert_false(quicklist_next(&it, &item));
	quicklist_iter_release(&it);
	if (m->count == 0)
		return;
	size_t from = rand_below(m->count);
	quicklist_iter_init(&it, ql, from, true);
	for (size_t i = from + 1; i-- > 0;) {
		assert_true(quicklist_next(&it, &item));
		assert_item(&item, m->ids[i]);
	}
	assert_false(quicklist_next(&it, &item));
	quicklist_iter_release(&it);
}

/* Deletes every element of a walk that a coin chooses. */
static void delete_on_walk(struct quicklist *ql, struct model *m, bool backwards)
{
	struct quicklist_iter it;
	struct listpack_item item;
	size_t at = backwards ? m->count - 1 : 0;
	quicklist_iter_init(&it, ql, at, backwards);
	for (int steps = 0; steps < 50 && quicklist_next(&it, &item); steps++) {
		assert_item(&item, m->ids[at]);
		if (rand_below(2)) {
			quicklist_delete_here(&it);
			model_delete(m, at, 1);
			at -= backwards;
		} else {
			at += backwards ? (size_t)-1 : 1;
		}
	}
	quicklist_iter_release(&it);
}

static void cut(struct quicklist *ql, struct model *m, size_t count, enum quicklist_end end)
{
	size_t left = count > m->count ? 0 : m->count - count;
	struct quicklist *nodes = quicklist_cut(ql, count, end);
	model_delete(m, end == QUICKLIST_HEAD ? 0 : left, count);
	assert_int_equal(ql->count, left);
	if (nodes == NULL)
		return;
	assert_true(nodes->count <= count && nodes->count > 0);
	/* Outer nodes may be compressed here: such a list is only freed. */
	nodes->limits.depth = 0;
	uint64_t walked = 0;
	for (struct quicklist_node *n = nodes->head; n != NULL; n = n->next)
		walked++;
	assert_int_equal(walked, nodes->nodes);
	quicklist_free(nodes);
}

static void random_step(struct quicklist *ql, struct model *m, bool shrinking)
{
	char scratch[TEXT_MAX];
	uint32_t id = (uint32_t)rand_below(100000);
	struct bytes text = text_of(id, scratch);
	size_t index = m->count == 0 ? 0 : rand_below(m->count);
	uint64_t kind = rand_below(10);
	enum quicklist_end end = kind & 1 ? QUICKLIST_HEAD : QUICKLIST_TAIL;
	struct listpack_item item;
	if (m->count + 10 > MODEL_MAX || (shrinking && kind < 4))
		kind = 6 + rand_below(4);
	if (kind < 4 || m->count == 0) {
		quicklist_push(ql, text, end);
		model_insert(m, end == QUICKLIST_HEAD ? 0 : m->count, id);
	} else if (kind == 4) {
		quicklist_insert(ql, index, text);
		model_insert(m, index, id);
	} else if (kind == 5) {
		quicklist_replace(ql, index, text);
		m->ids[index] = id;
	} else if (kind <= 7) {
		assert_true(quicklist_peek(ql, end, &item));
		index = end == QUICKLIST_HEAD ? 0 : m->count - 1;
		assert_item(&item, m->ids[index]);
		quicklist_drop(ql, end);
		model_delete(m, index, 1);
	} else if (rand_below(120) == 0) {
		size_t count = rand_below(60);
		size_t real = count > m->count - index ? m->count - index : count;
		assert_int_equal(quicklist_delete_range(ql, index, count), real);
		model_delete(m, index, count);
	} else if (rand_below(120) == 0) {
		delete_on_walk(ql, m, kind & 1);
	} else if (rand_below(120) == 0) {
		cut(ql, m, rand_below(50), end);
	}
}

static void run_model(struct quicklist_limits limits)
{
	static struct model m;
	m.count = 0;
	struct quicklist *ql = quicklist_new(limits);
	for (int i = 0; i < 4000; i++) {
		random_step(ql, &m, i > 3000);
		if (i % 100 == 0)
			assert_same(ql, &m);
	}
	assert_same(ql, &m);
	struct quicklist *copy = quicklist_copy(ql);
	assert_same(copy, &m);
	cut(ql, &m, m.count / 2, QUICKLIST_TAIL);
	assert_same(ql, &m);
	assert_true(quicklist_memory_bytes(ql, 0) >= sizeof(*ql));
	while (m.count > 0) {
		quicklist_delete_range(ql, 0, 17);
		model_delete(&m, 0, 17);
	}
	assert_same(ql, &m);
	uint64_t nodes = copy->nodes;
	while (!quicklist_free_slice(copy, 3)) {
		assert_int_equal(copy->nodes, nodes - 3);
		nodes -= 3;
	}
	quicklist_free(ql);
}

static void test_random_against_model(void **state)
{
	(void)state;
	static const struct quicklist_limits kinds[] = {
		{-2, 0, 0},
		{1, 0, 0},
		{2, 1, 0},
		{5, 0, 0},
		{16, 2, 0},
		{-1, 1, 0},
		{3, 3, 20},
		{7, 0, 1},
		{-5, 1, 300},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		rand_seed(100 + i);
		run_model(kinds[i]);
	}
}

static void test_compression_works(void **state)
{
	(void)state;
	char text[400];
	memset(text, 'x', sizeof(text));
	struct quicklist *ql = quicklist_new((struct quicklist_limits){1, 2, 0});
	for (int i = 0; i < 20; i++)
		quicklist_push(ql, bytes_of(text, sizeof(text)), QUICKLIST_TAIL);
	quicklist_check(ql);
	int packed = 0;
	for (struct quicklist_node *n = ql->head; n != NULL; n = n->next)
		packed += n->packed_bytes != 0;
	assert_int_equal(packed, 16);
	/* The ends move: what becomes outer is unpacked. */
	for (int i = 0; i < 10; i++) {
		quicklist_drop(ql, QUICKLIST_HEAD);
		quicklist_check(ql);
	}
	/* Replacing an inner element keeps its node compressed. */
	memset(text, 'y', sizeof(text));
	quicklist_replace(ql, 5, bytes_of(text, sizeof(text)));
	packed = 0;
	for (struct quicklist_node *n = ql->head; n != NULL; n = n->next)
		packed += n->packed_bytes != 0;
	assert_int_equal(packed, 6);
	quicklist_free(ql);
}

static void test_limits(void **state)
{
	(void)state;
	assert_false(quicklist_is_beyond(-1, 4096, 100000, false));
	assert_true(quicklist_is_beyond(-1, 4097, 1, false));
	assert_true(quicklist_is_beyond(-9, 65537, 1, false));
	assert_false(quicklist_is_beyond(-9, 65536, 1, false));
	assert_true(quicklist_is_beyond(-1, 2049, 1, true));
	assert_false(quicklist_is_beyond(0, 10, 1, false));
	assert_true(quicklist_is_beyond(0, 10, 2, false));
	assert_true(quicklist_is_beyond(100, 8193, 2, false));
	assert_true(quicklist_is_beyond(3, 10, 2, true));
	assert_false(quicklist_is_beyond(3, 10, 1, true));
	assert_true(quicklist_is_beyond(INT32_MAX, 1, 32768, false));
}

static void test_whole_nodes(void **state)
{
	(void)state;
	struct listpack_item item;
	struct quicklist *ql = quicklist_new((struct quicklist_limits){-2, 0, 0});
	assert_false(quicklist_peek(ql, QUICKLIST_TAIL, &item));
	quicklist_add_listpack(ql, listpack_append(listpack_new(), BYTES("a")));
	quicklist_add_plain(ql, BYTES("plain"));
	assert_int_equal(ql->count, 2);
	assert_true(quicklist_peek(ql, QUICKLIST_TAIL, &item));
	assert_true(bytes_equal(item.text, BYTES("plain")));
	/* A plain element made small becomes packed, a large one plain. */
	quicklist_replace(ql, 1, BYTES("b"));
	assert_false(ql->tail->is_plain);
	char *large = mem_calloc(1, 9000);
	quicklist_replace(ql, 0, bytes_of(large, 9000));
	assert_true(ql->head->is_plain);
	quicklist_replace(ql, 0, bytes_of(large, 8500));
	assert_int_equal(ql->head->bytes, 8500);
	quicklist_check(ql);
	mem_free(large);
	quicklist_drop(ql, QUICKLIST_HEAD);
	unsigned char *lp = quicklist_take_listpack(ql);
	assert_int_equal(listpack_count(lp), 1);
	listpack_free(lp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_whole_nodes),
		cmocka_unit_test(test_compression_works),
		cmocka_unit_test(test_random_against_model),
	};
	return cmocka_run_group_tests_name("quicklist", tests, NULL, NULL);
}
