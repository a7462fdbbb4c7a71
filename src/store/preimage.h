/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pre-images: how a snapshot sees what the keyspace was at its beginning. While one runs,
 * everything that changes or removes an entry says so first, and an entry that was not saved yet is
 * saved then. Each entry carries a generation of four bits: that of the snapshot that saved it
 * last, or during which it came. A snapshot begins by raising the keyspace's, so that all entries
 * are behind.
 *
 * Invariant: between two snapshots entries have at most `generations_mixed` + 1 generations, the
 * last of them the keyspace's own; there must never be all sixteen.
 */
#ifndef RINGLET_STORE_PREIMAGE_H
#define RINGLET_STORE_PREIMAGE_H

#include "store/keyspace.h"

#define PREIMAGE_GENERATION_STEP 0x10
#define PREIMAGE_GENERATIONS 16

struct preimage_sink {
	/* `e`, not saved yet, is about to change or to go; marks it as saved itself. */
	void (*save)(struct db *db, struct entry *e, void *context);
	/* All entries of a database are about to go: takes the dictionary over. The database is
	 * left with the same one, empty. */
	void (*take)(struct db *db, void *context);
	void *context;
};

static inline bool entry_is_saved(const struct keyspace *k, const struct entry *e)
{
	return (e->flags & ENTRY_GENERATION) == k->generation;
}

/* Whoever changes or removes an entry, or what hangs on it, calls this first. */
static inline void db_before_change(struct db *db, struct entry *e)
{
	const struct preimage_sink *sink = db->keyspace->preimage;
	if (UNLIKELY(sink != NULL) && !entry_is_saved(db->keyspace, e))
		sink->save(db, e, sink->context);
}

static inline void entry_mark_saved(const struct keyspace *k, struct entry *e)
{
	e->flags = (uint8_t)((e->flags & ~ENTRY_GENERATION) | k->generation);
}

/* From now on `sink` hears of what has not been saved. Its databases are marked as not walked. */
void preimage_begin(struct keyspace *k, const struct preimage_sink *sink);
/* It hears no more. `is_complete`: all entries that were there at the beginning were saved. (After
 * many that were not, all entries are visited to agree on a generation again.) */
void preimage_end(struct keyspace *k, bool is_complete);

#endif
