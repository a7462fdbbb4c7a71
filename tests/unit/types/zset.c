/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sorted sets against a naive array of members and scores, in both encodings and across the
 * thresholds; their row. Every walk compares the order, too.
 */
#include "../../../src/types/zset.c"

#include <math.h>

#include "row.h"

#define MODEL_MAX 2000

struct pair {
	struct bytes member;
	double score;
};

struct model {
	struct pair pairs[MODEL_MAX];
	size_t count;
};

static size_t model_find(const struct model *m, struct bytes member)
{
	for (size_t i = 0; i < m->count; i++)
		if (bytes_equal(m->pairs[i].member, member))
			return i;
	return MODEL_MAX;
}

static bool model_remove(struct model *m, struct bytes member)
{
	size_t i = model_find(m, member);
	if (i == MODEL_MAX)
		return false;
	mem_free((void *)(uintptr_t)m->pairs[i].member.ptr);
	m->count--;
	memmove(m->pairs + i, m->pairs + i + 1, (m->count - i) * sizeof(m->pairs[0]));
	return true;
}

static enum zset_change model_set(struct model *m, struct bytes member, double score)
{
	size_t i = model_find(m, member);
	enum zset_change change = ZSET_ADDED;
	if (i != MODEL_MAX && m->pairs[i].score == score)
		return ZSET_SAME;
	struct bytes copy = bytes_of(mem_dup(member.ptr, member.len), member.len);
	if (model_remove(m, copy))
		change = ZSET_MOVED;
	for (i = 0; i < m->count; i++) {
		const struct pair *p = &m->pairs[i];
		if (p->score > score ||
			(p->score == score && bytes_compare(p->member, copy) > 0))
			break;
	}
	memmove(m->pairs + i + 1, m->pairs + i, (m->count - i) * sizeof(m->pairs[0]));
	m->pairs[i] = (struct pair){copy, score};
	m->count++;
	return change;
}

static void model_clear(struct model *m)
{
	while (m->count > 0)
		model_remove(m, m->pairs[0].member);
}

/* A member out of a small world, so that it is often met again. */
static struct bytes random_member(char *scratch, uint64_t world)
{
	uint64_t pick = rand_below(world);
	if (pick % 3 == 0)
		return bytes_of(scratch, num_print_i64(scratch, (int64_t)(pick * pick) - 1000));
	size_t len = pick % 50 == 1 ? 60 + pick % 300 : pick % 20;
	for (size_t i = 0; i < len; i++)
		scratch[i] = (char)(pick >> (i % 3 * 4));
	return bytes_of(scratch, len);
}

static double random_score(void)
{
	static const double special[] = {0, -0.0, 1e300, -1e300, 1e-300, INFINITY, -INFINITY,
		4503599627370496.0, -4503599627370497.0, 0.1};
	uint64_t pick = rand_below(40);
	if (pick < sizeof(special) / sizeof(special[0]))
		return special[pick];
	return pick < 25 ? (double)rand_below(30) - 15 : (double)rand_below(1000) / 7;
}

static void assert_same(const struct value *v, const struct model *m)
{
	struct zset_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	double score;
	size_t seen = 0;
	zset_ops.check(v);
	assert_int_equal(zset_length(v), m->count);
	zset_iter_init(&it, v, 0, false);
	for (; zset_next(&it, &item, &score); seen++) {
		assert_true(bytes_equal(
			listpack_item_text(&item, scratch), m->pairs[seen].member));
		assert_true(score == m->pairs[seen].score);
	}
	assert_int_equal(seen, m->count);
	zset_iter_init(&it, v, m->count - 1, true);
	for (; m->count > 0 && zset_next(&it, &item, &score); seen--)
		assert_true(bytes_equal(
			listpack_item_text(&item, scratch), m->pairs[seen - 1].member));
	assert_int_equal(seen, 0);
}

static void assert_member(const struct value *v, const struct model *m, struct bytes member)
{
	size_t rank = 0;
	double score, again;
	size_t at = model_find(m, member);
	assert_int_equal(zset_score(v, member, &score), at != MODEL_MAX);
	assert_int_equal(zset_rank(v, member, &rank, &again), at != MODEL_MAX);
	if (at == MODEL_MAX)
		return;
	assert_true(score == m->pairs[at].score && again == score);
	assert_int_equal(rank, at);
}

