/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of sorted sets share; nobody else includes this.
 */
#ifndef RINGLET_TYPES_ZSET_INTERNAL_H
#define RINGLET_TYPES_ZSET_INTERNAL_H

#include "ds/dict_iter.h"
#include "types/zset.h"

/* The large form. Both hold the same items, but while a table is being built (zset_algebra.c): then
 * the tree is still empty; and while there are remnants (zset_cut.c): then the dictionary holds
 * ghosts, too. */
struct zset_table {
	struct dict by_member;
	struct order_tree by_score;
	struct zset_table *remnants; /* the youngest first */
	struct zset_table *owner;    /* of a remnant while something is left of it; else NULL */
	struct zset_table *next;     /* of a remnant: in its owner's list */
	uint64_t number;             /* how many remnants there were; of a remnant: which it is */
};

struct zset_table *zset_table_new(size_t expected);
/* A member with its hash. */
struct zset_member {
	struct bytes text;
	uint64_t hash;
};
static inline struct zset_member zset_member_of(struct bytes text)
{
	return (struct zset_member){text, hash_bytes(text.ptr, text.len)};
}

/* Whether the tree holds this very item. */
bool zset_table_has(const struct zset_table *t, const void *item);
/* Whether an item of the dictionary was deleted already. */
static inline bool zset_table_is_ghost(const struct zset_table *t, const void *item)
{
	return UNLIKELY(t->remnants != NULL) && !zset_table_has(t, item);
}
/* Takes a member that is a ghost out of the dictionary, if it is there. */
void zset_table_forget(struct zset_table *t, struct zset_member member);
/* For saving a state: a number that stands for the cuts so far, and whether an item was a ghost
 * after them. */
uint64_t zset_table_cuts(const struct zset_table *t);
bool zset_table_was_ghost(const struct zset_table *t, const void *item, uint64_t cuts);
/* Frees about *effort items of a remnant, or of all that a set has, and takes them off *effort;
 * true when nothing is left of them. */
bool zset_remnants_free_slice(struct zset_table *t, size_t *effort);

/* The item of a member; NULL = none. */
static inline void *zset_table_find(const struct zset_table *t, struct zset_member member)
{
	void *item = dict_find(&t->by_member, member.hash, order_item_is, &member.text);
	if (item != NULL && zset_table_is_ghost(t, item))
		return NULL;
	return item;
}
/* Puts a new member into the dictionary only; returns the item, which order_tree_insert is to
 * get. */
void *zset_table_add(struct zset_table *t, struct zset_member member, double score);
/* Frees about `effort` items; true when nothing is left (then t is freed). */
bool zset_table_free_slice(struct zset_table *t, size_t effort);

/* Changes to the table's encoding, with room for `expected` members. */
void zset_to_table(struct value *v, size_t expected);
/* Whether a packed one may hold this many members, and members of this length. */
bool zset_fits_packed(size_t members, size_t longest);

/* A score as the element of a listpack: an integer where it is one. `scratch`:
 * NUM_DOUBLE_MAX_CHARS. */
struct listpack_item zset_score_item(double score, char *scratch);
/* False when the element is no score. */
bool zset_read_score(const unsigned char *at, double *score);

#endif
