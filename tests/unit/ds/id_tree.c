/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The id tree against a sorted array: insertions and removals in order and at random, places,
 * weights, cuts at every place, drains; what a tree of one item and a long one cost.
 */
#include "../../../src/ds/id_tree.c"

#include "../unit.h"

#define MODEL_MAX 6000

struct thing {
	struct id id;
	uint64_t weight;
};

static struct thing *model[MODEL_MAX];
static size_t model_count;
static uint64_t random_state = 7;

static uint64_t random_below(uint64_t limit)
{
	return unit_random(&random_state) % limit;
}

static uint64_t thing_weight(const void *ptr)
{
	return ((const struct thing *)ptr)->weight;
}

static struct thing *thing_new(struct id id, uint64_t weight)
{
	struct thing *thing = mem_alloc(sizeof(*thing));
	*thing = (struct thing){id, weight};
	return thing;
}

static size_t model_at_least(struct id id)
{
	size_t at = 0;
	while (at < model_count && id_compare(model[at]->id, id) < 0)
		at++;
	return at;
}

static void model_put(size_t at, struct thing *thing)
{
	memmove(&model[at + 1], &model[at], (model_count - at) * sizeof(model[0]));
	model[at] = thing;
	model_count++;
}

static void model_take(size_t at)
{
	model_count--;
	memmove(&model[at], &model[at + 1], (model_count - at) * sizeof(model[0]));
}

static void assert_same(const struct id_tree *t, size_t from, size_t to)
{
	uint64_t weight = 0;
	id_tree_check(t);
	assert_int_equal(id_tree_count(t), to - from);
	struct id_place place = id_tree_first(t);
	for (size_t i = from; i < to; i++) {
		assert_ptr_equal(id_place_item(place)->ptr, model[i]);
		weight += model[i]->weight;
		place = id_place_next(place);
	}
	assert_null(place.leaf);
	place = id_tree_last(t);
	for (size_t i = to; i > from; i--) {
		assert_ptr_equal(id_place_item(place)->ptr, model[i - 1]);
		place = id_place_prev(place);
	}
	assert_null(place.leaf);
	assert_int_equal(weight, t->weight);
}

static void assert_places(const struct id_tree *t, struct id id)
{
	size_t at = model_at_least(id);
	struct id_place place = id_tree_at_least(t, id);
	if (at == model_count)
		assert_null(place.leaf);
	else
		assert_ptr_equal(id_place_item(place)->ptr, model[at]);
	bool is_there = at < model_count && id_compare(model[at]->id, id) == 0;
	assert_ptr_equal(id_tree_find(t, id), is_there ? model[at] : NULL);
	place = id_tree_at_most(t, id);
	if (!is_there && at == 0)
		assert_null(place.leaf);
	else
		assert_ptr_equal(id_place_item(place)->ptr, model[is_there ? at : at - 1]);
}

static void assert_weight(const struct id_tree *t, uint64_t weight)
{
	uint64_t before, sum = 0;
	size_t at = 0;
	struct id_place place = id_tree_at_weight(t, weight, &before);
	while (at < model_count && sum + model[at]->weight <= weight)
		sum += model[at++]->weight;
	if (at == model_count) {
		assert_null(place.leaf);
		return;
	}
	assert_ptr_equal(id_place_item(place)->ptr, model[at]);
	assert_int_equal(before, sum);
}

static struct id some_id(uint64_t spread)
{
	return (struct id){random_below(spread), random_below(8)};
}

static void insert(struct id_tree *t, struct id id, uint64_t weight)
{
	size_t at = model_at_least(id);
	struct thing *thing = thing_new(id, weight);
	bool is_there = at < model_count && id_compare(model[at]->id, id) == 0;
	assert_int_equal(id_tree_insert(t, id, thing), !is_there);
	if (is_there)
		mem_free(thing);
	else
		model_put(at, thing);
}

static void remove_id(struct id_tree *t, struct id id)
{
	size_t at = model_at_least(id);
	bool is_there = at < model_count && id_compare(model[at]->id, id) == 0;
	assert_ptr_equal(id_tree_remove(t, id), is_there ? model[at] : NULL);
	if (!is_there)
		return;
	mem_free(model[at]);
	model_take(at);
}

static void reweigh(struct id_tree *t, size_t at)
{
	int64_t change = (int64_t)random_below(50) - (int64_t)model[at]->weight;
	model[at]->weight += (uint64_t)change;
	id_tree_reweigh(t, model[at]->id, change);
}

static void drop_model(size_t to)
{
	for (size_t i = 0; i < to; i++)
		mem_free(model[i]);
	model_count -= to;
	memmove(model, &model[to], model_count * sizeof(model[0]));
}

static void release_all(struct id_tree *t)
{
	id_tree_release(t);
	assert_null(t->root);
	assert_int_equal(t->weight, 0);
	drop_model(model_count);
}

static void test_random(void **state)
{
	struct id_tree t;
	(void)state;
	id_tree_init(&t, thing_weight);
	for (int round = 0; round < 12; round++) {
		/* Growing, then shrinking. */
		unsigned insertions = round % 2 == 0 ? 80 : 20;
		for (int i = 0; i < 1500; i++) {
			struct id id = some_id(400);
			if (random_below(100) < insertions)
				insert(&t, id, random_below(100));
			else
				remove_id(&t, id);
			if (model_count > 0 && i % 7 == 0)
				reweigh(&t, random_below(model_count));
			if (i % 100 == 0) {
				assert_same(&t, 0, model_count);
				assert_places(&t, some_id(400));
				assert_weight(&t, random_below(t.weight + 2));
			}
		}
	}
	release_all(&t);
}

