/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/expire: lazy deletion, and the sweep: it finds all, keeps to its budget, goes on while much
 * is dead and stops early where little is.
 */
#include "../../../src/store/expire.c"

#include "fixture.h"

static void fill(struct db *db, int count, int64_t expiry_ms)
{
	char name[32];
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "k%lld:%d", (long long)expiry_ms, i);
		set_text(db, name, "v", expiry_ms);
	}
}

static void test_lazy(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	set_text(f.db, "a", "x", NOW_MS + 1);
	assert_non_null(db_find(f.db, key_text("a")));
	keyspace_set_time(f.k, NOW_MS + 1);
	assert_null(db_find(f.db, key_text("a")));
	assert_told(&f, "0:a:expired!expired");
	assert_int_equal(db_size(f.db), 0);
	assert_int_equal(f.k->stats.expired, 1);
	fixture_close(&f);
}

static void test_sweep_finds_all(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	fill(f.db, 3000, NOW_MS + 10);
	fill(&f.k->dbs[1], 200, NOW_MS + 20);
	fill(f.db, 100, NOW_MS + 1000000);
	fill(f.db, 50, EXPIRY_NONE);
	keyspace_set_time(f.k, NOW_MS + 5);
	for (int i = 0; i < 600; i++)
		assert_false(keyspace_expire_slice(f.k, 100000));
	assert_int_equal(f.k->stats.expired, 0);
	assert_int_equal(f.k->stats.expire_lag_ms, 0);
	keyspace_set_time(f.k, NOW_MS + 30);
	for (int i = 0; i < 300; i++)
		keyspace_expire_slice(f.k, 100000);
	assert_int_equal(f.k->stats.expired, 3200);
	assert_int_equal(db_size(f.db), 150);
	assert_int_equal(db_size(&f.k->dbs[1]), 0);
	assert_int_equal(dict_count(&f.db->expiring), 100);
	/* Those that are left live for 1000 s less 30 ms. */
	assert_in_range(f.db->avg_ttl_ms, 900000, 1000000);
	assert_int_equal(f.k->dbs[1].avg_ttl_ms, 0);
	fixture_close(&f);
}

static void test_budget(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	fill(f.db, 5000, NOW_MS + 1);
	keyspace_set_time(f.k, NOW_MS + 500);
	/* Units of work stand for microseconds: 100 of them can't delete more than about 100 keys.
	 */
	assert_true(keyspace_expire_slice(f.k, 100));
	assert_in_range(f.k->stats.expired, 50, 130);
	assert_int_equal(f.k->stats.expire_time_cap_reached, 1);
	assert_int_equal(f.k->stats.expire_lag_ms, 499);
	assert_true(f.k->stats.expired_stale_perc > 0);
	/* It goes on where it stopped: all are gone after as many slices as there are hundreds. */
	int slices = 1;
	while (keyspace_expire_slice(f.k, 100))
		slices++;
	assert_int_equal(f.k->stats.expired, 5000);
	assert_in_range(slices, 40, 120);
	fixture_close(&f);
}

static void test_little_is_dead(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	fill(f.db, 20000, NOW_MS + 1000000);
	fill(f.db, 200, NOW_MS + 1);
	keyspace_set_time(f.k, NOW_MS + 5);
	/* One percent dead: each slice is short, and a few hundred of them have seen everything. */
	int calls = 0;
	while (f.k->stats.expired < 200 && calls < 600) {
		uint64_t before = f.k->stats.expired;
		assert_false(keyspace_expire_slice(f.k, 1000000));
		assert_true(f.k->stats.expired - before < 40);
		calls++;
	}
	assert_int_equal(f.k->stats.expired, 200);
	fixture_close(&f);
}

static void test_switched_off(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	fill(f.db, 100, NOW_MS + 1);
	keyspace_set_time(f.k, NOW_MS + 5);
	f.k->config.active_expire = false;
	assert_false(keyspace_expire_slice(f.k, 100000));
	f.k->config.active_expire = true;
	f.k->allow_expiry = 0;
	assert_false(keyspace_expire_slice(f.k, 100000));
	assert_int_equal(db_size(f.db), 100);
	f.k->allow_expiry = 1;
	keyspace_expire_slice(f.k, 100000);
	assert_int_equal(db_size(f.db), 0);
	fixture_close(&f);
}

UNIT_MAIN(test_lazy, test_sweep_finds_all, test_budget, test_little_is_dead, test_switched_off)
