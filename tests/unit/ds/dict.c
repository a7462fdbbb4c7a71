/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ds/dict against a naive set: an array of items with a flag. Hashes are chosen by the tests, so
 * that chains, equal tags and boundaries of intervals are met on purpose.
 */
#include "../../../src/ds/dict.c"

#include "../unit.h"

#include "base/hash.h"

struct item {
	uint64_t hash;
	uint32_t id;
	bool is_in;
	uint32_t seen;
};

static uint64_t item_hash(const void *item)
{
	return ((const struct item *)item)->hash;
}

static const struct dict_ops ops = {item_hash};

static bool item_is(const void *item, const void *key)
{
	return ((const struct item *)item)->id == *(const uint32_t *)key;
}

static uint64_t spread(uint64_t i)
{
	return hash_bytes(&i, sizeof(i));
}

static struct item *items_new(size_t count, uint64_t (*hash)(uint64_t))
{
	struct item *items = calloc(count, sizeof(*items));
	assert_non_null(items);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){.hash = hash(i), .id = (uint32_t)i};
	return items;
}

static void put(struct dict *d, struct item *it)
{
	dict_insert(d, it->hash, it);
	it->is_in = true;
}

static void take(struct dict *d, struct item *it)
{
	struct dict_place place = dict_find_pointer(d, it->hash, it);
	assert_non_null(place.bucket);
	dict_remove_place(d, it->hash, place);
	it->is_in = false;
}

static void check_all(struct dict *d, struct item *items, size_t count)
{
	size_t in = 0;
	dict_check(d);
	for (size_t i = 0; i < count; i++) {
		void *found = dict_find(d, items[i].hash, item_is, &items[i].id);
		assert_ptr_equal(found, items[i].is_in ? &items[i] : NULL);
		in += items[i].is_in;
	}
	assert_int_equal(dict_count(d), in);
}

static void test_empty(void **state)
{
	struct dict d;
	uint32_t key = 1;
	void *sample[4];
	(void)state;
	dict_init(&d, &ops);
	assert_null(dict_find(&d, 5, item_is, &key));
	assert_null(dict_find_pointer(&d, 5, &key).bucket);
	assert_null(dict_random(&d));
	assert_int_equal(dict_sample(&d, sample, 4), 0);
	assert_int_equal(dict_scan(&d, 0, NULL, NULL), 0);
	assert_int_equal(dict_memory_bytes(&d), 0);
	assert_false(dict_resize_step(&d, 100));
	dict_prefetch(&d, 5);
	dict_prefetch_item(&d, 5);
	dict_check(&d);
	dict_release(&d);
}

static void model_run(
	size_t universe, size_t steps, uint64_t (*hash)(uint64_t), unsigned bias_period)
{
	struct dict d;
	uint64_t seed = universe * 31 + bias_period;
	size_t before = mem_used_bytes();
	struct item *items = items_new(universe, hash);
	dict_init(&d, &ops);
	for (size_t i = 0; i < steps; i++) {
		struct item *it = &items[unit_random(&seed) % universe];
		/* Waves of growth and shrinking. */
		bool grows = (i / bias_period) % 2 == 0;
		bool insert = unit_random(&seed) % 8 < (grows ? 7 : 1);
		if (insert && !it->is_in)
			put(&d, it);
		else if (!insert && it->is_in)
			take(&d, it);
		if (unit_random(&seed) % 64 == 0)
			dict_resize_step(&d, (unsigned)(unit_random(&seed) % 3));
		if (i % (steps / 20) == 0)
			check_all(&d, items, universe);
	}
	check_all(&d, items, universe);
	for (size_t i = 0; i < universe; i++)
		if (items[i].is_in)
			take(&d, &items[i]);
	check_all(&d, items, universe);
	assert_int_equal(d.chained_bytes, 0);
	dict_release(&d);
	assert_int_equal(mem_used_bytes(), before);
	free(items);
}