static void test_in_order(void **state)
{
	struct id_tree t;
	(void)state;
	id_tree_init(&t, NULL);
	for (uint64_t i = 0; i < 5000; i++)
		insert(&t, (struct id){i / 3, i % 3}, 1);
	assert_same(&t, 0, model_count);
	/* Full leaves, and inner nodes for a fraction of that. */
	size_t bytes = id_tree_memory_bytes(&t, 0);
	assert_true(bytes < model_count * 27);
	assert_true(bytes > model_count * 24);
	/* Of some leaves: nearly the same; of as many as there are: the same. */
	assert_in_range(id_tree_memory_bytes(&t, 16), bytes * 9 / 10, bytes * 11 / 10);
	assert_int_equal(id_tree_memory_bytes(&t, 5000), bytes);
	/* Out again from the left, as a queue. */
	for (uint64_t i = 0; i < 4990; i++)
		remove_id(&t, model[0]->id);
	assert_same(&t, 0, 10);
	release_all(&t);
	/* Falling. */
	for (uint64_t i = 3000; i > 0; i--)
		insert(&t, (struct id){i, 0}, 1);
	assert_same(&t, 0, model_count);
	while (model_count > 0)
		remove_id(&t, model[model_count - 1]->id);
	assert_null(t.root);
}

static void test_small(void **state)
{
	struct id_tree t;
	uint64_t before;
	(void)state;
	id_tree_init(&t, NULL);
	assert_null(id_tree_first(&t).leaf);
	assert_null(id_tree_last(&t).leaf);
	assert_null(id_tree_at_least(&t, ID_LEAST).leaf);
	assert_null(id_tree_at_most(&t, ID_GREATEST).leaf);
	assert_null(id_tree_at_weight(&t, 0, &before).leaf);
	assert_null(id_tree_find(&t, ID_LEAST));
	assert_null(id_tree_remove(&t, ID_LEAST));
	assert_false(id_tree_drain_leaf(&t, NULL, NULL));
	assert_int_equal(id_tree_memory_bytes(&t, 0), 0);
	insert(&t, ID_GREATEST, 1);
	assert_int_equal(id_tree_memory_bytes(&t, 0), 48);
	insert(&t, ID_LEAST, 1);
	insert(&t, ID_LEAST, 1);
	assert_same(&t, 0, 2);
	release_all(&t);
}

/* Stragglers do not keep nodes of their own. */
static void test_thinning(void **state)
{
	struct id_tree t;
	(void)state;
	id_tree_init(&t, NULL);
	for (uint64_t i = 0; i < 6000; i++)
		insert(&t, (struct id){i, 0}, 1);
	for (uint64_t i = 0; i < 6000; i++)
		if (i % 40 != 0)
			remove_id(&t, (struct id){i, 0});
	assert_same(&t, 0, 150);
	assert_true(id_tree_memory_bytes(&t, 0) < 150 * 150);
	release_all(&t);
}

static void test_cut(void **state)
{
	struct id_tree t, cut;
	(void)state;
	for (int round = 0; round < 60; round++) {
		size_t count = round < 20 ? (size_t)round * 5 : random_below(4000) + 1;
		id_tree_init(&t, thing_weight);
		for (size_t i = 0; i < count; i++)
			if (round % 2 == 0)
				insert(&t, (struct id){i, 0}, random_below(10));
			else
				insert(&t, some_id(count), random_below(10));
		while (model_count > 0) {
			struct id at = model[random_below(model_count)]->id;
			at.seq += random_below(2);
			size_t below = model_at_least(at);
			id_tree_cut(&t, at, &cut);
			assert_same(&cut, 0, below);
			assert_same(&t, below, model_count);
			/* The part that was cut off is a tree like any other. */
			if (below > 0)
				assert_ptr_equal(id_tree_remove(&cut, model[0]->id), model[0]);
			id_tree_check(&cut);
			id_tree_release(&cut);
			drop_model(below);
			insert(&t, some_id(count), 3);
			assert_same(&t, 0, model_count);
			if (random_below(4) == 0)
				break;
		}
		id_tree_cut(&t, ID_GREATEST, &cut);
		assert_null(t.root);
		assert_same(&cut, 0, model_count);
		release_all(&cut);
	}
}

static size_t drained;

static void drain_one(void *ptr, void *context)
{
	assert_ptr_equal(context, &drained);
	assert_ptr_equal(ptr, model[drained++]);
}

static void test_drain(void **state)
{
	struct id_tree t;
	(void)state;
	id_tree_init(&t, thing_weight);
	for (int i = 0; i < 5000; i++)
		insert(&t, some_id(2000), random_below(5));
	drained = 0;
	while (id_tree_drain_leaf(&t, drain_one, &drained))
		assert_same(&t, drained, model_count);
	assert_int_equal(drained, model_count);
	release_all(&t);
}

UNIT_MAIN(test_random, test_in_order, test_small, test_thinning, test_cut, test_drain)
