/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parts of values that expire on their own: fields of hashes. What they are is the types' knowledge
 * (type_ops.soonest_ms, expire_parts); here is kept which keys have some, and they are swept in
 * slices as the keys are.
 *
 * Invariant: db->decaying holds exactly the entries with ENTRY_PARTS; after each change of a value
 * that goes through db_set_value or an edit, that is those whose soonest_ms is not INT64_MAX.
 */
#ifndef RINGLET_STORE_PARTS_H
#define RINGLET_STORE_PARTS_H

#include "store/keyspace.h"

struct slice;

/* Looks whether the entry's value has parts that expire, and notes it. */
void db_note_parts(struct db *db, struct key key, struct entry *e);
/* Takes an entry with ENTRY_PARTS out of the books: its value goes. */
void db_forget_parts(struct db *db, uint64_t hash, struct entry *e);
/* Tells that `part` expired, before it is deleted, and counts it. */
void db_tell_part_gone(struct db *db, struct bytes key, struct bytes part);
/* Deletes what has expired, as far as the slice allows; true: it ended while more was left. */
bool parts_sweep(struct keyspace *k, struct slice *slice);

#endif
