/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets: an intset of integers, a listpack, or a dictionary of members (types/member.h); which one
 * follows from types_config. Data only: it must not know sessions or replies.
 *
 * A value whose `ptr` is NULL is an empty set: all functions take it, and the first member chooses
 * the encoding. Invariant: members are distinct as texts, whatever their encoding.
 */
#ifndef RINGLET_TYPES_SET_H
#define RINGLET_TYPES_SET_H

#include "ds/dict_iter.h"
#include "ds/listpack.h"
#include "store/type_ops.h"

#include "base/num.h"

extern const struct type_ops set_ops;
extern const struct value set_empty;

size_t set_length(const struct value *v);
/* Prepares for `more` members of which `first` is one: chooses an empty set's encoding, and leaves
 * a packed one that so many would outgrow anyhow. */
void set_reserve(struct value *v, struct bytes first, size_t more);
/* True when it was new. */
bool set_add(struct value *v, struct bytes text);
bool set_add_item(struct value *v, const struct listpack_item *item);
/* True when it was there. */
bool set_remove(struct value *v, struct bytes text);
bool set_remove_item(struct value *v, const struct listpack_item *item);
bool set_has(const struct value *v, struct bytes text);
/* The same for what a walk gave; `item` may be an integer without a text. */
bool set_has_item(const struct value *v, const struct listpack_item *item);
void set_free(struct value *v);

/* A walk; the set is not changed meanwhile. Items are views into it. */
struct set_iter {
	const struct value *set;
	const unsigned char *at; /* listpack */
	size_t index;            /* intset */
	struct dict_iter table;
};
void set_iter_init(struct set_iter *it, const struct value *v);
bool set_next(struct set_iter *it, struct listpack_item *item);

/* A uniformly random member; false when empty. */
bool set_random(const struct value *v, struct listpack_item *item);
/* `count` distinct members, every combination with the same chance; at most all of them. `visit`
 * gets views that hold during the call. */
void set_sample(const struct value *v, size_t count,
	void (*visit)(const struct listpack_item *item, void *context), void *context);

/* SSCAN: packed sets are visited whole. Returns the next cursor, 0 at the end. */
uint64_t set_scan(struct value *v, uint64_t cursor, size_t count,
	void (*visit)(const struct listpack_item *item, void *context), void *context);

#endif
