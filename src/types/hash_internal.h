/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of hashes share; nobody else includes this. A table is a dictionary of pairs in an
 * allocation of its own.
 */
#ifndef RINGLET_TYPES_HASH_INTERNAL_H
#define RINGLET_TYPES_HASH_INTERNAL_H

#include "types/hash.h"

struct dict *hash_table_new(size_t expected);
/* Frees about `buckets` buckets of pairs; true when nothing is left (then d is freed). */
bool hash_table_free_slice(struct dict *d, unsigned buckets);
/* Changes to the table's encoding, with room for `expected` fields. */
void hash_to_table(struct value *v, size_t expected);
/* Whether a packed hash may hold this many fields, and texts of this length. */
bool hash_fits_packed(size_t fields, size_t longest);

#endif
