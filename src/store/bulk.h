/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Making many keys at once, for loading: what an insertion will touch is fetched into the cache
 * while the next keys are being read. Nothing is published, nothing expires on the way.
 *
 * Between bulk_add and bulk_flush an entry is in no dictionary yet.
 */
#ifndef RINGLET_STORE_BULK_H
#define RINGLET_STORE_BULK_H

#include "store/keyspace.h"

#define BULK_ENTRIES 32

struct bulk {
	struct db *db;
	bool overwrites; /* a key that is there already is replaced */
	unsigned count;
	struct bulk_item {
		struct entry *entry;
		uint64_t hash;
	} items[BULK_ENTRIES];
};

/* Room for so many keys, of which `expires` have an expiry. A hint. */
void bulk_reserve(struct db *db, uint64_t keys, uint64_t expires);
/* Is the batch full? Then it must be flushed before the next bulk_add. */
static inline bool bulk_is_full(const struct bulk *b)
{
	return b->count == BULK_ENTRIES;
}
/* A new entry; consumes the value (a string view is copied). expiry_ms < 0 = none. The access bits
 * are those of a key made now; the caller may set others, until the flush. */
struct entry *bulk_add(struct bulk *b, struct bytes key, struct value *value, int64_t expiry_ms);
/* The same of a string, which becomes an integer where it is one. */
struct entry *bulk_add_string(
	struct bulk *b, struct bytes key, struct bytes text, int64_t expiry_ms);
/* Puts the entries into the database. False: a key was there already (and overwrites is off); it
 * and what came behind it are dropped. */
bool bulk_flush(struct bulk *b);
/* Drops what was not flushed. */
void bulk_drop(struct bulk *b);

#endif
