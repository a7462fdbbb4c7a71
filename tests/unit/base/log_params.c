/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/log_params: the table, and a level changed at run time.
 */
#include "../../../src/base/log_params.c"

#include "../unit.h"

#include "../param_rows.h"

static void test_rows(void **state)
{
	struct log_config config = {0};
	struct param_error error;
	(void)state;
	rows_check(log_params, &config);
	assert_int_equal(config.level, LOG_NOTICE);
	assert_int_equal(config.syslog_facility, 16 << 3);
	rows_expect(log_params, &config, "loglevel", "zzz",
		"argument(s) must be one of the following: debug, verbose, notice, warning, "
		"nothing");
	rows_expect(log_params, &config, "loglevel", "WARNING", NULL);
	assert_true(log_apply(&config, NULL, &error));
	assert_false(log_wants(LOG_NOTICE));
	assert_true(log_wants(LOG_WARNING));
	param_release(log_params, &config);
}

UNIT_MAIN(test_rows)
