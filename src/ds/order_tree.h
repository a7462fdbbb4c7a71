/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The order tree: items (ds/order_item.h) in the order of score and member, found by either and by
 * rank. A B+ tree that counts.
 *
 * Shape. Leaves hold pointers to items and are linked both ways. An inner node holds for each child
 * how many items are below it and the least of them: pointer and score, so that a descent touches
 * an item only where scores are equal. A full leaf first gives to a neighbour that has room and
 * splits only then; at either end of the tree it splits off nothing but the new item, so that
 * loading in order fills the leaves.
 *
 * Invariant: no two items are equal in score and member; an item's score changes by order_tree_move
 * only. It never frees or copies items.
 */
#ifndef RINGLET_DS_ORDER_TREE_H
#define RINGLET_DS_ORDER_TREE_H

#include "ds/order_item.h"

#define ORDER_LEAF_ITEMS 29   /* a leaf has 256 bytes */
#define ORDER_LEAF_LEAST 10   /* with fewer it takes from a neighbour or joins it */
#define ORDER_INNER_ITEMS 31  /* an inner node has 1000 bytes */
#define ORDER_INNER_LEAST 10
#define ORDER_DEPTH_MAX 24

struct order_leaf {
	struct order_leaf *next, *prev;
	uint32_t used;
	void *items[ORDER_LEAF_ITEMS];
};

struct order_tree {
	void *root;      /* NULL = empty */
	unsigned depth;  /* of inner nodes above the leaves */
	size_t count;
	size_t leaves, inners;
};

void order_tree_init(struct order_tree *t);
/* Frees the nodes, not the items. */
void order_tree_release(struct order_tree *t);
/* Frees about `leaves` leaves, not the items; true while more is left. From the first call on
 * nothing else may be called until then (sliced freeing). */
bool order_tree_drain(struct order_tree *t, size_t leaves);

static inline size_t order_tree_count(const struct order_tree *t)
{
	return t->count;
}

/* Adds an item that has no equal there. */
void order_tree_insert(struct order_tree *t, void *item);
/* Takes an item that is there out. */
void order_tree_remove(struct order_tree *t, void *item);
/* Gives an item that is there another score. */
void order_tree_move(struct order_tree *t, void *item, double score);
/* Whether this very item is there (not one that equals it). */
bool order_tree_has(const struct order_tree *t, const void *item);
/* Takes the items with the ranks first … behind - 1 out, along two paths however many they are:
 * they are out's then. The nodes they hang on stay on the books of t until order_tree_drop_leaf has
 * freed them, which is the way to end such a tree. */
void order_tree_cut(struct order_tree *t, size_t first, size_t behind, struct order_tree *out);
/* NULL: the tree is empty. */
const struct order_leaf *order_tree_last_leaf(const struct order_tree *t);
/* Frees the last leaf, not its items, of `cut`, which was cut out of t. From the first call on
 * nothing else may be called for `cut` but these two and order_tree_has. */
void order_tree_drop_leaf(struct order_tree *cut, struct order_tree *t);
/* How many items stand before one that is there. */
size_t order_tree_rank(const struct order_tree *t, const void *item);

/* A place between items: in front of leaf->items[index]. leaf NULL = behind the last. */
struct order_place {
	struct order_leaf *leaf;
	unsigned index;
	size_t rank; /* items in front of it */
};

/* In front of the item with this rank. */
struct order_place order_tree_at(const struct order_tree *t, size_t rank);

/* A bound: in front of all items that are not less than it, or (`behind`) in front of those that
 * are greater. By members alone it means something only where all scores are equal. */
enum order_by { ORDER_BY_SCORE, ORDER_BY_MEMBER };
struct order_bound {
	enum order_by by;
	bool behind;
	double score;
	struct bytes member;
};
struct order_place order_tree_bound(const struct order_tree *t, const struct order_bound *bound);

/* Items are loaded this far ahead of a walk: each stands in memory of its own. */
#define ORDER_AHEAD 8

/* Begins to load the items that a walk from the place meets first. */
static inline void order_place_prefetch(const struct order_place *p, bool backwards)
{
	if (p->leaf == NULL)
		return;
	unsigned left = backwards ? p->index + 1 : p->leaf->used - p->index;
	for (unsigned i = 0; i < ORDER_AHEAD && i < left; i++)
		__builtin_prefetch(p->leaf->items[backwards ? p->index - i : p->index + i]);
}

/* The item in front of which the place is, and on to the next; NULL behind the last. */
static inline void *order_place_next(struct order_place *p)
{
	if (p->leaf == NULL)
		return NULL;
	if (p->index + ORDER_AHEAD < p->leaf->used)
		__builtin_prefetch(p->leaf->items[p->index + ORDER_AHEAD]);
	void *item = p->leaf->items[p->index++];
	if (p->index == p->leaf->used) {
		p->leaf = p->leaf->next;
		p->index = 0;
		order_place_prefetch(p, false);
		if (p->leaf != NULL)
			__builtin_prefetch(p->leaf->next);
	}
	p->rank++;
	return item;
}

/* The same and back to the one before; NULL once the first was given. */
static inline void *order_place_prev(struct order_place *p)
{
	if (p->leaf == NULL)
		return NULL;
	if (p->index >= ORDER_AHEAD)
		__builtin_prefetch(p->leaf->items[p->index - ORDER_AHEAD]);
	void *item = p->leaf->items[p->index];
	if (p->index > 0) {
		p->index--;
	} else {
		p->leaf = p->leaf->prev;
		p->index = p->leaf != NULL ? p->leaf->used - 1 : 0;
		order_place_prefetch(p, true);
	}
	p->rank--;
	return item;
}

/* Memory of all nodes. */
size_t order_tree_memory_bytes(const struct order_tree *t);
/* Walks all invariants; aborts on a violation (tests, DEBUG). */
void order_tree_check(const struct order_tree *t);
/* The same without a look at the books, for trees of which something is cut out: what they should
 * say of it. */
struct order_nodes {
	size_t leaves, inners;
};
struct order_nodes order_tree_check_nodes(const struct order_tree *t);

#endif
