/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/evict: each policy takes from the right keys, the right ones first, and stops at the limit.
 */
#include "../../../src/store/evict.c"

#include "fixture.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(evict_policy_name(POLICY_NOEVICTION), "noeviction");
	assert_string_equal(evict_policy_name(POLICY_ALLKEYS_LFU), "allkeys-lfu");
	assert_string_equal(evict_policy_name(POLICY_VOLATILE_TTL), "volatile-ttl");
	assert_null(evict_policy_name(-1));
	assert_null(evict_policy_name(8));
	assert_int_equal(evict_budget_us(0), 0);
	assert_int_equal(evict_budget_us(10), 500);
	assert_true(evict_budget_us(50) > 100000);
	assert_true(evict_budget_us(100) >= SLICE_BUDGET_MAX_US);
}

/* Half of the keys with an expiry; the index is in the name. */
static void fill(struct fixture *f, int count)
{
	char name[32];
	static char value[200];
	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "key:%d", i);
		int64_t expiry = i % 2 ? NOW_MS + 1000 * (i + 1) : EXPIRY_NONE;
		keyspace_set_time(f->k, NOW_MS + 1000 * i);
		set_text(&f->k->dbs[i / 2 % 2], name, value, expiry);
	}
	keyspace_set_time(f->k, NOW_MS);
}

static size_t left_of(struct fixture *f, int from, int to, int step)
{
	char name[32];
	size_t left = 0;
	for (int i = from; i < to; i += step) {
		snprintf(name, sizeof(name), "key:%d", i);
		left += db_peek(&f->k->dbs[i / 2 % 2], key_text(name)) != NULL;
	}
	return left;
}

static void test_policies(void **state)
{
	(void)state;
	rand_seed(1);
	for (int policy = 0; policy < POLICY_NOEVICTION; policy++) {
		struct fixture f;
		fixture_open(&f);
		f.k->config.policy = policy;
		fill(&f, 2000);
		keyspace_set_time(f.k, NOW_MS + 2000 * 1000);
		f.k->allow_expiry = 0;
		size_t used = mem_used_bytes();
		assert_int_equal(evict_until(f.k, used, used - 60000, INT64_MAX), EVICT_OK);
		/* The pool itself came in between. */
		assert_true(mem_used_bytes() <= used - 60000 + 1024);
		/* No more than needed: a key is about 250 bytes. */
		assert_in_range(f.k->stats.evicted, 60000 / 300, 60000 / 180);
		assert_true(mem_used_bytes() > used - 62000);
		size_t volatile_left = left_of(&f, 1, 2000, 2);
		size_t lasting_left = left_of(&f, 0, 2000, 2);
		if (policy < POLICY_ALLKEYS_LRU)
			assert_int_equal(lasting_left, 1000);
		else
			assert_true(lasting_left < 1000);
		assert_true(volatile_left < 1000);
		if ((policy & 3) == POLICY_VOLATILE_LRU || policy == POLICY_VOLATILE_TTL)
			assert_true(left_of(&f, 0, 1000, 1) + 80 < left_of(&f, 1000, 2000, 1));
		fixture_close(&f);
	}
}

static void test_fails(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	fill(&f, 20);
	size_t used = mem_used_bytes();
	assert_int_equal(evict_until(f.k, used, used, INT64_MAX), EVICT_OK);
	assert_int_equal(evict_until(f.k, used, 0, INT64_MAX), EVICT_FAIL);
	assert_int_equal(f.k->stats.evicted, 0);
	f.k->config.policy = POLICY_VOLATILE_LRU;
	assert_int_equal(evict_until(f.k, used, 0, INT64_MAX), EVICT_FAIL);
	assert_int_equal(f.k->stats.evicted, 10);
	f.k->config.policy = POLICY_ALLKEYS_RANDOM;
	assert_int_equal(evict_until(f.k, used, 0, INT64_MAX), EVICT_FAIL);
	assert_int_equal(db_size(f.db) + db_size(&f.k->dbs[1]), 0);
	fixture_close(&f);
}

