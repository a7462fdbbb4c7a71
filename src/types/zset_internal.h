/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of sorted sets share; nobody else includes this.
 */
#ifndef RINGLET_TYPES_ZSET_INTERNAL_H
#define RINGLET_TYPES_ZSET_INTERNAL_H

#include "ds/dict_iter.h"
#include "types/zset.h"

/* The large form. Both hold the same items, but while a table is being built (zset_algebra.c): then
 * the tree is still empty. */
struct zset_table {
	struct dict by_member;
	struct order_tree by_score;
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

/* The item of a member; NULL = none. */
static inline void *zset_table_find(const struct zset_table *t, struct zset_member member)
{
	return dict_find(&t->by_member, member.hash, order_item_is, &member.text);
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
