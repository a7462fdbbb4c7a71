/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keys that take most memory: BIGKEYS_SLOTS candidates. Keys are offered when a call that was
 * sampled or slow has touched them, and by a walk that looks at some keys of the keyspace in each
 * tick; nobody ever walks all of it at once. Whoever asks measures the candidates anew, so what is
 * shown is true of the moment, and what is gone is not shown.
 *
 * Invariant: measuring takes at most one part in BIGKEYS_REST of the time: what it took is waited
 * for so many times over before the next offer is listened to (streams with many groups and
 * consumers are dear to measure). Fixed memory.
 */
#ifndef RINGLET_OBS_BIGKEYS_H
#define RINGLET_OBS_BIGKEYS_H

#include "obs/key_name.h"

#define BIGKEYS_SLOTS 128
#define BIGKEYS_SAMPLES 5      /* elements measured of a value */
#define BIGKEYS_TICK_KEYS 256  /* looked at by the walk in one tick */
#define BIGKEYS_TICK_STEPS 64  /* places of the table that it looks into for them */
#define BIGKEYS_REST 100

struct bigkeys {
	uint64_t bytes[BIGKEYS_SLOTS];
	struct key_name names[BIGKEYS_SLOTS];
	int count;
	uint64_t floor; /* what a key must have to get in; 0 while there is room */
	int walk_db; /* where the walk stands */
	uint64_t walk_cursor;
	uint64_t rounds;     /* how often it was through */
	uint64_t rest_until; /* ticks */
};

struct bigkeys *bigkeys_new(void);
void bigkeys_free(struct bigkeys *b);
/* The walk begins anew, too. */
void bigkeys_forget(struct bigkeys *b);
/* An entry of `db` that may be large. */
void bigkeys_offer(struct bigkeys *b, const struct db *db, const struct entry *e);
/* A step of the walk. */
void bigkeys_tick(struct bigkeys *b, struct keyspace *k);
/* Measures the candidates anew and drops those that are gone; then the slots, biggest first. */
int bigkeys_order(struct bigkeys *b, const struct keyspace *k, uint8_t order[BIGKEYS_SLOTS]);

#endif
