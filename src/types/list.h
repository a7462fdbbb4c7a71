/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists: a listpack while one piece is enough, else a quicklist; which one follows from
 * types_config. Data only: it must not know sessions or replies.
 *
 * A value whose `ptr` is NULL is an empty list: all functions take it.
 * Changing the form is a step of its own: list_reserve before something grows, list_shrink after
 * something was taken away; so a command decides once, by all that it adds.
 */
#ifndef RINGLET_TYPES_LIST_H
#define RINGLET_TYPES_LIST_H

#include "ds/quicklist.h"
#include "store/type_ops.h"

extern const struct type_ops list_ops;
extern const struct value list_empty;

enum list_end { LIST_LEFT, LIST_RIGHT };

uint64_t list_length(const struct value *v);
/* Before these texts are added: changes to a quicklist when they don't fit into one piece. */
void list_reserve(struct value *v, const struct bytes *texts, size_t count);
/* After a deletion: back to a listpack when half of a piece is left. */
void list_shrink(struct value *v);

void list_push(struct value *v, struct bytes text, enum list_end end);
/* The element at either end; false when empty. The view holds until the list is changed. */
bool list_peek(const struct value *v, enum list_end end, struct listpack_item *item);
/* Deletes the element at either end. */
void list_drop(struct value *v, enum list_end end);

/* `index` is below the length in all of these, but for list_insert where it may be equal to it:
 * inserts in front of it. */
void list_insert(struct value *v, uint64_t index, struct bytes text);
void list_replace(struct value *v, uint64_t index, struct bytes text);
/* Deletes up to `count` elements from `index` on. */
void list_delete_range(struct value *v, uint64_t index, uint64_t count);
/* Keeps the elements first … behind - 1. What is worth freeing in slices is handed over in cut[0]
 * and cut[1], lists that may be empty. */
void list_trim(struct value *v, uint64_t first, uint64_t behind, struct value cut[2]);
void list_free(struct value *v);

/* A walk in either direction. Between next and next the list is changed by list_delete_here only.
 */
struct list_iter {
	struct value *list;
	unsigned char *at; /* listpack */
	bool backwards;
	bool is_fresh; /* `at` was not returned yet */
	struct quicklist_iter long_list;
};
void list_iter_init(struct list_iter *it, const struct value *v, uint64_t index, bool backwards);
/* The view holds until the next call. */
bool list_next(struct list_iter *it, struct listpack_item *item);
/* All elements from the next one to the end of a piece of the list, forwards, to be read by
 * listpack_get and listpack_next; the walk then stands behind them. NULL: there is none, or one
 * that only list_next gives. */
const unsigned char *list_next_run(struct list_iter *it);
/* Deletes what list_next gave last. */
void list_delete_here(struct list_iter *it);
void list_iter_release(struct list_iter *it);

#endif
