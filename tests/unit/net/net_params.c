/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net/net_params: the table; output limits class by class; more clients than descriptors.
 */
#include "../../../src/net/net_params.c"

#include "../unit.h"

#include "../param_rows.h"

#include <sys/resource.h>

static void test_rows(void **state)
{
	struct net_config config = {0};
	(void)state;
	rows_check(net_params, &config);
	assert_string_equal(config.bind, "* -::*");
	assert_null(config.unixsocket);
	rows_expect(net_params, &config, "bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", NULL);
	rows_expect(net_params, &config, "bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
		"Too many bind addresses specified.");
	rows_expect(net_params, &config, "port", "65536",
		"argument must be between 0 and 65535 inclusive");
	rows_expect(net_params, &config, "unixsocketperm", "1777",
		"argument must be between 0 and 777 inclusive");
	rows_expect(net_params, &config, "maxmemory-clients", "5%", NULL);
	assert_int_equal(config.maxmemory_clients, -5);
	param_release(net_params, &config);
}

static void test_output_limits(void **state)
{
	struct net_config config = {0};
	(void)state;
	param_set_defaults(net_params, &config);
	const char *name = "client-output-buffer-limit";
	rows_expect(net_params, &config, name, "replica 1mb 1kb 3", NULL);
	rows_expect_shown(net_params, &config, name,
		"normal 0 0 0 slave 1048576 1024 3 pubsub 33554432 8388608 60");
	rows_expect(net_params, &config, name, "slave 1 2 3 normal 4 5 6 normal 7 8 9", NULL);
	rows_expect_shown(
		net_params, &config, name, "normal 7 8 9 slave 1 2 3 pubsub 33554432 8388608 60");
	static const char *const bad[][2] = {
		{"", "Wrong number of arguments in buffer limit configuration."},
		{"normal 0 0", "Wrong number of arguments in buffer limit configuration."},
		{"foo 0 0 0", "Invalid client class specified in buffer limit configuration."},
		{"master 0 0 0", "Invalid client class specified in buffer limit configuration."},
		{"pubsub 0 0 0 normal a 0 0",
			"Error in hard, soft or soft_seconds setting in buffer limit "
			"configuration."},
		{"normal 0 0 -1",
			"Error in hard, soft or soft_seconds setting in buffer limit "
			"configuration."},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		rows_expect(net_params, &config, name, bad[i][0], bad[i][1]);
	rows_expect_shown(
		net_params, &config, name, "normal 7 8 9 slave 1 2 3 pubsub 33554432 8388608 60");
	param_release(net_params, &config);
}

static void test_maxclients(void **state)
{
	struct net_config config = {0};
	struct param_error error;
	struct rlimit limit;
	(void)state;
	param_set_defaults(net_params, &config);
	config.maxclients = 20;
	assert_true(net_apply_maxclients(&config, NULL, &error));
	rows_expect(net_params, &config, "maxclients", "0",
		"argument must be between 1 and 4294967295 inclusive");
	rows_expect(net_params, &config, "maxclients", "4294967295", NULL);
	assert_int_equal(config.maxclients, INT_MAX);
	assert_false(net_apply_maxclients(&config, NULL, &error));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	char expected[128];
	snprintf(expected, sizeof(expected),
		"The operating system is not able to handle the specified number of clients, try "
		"with %d",
		(int)limit.rlim_cur - NET_RESERVED_FILES);
	assert_string_equal(error.text, expected);
	/* Without a network there is nothing to listen on or to evict. */
	assert_true(net_apply_listen(&config, NULL, &error));
	assert_true(net_apply_bind(&config, NULL, &error));
	assert_true(net_apply_eviction(&config, NULL, &error));
	param_release(net_params, &config);
}

UNIT_MAIN(test_rows, test_output_limits, test_maxclients)
