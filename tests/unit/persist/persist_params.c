/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/persist_params: the table, save points, and the checks of names.
 */
#include "../../../src/persist/persist_params.c"

#include "../unit.h"

#include "../param_rows.h"

static struct persist_config config;

static int setup(void **state)
{
	(void)state;
	param_set_defaults(persist_params, &config);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	param_release(persist_params, &config);
	memset(&config, 0, sizeof(config));
	return 0;
}

static void test_rows(void **state)
{
	(void)state;
	rows_check(persist_params, &config);
	rows_expect_shown(persist_params, &config, "save", "3600 1 300 100 60 10000");
}

static void test_save(void **state)
{
	static const char *const bad[] = {"1", "1 2 3", "0 1", "1 -1", "a 1", "1 b", "1  2"};
	struct buf lines = {0};
	(void)state;
	rows_expect(persist_params, &config, "save", "10 1 20 2", NULL);
	rows_expect_shown(persist_params, &config, "save", "10 1 20 2");
	for (size_t i = 0; i + 1 < sizeof(bad) / sizeof(bad[0]); i++)
		rows_expect(persist_params, &config, "save", bad[i], "Invalid save parameters");
	param_rewrite(param_find(persist_params, BYTES("save")), &config, false, &lines);
	assert_string_equal(buf_text(&lines), "save 10 1\nsave 20 2\n");
	buf_clear(&lines);
	rows_expect(persist_params, &config, "save", "", NULL);
	param_rewrite(param_find(persist_params, BYTES("save")), &config, false, &lines);
	assert_string_equal(buf_text(&lines), "save \"\"\n");
	buf_release(&lines);
	struct buf many = {0};
	for (int i = 0; i <= PERSIST_SAVE_POINTS_MAX; i++)
		buf_add_text(&many, "1 1 ");
	rows_expect(persist_params, &config, "save", buf_text(&many), "Invalid save parameters");
	buf_release(&many);
	rows_expect_shown(persist_params, &config, "save", "");
}

static void test_names(void **state)
{
	(void)state;
	rows_expect(persist_params, &config, "dbfilename", "a/b",
		"dbfilename can't be a path, just a filename");
	rows_expect(persist_params, &config, "appendfilename", "a/b",
		"appendfilename can't be a path, just a filename");
	rows_expect(persist_params, &config, "appenddirname", "a/b",
		"appenddirname can't be a path, just a dirname");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
