/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How a line becomes words: quotes, escapes, blanks, and what unbalances them.
 */
#include "../../../src/proto/inline.c"

#include "../unit.h"
#include "base/buf.h"

static struct request_arena arena;

/* The words joined by '|'; "!" for unbalanced quotes. */
static void expect_split(struct bytes line, struct bytes joined)
{
	struct bytes *words = NULL;
	struct buf got = {0};
	int64_t count = line_split(line, &arena, &words);
	if (count < 0)
		buf_add_char(&got, '!');
	for (int64_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(&got, '|');
		buf_add_bytes(&got, words[i]);
	}
	buf_add_char(&got, '.');
	assert_int_equal(got.len, joined.len + 1);
	assert_memory_equal(got.ptr, joined.ptr, joined.len);
	buf_release(&got);
	request_arena_reset(&arena);
}

static void test_words(void **state)
{
	(void)state;
	expect_split(BYTES(""), BYTES(""));
	expect_split(BYTES(" \t\v\f "), BYTES(""));
	expect_split(BYTES("a"), BYTES("a"));
	expect_split(BYTES("  set  key\tvalue \r"), BYTES("set|key|value"));
	expect_split(BYTES("x\vy"), BYTES("x\vy"));
	expect_split(BYTES("a b c d e f"), BYTES("a|b|c|d|e|f"));
}

static void test_quotes(void **state)
{
	(void)state;
	expect_split(BYTES("\"a b\""), BYTES("a b"));
	expect_split(BYTES("\"\" ''"), BYTES("|"));
	expect_split(BYTES("foo\"bar\" x"), BYTES("foobar|x"));
	expect_split(BYTES("'it\\'s' '\\n'"), BYTES("it's|\\n"));
	expect_split(BYTES("\"\\x41\\x4a\\x0a\\n\\r\\t\\b\\a\\\\\\\"\\q\\xZZ\""),
		     BYTES("AJ\n\n\r\t\b\a\\\"qxZZ"));
	expect_split(BYTES("\"\\x00\""), BYTES("\0"));
	expect_split(BYTES("\"\\x4\""), BYTES("x4"));
}

static void test_unbalanced(void **state)
{
	(void)state;
	expect_split(BYTES("\""), BYTES("!"));
	expect_split(BYTES("'"), BYTES("!"));
	expect_split(BYTES("set \"k"), BYTES("!"));
	expect_split(BYTES("\"a\"b"), BYTES("!"));
	expect_split(BYTES("'a'b"), BYTES("!"));
	expect_split(BYTES("\"a\\\""), BYTES("!"));
	expect_split(BYTES("\"a\"\"b\""), BYTES("!"));
	expect_split(BYTES("x'"), BYTES("!"));
}

/* Whatever is quoted by the log's own rules is read back as it was. */
static void test_round_trip(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 3000; round++) {
		struct buf line = {0};
		char parts[5][40];
		size_t lens[5];
		int count = 1 + rand() % 5;
		for (int i = 0; i < count; i++) {
			lens[i] = (size_t)rand() % sizeof(parts[i]);
			for (size_t k = 0; k < lens[i]; k++)
				parts[i][k] = (char)(rand() % 3 ? rand()
								: "\"'\\\nx 0"[rand() % 7]);
			buf_add_char(&line, ' ');
			buf_add_quoted(&line, bytes_of(parts[i], lens[i]));
		}
		struct bytes *words;
		assert_int_equal(line_split(buf_bytes(&line), &arena, &words), count);
		for (int i = 0; i < count; i++)
			assert_true(bytes_equal(words[i], bytes_of(parts[i], lens[i])));
		buf_release(&line);
		request_arena_reset(&arena);
	}
}

static void test_random_lines_stay_inside(void **state)
{
	(void)state;
	srand(5);
	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "ab \"'\\x41\t\0\r";
		size_t len = (size_t)rand() % 24;
		char *line = malloc(len + 1);
		for (size_t i = 0; i < len; i++)
			line[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		struct bytes *words = NULL;
		int64_t count = line_split(bytes_of(line, len), &arena, &words);
		size_t sum = 0;
		for (int64_t i = 0; i < count; i++)
			for (size_t k = 0; k < words[i].len; k++)
				sum += words[i].ptr[k] != 0 || 1;
		assert_true(sum <= len);
		free(line);
		request_arena_reset(&arena);
	}
}

static int leave(void **state)
{
	(void)state;
	request_arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_unbalanced),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_random_lines_stay_inside),
	};
	return cmocka_run_group_tests_name("proto/inline", tests, NULL, leave);
}
