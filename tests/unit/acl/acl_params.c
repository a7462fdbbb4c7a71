/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/acl_params: the table, and what a password does to sessions.
 */
#include "../../../src/acl/acl_params.c"

#include "../unit.h"

#include "../param_rows.h"
#include "world.h"

static void test_rows(void **state)
{
	struct acl_config config = {0};
	struct param_error error;
	(void)state;
	rows_check(acl_params, &config);
	assert_true(acl_apply_password(&config, NULL, &error));
	param_release(acl_params, &config);
}

static void test_password(void **state)
{
	struct world w;
	struct param_error error;
	(void)state;
	world_open(&w, "");
	rows_expect(acl_params, &w.config, "requirepass", "secret", NULL);
	assert_true(acl_apply_password(&w.config, w.acl, &error));
	assert_true(w.exec->has_password);
	assert_true(w.a.is_authenticated);
	rows_expect(acl_params, &w.config, "requirepass", "", NULL);
	assert_true(acl_apply_password(&w.config, w.acl, &error));
	assert_false(w.exec->has_password);
	world_close(&w);
}

UNIT_MAIN(test_rows, test_password)
