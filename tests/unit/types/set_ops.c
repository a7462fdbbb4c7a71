/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bodies of sets that must be refused, and sets as commands. (That each encoding survives its body
 * is tested with the encodings, in set.c.)
 */
#include "../../../src/types/set_ops.c"

#include "set_model.h"

static void test_decode_refuses(void **state)
{
	(void)state;
	struct value v;
	static const struct {
		uint8_t tag;
		struct bytes body;
	} bad[] = {
		{2, BYTES("\x00")},
		{2,
			BYTES("\x02\x01"
			      "a\x01"
			      "a")},
		{2,
			BYTES("\x02\xc0\x05\x01"
			      "5")},
		{2,
			BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			      "a")},
		{11, BYTES("\x08\x02\0\0\0\0\0\0\0")},
		{11, BYTES("\x0c\x02\0\0\0\2\0\0\0\1\0\1\0")},
		{20, BYTES("\x07\x07\0\0\0\0\0\xff")},
		{20, BYTES("\x0b\x0b\0\0\0\2\0\1\1\1\1\xff")},
		/* The same text as an integer and as a string. */
		{20,
			BYTES("\x0c\x0c\0\0\0\2\0\1\1\x81"
			      "1\2\xff")},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct codec_reader r = codec_reader_of(bad[i].body);
		assert_false(set_ops.decode(bad[i].tag, &r, &v));
		assert_non_null(r.error);
	}
}

static int emitted_words;

static void check_emit(const struct bytes *argv, int argc, void *context)
{
	assert_true(bytes_equal(argv[0], BYTES("SADD")) && bytes_equal(argv[1], BYTES("k")));
	assert_true(argc <= 66);
	for (int i = 2; i < argc; i++)
		assert_true(set_has(context, argv[i]));
	emitted_words += argc - 2;
}

static void test_rewrite(void **state)
{
	(void)state;
	struct value v = set_empty;
	add_numbers(&v, 0, 200);
	emitted_words = 0;
	set_ops.rewrite(BYTES("k"), &v, check_emit, &v);
	assert_int_equal(emitted_words, 200);
	set_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_rewrite),
	};
	return cmocka_run_group_tests_name("set_ops", tests, NULL, NULL);
}
