/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges by score and by member against a look at every member, in both encodings; samples
 * and scans.
 */
#include "../../../src/types/zset_range.c"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "types/config.h"

/* `count` members whose texts rise with `i`, and scores of which each comes `same` times. */
static struct value filled(unsigned count, unsigned same)
{
	struct value v = zset_empty;
	char text[32];
	for (unsigned i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "m%05u", i);
		zset_set(&v, bytes_of(text, (size_t)len), same == 0 ? 7 : i / same);
	}
	return v;
}

static void assert_ranges_by_score(const struct value *v)
{
	for (int i = 0; i < 300; i++) {
		struct zset_score_bounds b = {(double)rand_below(30) / 2 - 2,
			(double)rand_below(30) / 2 - 2, rand_below(2), rand_below(2)};
		if (i % 10 == 0)
			b.min = i % 4 ? INFINITY : -INFINITY;
		if (i % 15 == 0)
			b.max = i % 2 ? INFINITY : -INFINITY;
		struct zset_iter it;
		struct listpack_item member;
		double score;
		size_t count = 0;
		size_t before = 0;
		zset_iter_init(&it, v, 0, false);
		while (zset_next(&it, &member, &score)) {
			bool below = b.excludes_min ? score <= b.min : score < b.min;
			bool above = b.excludes_max ? score >= b.max : score > b.max;
			before += below;
			count += !below && !above;
		}
		struct zset_range r = zset_range_by_score(v, &b);
		assert_int_equal(r.behind - r.first, count);
		if (count > 0)
			assert_int_equal(r.first, before);
	}
}

static void test_by_score(void **state)
{
	(void)state;
	rand_seed(3);
	struct value none = zset_empty;
	assert_ranges_by_score(&none);
	struct value small = filled(50, 5);
	assert_int_equal(small.encoding, ENC_LISTPACK);
	assert_ranges_by_score(&small);
	zset_free(&small);
	struct value large = filled(700, 60);
	assert_int_equal(large.encoding, ENC_SKIPLIST);
	assert_ranges_by_score(&large);
	/* Members that stand at the ends of the line themselves. */
	for (unsigned i = 0; i < 3; i++) {
		zset_set(&large, bytes_of("abc" + i, 1), -INFINITY);
		zset_set(&large, bytes_of("xyz" + i, 1), INFINITY);
	}
	assert_ranges_by_score(&large);
	zset_free(&large);
}

static struct zset_member_bound random_bound(char *text, unsigned world)
{
	struct zset_member_bound b = {.is_excluded = rand_below(2)};
	if (rand_below(8) == 0)
		b.infinity = rand_below(2) ? 1 : -1;
	int len = snprintf(text, 32, "m%05u", (unsigned)rand_below(world));
	b.text = bytes_of(text, (size_t)len - rand_below(2));
	return b;
}

static bool bound_is_before(const struct zset_member_bound *b, struct bytes member)
{
	int order = bytes_compare(b->text, member);
	if (b->infinity != 0)
		return b->infinity < 0;
	return b->is_excluded ? order < 0 : order <= 0;
}

static bool bound_is_behind(const struct zset_member_bound *b, struct bytes member)
{
	int order = bytes_compare(b->text, member);
	if (b->infinity != 0)
		return b->infinity > 0;
	return b->is_excluded ? order > 0 : order >= 0;
}

static void assert_ranges_by_member(const struct value *v, unsigned world)
{
	char texts[2][32];
	for (int i = 0; i < 300; i++) {
		struct zset_member_bounds b = {
			random_bound(texts[0], world), random_bound(texts[1], world),
			rand_below(2)};
		struct zset_iter it;
		struct listpack_item member;
		double score;
		size_t count = 0;
		zset_iter_init(&it, v, 0, false);
		while (zset_next(&it, &member, &score))
			count += bound_is_before(&b.min, member.text) &&
				bound_is_behind(&b.max, member.text);
		struct zset_range r = zset_range_by_member(v, &b);
		assert_int_equal(r.behind - r.first, count);
		if (count == 0)
			continue;
		zset_iter_init(&it, v, r.first, false);
		zset_next(&it, &member, &score);
		assert_true(bound_is_before(&b.min, member.text));
		zset_iter_init(&it, v, r.behind - 1, false);
		zset_next(&it, &member, &score);
		assert_true(bound_is_behind(&b.max, member.text));
	}
}

static void test_by_member(void **state)
{
	(void)state;
	struct value none = zset_empty;
	assert_ranges_by_member(&none, 5);
	struct value small = filled(50, 0);
	assert_ranges_by_member(&small, 60);
	zset_free(&small);
	struct value large = filled(700, 0);
	assert_ranges_by_member(&large, 800);
	zset_free(&large);
}

static void mark(const struct listpack_item *member, double score, void *context)
{
	unsigned *seen = context;
	char digits[16] = {0};
	memcpy(digits, member->text.ptr + 1, 5);
	assert_true(score == 7);
	seen[strtoul(digits, NULL, 10)]++;
}

static void test_samples(void **state)
{
	(void)state;
	static unsigned seen[700];
	for (unsigned count = 60; count <= 700; count += 640) {
		struct value v = filled(count, 0);
		for (size_t wanted = 0; wanted <= count; wanted += 10) {
			unsigned total = 0;
			memset(seen, 0, sizeof(seen));
			zset_sample(&v, wanted, mark, seen);
			for (unsigned i = 0; i < count; i++) {
				assert_true(seen[i] <= 1);
				total += seen[i];
			}
			assert_int_equal(total, wanted);
		}
		struct listpack_item member;
		double score;
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < count * 40; i++) {
			assert_true(zset_random(&v, &member, &score));
			mark(&member, score, seen);
		}
		for (unsigned i = 0; i < count; i++)
			assert_in_range(seen[i], 8, 100);
		zset_free(&v);
	}
}

static void test_scan(void **state)
{
	(void)state;
	static unsigned seen[700];
	for (unsigned count = 60; count <= 700; count += 640) {
		struct value v = filled(count, 0);
		uint64_t cursor = 0;
		memset(seen, 0, sizeof(seen));
		do
			cursor = zset_scan(&v, cursor, 10, mark, seen);
		while (cursor != 0);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(seen[i], 1);
		zset_free(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_score),
		cmocka_unit_test(test_by_member),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_scan),
	};
	return cmocka_run_group_tests_name("zset_range", tests, NULL, NULL);
}
