/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of hashes share; nobody else includes this. A table is a dictionary of pairs with
 * what the sweep over their expiries needs to know, in an allocation of its own.
 */
#ifndef RINGLET_TYPES_HASH_INTERNAL_H
#define RINGLET_TYPES_HASH_INTERNAL_H

#include "types/hash.h"

struct hash_table {
	struct dict dict;   /* first: the value's pointer is one to it */
	size_t expiring;    /* pairs that expire */
	int64_t soonest_ms; /* none expires before; HASH_NEVER when none does */
	int64_t swept_ms;   /* the same of the pairs that this round of the sweep has passed */
	uint64_t cursor;    /* where the round stands; 0 = none is under way */
};

static inline bool hash_is_packed(const struct value *v)
{
	return v->encoding != ENC_HASHTABLE;
}

/* Elements of a field in a packed hash: 2, or 3 with expiries. */
static inline unsigned hash_step(const struct value *v)
{
	return v->encoding == ENC_LISTPACK_TTL ? 3 : 2;
}

/* The expiry of the field at `at` in a packed hash. */
static inline int64_t hash_packed_expiry_ms(const struct value *v, const unsigned char *at)
{
	if (v->encoding != ENC_LISTPACK_TTL)
		return HASH_NO_EXPIRY;
	int64_t expiry = listpack_integer(listpack_next(listpack_next(at)));
	return expiry == 0 ? HASH_NO_EXPIRY : expiry;
}

static inline bool hash_is_past(int64_t expiry_ms, int64_t now_ms)
{
	return expiry_ms != HASH_NO_EXPIRY && expiry_ms <= now_ms;
}

/* The field's element in a packed hash; NULL = it is not there. */
unsigned char *hash_packed_find(const struct value *v, struct bytes field);
/* Adds a field that is not there, at its place in the order. */
void hash_packed_add(struct value *v, struct bytes field, struct bytes value, int64_t expiry_ms);

struct hash_table *hash_table_new(size_t expected);
/* Adds a pair whose field is not there. */
void hash_table_insert(struct hash_table *t, void *pair);
/* Takes what stands at `place` out and frees it. */
void hash_table_remove(struct hash_table *t, uint64_t hash, struct dict_place place);
/* Notes that a pair now expires at `to` instead of `from`. */
void hash_table_note_expiry(struct hash_table *t, int64_t from, int64_t to);
/* Frees about `buckets` buckets of pairs; true when nothing is left (then t is freed). */
bool hash_table_free_slice(struct hash_table *t, unsigned buckets);
/* Changes to the table's encoding, with room for `expected` fields. */
void hash_to_table(struct value *v, size_t expected);
/* Whether a packed hash may hold this many fields, and texts of this length. */
bool hash_fits_packed(size_t fields, size_t longest);

#endif