static void run_model(uint64_t world, int steps)
{
	static struct model m;
	char scratch[512];
	struct value v = zset_empty;
	m.count = 0;
	assert_same(&v, &m);
	for (int i = 0; i < steps; i++) {
		struct bytes member = random_member(scratch, world);
		assert_member(&v, &m, member);
		if (rand_below(5) < 3) {
			double score = random_score();
			assert_int_equal(
				zset_set(&v, member, score), model_set(&m, member, score));
		} else {
			assert_int_equal(zset_remove(&v, member), model_remove(&m, member));
		}
		if (i % 97 == 0)
			assert_same(&v, &m);
	}
	assert_same(&v, &m);
	if (m.count > 0)
		row_test(&zset_ops, &v, 60);
	zset_free(&v);
	model_clear(&m);
}

static void set_limits(int64_t entries, uint64_t longest)
{
	types_config.zset_max_listpack_entries = entries;
	types_config.zset_max_listpack_value = longest;
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(33);
	run_model(100, 1000);
	run_model(900, 3000);
	set_limits(20, 10);
	run_model(40, 1000);
	set_limits(1000, 1000);
	run_model(500, 1500);
	set_limits(0, 64);
	run_model(40, 300);
	set_limits(128, 64);
}

static void add_numbers(struct value *v, int from, int to)
{
	char scratch[NUM_I64_MAX_CHARS];
	for (int i = from; i < to; i++)
		zset_set(v, bytes_of(scratch, num_print_i64(scratch, i)), i);
}

static void test_thresholds(void **state)
{
	(void)state;
	char text[65];
	memset(text, 'x', sizeof(text));
	struct value v = zset_empty;
	add_numbers(&v, 0, 128);
	assert_int_equal(zset_set(&v, bytes_of(text, 64), 1), ZSET_ADDED);
	assert_string_equal(zset_ops.encoding(&v), "skiplist");
	assert_true(zset_remove(&v, bytes_of(text, 64)));
	zset_to_packed(&v);
	assert_string_equal(zset_ops.encoding(&v), "listpack");
	assert_int_equal(zset_length(&v), 128);
	assert_int_equal(zset_set(&v, BYTES("5"), 900), ZSET_MOVED);
	assert_string_equal(zset_ops.encoding(&v), "listpack");
	assert_true(zset_remove(&v, BYTES("7")));
	assert_int_equal(zset_set(&v, bytes_of(text, 65), 1), ZSET_ADDED);
	assert_string_equal(zset_ops.encoding(&v), "skiplist");
	zset_to_packed(&v);
	assert_string_equal(zset_ops.encoding(&v), "skiplist");
	zset_free(&v);
}

static void test_reserve(void **state)
{
	(void)state;
	struct value v = zset_empty;
	zset_reserve(&v, 128, 64);
	assert_null(v.ptr);
	zset_reserve(&v, 1, 65);
	assert_string_equal(zset_ops.encoding(&v), "skiplist");
	zset_free(&v);
	v = zset_empty;
	zset_set(&v, BYTES("a"), 1.5);
	zset_reserve(&v, 128, 65);
	assert_string_equal(zset_ops.encoding(&v), "listpack");
	zset_reserve(&v, 129, 1);
	assert_string_equal(zset_ops.encoding(&v), "skiplist");
	double score;
	assert_true(zset_score(&v, BYTES("a"), &score) && score == 1.5);
	zset_free(&v);
}

/* Integers are stored as integers, whatever else is a text that reads back as the same number. */
static void test_packed_scores(void **state)
{
	(void)state;
	char scratch[NUM_DOUBLE_MAX_CHARS];
	assert_true(zset_score_item(-5, scratch).is_integer);
	assert_true(zset_score_item(-0.0, scratch).is_integer);
	assert_false(zset_score_item(0.5, scratch).is_integer);
	assert_false(zset_score_item(4503599627370496.0, scratch).is_integer);
	assert_false(zset_score_item(INFINITY, scratch).is_integer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_packed_scores),
	};
	return cmocka_run_group_tests_name("zset", tests, NULL, NULL);
}
