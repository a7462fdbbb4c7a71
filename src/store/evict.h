/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Eviction: makes room by Redis's policies. LRU, LFU and TTL choose the best of a few samples and
 * of a small pool of good candidates seen before; random takes what comes.
 *
 * The 24 access bits of an entry are, for LFU, 16 bits of minutes and 8 bits of a logarithmic
 * counter; else the clock of its last access in seconds.
 */
#ifndef RINGLET_STORE_EVICT_H
#define RINGLET_STORE_EVICT_H

#include "store/keyspace.h"

#define LRU_CLOCK_MAX 0xffffffu
#define LFU_COUNTER_MAX 255
#define LFU_COUNTER_START 5 /* a new key is not the first victim */

enum evict_result {
	EVICT_OK,      /* `used` is at or below the limit now */
	EVICT_RUNNING, /* the budget ended before: call again soon; there was progress */
	EVICT_FAIL,    /* nothing left that may be evicted */
};

/* Evicts until `used` (what counts as used at the call) has shrunk to `limit`. Each victim is
 * published as CHANGE_EVICTED. What is already on its way out (lazily freed) is freed first. */
enum evict_result evict_until(struct keyspace *k, size_t used, size_t limit, int64_t budget_us);
/* The budget that maxmemory-eviction-tenacity (0 .. 100) allows. */
int64_t evict_budget_us(int tenacity);

/* "volatile-lru" …; NULL when there is no such policy. */
const char *evict_policy_name(int policy);
/* The names in the order of enum evict_policy, ended by NULL. */
extern const char *const evict_policy_names[];

/* The access bits of a new entry. */
static inline void entry_start_access(const struct keyspace *k, struct entry *e)
{
	if (UNLIKELY(policy_is_lfu(k->config.policy)))
		e->access = (((uint32_t)(k->now_ms / 60000) << 8) | LFU_COUNTER_START) & 0xffffff;
	else
		e->access = k->lru_clock & LRU_CLOCK_MAX;
}

/* OBJECT IDLETIME and FREQ, and what RESTORE sets them to. */
uint64_t lru_idle_seconds(const struct keyspace *k, const struct entry *e);
unsigned lfu_frequency(const struct keyspace *k, const struct entry *e);
void entry_set_idle(const struct keyspace *k, struct entry *e, uint64_t seconds);
void entry_set_frequency(const struct keyspace *k, struct entry *e, unsigned frequency);

#endif
