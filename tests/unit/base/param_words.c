/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/param_words: quoting rules, unbalanced quotes, and random words that survive being quoted.
 */
#include "../../../src/base/param_words.c"

#include "../unit.h"

static void expect(const char *line, int argc, const char *const *words)
{
	struct param_words out;
	assert_true(param_split(bytes_text(line), &out));
	assert_int_equal(out.argc, argc);
	for (int i = 0; i < argc; i++)
		assert_text_equal(out.argv[i].ptr, out.argv[i].len, words[i]);
	param_words_release(&out);
}

static void test_plain(void **state)
{
	(void)state;
	expect("", 0, NULL);
	expect(" \t\r\n ", 0, NULL);
	expect("a", 1, (const char *[]){"a"});
	expect("  save 900\t1 ", 3, (const char *[]){"save", "900", "1"});
}

static void test_quotes(void **state)
{
	(void)state;
	expect("a \"b c\" 'd \"e'", 3, (const char *[]){"a", "b c", "d \"e"});
	expect("\"\" ''", 2, (const char *[]){"", ""});
	expect("\"\\n\\r\\t\\b\\a\\\\\\\"\\q\\x41\\x4\"", 1,
		(const char *[]){"\n\r\t\b\a\\\"qAx4"});
	expect("'it\\'s \\n'", 1, (const char *[]){"it's \\n"});
	expect("a\\b", 1, (const char *[]){"a\\b"});
	expect("pre\"fix\"", 1, (const char *[]){"prefix"});
}

static void test_refused(void **state)
{
	static const char *lines[] = {
		"\"", "'", "a \"b", "\"a\"b", "'a'b", "\"a\\\"", "'a\\'", "\"\\", "\"\\x4"};
	struct param_words out;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_false(param_split(bytes_text(lines[i]), &out));
		assert_null(out.argv);
	}
}

static void test_random_words_survive_quoting(void **state)
{
	uint64_t seed = 7;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct buf line = {0};
		struct param_words out;
		char words[8][16];
		size_t lens[8];
		int count = (int)(unit_random(&seed) % 8);
		for (int i = 0; i < count; i++) {
			lens[i] = unit_random(&seed) % 16;
			for (size_t j = 0; j < lens[i]; j++)
				words[i][j] = (char)unit_random(&seed);
			buf_add_quoted(&line, bytes_of(words[i], lens[i]));
			buf_add_char(&line, " \t\n"[unit_random(&seed) % 3]);
		}
		assert_true(param_split(buf_bytes(&line), &out));
		assert_int_equal(out.argc, count);
		for (int i = 0; i < count; i++)
			assert_true(bytes_equal(out.argv[i], bytes_of(words[i], lens[i])));
		param_words_release(&out);
		buf_release(&line);
	}
}

static void test_random_lines_never_crash(void **state)
{
	static const char alphabet[] = "ab \"'\\xn4\t";
	uint64_t seed = 3;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		char line[32];
		struct param_words out;
		size_t len = unit_random(&seed) % sizeof(line);
		for (size_t i = 0; i < len; i++)
			line[i] = alphabet[unit_random(&seed) % (sizeof(alphabet) - 1)];
		if (!param_split(bytes_of(line, len), &out))
			continue;
		size_t total = 0;
		for (int i = 0; i < out.argc; i++)
			total += out.argv[i].len;
		assert_true(total <= len);
		param_words_release(&out);
	}
}

UNIT_MAIN(test_plain, test_quotes, test_refused, test_random_words_survive_quoting,
	test_random_lines_never_crash)
