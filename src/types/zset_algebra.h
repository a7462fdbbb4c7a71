/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Union, intersection and difference of sorted sets and sets (whose members count as score 1).
 */
#ifndef RINGLET_TYPES_ZSET_ALGEBRA_H
#define RINGLET_TYPES_ZSET_ALGEBRA_H

#include "types/zset.h"

enum zset_aggregate { ZSET_SUM, ZSET_MIN, ZSET_MAX };

/* One operand: a sorted set or a set; a missing key is an empty one (zset_empty). */
struct zset_source {
	struct value value;
	double weight;
};

size_t zset_source_length(const struct zset_source *s);

/* Each makes *out, a new sorted set in its large form (zset_to_packed, if it is to be kept). The
 * order of sources may change. */
void zset_unite(struct zset_source *sources, size_t count, enum zset_aggregate how,
	struct value *out);
void zset_intersect(struct zset_source *sources, size_t count, enum zset_aggregate how,
	struct value *out);
/* What is in sources[0] and in no other, with its scores there. */
void zset_subtract(const struct zset_source *sources, size_t count, struct value *out);
/* How many members all have; stops at `limit` (0 = none). */
size_t zset_intersect_count(struct zset_source *sources, size_t count, size_t limit);

#endif