static void test_model_spread(void **state)
{
	(void)state;
	model_run(30, 4000, spread, 200);
	model_run(3000, 40000, spread, 5000);
	model_run(40000, 200000, spread, 60000);
}

/* Everything in few buckets, with few different tags. */
static uint64_t crowded(uint64_t i)
{
	return (spread(i) & 0x3000000000000000u) | (spread(i) & 3);
}

static void test_model_crowded(void **state)
{
	(void)state;
	model_run(700, 6000, crowded, 1500);
}

static uint64_t same_high(uint64_t i)
{
	return 0x8000000000000000u | i;
}

static uint64_t all_equal(uint64_t i)
{
	(void)i;
	return 0xffffffffffffffffu;
}

static void test_long_chain(void **state)
{
	uint64_t (*const hashes[])(uint64_t) = {same_high, all_equal};
	uint64_t seed = 7;
	(void)state;
	for (int h = 0; h < 2; h++) {
		struct dict d;
		struct item *items = items_new(100, hashes[h]);
		dict_init(&d, &ops);
		for (int i = 0; i < 100; i++) {
			put(&d, &items[i]);
			dict_check(&d);
		}
		check_all(&d, items, 100);
		for (int left = 100; left > 0; left--) {
			int pick = (int)(unit_random(&seed) % 100);
			while (!items[pick].is_in)
				pick = (pick + 1) % 100;
			take(&d, &items[pick]);
			dict_check(&d);
		}
		check_all(&d, items, 100);
		dict_release(&d);
		free(items);
	}
}

/* Bounds of buckets are exact: the end of bucket i is the first hash of bucket i + 1. */
static void test_bucket_end(void **state)
{
	static const uint32_t counts[] = {
		1, 2, 3, 7, 64, 1000, 65537, 99999, 1u << 31, (1u << 31) - 1};
	uint64_t seed = 3;
	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		uint64_t n = counts[c];
		for (int i = 0; i < 200; i++) {
			uint32_t index =
				i < 3 ? (uint32_t)(i % n) : (uint32_t)(unit_random(&seed) % n);
			uint64_t end = bucket_end(index, (uint32_t)n);
			assert_true(((end - 1) * n) >> 32 == index);
			if (end <= UINT32_MAX)
				assert_true((end * n) >> 32 == (uint64_t)index + 1);
			else
				assert_true(index == n - 1);
		}
	}
}

/* No operation moves more than its share, whatever the size. */
static void test_bounded_moves(void **state)
{
	struct dict d;
	size_t count = 60000;
	struct item *items = items_new(count, spread);
	(void)state;
	dict_init(&d, &ops);
	for (size_t i = 0; i < 2 * count; i++) {
		uint64_t moved = d.moved;
		bool was = dict_is_resizing(&d);
		uint32_t old_count = d.tables[0].count;
		if (i < count)
			put(&d, &items[i]);
		else
			take(&d, &items[i - count]);
		if (was && dict_is_resizing(&d))
			assert_true(d.moved - moved <= DICT_MOVE_BUCKETS);
		else if (was)
			assert_true(old_count - moved <= DICT_MOVE_BUCKETS);
		else if (dict_is_resizing(&d))
			assert_true(d.moved <= DICT_MOVE_BUCKETS);
		if (i % 10007 == 0)
			dict_check(&d);
	}
	/* All gone: the table has shrunk to a handful. */
	assert_true(d.tables[0].count < 100);
	dict_release(&d);
	free(items);
}

