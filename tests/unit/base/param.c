/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/param: every type at both ends of its range, the error texts to the letter, defaults that
 * round-trip, rewrite lines that read back as the same value.
 */
#include "../../../src/base/param.c"

#include "../unit.h"

struct thing {
	bool flag;
	int number;
	int64_t wide;
	uint64_t size;
	int64_t share;
	int mode;
	int bits;
	char *text;
	char *maybe;
	int octal;
	char *words;
	int special;
};

static const struct param_choice modes[] = {{"slow", 1}, {"fast", 2}, {NULL, 0}};
static const struct param_choice bits[] = {
	{"default", 0}, {"save", 1}, {"now", 2}, {"force", 4}, {NULL, 0}};

static bool no_slash(struct bytes text, struct param_error *error)
{
	return memchr(text.ptr, '/', text.len) == NULL || param_fail(error, "no slash");
}

static bool special_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	(void)row;
	if (argc == 1 && argv[0].len == 0)
		argc = 0;
	if (argc > 3)
		return param_fail(error, "too many");
	(void)argv;
	((struct thing *)owner)->special = argc;
	return true;
}

static void special_get(const struct param_row *row, const void *owner, struct buf *out)
{
	(void)row;
	buf_printf(out, "%d", ((const struct thing *)owner)->special);
}

static const struct param_special special = {.set = special_set, .get = special_get};

#define AT(field) PARAM_FIELD(struct thing, field)
static const struct param_row rows[] = {
	{.type = PARAM_SECTION, .name = "THINGS", .help = "About things."},
	{"flag", PARAM_BOOL, AT(flag), "yes", .alias = "old-flag"},
	{"number", PARAM_INT, AT(number), "10", .min = 0, .max = 65535},
	{"wide", PARAM_I64, AT(wide), "-1", .min = -1, .max = INT64_MAX},
	{"size", PARAM_MEMORY, AT(size), "64mb", .min = 1024},
	{"share", PARAM_PERCENT_OR_MEMORY, AT(share), "0", .flags = 0},
	{"mode", PARAM_ENUM, AT(mode), "slow", .choices = modes},
	{"bits", PARAM_FLAGS, AT(bits), "default", .choices = bits, .flags = PARAM_MULTI_ARG},
	{"text", PARAM_STRING, AT(text), "hello", .check = no_slash},
	{"maybe", PARAM_STRING_OR_NULL, AT(maybe), "", .flags = 0},
	{"octal", PARAM_OCTAL, AT(octal), "0", .max = 0777},
	{"words", PARAM_STRING, AT(words), "* -::*", .flags = PARAM_MULTI_ARG},
	{"special", PARAM_SPECIAL, 0, "1", .flags = PARAM_MULTI_ARG, .special = &special},
	{0},
};

static struct thing thing;

static int setup(void **state)
{
	(void)state;
	memset(&thing, 0, sizeof(thing));
	param_set_defaults(rows, &thing);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	param_release(rows, &thing);
	assert_null(thing.text);
	return 0;
}

static const struct param_row *row_of(const char *name)
{
	const struct param_row *row = param_find(rows, bytes_text(name));
	assert_non_null(row);
	return row;
}

static void refused(const char *name, const char *value, const char *text)
{
	struct param_error error;
	struct bytes word = bytes_text(value);
	struct thing before = thing;
	assert_int_equal(param_set(row_of(name), &thing, &word, 1, &error), PARAM_REFUSED);
	assert_string_equal(error.text, text);
	assert_memory_equal(&before, &thing, sizeof(thing));
}

static void accepted(const char *name, const char *value, const char *shown)
{
	struct param_error error;
	struct param_words words = {0};
	struct bytes whole = bytes_text(value);
	struct buf out = {0};
	assert_true(param_split(whole, &words));
	bool split = (row_of(name)->flags & PARAM_MULTI_ARG) && words.argc > 0;
	assert_int_not_equal(param_set(row_of(name), &thing, split ? words.argv : &whole,
				     split ? words.argc : 1, &error),
		PARAM_REFUSED);
	param_print(row_of(name), &thing, &out);
	assert_string_equal(buf_text(&out), shown);
	buf_release(&out);
	param_words_release(&words);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_true(thing.flag);
	assert_int_equal(thing.size, 64 << 20);
	assert_null(thing.maybe);
	assert_string_equal(thing.words, "* -::*");
	PARAM_EACH (row, rows)
		assert_true(param_is_default(row, &thing));
	thing.size++;
	assert_false(param_is_default(row_of("size"), &thing));
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(row_of("OLD-flag"), row_of("FLAG"));
	assert_null(param_find(rows, BYTES("THINGS")));
	assert_null(param_find(rows, BYTES("")));
}

