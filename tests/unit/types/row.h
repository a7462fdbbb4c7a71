/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every row of type_ops must do, whatever the type: encode, decode and copy without a change
 * of digest, have a size, and meet damaged bytes with an error or a sound value.
 */
#ifndef RINGLET_TESTS_UNIT_TYPES_ROW_H
#define RINGLET_TESTS_UNIT_TYPES_ROW_H

#include "base/mem.h"
#include "base/rand.h"
#include "store/type_ops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void row_assert_equal(
	const struct type_ops *ops, const struct value *a, const struct value *b)
{
	struct digest da = {{0}};
	struct digest db = {{0}};
	assert_int_equal(ops->length(a), ops->length(b));
	ops->digest(a, &da);
	ops->digest(b, &db);
	assert_memory_equal(&da, &db, sizeof(da));
}

/* Damaged copies of a body, each in an allocation of its own so that a sanitizer sees overruns. */
static void row_damage(const struct type_ops *ops, uint8_t tag, struct bytes body, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		size_t len = rand_below(3) ? body.len : rand_below(body.len + 1);
		char *copy = mem_alloc(len + 1);
		memcpy(copy, body.ptr, len);
		for (uint64_t flips = rand_below(4); flips > 0 && len > 0; flips--)
			copy[rand_below(len)] = (char)rand_u64();
		struct codec_reader r = codec_reader_of(bytes_of(copy, len));
		struct value v = {0};
		v.type = 0xff;
		if (ops->decode(tag, &r, &v)) {
			ops->check(&v);
			assert_true(ops->length(&v) > 0 || ops->may_be_empty ||
				v.type == TYPE_STRING);
			ops->free(&v);
		} else {
			assert_non_null(r.error);
		}
		mem_free(copy);
	}
}

static bool row_has_tag(const struct type_ops *ops, uint8_t tag)
{
	for (const uint8_t *t = ops->tags; *t != 0xff; t++)
		if (*t == tag)
			return true;
	return false;
}

static void row_count_words(const struct bytes *argv, int argc, void *context)
{
	size_t *words = context;
	assert_true(argc >= 2 && argv[0].len > 0);
	*words += (size_t)argc;
}

static void row_test(const struct type_ops *ops, const struct value *v, int damage_rounds)
{
	size_t words = 0;
	assert_true(row_has_tag(ops, ops->tag(v)));
	ops->rewrite(BYTES("key"), v, row_count_words, &words);
	assert_true(words > 2);
	for (int compress = 0; compress < 2; compress++) {
		struct buf body = {0};
		struct codec_writer w = {.out = &body, .compress = compress};
		struct value back;
		ops->encode(v, &w);
		struct codec_reader r = codec_reader_of(buf_bytes(&body));
		assert_true(ops->decode(ops->tag(v), &r, &back));
		assert_int_equal(codec_left(&r), 0);
		ops->check(&back);
		row_assert_equal(ops, v, &back);
		ops->free(&back);
		row_damage(ops, ops->tag(v), buf_bytes(&body), damage_rounds);
		buf_release(&body);
	}
	struct value copy;
	ops->copy(v, &copy);
	ops->check(&copy);
	row_assert_equal(ops, v, &copy);
	assert_string_equal(ops->encoding(v), ops->encoding(&copy));
	/* Short strings live in the entry. */
	assert_true((ops->memory(v, 0) > 0 && ops->memory(v, 5) > 0) || v->type == TYPE_STRING);
	assert_true(ops->free_effort(v) > 0);
	size_t slices = 0;
	if (ops->free_slice == NULL) {
		ops->free(&copy);
		return;
	}
	while (!ops->free_slice(&copy, 16))
		slices++;
	assert_true(slices <= ops->free_effort(v));
}

#endif