static void test_expand_and_pause(void **state)
{
	struct dict d;
	size_t count = 20000;
	struct item *items = items_new(count, spread);
	(void)state;
	dict_init(&d, &ops);
	dict_expand(&d, count);
	uint32_t buckets = d.tables[0].count;
	for (size_t i = 0; i < count; i++)
		put(&d, &items[i]);
	assert_false(dict_is_resizing(&d));
	assert_int_equal(d.tables[0].count, buckets);
	check_all(&d, items, count);

	/* While it is paused nothing moves, and finding still works. */
	dict_expand(&d, 3 * count);
	assert_true(dict_is_resizing(&d));
	dict_resize_step(&d, 100);
	uint32_t moved = d.moved;
	dict_pause_resize(&d, true);
	assert_false(dict_resize_step(&d, 100));
	for (size_t i = 0; i < count; i += 2)
		take(&d, &items[i]);
	for (size_t i = 0; i < count; i += 2)
		put(&d, &items[i]);
	assert_int_equal(d.moved, moved);
	check_all(&d, items, count);
	dict_pause_resize(&d, false);
	while (dict_resize_step(&d, 64))
		continue;
	assert_false(dict_is_resizing(&d));
	check_all(&d, items, count);
	dict_release(&d);
	free(items);
}

/* --- scanning ------------------------------------------------------------------------------- */

struct scan {
	struct dict *d;
	uint64_t seed;
	unsigned remove_one_in; /* 0 = none */
	size_t visits;
};

static void scan_visit(void *item, void *context)
{
	struct scan *s = context;
	struct item *it = item;
	it->seen++;
	s->visits++;
	if (s->remove_one_in != 0 && unit_random(&s->seed) % s->remove_one_in == 0)
		take(s->d, it);
}

/* The first half of the items stays all the time; the second comes and goes between calls so that
 * the table grows and shrinks. */
static void scan_run(size_t count, uint64_t seed, unsigned remove_one_in)
{
	struct dict d;
	struct item *items = items_new(count, spread);
	struct scan s = {&d, seed, remove_one_in, 0};
	dict_init(&d, &ops);
	for (size_t i = 0; i < count / 2; i++)
		put(&d, &items[i]);
	uint64_t cursor = 0;
	size_t calls = 0;
	bool grows = true;
	do {
		cursor = dict_scan(&d, cursor, scan_visit, &s);
		assert_true(cursor < (uint64_t)1 << DICT_CURSOR_BITS);
		calls++;
		if (unit_random(&s.seed) % 40 == 0)
			grows = !grows;
		for (int i = 0; i < 40; i++) {
			struct item *it =
				&items[count / 2 + unit_random(&s.seed) % (count - count / 2)];
			if (grows && !it->is_in)
				put(&d, it);
			else if (!grows && it->is_in)
				take(&d, it);
		}
		assert_true(calls < 10 * count + 10);
	} while (cursor != 0);
	dict_check(&d);
	for (size_t i = 0; i < count / 2; i++)
		assert_true(items[i].seen > 0);
	dict_release(&d);
	free(items);
}

static void test_scan_guarantee(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		scan_run(200 * seed, seed, 0);
		scan_run(200 * seed, seed, 3);
	}
	scan_run(30000, 99, 0);
}

/* Without changes in between, each item comes exactly once, also in the middle of a resize. */
static void test_scan_exact(void **state)
{
	struct dict d;
	size_t count = 5000;
	struct item *items = items_new(count, spread);
	struct scan s = {&d, 1, 0, 0};
	(void)state;
	dict_init(&d, &ops);
	for (size_t i = 0; i < count; i++)
		put(&d, &items[i]);
	dict_expand(&d, 3 * count);
	for (int steps = 0; steps < 40; steps++) {
		uint64_t cursor = 0;
		s.visits = 0;
		do {
			cursor = dict_scan(&d, cursor, scan_visit, &s);
		} while (cursor != 0);
		assert_int_equal(s.visits, count);
		dict_resize_step(&d, 33);
	}
	/* Cursors that clients made up. */
	assert_int_equal(dict_scan(&d, UINT64_MAX, scan_visit, &s), 0);
	dict_scan(&d, ((uint64_t)1 << 48) - 1, scan_visit, &s);
	s.remove_one_in = 1;
	for (uint64_t cursor = 0, more = 1; more; more = cursor != 0)
		cursor = dict_scan(&d, cursor, scan_visit, &s);
	assert_int_equal(dict_count(&d), 0);
	dict_check(&d);
	dict_release(&d);
	free(items);
}

