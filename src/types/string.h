/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Strings: their row in the table of types, and how a value grows in place (APPEND, SETRANGE,
 * SETBIT and what else writes into the middle). Short ones live in the entry (store/entry.h), long
 * ones are blobs whose capacity doubles up to STRING_GROWTH_MAX and grows by that much from there
 * on.
 */
#ifndef RINGLET_TYPES_STRING_H
#define RINGLET_TYPES_STRING_H

#include "store/keyspace.h"
#include "store/type_ops.h"

#define STRING_GROWTH_MAX ((size_t)1 << 20)
/* OBJECT ENCODING's border between "embstr" and "raw". */
#define STRING_EMBSTR_MAX 44

extern const struct type_ops string_ops;

/* The bytes of an entry's value; a number is printed into `scratch` (NUM_I64_MAX_CHARS). */
static inline struct bytes string_bytes(const struct entry *e, char *scratch)
{
	struct value v = entry_value(e);
	return value_string(&v, scratch);
}

size_t string_length(const struct entry *e);

/* Makes the string at least `len` bytes long (padded with zeros) and writable in place; *data are
 * its bytes until the next change of the key. `e` NULL: creates it. Numbers become text; OBJECT
 * ENCODING says "raw" from here on. Returns the entry, which may have moved. The caller has checked
 * `len` against the limit. */
struct entry *string_make_writable(
	struct db *db, struct key key, struct entry *e, size_t len, char **data);
/* Adds to the end; `e` is not NULL, `more` not a view of it. *len: how long it is now. */
struct entry *string_append(
	struct db *db, struct key key, struct entry *e, struct bytes more, size_t *len);
/* Overwrites from `offset`; `e` may be NULL. */
struct entry *string_set_range(struct db *db, struct key key, struct entry *e, size_t offset,
	struct bytes bytes);

#endif
