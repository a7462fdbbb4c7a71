/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/log: the form of a line, levels, cut lines, rotation by rename, the signal-safe path.
 */
#include "../../../src/base/log.c"

#include "../unit.h"

#include <regex.h>

static char dir[] = "/tmp/ringlet-log-XXXXXX";
static char file[64], moved[64];

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/log", dir);
	snprintf(moved, sizeof(moved), "%s/log.1", dir);
	return 0;
}

static int tear_down(void **state)
{
	struct log_config plain = {.level = LOG_NOTHING, .file = NULL};
	(void)state;
	log_init(&plain);
	unlink(file);
	unlink(moved);
	return rmdir(dir);
}

static void start(int level)
{
	struct log_config config = {.level = level, .file = file};
	unlink(file);
	log_init(&config);
}

static size_t load(const char *name, char *out, size_t size)
{
	FILE *f = fopen(name, "r");
	if (f == NULL)
		return 0;
	size_t len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	fclose(f);
	return len;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t compiled;
	assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&compiled, text, 0, NULL, 0) != 0)
		fail_msg("'%s' does not match %s", text, pattern);
	regfree(&compiled);
}

static void test_line(void **state)
{
	char text[1000], pattern[200];
	(void)state;
	start(LOG_DEBUG);
	errno = 77;
	log_line(LOG_NOTICE, "hello %d", 5);
	assert_int_equal(errno, 77);
	load(file, text, sizeof(text));
	snprintf(pattern, sizeof(pattern),
		 "^%d:M [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
		 "[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} \\* hello 5\n$",
		 (int)getpid());
	assert_matches(text, pattern);
}

static void test_levels(void **state)
{
	char text[4000];
	(void)state;
	for (int level = LOG_DEBUG; level <= LOG_NOTHING; level++) {
		start(level);
		log_role = 'S';
		log_line(LOG_DEBUG, "a");
		log_line(LOG_VERBOSE, "b");
		log_line(LOG_NOTICE, "c");
		log_line(LOG_WARNING, "d");
		log_role = 'M';
		text[0] = '\0';
		load(file, text, sizeof(text));
		assert_int_equal(strstr(text, " . a\n") != NULL, level <= LOG_DEBUG);
		assert_int_equal(strstr(text, " - b\n") != NULL, level <= LOG_VERBOSE);
		assert_int_equal(strstr(text, " * c\n") != NULL, level <= LOG_NOTICE);
		assert_int_equal(strstr(text, " # d\n") != NULL, level <= LOG_WARNING);
		assert_int_equal(strstr(text, ":S ") != NULL, level <= LOG_WARNING);
		assert_int_equal(log_wants(LOG_WARNING), level <= LOG_WARNING);
	}
}

static void test_long_lines_are_cut(void **state)
{
	char *text = mem_alloc(30000), *wide = mem_alloc(20001);
	(void)state;
	start(LOG_DEBUG);
	memset(wide, 'w', 20000);
	wide[20000] = '\0';
	log_line(LOG_NOTICE, "%s", wide);
	log_line(LOG_NOTICE, "next");
	size_t len = load(file, text, 30000);
	char *end = strchr(text, '\n');
	assert_int_equal(end - text + 1, LOG_LINE_MAX - 1);
	assert_non_null(strstr(end, "next\n"));
	assert_true(len < LOG_LINE_MAX + 100);
	/* Every length around the limit is either whole or cut, and ends with one newline. */
	for (size_t n = LOG_LINE_MAX - 60; n < LOG_LINE_MAX + 5; n++) {
		start(LOG_DEBUG);
		log_line(LOG_NOTICE, "%.*s", (int)n, wide);
		len = load(file, text, 30000);
		assert_ptr_equal(strchr(text, '\n'), text + len - 1);
		assert_true(len < LOG_LINE_MAX);
	}
	mem_free(text);
	mem_free(wide);
}

static void test_rotation(void **state)
{
	char text[1000];
	(void)state;
	start(LOG_DEBUG);
	log_line(LOG_NOTICE, "first");
	assert_int_equal(rename(file, moved), 0);
	log_line(LOG_NOTICE, "second");
	load(moved, text, sizeof(text));
	assert_non_null(strstr(text, "first"));
	assert_null(strstr(text, "second"));
	load(file, text, sizeof(text));
	assert_non_null(strstr(text, "second"));
	unlink(file);
	log_line(LOG_NOTICE, "third");
	assert_true(load(file, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "third"));
}

static void test_file_that_cannot_be(void **state)
{
	struct log_config config = {.level = LOG_DEBUG, .file = (char[]){"/nonexistent/dir/log"}};
	(void)state;
	log_init(&config);
	log_line(LOG_WARNING, "lost");
	log_raw_from_signal("lost");
	assert_int_equal(log_fd, -1);
}

static void test_from_signal(void **state)
{
	char text[1000], pattern[100];
	(void)state;
	start(LOG_DEBUG);
	log_raw_from_signal("Received SIGTERM");
	load(file, text, sizeof(text));
	snprintf(pattern, sizeof(pattern), "^%d:signal-handler \\([0-9]+\\) Received SIGTERM\n$",
		 (int)getpid());
	assert_matches(text, pattern);
}

static void test_standard_output(void **state)
{
	struct log_config config = {.level = LOG_DEBUG, .file = (char[]){""}};
	char text[1000];
	(void)state;
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	int to = open(moved, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	dup2(to, STDOUT_FILENO);
	close(to);
	log_init(&config);
	log_line(LOG_WARNING, "visible");
	log_raw_from_signal("from a handler");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	load(moved, text, sizeof(text));
	assert_non_null(strstr(text, " # visible\n"));
	assert_non_null(strstr(text, ") from a handler\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_file_that_cannot_be),
		cmocka_unit_test(test_from_signal),
		cmocka_unit_test(test_standard_output),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
