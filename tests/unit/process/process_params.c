/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/process_params: the table, the working directory as a parameter, values that are cut.
 */
#include "../../../src/process/process_params.c"

#include "../unit.h"

#include "../param_rows.h"

static struct process_config config;

static void test_rows(void **state)
{
	(void)state;
	rows_check(process_params, &config);
	rows_expect(process_params, &config, "shutdown-on-sigterm", "nosave save",
		"shutdown options SAVE and NOSAVE can't be used simultaneously");
	rows_expect(process_params, &config, "shutdown-on-sigterm", "force now nosave", NULL);
	rows_expect_shown(process_params, &config, "shutdown-on-sigterm", "nosave now force");
	assert_int_equal(
		config.shutdown_on_sigterm, SHUTDOWN_NOSAVE | SHUTDOWN_NOW | SHUTDOWN_FORCE);
	rows_expect(process_params, &config, "proc-title-template", "{x}",
		"template format is invalid or contains unknown variables");
	rows_expect(process_params, &config, "locale-collate", "xx_NOWHERE", "Invalid locale name");
	rows_expect(process_params, &config, "locale-collate", "C", NULL);
	rows_expect(process_params, &config, "supervised", "x",
		"argument(s) must be one of the following: upstart, systemd, auto, no");
	rows_expect(process_params, &config, "oom-score-adj", "relative", NULL);
	rows_expect_shown(process_params, &config, "oom-score-adj", "yes");
	assert_true(process_allows(ALLOWED_LOCAL, true));
	assert_false(process_allows(ALLOWED_LOCAL, false));
	assert_false(process_allows(ALLOWED_NO, true));
	param_release(process_params, &config);
}

static void test_oom_values(void **state)
{
	const char *name = "oom-score-adj-values";
	const char *range =
		"Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
	(void)state;
	param_set_defaults(process_params, &config);
	rows_expect(process_params, &config, name, "-2000 0 2000", NULL);
	rows_expect_shown(process_params, &config, name, "-2000 0 2000");
	rows_expect(process_params, &config, name, "1 2", "wrong number of arguments");
	rows_expect(process_params, &config, name, "", "wrong number of arguments");
	rows_expect(process_params, &config, name, "1 2 x", range);
	rows_expect(process_params, &config, name, "1 2 2001", range);
	rows_expect_shown(process_params, &config, name, "-2000 0 2000");
	param_release(process_params, &config);
}

static void test_dir(void **state)
{
	char before[4096];
	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	param_set_defaults(process_params, &config);
	rows_expect_shown(process_params, &config, "dir", before);
	rows_expect(process_params, &config, "dir", "/nonexistent", "No such file or directory");
	rows_expect(process_params, &config, "dir", "/usr", NULL);
	rows_expect_shown(process_params, &config, "dir", "/usr");
	assert_int_equal(chdir(before), 0);
	param_release(process_params, &config);
}

static void test_hz(void **state)
{
	struct param_error error;
	(void)state;
	config.hz = 0;
	assert_true(process_apply_hz(&config, NULL, &error));
	assert_int_equal(config.hz, 1);
	config.hz = 501;
	assert_true(process_apply_hz(&config, NULL, &error));
	assert_int_equal(config.hz, 500);
	config.hz = 10;
	assert_true(process_apply_hz(&config, NULL, &error));
	assert_int_equal(config.hz, 10);
}

UNIT_MAIN(test_rows, test_oom_values, test_dir, test_hz)
