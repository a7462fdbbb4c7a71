/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The walk over compressed nodes: reading leaves them compressed, deleting keeps the rule; every
 * start in both directions. (Random walks with deletions are part of quicklist's model.)
 */
#include "../../../src/ds/quicklist_iter.c"

#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ELEMENTS 200

/* Element i is a text of 40 equal digits and the number i. */
static struct bytes text_of(int i, char *scratch)
{
	memset(scratch, '7', 40);
	return bytes_of(scratch, 40 + num_print_i64(scratch + 40, i));
}

static struct quicklist *list_of_all(void)
{
	char scratch[64];
	struct quicklist *ql = quicklist_new((struct quicklist_limits){8, 1, 0});
	for (int i = 0; i < ELEMENTS; i++)
		quicklist_push(ql, text_of(i, scratch), QUICKLIST_TAIL);
	return ql;
}

static uint64_t packed_nodes(const struct quicklist *ql)
{
	uint64_t packed = 0;
	for (const struct quicklist_node *n = ql->head; n != NULL; n = n->next)
		packed += n->packed_bytes != 0;
	return packed;
}

static void assert_item(const struct listpack_item *item, int i)
{
	char scratch[64];
	assert_true(bytes_equal(item->text, text_of(i, scratch)));
}

/* Runs end with their node; a plain element comes between two of them. */
static void test_runs(void **state)
{
	(void)state;
	struct quicklist *ql = list_of_all();
	char scratch[64];
	struct quicklist_iter it;
	struct listpack_item item;
	quicklist_add_plain(ql, BYTES("plain"));
	for (int i = 0; i < 3; i++)
		quicklist_push(ql, text_of(ELEMENTS + i, scratch), QUICKLIST_TAIL);
	for (int start = 0; start < ELEMENTS; start += 3) {
		int i = start;
		quicklist_iter_init(&it, ql, (uint64_t)start, false);
		while (i < ELEMENTS) {
			const unsigned char *at = quicklist_next_run(&it);
			assert_non_null(at);
			for (; at != NULL; at = listpack_next(at)) {
				item = listpack_get(at);
				assert_item(&item, i++);
			}
		}
		assert_int_equal(i, ELEMENTS);
		assert_null(quicklist_next_run(&it));
		assert_null(quicklist_next_run(&it));
		assert_true(quicklist_next(&it, &item));
		assert_true(bytes_equal(item.text, BYTES("plain")));
		assert_true(quicklist_next(&it, &item));
		assert_item(&item, i++);
		const unsigned char *at = quicklist_next_run(&it);
		item = listpack_get(at);
		assert_item(&item, i++);
		assert_non_null(listpack_next(at));
		assert_null(quicklist_next_run(&it));
		assert_false(quicklist_next(&it, &item));
		quicklist_iter_release(&it);
	}
	quicklist_free(ql);
}

static void test_every_start(void **state)
{
	(void)state;
	struct quicklist *ql = list_of_all();
	struct quicklist_iter it;
	struct listpack_item item;
	uint64_t packed = packed_nodes(ql);
	assert_int_equal(packed, ELEMENTS / 8 - 2);
	for (int start = 0; start < ELEMENTS; start++) {
		quicklist_iter_init(&it, ql, (uint64_t)start, false);
		for (int i = start; i < ELEMENTS; i++) {
			assert_true(quicklist_next(&it, &item));
			assert_item(&item, i);
		}
		assert_false(quicklist_next(&it, &item));
		assert_false(quicklist_next(&it, &item));
		quicklist_iter_release(&it);
		quicklist_iter_init(&it, ql, (uint64_t)start, true);
		for (int i = start; i >= 0; i--) {
			assert_true(quicklist_next(&it, &item));
			assert_item(&item, i);
		}
		assert_false(quicklist_next(&it, &item));
		quicklist_iter_release(&it);
	}
	assert_int_equal(packed_nodes(ql), packed);
	quicklist_iter_init(&it, ql, ELEMENTS, false);
	assert_false(quicklist_next(&it, &item));
	quicklist_iter_release(&it);
	quicklist_free(ql);
}

/* Deletes all but each third element, forwards and backwards, then all. */
static void delete_most(bool backwards)
{
	struct quicklist *ql = list_of_all();
	struct quicklist_iter it;
	struct listpack_item item;
	int at = backwards ? ELEMENTS - 1 : 0;
	quicklist_iter_init(&it, ql, (uint64_t)at, backwards);
	for (; quicklist_next(&it, &item); at += backwards ? -1 : 1) {
		assert_item(&item, at);
		if (at % 3 != 0)
			quicklist_delete_here(&it);
	}
	quicklist_iter_release(&it);
	quicklist_check(ql);
	assert_int_equal(ql->count, (ELEMENTS + 2) / 3);
	assert_true(packed_nodes(ql) > ql->nodes / 2);
	quicklist_iter_init(&it, ql, backwards ? ql->count - 1 : 0, backwards);
	while (quicklist_next(&it, &item))
		quicklist_delete_here(&it);
	quicklist_iter_release(&it);
	quicklist_check(ql);
	assert_int_equal(ql->count, 0);
	quicklist_free(ql);
}

static void test_deleting(void **state)
{
	(void)state;
	delete_most(false);
	delete_most(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_start),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_deleting),
	};
	return cmocka_run_group_tests_name("quicklist_iter", tests, NULL, NULL);
}
