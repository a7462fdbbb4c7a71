/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The order tree against a sorted array: insertions, deletions and moves in random order and in
 * order, ranks, places and bounds; freeing in slices; how full leaves get.
 */
#include "../../../src/ds/order_tree.c"

#include "base/num.h"
#include "base/rand.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MODEL_MAX 8000

struct model {
	void *items[MODEL_MAX];
	size_t count;
};

static struct model m;

static int item_compare(const void *a, const void *b)
{
	return compare(order_item_score(a), a, order_item_score(b), order_item_member(b));
}

static size_t model_rank(const void *item)
{
	size_t rank = 0;
	while (rank < m.count && item_compare(m.items[rank], item) < 0)
		rank++;
	return rank;
}

static void model_insert(void *item)
{
	size_t at = model_rank(item);
	memmove(m.items + at + 1, m.items + at, (m.count - at) * sizeof(void *));
	m.items[at] = item;
	m.count++;
}

static void model_remove(size_t at)
{
	m.count--;
	memmove(m.items + at, m.items + at + 1, (m.count - at) * sizeof(void *));
}

static void assert_same(const struct order_tree *t)
{
	order_tree_check(t);
	assert_int_equal(order_tree_count(t), m.count);
	struct order_place p = order_tree_at(t, 0);
	for (size_t i = 0; i < m.count; i++)
		assert_ptr_equal(order_place_next(&p), m.items[i]);
	assert_null(order_place_next(&p));
	if (m.count == 0)
		return;
	p = order_tree_at(t, m.count - 1);
	for (size_t i = m.count; i-- > 0;)
		assert_ptr_equal(order_place_prev(&p), m.items[i]);
	assert_null(order_place_prev(&p));
}

static void assert_bounds(const struct order_tree *t, double score)
{
	for (int behind = 0; behind < 2; behind++) {
		struct order_bound b = {ORDER_BY_SCORE, behind, score, {NULL, 0}};
		size_t want = 0;
		while (want < m.count && (behind ? order_item_score(m.items[want]) <= score
						 : order_item_score(m.items[want]) < score))
			want++;
		struct order_place p = order_tree_bound(t, &b);
		assert_int_equal(p.rank, want);
		assert_ptr_equal(order_place_next(&p), want < m.count ? m.items[want] : NULL);
	}
}

static double random_score(unsigned kinds)
{
	uint64_t pick = rand_below(kinds);
	if (pick == 7)
		return INFINITY;
	return pick == 8 ? -INFINITY : (double)pick / 4 - 100;
}

static void *new_item(uint64_t number, double score)
{
	char text[400];
	size_t len = num_print_u64(text, number);
	if (number % 50 == 3) {
		memset(text + len, 'x', 300);
		len += 300;
	}
	return order_item_new(bytes_of(text, len), score);
}

static void one_step(struct order_tree *t, uint64_t number, unsigned kinds, bool grows)
{
	uint64_t what = rand_below(10);
	if (m.count == 0 || (m.count < MODEL_MAX - 1 && what < (grows ? 6 : 2))) {
		void *item = new_item(number, random_score(kinds));
		order_tree_insert(t, item);
		model_insert(item);
		return;
	}
	size_t at = rand_below(m.count);
	void *item = m.items[at];
	assert_int_equal(order_tree_rank(t, item), at);
	struct order_place p = order_tree_at(t, at);
	assert_ptr_equal(p.leaf->items[p.index], item);
	if (what == 9) {
		double near = order_item_score(item) + ((double)rand_below(3) - 1) / 4;
		double score = rand_below(2) && isfinite(near) ? near : random_score(kinds);
		model_remove(at);
		order_tree_move(t, item, score);
		model_insert(item);
		assert_true(order_item_score(item) == score);
		return;
	}
	order_tree_remove(t, item);
	model_remove(at);
	order_item_free(item);
}

static void clear(struct order_tree *t)
{
	order_tree_release(t);
	assert_int_equal(t->leaves + t->inners, 0);
	while (m.count > 0)
		order_item_free(m.items[--m.count]);
}

