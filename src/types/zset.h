/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sorted sets: a listpack of members and scores in turn, in order; or an order tree with a
 * dictionary by member over the same items (ds/order_item.h). Which one follows from types_config.
 * Data only: it must not know sessions or replies.
 *
 * A value whose `ptr` is NULL is an empty sorted set: all functions take it.
 * Invariant: members are distinct as texts, in the order of score, then bytes; no score is NaN.
 */
#ifndef RINGLET_TYPES_ZSET_H
#define RINGLET_TYPES_ZSET_H

#include "ds/listpack.h"
#include "ds/order_tree.h"
#include "store/type_ops.h"

#include "base/num.h"

extern const struct type_ops zset_ops;
extern const struct value zset_empty;

size_t zset_length(const struct value *v);
/* Prepares for `more` members, the longest of this length: leaves the packed form when it could not
 * hold them alone. In a set that has members a long one counts when it comes: it may never. */
void zset_reserve(struct value *v, size_t more, size_t longest);
/* Adds the member or changes its score. */
enum zset_change { ZSET_SAME, ZSET_ADDED, ZSET_MOVED };
enum zset_change zset_set(struct value *v, struct bytes member, double score);
/* True when it was there. */
bool zset_remove(struct value *v, struct bytes member);
/* False when it is not there. */
bool zset_score(const struct value *v, struct bytes member, double *score);
bool zset_rank(const struct value *v, struct bytes member, size_t *rank, double *score);
/* Changes to the packed encoding if the limits allow that. */
void zset_to_packed(struct value *v);
void zset_free(struct value *v);

/* --- ranges: all of them are ranks first … behind - 1, empty where first == behind --- */

struct zset_range {
	size_t first, behind;
};

struct zset_score_bounds {
	double min, max;
	bool excludes_min, excludes_max;
};

/* A bound by members: a text, or before or behind all of them. */
struct zset_member_bound {
	struct bytes text;
	int8_t infinity; /* -1, 0, 1 */
	bool is_excluded;
};
struct zset_member_bounds {
	struct zset_member_bound min, max;
	bool backwards; /* looked for from the end: another result only where scores differ */
};

struct zset_range zset_range_by_score(const struct value *v, const struct zset_score_bounds *b);
/* Means something only where all scores are equal. */
struct zset_range zset_range_by_member(const struct value *v, const struct zset_member_bounds *b);
/* Deletes them, at once for all who ask. What many leave to be freed is handed over in *rest, which
 * is good for nothing but that, in slices (zset_cut.c); of few that is empty. */
void zset_delete_range(struct value *v, struct zset_range range, struct value *rest);

/* --- walks --- */

/* From a rank on, either way; the value is not changed meanwhile. Items are views into it. */
struct zset_iter {
	const struct value *zset;
	const unsigned char *at; /* listpack: a member */
	struct order_place place;
	bool backwards;
};
void zset_iter_init(struct zset_iter *it, const struct value *v, size_t rank, bool backwards);
bool zset_next(struct zset_iter *it, struct listpack_item *member, double *score);

/* A member and its score, as visitors get them; the view holds during the call. */
typedef void zset_visit(const struct listpack_item *member, double score, void *context);

/* A uniformly random member; false when empty. */
bool zset_random(const struct value *v, struct listpack_item *member, double *score);
/* `count` distinct members, every combination with the same chance; at most all of them. */
void zset_sample(const struct value *v, size_t count, zset_visit *visit, void *context);
/* ZSCAN: packed ones are visited whole. Returns the next cursor, 0 at the end. */
uint64_t zset_scan(
	struct value *v, uint64_t cursor, size_t count, zset_visit *visit, void *context);

#endif
