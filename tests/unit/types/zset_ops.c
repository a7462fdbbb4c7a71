/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bodies of sorted sets in every form that is read, those that must be refused, and sorted sets as
 * commands. (That each encoding survives its own body is tested with the encodings, in zset.c.)
 */
#include "../../../src/types/zset_ops.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct body {
	uint8_t tag;
	struct bytes bytes;
};

static void test_decode_reads(void **state)
{
	(void)state;
	/* a 1, b 2.5 */
	static const struct body good[] = {
		{3, BYTES("\x02\x01"
			  "b\x03"
			  "2.5\x01"
			  "a\x01"
			  "1")},
		{5, BYTES("\x02\x01"
			  "b\0\0\0\0\0\0\x04\x40\x01"
			  "a\0\0\0\0\0\0\xf0\x3f")},
		{17, BYTES("\x14\x14\0\0\0\x04\0\x81"
			   "a\x02\x01\x01\x81"
			   "b\x02\x83"
			   "2.5\x04\xff")},
		{12, BYTES("\x18\x18\0\0\0\x12\0\0\0\x04\0\0\x01"
			   "a\x03\xf2\x02\x01"
			   "b\x03\x03"
			   "2.5\xff")},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct value v;
		double score;
		struct codec_reader r = codec_reader_of(good[i].bytes);
		assert_true(zset_ops.decode(good[i].tag, &r, &v));
		assert_int_equal(codec_left(&r), 0);
		zset_ops.check(&v);
		assert_int_equal(zset_length(&v), 2);
		assert_true(zset_score(&v, BYTES("a"), &score) && score == 1);
		assert_true(zset_score(&v, BYTES("b"), &score) && score == 2.5);
		zset_free(&v);
	}
}

static void test_decode_refuses(void **state)
{
	(void)state;
	static const struct body bad[] = {
		{5, BYTES("\x00")},
		{3, BYTES("\x01\x01"
			  "a\xfd")}, /* NaN */
		{5, BYTES("\x01\x01"
			  "a\0\0\0\0\0\0\xf8\x7f")},
		{5, BYTES("\x02\x01"
			  "a\0\0\0\0\0\0\0\0\x01"
			  "a\0\0\0\0\0\0\xf0\x3f")},
		{5, BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			  "a\0\0\0\0\0\0\0\0")},
		/* Empty, odd, out of order, a score that is none, a member twice. */
		{17, BYTES("\x07\x07\0\0\0\0\0\xff")},
		{17, BYTES("\x0a\x0a\0\0\0\x01\0\x81"
			   "a\x02\xff")},
		{17, BYTES("\x11\x11\0\0\0\x04\0\x81"
			   "a\x02\x02\x01\x81"
			   "b\x02\x01\x01\xff")},
		{17, BYTES("\x11\x11\0\0\0\x04\0\x81"
			   "b\x02\x01\x01\x81"
			   "a\x02\x01\x01\xff")},
		{17, BYTES("\x0d\x0d\0\0\0\x02\0\x81"
			   "a\x02\x81"
			   "x\x02\xff")},
		{17, BYTES("\x11\x11\0\0\0\x04\0\x81"
			   "a\x02\x01\x01\x81"
			   "a\x02\x02\x01\xff")},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct value v;
		struct codec_reader r = codec_reader_of(bad[i].bytes);
		assert_false(zset_ops.decode(bad[i].tag, &r, &v));
		assert_non_null(r.error);
	}
}

/* Numbers as members and all forms of scores, in order. */
static void test_packed_order(void **state)
{
	(void)state;
	static const struct bytes members[] = {
		BYTES("10"), BYTES("9"), BYTES("-3"), BYTES("a"), BYTES("10")};
	unsigned char *lp = listpack_new();
	for (int i = 0; i < 4; i++)
		lp = listpack_append(listpack_append(lp, members[i]), BYTES("0.5"));
	assert_false(pairs_are_sound(lp));
	listpack_free(lp);
	lp = listpack_new();
	static const struct bytes sound[] = {BYTES("z"), BYTES("-inf"), BYTES("-3"), BYTES("0.5"),
		BYTES("10"), BYTES("0.5"), BYTES("9"), BYTES("0.5"), BYTES("a"), BYTES("1e300")};
	for (int i = 0; i < 10; i++)
		lp = listpack_append(lp, sound[i]);
	assert_true(pairs_are_sound(lp));
	listpack_free(lp);
}

static int emitted_words;

static void check_emit(const struct bytes *argv, int argc, void *context)
{
	double score, wanted;
	assert_true(bytes_equal(argv[0], BYTES("ZADD")) && bytes_equal(argv[1], BYTES("k")));
	assert_true(argc <= 66 && argc % 2 == 0);
	for (int i = 2; i < argc; i += 2) {
		assert_true(num_parse_double(argv[i], &score));
		assert_true(zset_score(context, argv[i + 1], &wanted) && wanted == score);
	}
	emitted_words += argc - 2;
}

static void test_rewrite(void **state)
{
	(void)state;
	struct value v = zset_empty;
	char scratch[NUM_I64_MAX_CHARS];
	for (int count = 100; count <= 300; count += 100) {
		for (int i = 0; i < count; i++)
			zset_set(&v, bytes_of(scratch, num_print_i64(scratch, i)), i * 0.25);
		emitted_words = 0;
		zset_ops.rewrite(BYTES("k"), &v, check_emit, &v);
		assert_int_equal(emitted_words, count * 2);
	}
	zset_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_reads),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_packed_order),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests_name("zset_ops", tests, NULL, NULL);
}
