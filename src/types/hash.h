/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes: a listpack of fields and values in turn, or a dictionary of pairs (types/pair.h); which
 * one follows from types_config. Data only: it must not know sessions or replies.
 *
 * A value whose `ptr` is NULL is an empty hash: all functions take it.
 * Invariant: fields are distinct as texts. A packed hash keeps them in the order they came in.
 */
#ifndef RINGLET_TYPES_HASH_H
#define RINGLET_TYPES_HASH_H

#include "ds/dict_iter.h"
#include "ds/listpack.h"
#include "store/type_ops.h"

extern const struct type_ops hash_ops;
extern const struct value hash_empty;

size_t hash_length(const struct value *v);
/* Prepares for setting the fields and values in turn in texts[0 … count - 1]: leaves the packed
 * form when one is too long or there are too many. */
void hash_reserve(struct value *v, const struct bytes *texts, size_t count);
/* True when the field was new. */
bool hash_set(struct value *v, struct bytes field, struct bytes value);
/* True when it was there. */
bool hash_delete(struct value *v, struct bytes field);
/* The view holds until the hash is changed. */
bool hash_get(const struct value *v, struct bytes field, struct listpack_item *value);
static inline bool hash_has(const struct value *v, struct bytes field)
{
	struct listpack_item value;
	return hash_get(v, field, &value);
}
void hash_free(struct value *v);

/* A walk; the hash is not changed meanwhile. Items are views into it. */
struct hash_iter {
	const struct value *hash;
	const unsigned char *at; /* listpack */
	struct dict_iter table;
};
void hash_iter_init(struct hash_iter *it, const struct value *v);
bool hash_next(struct hash_iter *it, struct listpack_item *field, struct listpack_item *value);

/* A field and its value, as visitors get them; the views hold during the call. */
typedef void hash_visit(
	const struct listpack_item *field, const struct listpack_item *value, void *context);

/* A uniformly random field; false when empty. */
bool hash_random(const struct value *v, struct listpack_item *field, struct listpack_item *value);
/* `count` distinct fields, every combination with the same chance; at most all of them. */
void hash_sample(const struct value *v, size_t count, hash_visit *visit, void *context);
/* HSCAN: packed hashes are visited whole. Returns the next cursor, 0 at the end. */
uint64_t hash_scan(
	struct value *v, uint64_t cursor, size_t count, hash_visit *visit, void *context);

#endif
