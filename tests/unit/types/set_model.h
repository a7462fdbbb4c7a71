/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of sets share: a naive set of texts, members to fill both with, and whether they
 * are the same.
 */
#ifndef TEST_SET_MODEL_H
#define TEST_SET_MODEL_H

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "types/set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MODEL_MAX 2000

struct model {
	struct bytes texts[MODEL_MAX];
	size_t count;
};

static inline size_t model_find(const struct model *m, struct bytes text)
{
	for (size_t i = 0; i < m->count; i++)
		if (bytes_equal(m->texts[i], text))
			return i;
	return MODEL_MAX;
}

static inline bool model_add(struct model *m, struct bytes text)
{
	if (model_find(m, text) != MODEL_MAX)
		return false;
	m->texts[m->count++] = bytes_of(mem_dup(text.ptr, text.len), text.len);
	return true;
}

static inline bool model_remove(struct model *m, struct bytes text)
{
	size_t i = model_find(m, text);
	if (i == MODEL_MAX)
		return false;
	mem_free((void *)(uintptr_t)m->texts[i].ptr);
	m->texts[i] = m->texts[--m->count];
	return true;
}

static inline void model_clear(struct model *m)
{
	while (m->count > 0)
		model_remove(m, m->texts[0]);
}

/* A member out of a small world, so that it is often met again. */
static inline struct bytes random_member(char *scratch, bool integers, uint64_t world)
{
	uint64_t pick = rand_below(world);
	if (integers || pick % 3 == 0)
		return bytes_of(
			scratch, num_print_i64(scratch, (int64_t)(pick * pick * pick) - 1000));
	size_t len = pick % 50 == 1 ? 60 + pick % 300 : pick % 20;
	for (size_t i = 0; i < len; i++)
		scratch[i] = (char)(pick >> (i % 3 * 4));
	return bytes_of(scratch, len);
}

static inline void assert_same(const struct value *v, const struct model *m)
{
	struct set_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	size_t seen = 0;
	set_ops.check(v);
	assert_int_equal(set_length(v), m->count);
	set_iter_init(&it, v);
	for (; set_next(&it, &item); seen++)
		assert_int_not_equal(model_find(m, listpack_item_text(&item, scratch)), MODEL_MAX);
	assert_int_equal(seen, m->count);
}

static inline void add_numbers(struct value *v, int from, int to)
{
	char scratch[NUM_I64_MAX_CHARS];
	for (int i = from; i < to; i++)
		set_add(v, bytes_of(scratch, num_print_i64(scratch, i)));
}

#endif
