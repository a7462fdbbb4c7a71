/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The algebra against the same by hand: a small world of members, sources of both types and all
 * encodings, weights and ways to aggregate.
 */
#include "../../../src/types/zset_algebra.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rand.h"

#define WORLD 400
#define SOURCES 3

static bool has[SOURCES][WORLD];
static double scores[SOURCES][WORLD];
static struct zset_source sources[SOURCES];

static struct bytes name(char *text, int i)
{
	return bytes_of(text, (size_t)snprintf(text, 32, i % 2 ? "%d" : "member:%d", i));
}

static void fill(int s, unsigned share)
{
	char text[32];
	bool is_set = rand_below(3) == 0;
	sources[s] = (struct zset_source){is_set ? set_empty : zset_empty,
		rand_below(2) ? 1 : (double)rand_below(9) - 4};
	for (int i = 0; i < WORLD; i++) {
		has[s][i] = rand_below(100) < share;
		scores[s][i] = is_set ? 1 : (double)rand_below(20);
		if (!has[s][i])
			continue;
		if (is_set)
			set_add(&sources[s].value, name(text, i));
		else
			zset_set(&sources[s].value, name(text, i), scores[s][i]);
	}
}

static double wanted_score(int i, enum zset_aggregate how)
{
	double out = 0;
	bool is_first = true;
	for (int s = 0; s < SOURCES; s++) {
		if (!has[s][i])
			continue;
		double score = scores[s][i] * sources[s].weight;
		if (is_first)
			out = score;
		else if (how == ZSET_SUM)
			out += score;
		else if (how == ZSET_MIN ? score < out : score > out)
			out = score;
		is_first = false;
	}
	return out;
}

/* `least`: in how many sources a member must be. */
static void assert_result(struct value *v, int least, enum zset_aggregate how)
{
	char text[32];
	size_t count = 0;
	double score;
	zset_ops.check(v);
	if (rand_below(2))
		zset_to_packed(v);
	for (int i = 0; i < WORLD; i++) {
		bool wanted = has[0][i] + has[1][i] + has[2][i] >= least;
		assert_int_equal(zset_score(v, name(text, i), &score), wanted);
		if (wanted)
			assert_true(score == wanted_score(i, how));
		count += wanted;
	}
	assert_int_equal(zset_length(v), count);
}

static void one_round(enum zset_aggregate how)
{
	struct zset_source order[SOURCES];
	struct value out;
	char text[32];
	double score;
	memcpy(order, sources, sizeof(order));
	zset_unite(order, SOURCES, how, &out);
	assert_result(&out, 1, how);
	zset_free(&out);
	memcpy(order, sources, sizeof(order));
	zset_intersect(order, SOURCES, how, &out);
	assert_result(&out, SOURCES, how);
	size_t count = zset_length(&out);
	zset_free(&out);
	assert_int_equal(zset_intersect_count(order, SOURCES, 0), count);
	assert_int_equal(zset_intersect_count(order, SOURCES, 3), count < 3 ? count : 3);
	zset_subtract(sources, SOURCES, &out);
	zset_ops.check(&out);
	for (int i = 0; i < WORLD; i++) {
		bool wanted = has[0][i] && !has[1][i] && !has[2][i];
		assert_int_equal(zset_score(&out, name(text, i), &score), wanted);
		if (wanted)
			assert_true(score == scores[0][i]);
	}
	zset_free(&out);
}

static void test_against_hand(void **state)
{
	(void)state;
	rand_seed(11);
	for (int round = 0; round < 60; round++) {
		for (int s = 0; s < SOURCES; s++)
			fill(s, (unsigned)rand_below(5) * 25);
		one_round((enum zset_aggregate)(round % 3));
		for (int s = 0; s < SOURCES; s++) {
			if (sources[s].value.type == TYPE_SET)
				set_free(&sources[s].value);
			else
				zset_free(&sources[s].value);
		}
	}
}

static void test_not_a_number(void **state)
{
	(void)state;
	struct value a = zset_empty;
	struct value b = zset_empty;
	struct value out;
	double score;
	zset_set(&a, BYTES("m"), INFINITY);
	zset_set(&b, BYTES("m"), -INFINITY);
	struct zset_source two[2] = {{a, 1}, {b, 1}};
	zset_unite(two, 2, ZSET_SUM, &out);
	assert_true(zset_score(&out, BYTES("m"), &score) && score == 0);
	zset_free(&out);
	struct zset_source one = {a, 0};
	zset_intersect(&one, 1, ZSET_MAX, &out);
	assert_true(zset_score(&out, BYTES("m"), &score) && score == 0);
	zset_free(&out);
	zset_free(&a);
	zset_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_hand),
		cmocka_unit_test(test_not_a_number),
	};
	return cmocka_run_group_tests_name("zset_algebra", tests, NULL, NULL);
}
