/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges of sorted sets deleted: at once gone for every way to ask, while what hung on them is
 * freed bit by bit; against a model, with members that come again, with an image being taken, with
 * a set that is freed before its remnants are.
 */
#include "../../../src/types/zset_cut.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rand.h"

#define WORLD 4000
#define RESTS 6

static struct bytes member_of(unsigned i, char *text)
{
	return bytes_of(text, (size_t)snprintf(text, 32, "m%05u", i));
}

static struct value filled(unsigned count)
{
	struct value v = zset_empty;
	char text[32];
	for (unsigned i = 0; i < count; i++)
		zset_set(&v, member_of(i, text), i / 3);
	return v;
}

/* --- one cut --- */

static void assert_deletes(unsigned count, struct zset_range range)
{
	struct value v = filled(count);
	char text[32];
	double score;
	struct value rest;
	bool is_large = v.encoding != ENC_LISTPACK;
	size_t gone = range.behind - range.first;
	zset_delete_range(&v, range, &rest);
	if (v.ptr != NULL)
		zset_ops.check(&v);
	if (rest.ptr != NULL)
		zset_ops.check(&rest);
	bool is_cut = is_large && gone > 0 && (gone >= CUT_LEAST || gone == count);
	assert_int_equal(zset_length(&rest), is_cut ? gone : 0);
	if (is_cut)
		assert_int_equal(zset_ops.free_effort(&rest), gone);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(zset_length(&v), count - gone);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(zset_score(&v, member_of(i, text), &score),
				i < range.first || i >= range.behind);
		/* With the remnant, then without. */
		zset_free(&rest);
		if (v.ptr != NULL)
			zset_ops.check(&v);
	}
	zset_free(&v);
}

static void test_delete_range(void **state)
{
	(void)state;
	for (unsigned count = 60; count <= 3000; count *= 7) {
		assert_deletes(count, (struct zset_range){0, 0});
		assert_deletes(count, (struct zset_range){0, count});
		assert_deletes(count, (struct zset_range){0, 10});
		assert_deletes(count, (struct zset_range){count - 10, count});
		assert_deletes(count, (struct zset_range){20, count - 20});
		assert_deletes(count, (struct zset_range){0, count - 1});
		assert_deletes(count, (struct zset_range){1, count});
		assert_deletes(count, (struct zset_range){count / 3, count / 2});
	}
}

/* --- many, against a model --- */

struct model {
	bool has[WORLD];
	double scores[WORLD];
	size_t count;
};

static struct model m;
static unsigned seen[WORLD];

static void see(const struct listpack_item *member, double score, void *context)
{
	char digits[16] = {0};
	(void)context;
	memcpy(digits, member->text.ptr + 1, 5);
	unsigned i = (unsigned)strtoul(digits, NULL, 10);
	assert_true(m.has[i] && m.scores[i] == score);
	seen[i]++;
}

static void assert_seen(size_t wanted, bool once)
{
	size_t total = 0;
	for (unsigned i = 0; i < WORLD; i++) {
		assert_true(!once || seen[i] <= 1);
		total += seen[i] > 0;
	}
	assert_int_equal(total, wanted);
	memset(seen, 0, sizeof(seen));
}

static void assert_model(struct value *v)
{
	char text[32];
	double score;
	size_t rank;
	zset_ops.check(v);
	assert_int_equal(zset_length(v), m.count);
	for (unsigned i = 0; i < WORLD; i++) {
		bool is_there = zset_score(v, member_of(i, text), &score);
		assert_int_equal(is_there, m.has[i]);
		assert_int_equal(zset_rank(v, member_of(i, text), &rank, &score), is_there);
		assert_true(!is_there || score == m.scores[i]);
	}
	uint64_t cursor = 0;
	do
		cursor = zset_scan(v, cursor, 100, see, NULL);
	while (cursor != 0);
	assert_seen(m.count, false);
	zset_sample(v, m.count / 9, see, NULL);
	assert_seen(m.count / 9, true);
	zset_sample(v, m.count, see, NULL);
	assert_seen(m.count, true);
}

