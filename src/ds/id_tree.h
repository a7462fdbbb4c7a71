/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The id tree: pointers by 128-bit ids, in the order of the ids. A B+ tree whose inner nodes know
 * the weight below each child, so that "the first million" is found and cut off without a walk.
 *
 * Shape. Leaves are linked both ways and allocated as large as they are full (one item costs 48
 * bytes); an inner node holds for each child a lower bound of its ids and its weight. What is
 * appended leaves full leaves behind; a leaf that runs empty joins a neighbour.
 *
 * Invariant: no node but the root is empty; a child's bound is above every id of the child before
 * it and not above its own; a child's weight is the sum of its items' weights. It never frees what
 * the pointers point to.
 */
#ifndef RINGLET_DS_ID_TREE_H
#define RINGLET_DS_ID_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_LEAF_ITEMS 41  /* a full leaf has 1016 bytes */
#define ID_INNER_ITEMS 31 /* an inner node has 1000 bytes */
#define ID_TREE_LEVELS 16 /* far more than memory can hold */

/* An id is two numbers, the first counts more. */
struct id {
	uint64_t ms;
	uint64_t seq;
};

#define ID_LEAST ((struct id){0, 0})
#define ID_GREATEST ((struct id){UINT64_MAX, UINT64_MAX})

static inline int id_compare(struct id a, struct id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool id_is_least(struct id id)
{
	return id.ms == 0 && id.seq == 0;
}

struct id_item {
	struct id id;
	void *ptr;
};

struct id_leaf {
	struct id_leaf *prev, *next;
	uint16_t count, cap;
	struct id_item items[];
};

struct id_tree {
	void *root; /* a leaf when depth is 0; NULL = empty */
	uint32_t depth;
	uint64_t weight; /* of all items */
	/* The weight of an item; NULL: each weighs 1. */
	uint64_t (*weigh)(const void *ptr);
};

/* Where an item stands, until the tree is changed. leaf NULL = nowhere. */
struct id_place {
	struct id_leaf *leaf;
	unsigned index;
};

static inline struct id_item *id_place_item(struct id_place place)
{
	return &place.leaf->items[place.index];
}

static inline struct id_place id_place_next(struct id_place place)
{
	if (++place.index < place.leaf->count)
		return place;
	return (struct id_place){place.leaf->next, 0};
}

static inline struct id_place id_place_prev(struct id_place place)
{
	if (place.index > 0)
		return (struct id_place){place.leaf, place.index - 1};
	struct id_leaf *before = place.leaf->prev;
	return (struct id_place){before, before == NULL ? 0 : before->count - 1u};
}

void id_tree_init(struct id_tree *t, uint64_t (*weigh)(const void *ptr));

struct id_place id_tree_first(const struct id_tree *t);
struct id_place id_tree_last(const struct id_tree *t);
/* The first item with an id of at least `id`; the last one with an id of at most `id`. */
struct id_place id_tree_at_least(const struct id_tree *t, struct id id);
struct id_place id_tree_at_most(const struct id_tree *t, struct id id);
/* The pointer at exactly this id; NULL = none. */
void *id_tree_find(const struct id_tree *t, struct id id);

/* Adds an item (ptr is not NULL); false = the id is taken. */
bool id_tree_insert(struct id_tree *t, struct id id, void *ptr);
/* Takes an item out; NULL = it was not there. */
void *id_tree_remove(struct id_tree *t, struct id id);
/* The item that holds `id` changed its weight by `change`. */
void id_tree_reweigh(struct id_tree *t, struct id id, int64_t change);

/* The first item up to and with which the weight is above `weight`: `*before` is the weight of
 * those in front of it. leaf NULL = the whole tree weighs no more. */
struct id_place id_tree_at_weight(const struct id_tree *t, uint64_t weight, uint64_t *before);
/* Moves all items with ids below `id` into *cut, which is initialised by this. Takes a few nodes'
 * time, whatever the count. */
void id_tree_cut(struct id_tree *t, struct id id, struct id_tree *cut);

/* Takes the first leaf out and hands its pointers to `take` (NULL: nobody); false = there is none
 * left. Freeing in slices. */
bool id_tree_drain_leaf(struct id_tree *t, void (*take)(void *ptr, void *context), void *context);
/* Frees all nodes, not what the pointers point to. */
void id_tree_release(struct id_tree *t);

/* Walks the leaves (where each item weighs 1, `weight` says it, too). */
uint64_t id_tree_count(const struct id_tree *t);
/* Bytes of all nodes. With leaves_max > 0 at most so many leaves are looked at, and the rest of a
 * larger tree is taken to be like them. */
size_t id_tree_memory_bytes(const struct id_tree *t, size_t leaves_max);
/* Walks all invariants; aborts on a violation. */
void id_tree_check(const struct id_tree *t);

#endif
