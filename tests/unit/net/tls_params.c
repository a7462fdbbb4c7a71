/* SPDX-License-Identifier: BSD-3-Clause
 *
 * net/tls_params: the table, and when TLS counts as wanted.
 */
#include "../../../src/net/tls_params.c"

#include "../unit.h"

#include "../param_rows.h"

static void test_rows(void **state)
{
	struct tls_config config = {0};
	(void)state;
	rows_check(tls_params, &config);
	assert_int_equal(config.auth_clients, TLS_AUTH_YES);
	assert_true(config.session_caching);
	assert_null(config.cert_file);
	rows_expect(tls_params, &config, "tls-port", "65536",
		"argument must be between 0 and 65535 inclusive");
	rows_expect(tls_params, &config, "tls-auth-clients", "optional", NULL);
	assert_int_equal(config.auth_clients, TLS_AUTH_OPTIONAL);
	param_release(tls_params, &config);
}

static void test_wanted(void **state)
{
	struct tls_config config = {0};
	struct param_error error;
	(void)state;
	assert_false(tls_is_wanted(&config));
	config.cluster = true;
	assert_true(tls_is_wanted(&config));
	config = (struct tls_config){.port = 1};
	assert_true(tls_is_wanted(&config));
	/* Before there is a net, nothing is put into effect. */
	assert_true(tls_apply(&config, NULL, &error));
	assert_true(tls_apply_port(&config, NULL, &error));
}

UNIT_MAIN(test_rows, test_wanted)
