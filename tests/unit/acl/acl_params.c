/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/acl_params: the table, and what a password does to the executor.
 */
#include "../../../src/acl/acl_params.c"

#include "../unit.h"

#include "../param_rows.h"

static void test_rows(void **state)
{
	struct acl_config config = {0};
	struct exec exec = {0};
	struct param_error error;
	(void)state;
	rows_check(acl_params, &config);
	assert_true(acl_apply_password(&config, NULL, &error));
	rows_expect(acl_params, &config, "requirepass", "secret", NULL);
	assert_true(acl_apply_password(&config, &exec, &error));
	assert_true(exec.has_password);
	rows_expect(acl_params, &config, "requirepass", "", NULL);
	assert_true(acl_apply_password(&config, &exec, &error));
	assert_false(exec.has_password);
	param_release(acl_params, &config);
}

UNIT_MAIN(test_rows)
