/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of sets share; nobody else includes this. A table is a dictionary of members in an
 * allocation of its own.
 */
#ifndef RINGLET_TYPES_SET_INTERNAL_H
#define RINGLET_TYPES_SET_INTERNAL_H

#include "types/set.h"

struct dict *set_table_new(size_t expected);
/* True when it was new. */
bool set_table_add(struct dict *d, struct bytes text);
/* Frees about `buckets` buckets of members; true when nothing is left (then d is freed). */
bool set_table_free_slice(struct dict *d, unsigned buckets);
void set_table_free(struct dict *d);
/* Changes to the table's encoding, with room for `expected` members. */
void set_to_table(struct value *v, size_t expected);

#endif
