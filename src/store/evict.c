/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pool keeps the best candidates of earlier samples, worst first. Its pointers may be of
 * entries that are gone: none is followed before the dictionary has been seen to hold it.
 */
#include "store/evict.h"

#include "base/mem.h"
#include "base/rand.h"
#include "store/graveyard.h"
#include "store/slice.h"

#define POOL_SIZE 16
#define SAMPLES_MAX 64
#define MINUTE_MASK 0xffffu
/* Evictions between two looks at the clock. */
#define EVICT_BATCH 8

struct candidate {
	struct entry *entry; /* maybe dead */
	uint64_t hash;
	uint64_t score;      /* the higher, the better a victim */
	int db;
};

struct evict_pool {
	int count;
	struct candidate best[POOL_SIZE];
};

const char *const evict_policy_names[] = {
	"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
	"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction", NULL,
};

const char *evict_policy_name(int policy)
{
	return policy < 0 || policy > POLICY_NOEVICTION ? NULL : evict_policy_names[policy];
}

int64_t evict_budget_us(int tenacity)
{
	if (tenacity >= 100)
		return SLICE_BUDGET_MAX_US;
	if (tenacity <= 10)
		return 50 * (int64_t)(tenacity < 0 ? 0 : tenacity);
	/* 500 us at 10, 15 % more with each point: about two minutes at 99. */
	double us = 500;
	for (int i = 10; i < tenacity; i++)
		us *= 1.15;
	return (int64_t)us;
}

/* --- access bits ---------------------------------------------------------------------------- */

static uint32_t lfu_minutes(const struct keyspace *k)
{
	return (uint32_t)(k->now_ms / 60000) & MINUTE_MASK;
}

uint64_t lru_idle_seconds(const struct keyspace *k, const struct entry *e)
{
	return (k->lru_clock - e->access) & LRU_CLOCK_MAX;
}

void entry_set_idle(const struct keyspace *k, struct entry *e, uint64_t seconds)
{
	/* Longer than the clock's turn would look young. */
	if (seconds > LRU_CLOCK_MAX / 2)
		seconds = LRU_CLOCK_MAX / 2;
	e->access = (k->lru_clock - (uint32_t)seconds) & LRU_CLOCK_MAX;
}

unsigned lfu_frequency(const struct keyspace *k, const struct entry *e)
{
	unsigned counter = e->access & 0xff;
	uint32_t minutes = (lfu_minutes(k) - (e->access >> 8)) & MINUTE_MASK;
	int decay = k->config.lfu_decay_minutes;
	uint32_t periods = decay > 0 ? minutes / (uint32_t)decay : 0;
	return periods > counter ? 0 : counter - periods;
}

void entry_set_frequency(const struct keyspace *k, struct entry *e, unsigned frequency)
{
	unsigned counter = frequency > LFU_COUNTER_MAX ? LFU_COUNTER_MAX : frequency;
	e->access = ((lfu_minutes(k) << 8) | counter) & 0xffffff;
}

void entry_touch_lfu(const struct keyspace *k, struct entry *e)
{
	unsigned counter = lfu_frequency(k, e);
	if (counter < LFU_COUNTER_MAX) {
		unsigned above = counter > LFU_COUNTER_START ? counter - LFU_COUNTER_START : 0;
		unsigned factor =
			k->config.lfu_log_factor > 0 ? (unsigned)k->config.lfu_log_factor : 0;
		if (rand_below((uint64_t)above * factor + 1) == 0)
			counter++;
	}
	entry_set_frequency(k, e, counter);
}

/* --- the pool ------------------------------------------------------------------------------- */

static uint64_t candidate_score(const struct keyspace *k, const struct entry *e)
{
	switch (k->config.policy & 3) {
	case POLICY_VOLATILE_LRU:
		return lru_idle_seconds(k, e);
	case POLICY_VOLATILE_LFU:
		return LFU_COUNTER_MAX - lfu_frequency(k, e);
	default:
		return UINT64_MAX - (uint64_t)entry_expiry_ms(e);
	}
}

static struct dict *evict_dict(const struct keyspace *k, int db)
{
	bool all_keys = k->config.policy >= POLICY_ALLKEYS_LRU;
	return all_keys ? &k->dbs[db].entries : &k->dbs[db].expiring;
}