static void run_model(unsigned kinds, int steps)
{
	struct order_tree t;
	order_tree_init(&t);
	assert_same(&t);
	assert_bounds(&t, 0);
	for (int i = 0; i < steps; i++) {
		one_step(&t, (uint64_t)i, kinds, i < steps / 2);
		if (i % 211 == 0)
			assert_same(&t);
		if (i % 31 == 0)
			assert_bounds(&t, random_score(kinds));
	}
	assert_same(&t);
	while (m.count > 0) {
		size_t at = rand_below(m.count);
		order_tree_remove(&t, m.items[at]);
		order_item_free(m.items[at]);
		model_remove(at);
	}
	assert_same(&t);
	assert_null(t.root);
	clear(&t);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(5);
	run_model(1, 3000);
	run_model(10, 6000);
	run_model(5000, 12000);
}

static void test_members(void **state)
{
	(void)state;
	struct order_tree t;
	order_tree_init(&t);
	for (uint64_t i = 0; i < 3000; i++) {
		void *item = new_item(i * 7 % 3000, 0);
		order_tree_insert(&t, item);
		model_insert(item);
	}
	for (uint64_t i = 0; i < 3000; i += 13) {
		for (int behind = 0; behind < 2; behind++) {
			struct bytes member = order_item_member(m.items[i]);
			struct order_bound b = {ORDER_BY_MEMBER, behind, 0, member};
			assert_int_equal(order_tree_bound(&t, &b).rank, i + (size_t)behind);
		}
	}
	struct order_bound least = {ORDER_BY_MEMBER, false, 0, BYTES("")};
	assert_int_equal(order_tree_bound(&t, &least).rank, 0);
	struct order_bound greatest = {ORDER_BY_MEMBER, true, 0, BYTES("\xff")};
	assert_int_equal(order_tree_bound(&t, &greatest).rank, 3000);
	assert_null(order_tree_bound(&t, &greatest).leaf);
	clear(&t);
}

/* Up: +1, down: -1. */
static void run_in_order(int direction)
{
	struct order_tree t;
	order_tree_init(&t);
	for (int i = 0; i < 7000; i++) {
		void *item = new_item((uint64_t)i, direction * i);
		order_tree_insert(&t, item);
		if (direction > 0)
			m.items[m.count++] = item;
		else
			m.items[6999 - i] = item;
	}
	m.count = 7000;
	assert_same(&t);
	assert_true(t.leaves <= 7000 / ORDER_LEAF_ITEMS + 2);
	assert_true(t.inners <= t.leaves / (ORDER_INNER_ITEMS - 1) + 5);
	/* Thin it out from the front and in the middle. */
	for (int i = 0; i < 6900; i++) {
		size_t at = i % 2 ? m.count / 2 : 0;
		order_tree_remove(&t, m.items[at]);
		order_item_free(m.items[at]);
		model_remove(at);
	}
	assert_same(&t);
	assert_true(t.leaves <= 100 / ORDER_LEAF_LEAST + 2);
	clear(&t);
}

static void test_in_order(void **state)
{
	(void)state;
	run_in_order(1);
	run_in_order(-1);
}

static void test_fill_and_drain(void **state)
{
	(void)state;
	struct order_tree t;
	order_tree_init(&t);
	assert_false(order_tree_drain(&t, 5));
	rand_seed(9);
	for (uint64_t i = 0; i < 7000; i++) {
		m.items[m.count] = new_item(i, (double)rand_below(1000000));
		order_tree_insert(&t, m.items[m.count++]);
	}
	order_tree_check(&t);
	/* Sharing keeps leaves above three quarters. */
	assert_true(t.leaves * ORDER_LEAF_ITEMS * 3 < 7000 * 4);
	assert_true(order_tree_memory_bytes(&t) >= t.leaves * 256);
	size_t slices = 0;
	while (order_tree_drain(&t, 10))
		slices++;
	assert_in_range(slices, 20, 40);
	clear(&t);
}

static void test_items(void **state)
{
	(void)state;
	char text[600];
	memset(text, 'a', sizeof(text));
	static const size_t lengths[] = {0, 1, 254, 255, 256, 600};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bytes member = bytes_of(text, lengths[i]);
		void *item = order_item_new(member, -1.5);
		assert_true(bytes_equal(order_item_member(item), member));
		assert_true(order_item_is(item, &member));
		assert_true(order_item_score(item) == -1.5);
		order_item_free(item);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_fill_and_drain),
		cmocka_unit_test(test_items),
	};
	return cmocka_run_group_tests_name("order_tree", tests, NULL, NULL);
}
