/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bodies of hashes: the old packed ones, those that must be refused, and hashes as commands.
 */
#include "../../../src/types/hash_ops.c"

#include "base/mem.h"
#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_decode(void **state)
{
	(void)state;
	struct value v;
	struct listpack_item got;
	/* A zipmap of {f: v, num: 12} with one free byte. */
	struct codec_reader r = codec_reader_of(BYTES("\x10\x02\x01"
						      "f\x01\x01"
						      "v-\x03"
						      "num\x02\x00"
						      "12\xff"));
	assert_true(hash_ops.decode(9, &r, &v));
	assert_int_equal(hash_length(&v), 2);
	assert_int_equal(hash_get(&v, 1, BYTES("num"), &got), HASH_LIVE);
	assert_int_equal(got.integer, 12);
	hash_free(&v);
	/* A ziplist of {a: 5, b: 300}. */
	r = codec_reader_of(BYTES("\x17\x17\0\0\0\x12\0\0\0\4\0\0\x01"
				  "a\x03\xf6\x02\x01"
				  "b\x03\xc0\x2c\x01\xff"));
	assert_true(hash_ops.decode(13, &r, &v));
	assert_int_equal(hash_get(&v, 1, BYTES("b"), &got), HASH_LIVE);
	assert_int_equal(got.integer, 300);
	hash_free(&v);
	static const struct {
		uint8_t tag;
		struct bytes body;
	} bad[] = {
		{4, BYTES("\x00")},
		{4,
			BYTES("\x02\x01"
			      "a\x01"
			      "b\x01"
			      "a\x01"
			      "c")},
		{4,
			BYTES("\x02\x01"
			      "a\x01"
			      "b\x01"
			      "c")},
		{16, BYTES("\x09\x09\0\0\0\1\0\1\1\xff")},
		{16, BYTES("\x07\x07\0\0\0\0\0\xff")},
		{16, BYTES("\x0f\x0f\0\0\0\4\0\1\1\2\1\1\1\2\1\xff")},
		{9, BYTES("\x02\x00\xff")},
		/* Expiries out of order, and one that is none. */
		{25, BYTES("\0\0\0\0\0\0\0\0\x13\x13\0\0\0\6\0\1\1\2\1\5\1\2\1\2\1\4\1\xff")},
		{25,
			BYTES("\0\0\0\0\0\0\0\0\x0e\x0e\0\0\0\3\0\1\1\2\1\x81"
			      "x\2\xff")},
		{24,
			BYTES("\0\0\0\0\0\0\0\x40\1\1\1"
			      "f\1"
			      "v")},
		{9,
			BYTES("\x04\x01\x09"
			      "f\xff")},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r = codec_reader_of(bad[i].body);
		assert_false(hash_ops.decode(bad[i].tag, &r, &v));
		assert_non_null(r.error);
	}
}

/* Bodies with expiries as they stand in files of others. */
static void test_decode_expiries(void **state)
{
	(void)state;
	struct value v;
	struct codec_reader r = codec_reader_of(BYTES("\xe8\3\0\0\0\0\0\0\2\1\1"
						      "f\1"
						      "v\0\1"
						      "g\1"
						      "w"));
	assert_true(hash_ops.decode(24, &r, &v));
	hash_ops.check(&v);
	assert_int_equal(hash_length(&v), 2);
	assert_int_equal(hash_expiry_ms(&v, BYTES("f")), 1000);
	assert_int_equal(hash_expiry_ms(&v, BYTES("g")), HASH_NO_EXPIRY);
	assert_string_equal(hash_ops.encoding(&v), "listpackex");
	hash_free(&v);
	r = codec_reader_of(
		BYTES("\4\0\0\0\0\0\0\0\x13\x13\0\0\0\6\0\1\1\2\1\4\1\2\1\2\1\0\1\xff"));
	assert_true(hash_ops.decode(25, &r, &v));
	hash_ops.check(&v);
	assert_int_equal(hash_expiry_ms(&v, BYTES("1")), 4);
	assert_int_equal(hash_expiry_ms(&v, BYTES("2")), HASH_NO_EXPIRY);
	hash_free(&v);
}

static int emitted_words;

static void check_emit(const struct bytes *argv, int argc, void *context)
{
	char scratch[NUM_I64_MAX_CHARS];
	struct listpack_item value;
	assert_true(bytes_equal(argv[0], BYTES("HMSET")) && bytes_equal(argv[1], BYTES("k")));
	assert_true(argc <= 66 && argc % 2 == 0);
	for (int i = 2; i < argc; i += 2) {
		assert_int_equal(hash_get(context, 1, argv[i], &value), HASH_LIVE);
		assert_true(bytes_equal(listpack_item_text(&value, scratch), argv[i + 1]));
	}
	emitted_words += argc - 2;
}

static void test_rewrite(void **state)
{
	(void)state;
	char scratch[NUM_I64_MAX_CHARS];
	struct value v = hash_empty;
	for (int i = 0; i < 600; i++) {
		struct bytes field = bytes_of(scratch, num_print_i64(scratch, i * 1000));
		hash_set(&v, 1, field, bytes_of("0123456789", (size_t)i % 10));
		emitted_words = 0;
		if (i % 100 == 99) {
			hash_ops.rewrite(BYTES("k"), &v, check_emit, &v);
			assert_int_equal(emitted_words, (i + 1) * 2);
		}
	}
	hash_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_expiries),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests_name("hash_ops", tests, NULL, NULL);
}
