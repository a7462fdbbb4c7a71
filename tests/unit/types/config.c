/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thresholds' rows: their defaults are what the struct begins with, and lists take their limits
 * from it.
 */
#include "../../../src/types/config.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_rows_agree_with_the_struct(void **state)
{
	(void)state;
	struct types_config fresh = {0};
	int rows = 0;
	param_set_defaults(types_params, &fresh);
	assert_memory_equal(&fresh, &types_config, sizeof(fresh));
	PARAM_EACH(row, types_params)
	rows++;
	assert_int_equal(rows, 12);
	assert_non_null(param_find(types_params, BYTES("LIST-max-ziplist-SIZE")));
}

static void test_list_limits(void **state)
{
	(void)state;
	types_config.list_max_listpack_size = 7;
	types_config.list_compress_depth = 3;
	types_config.list_packed_threshold = 99;
	struct quicklist_limits limits = types_list_limits();
	assert_int_equal(limits.fill, 7);
	assert_int_equal(limits.depth, 3);
	assert_int_equal(limits.plain_from, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_agree_with_the_struct),
		cmocka_unit_test(test_list_limits),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
