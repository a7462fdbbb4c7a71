/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/config_rewrite: what becomes of each kind of line, and of the file itself.
 */
#include "../../../src/process/config_rewrite.c"

#include "../unit.h"

struct thing {
	int number;
	int other;
	char *words;
};

static struct thing thing;

static bool pairs_set(const struct param_row *row, void *owner, const struct bytes *argv, int argc,
	struct param_error *error)
{
	(void)row;
	(void)argv;
	(void)error;
	((struct thing *)owner)->other = argc;
	return true;
}

static void pairs_get(const struct param_row *row, const void *owner, struct buf *out)
{
	(void)row;
	buf_printf(out, "%d", ((const struct thing *)owner)->other);
}

static void pairs_rewrite(const struct param_row *row, const void *owner, struct buf *lines)
{
	for (int i = 0; i < ((const struct thing *)owner)->other; i++)
		buf_printf(lines, "%s %d\n", row->name, i);
}

static const struct param_special pairs = {pairs_set, pairs_get, pairs_rewrite, NULL};

#define AT(field) PARAM_FIELD(struct thing, field)
static const struct param_row rows[] = {
	{"number", PARAM_INT, AT(number), "1", .max = 100, .alias = "old-number"},
	{"words", PARAM_STRING, AT(words), "", .flags = 0},
	{"pairs", PARAM_SPECIAL, 0, "1", .flags = PARAM_MULTI_ARG, .special = &pairs},
	{0},
};

static struct config *config;

static int setup(void **state)
{
	const struct param_group group = {rows, &thing, NULL};
	(void)state;
	config = config_new(&group, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static void expect(const char *old, bool force, const char *expected)
{
	struct buf out = {0};
	config_rewrite_text(config, bytes_text(old), force, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void test_text(void **state)
{
	(void)state;
	expect("", false, "");
	expect("# a comment\n\nunknown line\nuser x", false,
		"# a comment\n\nunknown line\nuser x\n");
	/* What is named is written, the default too. */
	expect("  number   5\n# end\n", false, "number 1\n# end\n");
	thing.number = 7;
	expect("old-number 5\n#\nnumber 6\n", false, "number 7\n#\n");
	expect("#\n", false, "#\n" CONFIG_REWRITE_MARK "\nnumber 7\n");
	/* Once written, the mark is not written again. */
	expect("#\n" CONFIG_REWRITE_MARK "\nnumber 3\n", false,
		"#\n" CONFIG_REWRITE_MARK "\nnumber 7\n");
	expect("", true, CONFIG_REWRITE_MARK "\nnumber 7\nwords \"\"\npairs 0\n");
	expect("number \"5\n", false, "number \"5\n" CONFIG_REWRITE_MARK "\nnumber 7\n");
}

static void test_several_lines(void **state)
{
	(void)state;
	thing.other = 3;
	expect("pairs 9\nx\npairs 8\n", false, "pairs 0\npairs 1\npairs 2\nx\n");
	thing.other = 0;
	expect("pairs 9\nx\npairs 8\n", false, "x\n");
}

static void test_file(void **state)
{
	char path[] = "/tmp/config-rewrite-XXXXXX", text[256] = {0};
	struct stat st;
	(void)state;
	assert_int_equal(config_rewrite(config, false), -ENOENT);
	int fd = mkstemp(path);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(write(fd, "# mine\nnumber 1\n", 16), 16);
	close(fd);
	config->file = mem_dup_text(path);
	thing.number = 42;
	assert_int_equal(config_rewrite(config, false), 0);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "# mine\nnumber 42\n");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	close(fd);
	unlink(path);
	/* A file that is gone is made anew; a folder that is gone is an error. */
	assert_int_equal(config_rewrite(config, false), 0);
	assert_int_equal(unlink(path), 0);
	mem_free(config->file);
	config->file = mem_dup_text("/nonexistent-folder/x.conf");
	assert_true(config_rewrite(config, false) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
