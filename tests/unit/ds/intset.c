/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The intset against a naive sorted array, its bytes against the format, and damaged bytes.
 */
#include "../../../src/ds/intset.c"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MODEL_MAX 600

struct model {
	int64_t values[MODEL_MAX];
	size_t count;
};

static size_t model_find(const struct model *m, int64_t value)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->values[i] == value)
			return i;
	return MODEL_MAX;
}

static bool model_add(struct model *m, int64_t value)
{
	if (model_find(m, value) != MODEL_MAX)
		return false;
	size_t i = m->count++;
	for (; i > 0 && m->values[i - 1] > value; i--)
		m->values[i] = m->values[i - 1];
	m->values[i] = value;
	return true;
}

static bool model_remove(struct model *m, int64_t value)
{
	size_t i = model_find(m, value);
	if (i == MODEL_MAX)
		return false;
	for (; i + 1 < m->count; i++)
		m->values[i] = m->values[i + 1];
	m->count--;
	return true;
}

static int64_t random_value(unsigned bits)
{
	uint64_t magnitude = rand_u64() >> (64 - bits);
	return rand_below(2) ? (int64_t)magnitude : -(int64_t)magnitude;
}

static void assert_same(const unsigned char *is, const struct model *m)
{
	assert_true(intset_is_valid(bytes_of(is, intset_bytes(is))));
	assert_int_equal(intset_count(is), m->count);
	for (size_t i = 0; i < m->count; i++)
		assert_int_equal(intset_get(is, i), m->values[i]);
}

static void test_random_against_model(void **state)
{
	(void)state;
	rand_seed(5);
	for (int round = 0; round < 30; round++) {
		struct model m = {.count = 0};
		unsigned char *is = intset_new();
		for (int i = 0; i < 500; i++) {
			unsigned bits = i < 150 ? 9 : i < 300 ? 20 : 63;
			int64_t value = random_value(bits);
			bool changed;
			assert_int_equal(intset_has(is, value), model_find(&m, value) != MODEL_MAX);
			if (rand_below(3)) {
				is = intset_add(is, value, &changed);
				assert_int_equal(changed, model_add(&m, value));
			} else {
				if (m.count > 0 && rand_below(2))
					value = m.values[rand_below(m.count)];
				is = intset_remove(is, value, &changed);
				assert_int_equal(changed, model_remove(&m, value));
			}
			if (i % 10 == 0)
				assert_same(is, &m);
		}
		unsigned char *copy = intset_copy(is);
		assert_same(copy, &m);
		intset_free(copy);
		intset_free(is);
	}
}

static void test_format_and_edges(void **state)
{
	(void)state;
	bool changed;
	unsigned char *is = intset_new();
	assert_memory_equal(is, "\2\0\0\0\0\0\0\0", 8);
	is = intset_add(is, 5, &changed);
	is = intset_add(is, -2, &changed);
	assert_memory_equal(is, "\2\0\0\0\2\0\0\0\xfe\xff\5\0", 12);
	is = intset_add(is, 32768, &changed);
	assert_memory_equal(is, "\4\0\0\0\3\0\0\0\xfe\xff\xff\xff\5\0\0\0\0\x80\0\0", 20);
	is = intset_add(is, INT64_MIN, &changed);
	assert_true(changed);
	assert_int_equal(intset_width(is), 8);
	assert_int_equal(intset_get(is, 0), INT64_MIN);
	is = intset_add(is, INT64_MAX, &changed);
	assert_int_equal(intset_get(is, 4), INT64_MAX);
	is = intset_add(is, INT64_MAX, &changed);
	assert_false(changed);
	intset_free(is);
	is = intset_remove(intset_new(), INT64_MAX, &changed);
	assert_false(changed);
	intset_free(is);
}

static void test_damage(void **state)
{
	(void)state;
	assert_false(intset_is_valid(bytes_of("", 0)));
	assert_true(intset_is_valid(BYTES("\2\0\0\0\0\0\0\0")));
	assert_false(intset_is_valid(BYTES("\3\0\0\0\0\0\0\0")));
	assert_false(intset_is_valid(BYTES("\2\0\0\0\1\0\0\0\1")));
	assert_false(intset_is_valid(BYTES("\2\0\0\0\1\0\0\0\1\0\0")));
	assert_false(intset_is_valid(BYTES("\2\0\0\0\2\0\0\0\1\0\1\0")));
	assert_false(intset_is_valid(BYTES("\2\0\0\0\2\0\0\0\2\0\1\0")));
	assert_true(intset_is_valid(BYTES("\2\0\0\0\2\0\0\0\1\0\2\0")));
	/* A count that would overflow the size. */
	assert_false(intset_is_valid(BYTES("\x08\0\0\0\0\0\0\x80\1\0\0\0\0\0\0\0")));
	assert_false(intset_is_valid(BYTES("\4\0\0\0\0\0\0\x40")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_format_and_edges),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests_name("intset", tests, NULL, NULL);
}
