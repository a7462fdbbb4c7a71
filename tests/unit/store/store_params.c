/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/store_params: the table; defaults as keyspace_new has them; policies by name.
 */
#include "../../../src/store/store_params.c"

#include "../unit.h"

#include "../param_rows.h"

#include "store/evict.h"

static void test_rows(void **state)
{
	struct keyspace_config config = {0};
	struct param_error error;
	(void)state;
	rows_check(store_params, &config);
	for (int i = 0; evict_policy_names[i] != NULL; i++) {
		rows_expect(store_params, &config, "maxmemory-policy", evict_policy_names[i], NULL);
		assert_int_equal(config.policy, i);
	}
	rows_expect(store_params, &config, "maxmemory", "1b", NULL);
	assert_true(store_apply_maxmemory(&config, NULL, &error));
	rows_expect(store_params, &config, "maxmemory", "-1", "argument must be a memory value");
	rows_expect(store_params, &config, "active-expire-effort", "11",
		"argument must be between 1 and 10 inclusive");
	param_release(store_params, &config);
}

static void test_same_as_a_new_keyspace(void **state)
{
	struct keyspace_config config = {0};
	(void)state;
	param_set_defaults(store_params, &config);
	struct keyspace *k = keyspace_new(1);
	assert_int_equal(config.policy, k->config.policy);
	assert_int_equal(config.maxmemory, k->config.maxmemory);
	assert_int_equal(config.maxmemory_samples, k->config.maxmemory_samples);
	assert_int_equal(config.eviction_tenacity, k->config.eviction_tenacity);
	assert_int_equal(config.lfu_log_factor, k->config.lfu_log_factor);
	assert_int_equal(config.lfu_decay_minutes, k->config.lfu_decay_minutes);
	assert_int_equal(config.active_expire_effort, k->config.active_expire_effort);
	keyspace_free(k);
}

UNIT_MAIN(test_rows, test_same_as_a_new_keyspace)
