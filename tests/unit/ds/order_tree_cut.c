/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges cut out of order trees, against arrays: what stays and what goes is whole and in order,
 * however often a tree is cut and grown again; the nodes of both are on the books until they are
 * freed.
 */
#include "../../../src/ds/order_tree_cut.c"

#include "base/num.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ITEMS_MAX 40000

/* Items in order; scores rise in steps of 1/4, so that some are equal. */
static void *item_of(size_t number)
{
	char text[32] = "00000000";
	char digits[NUM_I64_MAX_CHARS];
	size_t len = num_print_u64(digits, number);
	memcpy(text + 8 - len, digits, len);
	return order_item_new(bytes_of(text, 8), (double)(number / 4));
}

static void assert_items(const struct order_tree *t, void **items, size_t count)
{
	struct order_place p = order_tree_at(t, 0);
	assert_int_equal(order_tree_count(t), count);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(order_place_next(&p), items[i]);
	assert_null(order_place_next(&p));
	for (size_t i = 0; i < count; i += 1 + count / 16) {
		assert_true(order_tree_has(t, items[i]));
		assert_int_equal(order_tree_rank(t, items[i]), i);
	}
}

static void assert_books(const struct order_tree *t, const struct order_tree *out)
{
	struct order_nodes one = order_tree_check_nodes(t);
	struct order_nodes other = order_tree_check_nodes(out);
	assert_int_equal(t->leaves, one.leaves + other.leaves);
	assert_int_equal(t->inners, one.inners + other.inners);
}

static unsigned take_leaf(struct order_tree *out, struct order_tree *t, void **items)
{
	const struct order_leaf *leaf = order_tree_last_leaf(out);
	if (leaf == NULL)
		return 0;
	unsigned used = leaf->used;
	memcpy(items, leaf->items, used * sizeof(items[0]));
	order_tree_drop_leaf(out, t);
	return used;
}

/* Frees it; its items must come from behind, each once. */
static void end_cut(struct order_tree *out, struct order_tree *t, void **items, size_t count)
{
	void *taken[ORDER_LEAF_ITEMS];
	unsigned n;
	while ((n = take_leaf(out, t, taken)) > 0) {
		assert_in_range(n, 1, count);
		count -= n;
		for (unsigned i = 0; i < n; i++) {
			assert_ptr_equal(taken[i], items[count + i]);
			assert_false(order_tree_has(t, taken[i]));
			assert_false(order_tree_has(out, taken[i]));
			order_item_free(taken[i]);
		}
	}
	assert_int_equal(count, 0);
	order_tree_check(t);
}

/* Cuts [first, behind) out of a tree of `count` items that were put in order, or in another. */
static void assert_cut(size_t count, size_t first, size_t behind, size_t stride)
{
	static void *items[ITEMS_MAX];
	struct order_tree t, out;
	order_tree_init(&t);
	for (size_t i = 0; i < count; i++)
		items[i] = item_of(i);
	for (size_t i = 0; i < count; i++)
		order_tree_insert(&t, items[i * stride % count]);
	order_tree_cut(&t, first, behind, &out);
	assert_books(&t, &out);
	assert_items(&out, items + first, behind - first);
	for (size_t i = first; i < behind; i += 1 + count / 16)
		assert_false(order_tree_has(&t, items[i]));
	end_cut(&out, &t, items + first, behind - first);
	memmove(items + first, items + behind, (count - behind) * sizeof(items[0]));
	count -= behind - first;
	assert_items(&t, items, count);
	/* It goes on as any other. */
	for (size_t i = 0; i < count; i++) {
		order_tree_remove(&t, items[i]);
		if (i % (1 + count / 8) == 0)
			order_tree_check(&t);
		order_item_free(items[i]);
	}
	assert_null(t.root);
	order_tree_check(&t);
}

static void test_cut(void **state)
{
	(void)state;
	static const size_t counts[] = {1, 2, 28, 29, 30, 60, 400, 900, 3000, ITEMS_MAX - 1};
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		size_t n = counts[c];
		assert_cut(n, 0, 0, 1);
		assert_cut(n, n, n, 1);
		assert_cut(n, 0, n, 1);
		assert_cut(n, 0, n / 2, 1);
		assert_cut(n, n / 2, n, 1);
		assert_cut(n, n / 3, n / 2, 1);
		assert_cut(n, n > 1, n, 1);
		assert_cut(n, 0, n - 1, 1);
		assert_cut(n, n > 2, n - (n > 2), 1);
	}
	/* Put in as leaves get that are not filled from one end; 7919 is prime. */
	for (int i = 0; i < 20; i++) {
		size_t n = 2000 + rand_below(2000);
		size_t first = rand_below(n);
		assert_cut(n, first, first + rand_below(n - first + 1), 7919);
	}
}

/* Cut, grown where it was cut, cut again: the parts that were cut out stay for a while. */
static void test_again_and_again(void **state)
{
	(void)state;
	static void *items[ITEMS_MAX], *taken[ORDER_LEAF_ITEMS];
	size_t count = 0;
	struct order_tree t, parts[8];
	order_tree_init(&t);
	memset(parts, 0, sizeof(parts));
	for (int round = 0; round < 200; round++) {
		size_t wanted = rand_below(4000);
		size_t from = rand_below(ITEMS_MAX - 4000);
		for (size_t i = from; i < from + wanted; i++) {
			if (items[i] != NULL)
				continue;
			order_tree_insert(&t, items[i] = item_of(i));
			count++;
		}
		size_t first = rand_below(count + 1);
		size_t behind = first + rand_below(count - first + 1);
		struct order_tree *out = &parts[round % 8];
		unsigned n;
		while ((n = take_leaf(out, &t, taken)) > 0)
			while (n > 0)
				order_item_free(taken[--n]);
		size_t rank = 0;
		for (size_t i = 0; i < ITEMS_MAX; i++) {
			if (items[i] == NULL)
				continue;
			if (rank >= first && rank < behind)
				items[i] = NULL;
			rank++;
		}
		order_tree_cut(&t, first, behind, out);
		count -= behind - first;
		assert_int_equal(order_tree_count(&t), count);
		assert_int_equal(order_tree_count(out), behind - first);
		order_tree_check_nodes(&t);
		struct order_place p = order_tree_at(&t, 0);
		for (size_t i = 0; i < ITEMS_MAX; i++)
			if (items[i] != NULL)
				assert_ptr_equal(order_place_next(&p), items[i]);
	}
	for (int i = 0; i < 8; i++)
		for (unsigned n; (n = take_leaf(&parts[i], &t, taken)) > 0;)
			while (n > 0)
				order_item_free(taken[--n]);
	order_tree_check(&t);
	order_tree_release(&t);
	for (size_t i = 0; i < ITEMS_MAX; i++)
		if (items[i] != NULL)
			order_item_free(items[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_again_and_again),
	};
	return cmocka_run_group_tests_name("order_tree_cut", tests, NULL, NULL);
}
