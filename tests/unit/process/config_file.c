/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/config_file: lines, comments, directives, includes, and the error block with its line.
 */
#include "../../../src/process/config_file.c"

#include "../unit.h"

struct thing {
	int number;
	char *words;
	char *pairs;
};

static struct thing thing;
static char taken[256];

#define AT(field) PARAM_FIELD(struct thing, field)
static const struct param_row rows[] = {
	{"number", PARAM_INT, AT(number), "1", .max = 100, .alias = "old-number"},
	{"words", PARAM_STRING, AT(words), "", .flags = PARAM_MULTI_ARG},
	{"pairs", PARAM_STRING, AT(pairs), "d d", .flags = PARAM_MULTI_ARG | PARAM_ADDS_UP},
	{0},
};

static bool take(void *context, const struct bytes *argv, int argc, struct param_error *error)
{
	(void)context;
	if (bytes_is(argv[0], "bad"))
		return param_fail(error, "that is bad");
	snprintf(taken, sizeof(taken), "%d %.*s", argc, (int)argv[0].len, argv[0].ptr);
	return true;
}

static struct config *config;
static char folder[] = "/tmp/config-file-XXXXXX";

static int setup(void **state)
{
	const struct param_group group = {rows, &thing, NULL};
	(void)state;
	config = config_new(&group, 1);
	config_add_directive(config,
		&(struct config_directive){
			.name = "directive", .min_args = 1, .max_args = 2, .take = take});
	taken[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

/* What is printed to stderr while `text` is parsed; "" when it is accepted. */
static const char *errors_of(const char *text)
{
	static char printed[1024];
	int saved = dup(STDERR_FILENO), out[2];
	assert_int_equal(pipe(out), 0);
	fflush(stderr);
	dup2(out[1], STDERR_FILENO);
	bool is_good = config_parse(config, bytes_text(text));
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(out[1]);
	ssize_t got = read(out[0], printed, sizeof(printed) - 1);
	close(out[0]);
	printed[got > 0 ? got : 0] = '\0';
	assert_int_equal(is_good, printed[0] == '\0');
	return printed;
}

static void expect_error(const char *text, const char *end)
{
	const char *printed = errors_of(text);
	assert_non_null(strstr(printed, "*** FATAL CONFIG FILE ERROR"));
	if (strstr(printed, end) == NULL)
		fail_msg("%s", printed);
}

static void test_lines(void **state)
{
	(void)state;
	assert_string_equal(
		errors_of("# comment\n\n  \t\r\n  NUMBER  7 \r\nwords a \"b c\"\n#x"), "");
	assert_int_equal(thing.number, 7);
	assert_string_equal(thing.words, "a b c");
	assert_string_equal(errors_of("old-number 8"), "");
	assert_int_equal(thing.number, 8);
	assert_string_equal(errors_of("directive x y\n"), "");
	assert_string_equal(taken, "2 x");
	assert_string_equal(errors_of(""), "");
}

static void test_errors(void **state)
{
	(void)state;
	expect_error("\n\nnumber x",
		"at line 3\n>>> 'number x'\nargument couldn't be parsed into an integer\n");
	expect_error("number", "at line 1\n>>> 'number'\nwrong number of arguments\n");
	expect_error("number 1 2", ">>> 'number 1 2'\nwrong number of arguments\n");
	expect_error("unknown 1", "Bad directive or wrong number of arguments\n");
	expect_error("directive", "Bad directive or wrong number of arguments\n");
	expect_error("directive 1 2 3", "Bad directive or wrong number of arguments\n");
	expect_error("directive bad", "that is bad\n");
	expect_error("number \"1", "Unbalanced quotes in configuration line\n");
	expect_error("include", "Bad directive or wrong number of arguments\n");
}

static void test_lines_add_up(void **state)
{
	(void)state;
	assert_string_equal(errors_of("pairs a b"), "");
	assert_string_equal(thing.pairs, "a b");
	assert_string_equal(errors_of("pairs c d\npairs \"e f\""), "");
	assert_string_equal(thing.pairs, "a b c d e f");
	assert_string_equal(errors_of("pairs \"\""), "");
	assert_string_equal(thing.pairs, "");
	assert_string_equal(errors_of("pairs g h"), "");
	assert_string_equal(thing.pairs, "g h");
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_include(void **state)
{
	char line[256], loop[256];
	(void)state;
	assert_non_null(mkdtemp(folder));
	write_file("a.conf", "number 11\n");
	write_file("b.conf", "words from b");
	snprintf(line, sizeof(line), "number 5\ninclude %s/*.conf\n", folder);
	assert_string_equal(errors_of(line), "");
	assert_int_equal(thing.number, 11);
	assert_string_equal(thing.words, "from b");
	snprintf(line, sizeof(line), "include %s/*.none\nnumber 6", folder);
	assert_string_equal(errors_of(line), "");
	assert_int_equal(thing.number, 6);
	/* A file that includes itself ends with an error, not with the stack. */
	snprintf(loop, sizeof(loop), "include %s/c.conf\n", folder);
	write_file("c.conf", loop);
	expect_error(loop, "too many levels of include");
	/* A plain name that does not exist is an error too, on the log. */
	snprintf(line, sizeof(line), "include %s/none", folder);
	assert_false(config_parse(config, bytes_text(line)));
	snprintf(line, sizeof(line), "rm -r %s", folder);
	assert_int_equal(system(line), 0);
}

static void test_random_text_never_crashes(void **state)
{
	static const char alphabet[] = "number 19words\"'\\#\n\n directive";
	uint64_t seed = 11;
	int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);
	(void)state;
	fflush(stderr);
	dup2(null, STDERR_FILENO);
	for (int round = 0; round < 20000; round++) {
		char text[40];
		size_t len = unit_random(&seed) % sizeof(text);
		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[unit_random(&seed) % (sizeof(alphabet) - 1)];
		(void)config_parse(config, bytes_of(text, len));
		assert_true(thing.number >= 0 && thing.number <= 100);
	}
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_include, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_text_never_crashes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