static void test_numbers(void **state)
{
	(void)state;
	accepted("number", "0", "0");
	accepted("number", "65535", "65535");
	refused("number", "65536", "argument must be between 0 and 65535 inclusive");
	refused("number", "-1", "argument must be between 0 and 65535 inclusive");
	refused("number", "", "argument couldn't be parsed into an integer");
	refused("number", "1x", "argument couldn't be parsed into an integer");
	refused("number", "99999999999999999999", "argument couldn't be parsed into an integer");
	accepted("wide", "9223372036854775807", "9223372036854775807");
	refused("wide", "-2", "argument must be between -1 and 9223372036854775807 inclusive");
	accepted("octal", "700", "700");
	assert_int_equal(thing.octal, 0700);
	refused("octal", "8", "argument couldn't be parsed as an octal number");
	refused("octal", "7777", "argument must be between 0 and 777 inclusive");
}

static void test_sizes(void **state)
{
	(void)state;
	accepted("size", "1kb", "1024");
	accepted("size", "2GB", "2147483648");
	refused("size", "1k", "argument must be between 1024 and 18446744073709551615 inclusive");
	refused("size", "-5mb", "argument must be a memory value");
	refused("size", "5 mb", "argument must be a memory value");
	accepted("share", "5%", "5%");
	assert_int_equal(thing.share, -5);
	accepted("share", "1mb", "1048576");
	refused("share", "101%", "percentage argument must be less or equal to 100");
	refused("share", "x%", "argument must be a memory or percent value");
	refused("share", "%", "argument must be a memory or percent value");
	refused("share", "-5%", "argument must be a memory or percent value");
}

static void test_words_and_choices(void **state)
{
	(void)state;
	refused("flag", "true", "argument must be 'yes' or 'no'");
	accepted("flag", "NO", "no");
	accepted("mode", "Fast", "fast");
	refused("mode", "medium", "argument(s) must be one of the following: slow, fast");
	accepted("bits", "force save", "save force");
	assert_int_equal(thing.bits, 5);
	accepted("bits", "default now", "now");
	accepted("bits", "default", "default");
	refused("bits", "", "argument(s) must be one of the following: default, save, now, force");
	refused("text", "a/b", "no slash");
	accepted("text", "", "");
	assert_non_null(thing.text);
	accepted("maybe", "x", "x");
	accepted("maybe", "", "");
	assert_null(thing.maybe);
	accepted("words", "a  b", "a b");
}

static void test_counts_of_words(void **state)
{
	struct param_error error;
	struct bytes two[] = {BYTES("a"), BYTES("b")};
	(void)state;
	assert_int_equal(param_set(row_of("text"), &thing, two, 2, &error), PARAM_REFUSED);
	assert_string_equal(error.text, "wrong number of arguments");
	assert_int_equal(param_set(row_of("text"), &thing, two, 0, &error), PARAM_REFUSED);
	assert_string_equal(error.text, "wrong number of arguments");
	assert_int_equal(param_set(row_of("bits"), &thing, two, 0, &error), PARAM_REFUSED);
	assert_string_equal(
		error.text, "argument(s) must be one of the following: default, save, now, force");
	assert_int_equal(param_set(row_of("special"), &thing, two, 2, &error), PARAM_CHANGED);
	assert_int_equal(param_set(row_of("special"), &thing, two, 2, &error), PARAM_SAME);
	struct bytes nul = bytes_of("a\0b", 3);
	assert_int_equal(param_set(row_of("text"), &thing, &nul, 1, &error), PARAM_REFUSED);
}

/* What rewrite writes must set the same value again. */
static void test_rewrite_round_trip(void **state)
{
	static const char *values[][2] = {
		{"flag", "no"},
		{"size", "3gb"},
		{"size", "1025"},
		{"text", "with \"quotes\""},
		{"text", ""},
		{"text", "#no"},
		{"maybe", "a b"},
		{"share", "7%"},
		{"bits", "now force"},
		{"words", ""},
		{"words", "::1 -a"},
		{"octal", "17"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct buf lines = {0}, shown = {0};
		struct param_words words;
		struct param_error error;
		const struct param_row *row = row_of(values[i][0]);
		struct bytes value = bytes_text(values[i][1]);
		bool split = (row->flags & PARAM_MULTI_ARG) && value.len > 0;
		assert_true(param_split(value, &words));
		param_set(row, &thing, split ? words.argv : &value, split ? words.argc : 1, &error);
		param_words_release(&words);
		param_print(row, &thing, &shown);
		param_rewrite(row, &thing, false, &lines);
		assert_true(lines.len > 0);
		param_set_default(row, &thing);
		assert_true(param_split(buf_bytes(&lines), &words));
		assert_int_equal(param_set(row, &thing, words.argv + 1, words.argc - 1, &error),
			PARAM_CHANGED);
		param_words_release(&words);
		buf_clear(&lines);
		param_print(row, &thing, &lines);
		assert_string_equal(buf_text(&lines), buf_text(&shown));
		buf_release(&lines);
		buf_release(&shown);
		param_set_default(row, &thing);
	}
	struct buf lines = {0};
	PARAM_EACH (row, rows)
		param_rewrite(row, &thing, false, &lines);
	assert_int_equal(lines.len, 0);
	param_rewrite(row_of("size"), &thing, true, &lines);
	assert_string_equal(buf_text(&lines), "size 64mb\n");
	buf_release(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words_and_choices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts_of_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rewrite_round_trip, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
