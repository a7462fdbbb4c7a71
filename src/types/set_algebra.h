/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Intersection, union and difference of sets, member by member: nothing is allocated but where a
 * copy is cheaper than asking many sets.
 */
#ifndef RINGLET_TYPES_SET_ALGEBRA_H
#define RINGLET_TYPES_SET_ALGEBRA_H

#include "types/set.h"

/* Gets each member of the result once; false ends the walk. The view holds during the call. */
typedef bool set_visit(const struct listpack_item *item, void *context);

/* `sets` are reordered. A missing key is an empty set (set_empty). */
void set_intersect(struct value *sets, size_t count, set_visit *visit, void *context);
void set_unite(const struct value *sets, size_t count, set_visit *visit, void *context);
/* Adds all members to *out. */
void set_unite_into(const struct value *sets, size_t count, struct value *out);
/* What is in sets[0] and in no other; the others are reordered. */
void set_subtract(struct value *sets, size_t count, set_visit *visit, void *context);

#endif