static void change_one(struct value *v)
{
	char text[32];
	unsigned i = (unsigned)rand_below(WORLD);
	double score = (double)rand_below(500);
	if (rand_below(4) == 0) {
		assert_int_equal(zset_remove(v, member_of(i, text)), m.has[i]);
		m.count -= m.has[i];
		m.has[i] = false;
		return;
	}
	enum zset_change wanted = !m.has[i]              ? ZSET_ADDED
				  : m.scores[i] == score ? ZSET_SAME
							 : ZSET_MOVED;
	assert_int_equal(zset_set(v, member_of(i, text), score), wanted);
	m.count += !m.has[i];
	m.has[i] = true;
	m.scores[i] = score;
}

/* By score: so the model knows what goes. Never everything. */
static void cut(struct value *v, struct value *rest)
{
	double from = (double)rand_below(500);
	struct zset_score_bounds b = {from, from + (double)rand_below(300), false, false};
	struct zset_range range = zset_range_by_score(v, &b);
	if (range.behind - range.first == m.count)
		return;
	zset_delete_range(v, range, rest);
	for (unsigned i = 0; i < WORLD; i++) {
		if (!m.has[i] || m.scores[i] < b.min || m.scores[i] > b.max)
			continue;
		m.has[i] = false;
		m.count--;
	}
}

static void run(struct value *v, struct value *rests, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 600; i++)
			change_one(v);
		struct value *rest = &rests[round % RESTS];
		if (rest->ptr != NULL && !zset_ops.free_slice(rest, rand_below(400)))
			continue;
		*rest = zset_empty;
		cut(v, rest);
		if (round % 4 == 0)
			assert_model(v);
	}
}

static void begin(struct value *v, struct value *rests)
{
	memset(&m, 0, sizeof(m));
	*v = filled(WORLD);
	for (unsigned i = 0; i < WORLD; i++) {
		m.has[i] = true;
		m.scores[i] = i / 3;
	}
	m.count = WORLD;
	for (int i = 0; i < RESTS; i++)
		rests[i] = zset_empty;
}

static void test_against_model(void **state)
{
	struct value v, rests[RESTS];
	(void)state;
	rand_seed(7);
	begin(&v, rests);
	run(&v, rests, 300);
	for (int i = 0; i < RESTS; i++)
		zset_free(&rests[i]);
	assert_model(&v);
	assert_null(((struct zset_table *)v.ptr)->remnants);
	zset_free(&v);
}

/* The set is freed first, in slices or at once; its remnants' values are left, with nothing. */
static void test_set_goes_first(void **state)
{
	(void)state;
	for (size_t effort = 100; effort <= SIZE_MAX / 2; effort = SIZE_MAX / 2 + (effort > 100)) {
		struct value v, rests[RESTS];
		begin(&v, rests);
		run(&v, rests, 9);
		while (!zset_ops.free_slice(&v, effort))
			continue;
		for (int i = 0; i < RESTS; i++) {
			assert_int_equal(zset_length(&rests[i]), 0);
			zset_free(&rests[i]);
		}
	}
}

/* --- with an image being taken --- */

/* The body is what the model was when it began, whatever happens meanwhile. */
static void assert_image(struct value *v, struct value *rests)
{
	static struct model then;
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	struct value read, orphan;
	size_t at = 0;
	then = m;
	struct image *im = image_new(v, false);
	assert_non_null(im);
	while (image_step(im, &w, 40)) {
		run(v, rests, at++ % 3 == 0);
		if (at % 5 == 0)
			zset_ops.free_slice(&rests[at % RESTS], 100);
	}
	assert_true(image_is_sound(im));
	assert_false(image_free(im, &orphan));
	struct codec_reader r = codec_reader_of(buf_bytes(&body));
	assert_true(zset_ops.decode(5, &r, &read));
	struct model now = m;
	m = then;
	assert_model(&read);
	m = now;
	assert_model(v);
	zset_free(&read);
	buf_release(&body);
}

static void test_image(void **state)
{
	struct value v, rests[RESTS];
	(void)state;
	rand_seed(11);
	begin(&v, rests);
	for (int i = 0; i < 12; i++) {
		/* Some begin with remnants, which must not come back. */
		run(&v, rests, i % 4);
		assert_image(&v, rests);
	}
	for (int i = 0; i < RESTS; i++)
		zset_free(&rests[i]);
	zset_free(&v);
}

int main(void)
{
	type_register(TYPE_ZSET, &zset_ops);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delete_range),
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_set_goes_first),
		cmocka_unit_test(test_image),
	};
	return cmocka_run_group_tests_name("zset_cut", tests, NULL, NULL);
}