static void pool_offer(struct evict_pool *pool, const struct keyspace *k, int db, struct entry *e)
{
	uint64_t score = candidate_score(k, e);
	int at = pool->count;
	if (pool->count == POOL_SIZE && score <= pool->best[0].score)
		return;
	for (int i = 0; i < pool->count; i++)
		if (pool->best[i].entry == e && pool->best[i].db == db)
			return;
	if (pool->count == POOL_SIZE) {
		/* The worst gives way. */
		memmove(&pool->best[0], &pool->best[1], (POOL_SIZE - 1) * sizeof(pool->best[0]));
		at = --pool->count;
	}
	for (; at > 0 && pool->best[at - 1].score > score; at--)
		pool->best[at] = pool->best[at - 1];
	struct bytes key = entry_key(e);
	pool->best[at] = (struct candidate){e, hash_bytes(key.ptr, key.len), score, db};
	pool->count++;
}

static void pool_fill(struct evict_pool *pool, struct keyspace *k)
{
	void *items[SAMPLES_MAX];
	int wanted = k->config.maxmemory_samples;
	unsigned samples = wanted < 1 ? 1 : wanted > SAMPLES_MAX ? SAMPLES_MAX : (unsigned)wanted;
	for (int db = 0; db < k->db_count; db++) {
		unsigned count = dict_sample(evict_dict(k, db), items, samples);
		for (unsigned i = 0; i < count; i++)
			__builtin_prefetch(items[i]);
		for (unsigned i = 0; i < count; i++)
			pool_offer(pool, k, db, items[i]);
	}
}

/* The best candidate that is still alive; NULL = none. */
static struct entry *pool_take(struct evict_pool *pool, struct keyspace *k, int *db)
{
	while (pool->count > 0) {
		struct candidate c = pool->best[--pool->count];
		if (c.db >= k->db_count)
			continue;
		if (dict_find_pointer(evict_dict(k, c.db), c.hash, c.entry).bucket == NULL)
			continue;
		*db = c.db;
		return c.entry;
	}
	return NULL;
}

static struct entry *evict_choose_random(struct keyspace *k, int *db)
{
	for (int i = 0; i < k->db_count; i++) {
		k->evict_db = (k->evict_db + 1) % k->db_count;
		struct entry *e = dict_random(evict_dict(k, k->evict_db));
		if (e == NULL)
			continue;
		*db = k->evict_db;
		return e;
	}
	return NULL;
}

static struct entry *evict_choose(struct keyspace *k, int *db)
{
	if ((k->config.policy & 3) == POLICY_VOLATILE_RANDOM)
		return evict_choose_random(k, db);
	pool_fill(k->pool, k);
	return pool_take(k->pool, k, db);
}

static bool evict_one(struct keyspace *k)
{
	static const struct change why = {
		.cause = CHANGE_EVICTED,
		.event_class = EVENT_EVICTED,
		.event = "evicted",
	};
	int db = 0;
	struct entry *e = evict_choose(k, &db);
	if (e == NULL)
		return false;
	k->stats.evicted++;
	db_remove_because(&k->dbs[db], key_of(entry_key(e)), e, &why, k->config.lazy_eviction);
	return true;
}

enum evict_result evict_until(struct keyspace *k, size_t used, size_t limit, int64_t budget_us)
{
	if (used <= limit)
		return EVICT_OK;
	size_t to_free = used - limit;
	if (k->pool == NULL)
		k->pool = mem_calloc(1, sizeof(*k->pool));
	size_t before = mem_used_bytes();
	size_t told = k->told_bytes;
	struct slice slice = slice_begin(k, budget_us);
	for (unsigned turn = 1;; turn++) {
		/* Messages about what went are gone soon; more keys would mean more of them. */
		size_t now = mem_used_bytes() - (k->told_bytes - told);
		if (now < before && before - now >= to_free)
			return EVICT_OK;
		if (turn % EVICT_BATCH == 0 && slice_spend(&slice, EVICT_BATCH))
			return EVICT_RUNNING;
		if (k->graves != NULL) {
			grave_dig(k);
			continue;
		}
		if (k->config.policy == POLICY_NOEVICTION || !evict_one(k))
			return EVICT_FAIL;
	}
}
