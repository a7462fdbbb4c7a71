/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/title: templates, and the title as the kernel shows it, never longer than its room.
 */
#include "../../../src/process/title.c"

#include "../unit.h"

static const struct title_values values = {
	"/bin/x", "*:6379", "", "/etc/x.conf", "/run/s", 6379, 6380};

static void expect(const char *template, const char *expected)
{
	struct buf out = {0};
	bool is_good = title_expand(bytes_text(template), &values, &out);
	assert_int_equal(is_good, expected != NULL);
	if (expected != NULL)
		assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void test_templates(void **state)
{
	struct param_error error;
	(void)state;
	expect("{title} {listen-addr} {server-mode}", "/bin/x *:6379");
	expect("{port}/{tls-port} {unixsocket} {config-file}", "6379/6380 /run/s /etc/x.conf");
	expect("plain }", "plain }");
	struct buf out = {0};
	assert_true(title_expand(BYTES("{config-file}"),
		&(struct title_values){.config_file = "", .unixsocket = ""}, &out));
	assert_string_equal(buf_text(&out), "-");
	buf_release(&out);
	expect("", NULL);
	expect("{server-mode}", NULL);
	expect("{bad}", NULL);
	expect("{title", NULL);
	expect("{}", NULL);
	assert_true(title_check(BYTES("{server-mode}"), &error));
	assert_false(title_check(BYTES("{bad}"), &error));
	assert_string_equal(error.text, "template format is invalid or contains unknown variables");
}

static char **test_argv;
static int test_argc;

static void test_shown(void **state)
{
	char text[4096] = {0}, home[64] = {0};
	(void)state;
	assert_false(title_set("{title}", &values)); /* no room before init */
	snprintf(home, sizeof(home), "%s", getenv("PATH") == NULL ? "" : getenv("PATH"));
	title_init(test_argc, test_argv);
	size_t room = title_room_bytes;
	assert_true(room > 0);
	title_init(test_argc, test_argv);
	assert_int_equal(room, title_room_bytes);
	assert_true(title_set("{port}", &values));
	int fd = open("/proc/self/cmdline", O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_string_equal(text, "6379");
	/* The environment survived. */
	if (home[0] != '\0')
		assert_int_equal(strncmp(getenv("PATH"), home, strlen(home)), 0);
	char *huge = malloc(200001);
	memset(huge, 'x', 200000);
	huge[200000] = '\0';
	assert_true(title_set(huge, &values));
	assert_int_equal(strlen(title_room), room - 1);
	free(huge);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_shown),
	};
	test_argc = argc;
	test_argv = argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
