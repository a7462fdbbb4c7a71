/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Union, intersection and difference against the naive ones.
 */
#include "../../../src/types/set_algebra.c"

#include "set_model.h"

#define SETS_MAX 8

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_algebra),
	};
	return cmocka_run_group_tests_name("set_algebra", tests, NULL, NULL);
}
