/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The error table: each text is one line that begins with a code in capitals.
 */
#include "../../../src/proto/error.c"

#include "../unit.h"

static void test_each_text_is_a_line_with_a_code(void **state)
{
	(void)state;
	for (int error = E_NONE + 1; error < E_COUNT; error++) {
		const char *text = error_text((enum error)error);
		assert_non_null(text);
		struct bytes code = error_code(bytes_text(text));
		assert_true(code.len > 0); /* "ERR" may be all, as it is in Redis */
		for (size_t i = 0; i < code.len; i++)
			assert_true(code.ptr[i] >= 'A' && code.ptr[i] <= 'Z');
		assert_null(strpbrk(text, "\r\n"));
	}
}

static void test_texts_are_there_once(void **state)
{
	(void)state;
	for (int a = E_NONE + 1; a < E_COUNT; a++)
		for (int b = a + 1; b < E_COUNT; b++)
			assert_string_not_equal(error_text((enum error)a),
				error_text((enum error)b));
}

static void test_code_of_odd_texts(void **state)
{
	(void)state;
	assert_true(bytes_equal(error_code(BYTES("WRONGTYPE Operation")), BYTES("WRONGTYPE")));
	assert_true(bytes_equal(error_code(BYTES("LONELY")), BYTES("LONELY")));
	assert_int_equal(error_code(bytes_of(NULL, 0)).len, 0);
	assert_int_equal(error_code(BYTES(" x")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_text_is_a_line_with_a_code),
		cmocka_unit_test(test_texts_are_there_once),
		cmocka_unit_test(test_code_of_odd_texts),
	};
	return cmocka_run_group_tests_name("proto/error", tests, NULL, NULL);
}
