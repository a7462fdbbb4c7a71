/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/params_later: the table and the checks of names.
 */
#include "../../../src/process/params_later.c"

#include "../unit.h"

#include "../param_rows.h"

static struct later_config config;

static int setup(void **state)
{
	(void)state;
	param_set_defaults(later_params, &config);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	param_release(later_params, &config);
	memset(&config, 0, sizeof(config));
	return 0;
}

static void test_rows(void **state)
{
	(void)state;
	rows_check(later_params, &config);
}

static void test_checks(void **state)
{
	(void)state;
	rows_expect(later_params, &config, "slaveof", "127.0.0.1 abc", "Invalid master port");
	rows_expect(later_params, &config, "replicaof", "127.0.0.1 70000", "Invalid master port");
	rows_expect(later_params, &config, "replicaof", "a 1 2", "wrong number of arguments");
	rows_expect(later_params, &config, "replicaof", "no one", NULL);
	rows_expect(later_params, &config, "replicaof", "a 6379", NULL);
	rows_expect(later_params, &config, "cluster-announce-hostname", "a b",
		"Hostnames may only contain alphanumeric characters, hyphens or dots");
	char host[300];
	memset(host, 'a', sizeof(host));
	host[256] = '\0';
	rows_expect(later_params, &config, "cluster-announce-hostname", host,
		"Hostnames must be less than 256 characters");
	host[255] = '\0';
	rows_expect(later_params, &config, "cluster-announce-hostname", host, NULL);
	rows_expect(later_params, &config, "cluster-announce-human-nodename", "a\"b",
		"Announced human node name contained invalid character");
	rows_expect(later_params, &config, "repl-backlog-size", "0",
		"argument must be between 1 and 9223372036854775807 inclusive");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checks, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