static void test_published_and_sliced(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	f.k->config.policy = POLICY_ALLKEYS_LRU;
	set_text(f.db, "only", "x", EXPIRY_NONE);
	size_t used = mem_used_bytes();
	assert_int_equal(evict_until(f.k, used, used - 1, INT64_MAX), EVICT_OK);
	assert_told(&f, "0:only:evicted!evicted");
	fill(&f, 1000);
	used = mem_used_bytes();
	assert_int_equal(evict_until(f.k, used, 0, 20), EVICT_RUNNING);
	assert_in_range(f.k->stats.evicted, 8, 60);
	/* What is being freed anyway is taken first, at no key's cost. */
	uint64_t evicted = f.k->stats.evicted;
	struct value v = pile_new(5000);
	struct entry *e = db_set_value(f.db, key_text("pile"), &v, EXPIRY_NONE);
	db_delete_entry(f.db, key_text("pile"), e, true);
	used = mem_used_bytes();
	f.k->config.policy = POLICY_NOEVICTION;
	assert_int_equal(evict_until(f.k, used, used - 100000, INT64_MAX), EVICT_OK);
	assert_int_equal(f.k->stats.evicted, evicted);
	fixture_close(&f);
}

/* The pool remembers entries that may be gone, and databases that were swapped. */
static void test_stale_pool(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	f.k->config.policy = POLICY_ALLKEYS_LRU;
	for (int round = 0; round < 50; round++) {
		fill(&f, 200);
		size_t used = mem_used_bytes();
		assert_int_equal(evict_until(f.k, used, used - 1000, INT64_MAX), EVICT_OK);
		if (round % 3 == 0)
			keyspace_flush(f.k, -1, false);
		else if (round % 3 == 1)
			keyspace_swap(f.k, 0, 1);
		fixture_check_db(f.db);
	}
	fixture_close(&f);
}

static void test_lru_clock(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	struct entry *e = set_text(f.db, "a", "x", EXPIRY_NONE);
	assert_int_equal(lru_idle_seconds(f.k, e), 0);
	keyspace_set_time(f.k, NOW_MS + 90 * 1000);
	assert_int_equal(lru_idle_seconds(f.k, e), 90);
	db_touch(f.db, e);
	assert_int_equal(lru_idle_seconds(f.k, e), 0);
	entry_set_idle(f.k, e, 1234);
	assert_int_equal(lru_idle_seconds(f.k, e), 1234);
	entry_set_idle(f.k, e, UINT64_MAX);
	assert_true(lru_idle_seconds(f.k, e) >= LRU_CLOCK_MAX / 2);
	/* The clock's turn. */
	e->access = LRU_CLOCK_MAX;
	f.k->lru_clock = 4;
	assert_int_equal(lru_idle_seconds(f.k, e), 5);
	fixture_close(&f);
}

static void test_lfu(void **state)
{
	struct fixture f;
	(void)state;
	rand_seed(7);
	fixture_open(&f);
	f.k->config.policy = POLICY_ALLKEYS_LFU;
	struct entry *e = set_text(f.db, "a", "x", EXPIRY_NONE);
	assert_int_equal(lfu_frequency(f.k, e), LFU_COUNTER_START);
	/* With factor 10, about 10 after 100 accesses, 18 after 1000, 142 after 100,000. */
	unsigned at[3] = {0};
	for (int i = 1; i <= 100000; i++) {
		db_touch(f.db, e);
		if (i == 100)
			at[0] = lfu_frequency(f.k, e);
		if (i == 1000)
			at[1] = lfu_frequency(f.k, e);
	}
	at[2] = lfu_frequency(f.k, e);
	assert_in_range(at[0], 7, 14);
	assert_in_range(at[1], 14, 25);
	assert_in_range(at[2], 120, 165);
	/* One a minute is lost. */
	keyspace_set_time(f.k, NOW_MS + 10 * 60000);
	assert_int_equal(lfu_frequency(f.k, e), at[2] - 10);
	f.k->config.lfu_decay_minutes = 0;
	assert_int_equal(lfu_frequency(f.k, e), at[2]);
	f.k->config.lfu_decay_minutes = 1;
	keyspace_set_time(f.k, NOW_MS + 1000 * 60000);
	assert_int_equal(lfu_frequency(f.k, e), 0);
	entry_set_frequency(f.k, e, 300);
	assert_int_equal(lfu_frequency(f.k, e), 255);
	db_touch(f.db, e);
	assert_int_equal(lfu_frequency(f.k, e), 255);
	fixture_close(&f);
}

UNIT_MAIN(test_names, test_policies, test_fails, test_published_and_sliced, test_stale_pool,
	test_lru_clock, test_lfu)