static void test_random(void **state)
{
	struct dict d;
	size_t count = 1000;
	struct item *items = items_new(count, spread);
	(void)state;
	rand_seed(42);
	dict_init(&d, &ops);
	for (size_t i = 0; i < count; i++)
		put(&d, &items[i]);
	dict_expand(&d, 2 * count);
	dict_resize_step(&d, 20);
	assert_true(dict_is_resizing(&d));
	for (int i = 0; i < 200000; i++) {
		struct item *it = dict_random(&d);
		assert_true(it->is_in);
		it->seen++;
	}
	/* Expected 200 each, standard deviation 14: seven of them either way. */
	for (size_t i = 0; i < count; i++)
		assert_in_range(items[i].seen, 100, 300);

	/* Samples are of the dictionary, and different ones. */
	void *sample[32];
	for (int i = 0; i < 1000; i++) {
		unsigned n = dict_sample(&d, sample, 32);
		assert_int_equal(n, 32);
		for (unsigned a = 0; a < n; a++)
			for (unsigned b = 0; b < a; b++)
				assert_ptr_not_equal(sample[a], sample[b]);
	}

	/* One item in a large empty table is still found. */
	dict_pause_resize(&d, true);
	for (size_t i = 1; i < count; i++)
		take(&d, &items[i]);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(dict_random(&d), &items[0]);
	assert_int_equal(dict_sample(&d, sample, 5), 1);
	assert_ptr_equal(sample[0], &items[0]);
	dict_release(&d);
	free(items);
}

static void count_taken(void *item, void *context)
{
	((struct item *)item)->is_in = false;
	++*(size_t *)context;
}

static void test_drain(void **state)
{
	size_t before = mem_used_bytes();
	(void)state;
	for (int resizing = 0; resizing < 2; resizing++) {
		struct dict d;
		size_t taken = 0;
		size_t count = 30000;
		struct item *items = items_new(count, spread);
		dict_init(&d, &ops);
		for (size_t i = 0; i < count; i++)
			put(&d, &items[i]);
		if (resizing) {
			dict_expand(&d, 2 * count);
			dict_resize_step(&d, 500);
		}
		assert_int_equal(dict_is_resizing(&d), resizing);
		while (dict_drain(&d, 100, count_taken, &taken))
			assert_int_equal(taken + dict_count(&d), count);
		assert_int_equal(taken, count);
		for (size_t i = 0; i < count; i++)
			assert_false(items[i].is_in);
		assert_int_equal(dict_memory_bytes(&d), 0);
		dict_release(&d);
		free(items);
	}
	assert_int_equal(mem_used_bytes(), before);
}

static void test_memory(void **state)
{
	struct dict d;
	size_t count = 100000;
	struct item *items = items_new(count, spread);
	(void)state;
	dict_init(&d, &ops);
	double worst = 0, sum = 0;
	size_t samples = 0;
	for (size_t i = 0; i < count; i++) {
		put(&d, &items[i]);
		if (i < 1000 || dict_is_resizing(&d))
			continue;
		double each = (double)dict_memory_bytes(&d) / (double)(i + 1);
		worst = each > worst ? each : worst;
		sum += each;
		samples++;
	}
	/* README.md's figures: a dictionary at rest. */
	assert_true(worst < 10.5);
	assert_true(sum / (double)samples < 9.8);
	dict_release(&d);
	free(items);
}

UNIT_MAIN(test_empty, test_model_spread, test_model_crowded, test_long_chain, test_bucket_end,
	test_bounded_moves, test_expand_and_pause, test_scan_guarantee, test_scan_exact,
	test_random, test_drain, test_memory)
