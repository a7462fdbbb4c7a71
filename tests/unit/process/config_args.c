/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/config_args: the lines that command lines become.
 */
#include "../../../src/process/config_args.c"

#include "../unit.h"

static void expect_lines(const char *const *argv, const char *expected)
{
	struct buf out = {0};
	int argc = 0;
	while (argv[argc] != NULL)
		argc++;
	config_add_options(argc, (char **)(uintptr_t)argv, 1, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}
#define ARGS(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		"server", __VA_ARGS__, NULL                                                        \
	}

static void test_options(void **state)
{
	(void)state;
	expect_lines(ARGS("--port", "7"), "\nport \"7\" ");
	expect_lines(ARGS("--bind", "::1", "a b", "--port", "7"),
		"\nbind \"::1\" \"a b\" \nport \"7\" ");
	expect_lines(ARGS("port", "7"), "\n\"port\" \"7\" ");
	expect_lines(ARGS("--maxmemory 700mb", "--port", "7"), "\nmaxmemory 700mb \nport \"7\" ");
	expect_lines(ARGS("--requirepass", "--secret"), "\nrequirepass \"--secret\" ");
	expect_lines(ARGS("--a", "--b", "--c", "1"), "\na \"--b\" \nc \"1\" ");
	expect_lines(ARGS("--port"), "\nport ");
	expect_lines(ARGS("--x", "\"\n"), "\nx \"\\\"\\n\" ");
}

static void test_save(void **state)
{
	(void)state;
	expect_lines(ARGS("--save"), "\nsave \"\" ");
	expect_lines(ARGS("--save", "--port", "7"), "\nsave \"\" \nport \"7\" ");
	expect_lines(ARGS("--save", "", "--port", "7"), "\nsave \"\" \nport \"7\" ");
	expect_lines(ARGS("--save", "900 1", "--save", "60", "5"),
		"\nsave \"900 1\" \nsave \"60\" \"5\" ");
}

struct thing {
	int number;
};
static struct thing thing;
static const struct param_row rows[] = {
	{"number", PARAM_INT, PARAM_FIELD(struct thing, number), "1", .max = 100},
	{0},
};

static enum config_start start_with(const char *const *argv)
{
	const struct param_group group = {rows, &thing, NULL};
	struct config *config = config_new(&group, 1);
	int argc = 0, null = open("/dev/null", O_WRONLY);
	int saved[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
	while (argv[argc] != NULL)
		argc++;
	fflush(NULL);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	enum config_start start = config_start(config, argc, (char **)(uintptr_t)argv);
	fflush(NULL);
	dup2(saved[0], STDOUT_FILENO);
	dup2(saved[1], STDERR_FILENO);
	close(saved[0]);
	close(saved[1]);
	close(null);
	config_free(config);
	return start;
}

static void test_start(void **state)
{
	char path[] = "/tmp/config-args-XXXXXX";
	(void)state;
	assert_int_equal(start_with((const char *const[]){"server", NULL}), CONFIG_RUN);
	assert_int_equal(thing.number, 1);
	assert_int_equal(start_with(ARGS("--number", "5")), CONFIG_RUN);
	assert_int_equal(thing.number, 5);
	assert_int_equal(start_with(ARGS("--number", "5", "6")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("--number")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("/nonexistent.conf")), CONFIG_EXIT_BAD);
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "number 9", 8), 8);
	close(fd);
	assert_int_equal(start_with(ARGS(path)), CONFIG_RUN);
	assert_int_equal(thing.number, 9);
	assert_int_equal(start_with(ARGS(path, "--number", "10")), CONFIG_RUN);
	assert_int_equal(thing.number, 10);
	assert_int_equal(start_with(ARGS(path, "number", "11")), CONFIG_RUN);
	assert_int_equal(thing.number, 11);
	unlink(path);
	assert_int_equal(start_with(ARGS("", "--number", "12")), CONFIG_RUN);
	assert_int_equal(thing.number, 12);
}

static void test_one_shots(void **state)
{
	(void)state;
	assert_int_equal(start_with(ARGS("--version")), CONFIG_EXIT_OK);
	assert_int_equal(start_with(ARGS("-v")), CONFIG_EXIT_OK);
	assert_int_equal(start_with(ARGS("--help")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("-h")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("--print-config-template")), CONFIG_EXIT_OK);
	assert_int_equal(start_with(ARGS("--test-memory")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("--test-memory", "-1")), CONFIG_EXIT_BAD);
	assert_int_equal(start_with(ARGS("--test-memory", "1")), CONFIG_EXIT_OK);
	assert_int_not_equal(start_with(ARGS("--check-system")), CONFIG_RUN);
}

static void expect_absolute(const char *path, const char *expected)
{
	char *absolute = config_absolute(path);
	assert_string_equal(absolute, expected);
	mem_free(absolute);
}

static void test_absolute(void **state)
{
	char before[4096];
	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir("/usr/bin"), 0);
	expect_absolute("/a/b", "/a/b");
	expect_absolute("a", "/usr/bin/a");
	expect_absolute("./a", "/usr/bin/a");
	expect_absolute("../a", "/usr/a");
	expect_absolute("../../../a", "/a");
	assert_int_equal(chdir(before), 0);
}

UNIT_MAIN(test_options, test_save, test_start, test_one_shots, test_absolute)
