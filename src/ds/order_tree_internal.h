/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the order tree share: its nodes. Nobody else includes this.
 */
#ifndef RINGLET_DS_ORDER_TREE_INTERNAL_H
#define RINGLET_DS_ORDER_TREE_INTERNAL_H

#include "ds/order_tree.h"

struct order_inner {
	uint32_t used;
	void *children[ORDER_INNER_ITEMS];
	size_t counts[ORDER_INNER_ITEMS]; /* items below the child */
	double scores[ORDER_INNER_ITEMS]; /* of the least of them */
	void *items[ORDER_INNER_ITEMS];
};

/* What a parent says of a child. */
struct branch {
	void *child;
	size_t count;
	double score;
	void *item;
};

struct step {
	struct order_inner *node;
	unsigned index;
};

static inline struct order_leaf *leaf_new(struct order_tree *t)
{
	struct order_leaf *leaf = mem_alloc(sizeof(*leaf));
	leaf->next = leaf->prev = NULL;
	leaf->used = 0;
	t->leaves++;
	return leaf;
}

static inline void leaf_free(struct order_tree *t, struct order_leaf *leaf)
{
	if (leaf->prev != NULL)
		leaf->prev->next = leaf->next;
	if (leaf->next != NULL)
		leaf->next->prev = leaf->prev;
	mem_free_sized(leaf, sizeof(*leaf));
	t->leaves--;
}

static inline struct order_inner *inner_new(struct order_tree *t)
{
	struct order_inner *inner = mem_alloc(sizeof(*inner));
	inner->used = 0;
	t->inners++;
	return inner;
}

static inline void inner_free(struct order_tree *t, struct order_inner *inner)
{
	mem_free_sized(inner, sizeof(*inner));
	t->inners--;
}

static inline void inner_set(struct order_inner *n, unsigned at, struct branch b)
{
	n->children[at] = b.child;
	n->counts[at] = b.count;
	n->scores[at] = b.score;
	n->items[at] = b.item;
}

/* Moves branches within a node or between two. */
static inline void inner_move(struct order_inner *to, unsigned at, struct order_inner *from,
	unsigned first, unsigned count)
{
	memmove(to->children + at, from->children + first, count * sizeof(to->children[0]));
	memmove(to->counts + at, from->counts + first, count * sizeof(to->counts[0]));
	memmove(to->scores + at, from->scores + first, count * sizeof(to->scores[0]));
	memmove(to->items + at, from->items + first, count * sizeof(to->items[0]));
}

static inline void inner_put(struct order_inner *n, unsigned at, struct branch b)
{
	inner_move(n, at + 1, n, at, n->used - at);
	inner_set(n, at, b);
	n->used++;
}

static inline void inner_cut(struct order_inner *n, unsigned at)
{
	n->used--;
	inner_move(n, at, n, at + 1, n->used - at);
}

static inline size_t inner_sum(const struct order_inner *n, unsigned behind)
{
	size_t sum = 0;
	for (unsigned i = 0; i < behind; i++)
		sum += n->counts[i];
	return sum;
}

/* `height` 0: a leaf. The node is not empty. */
static inline struct branch branch_of(void *node, unsigned height)
{
	if (height == 0) {
		const struct order_leaf *leaf = node;
		return (struct branch){
			node, leaf->used, order_item_score(leaf->items[0]), leaf->items[0]};
	}
	const struct order_inner *n = node;
	return (struct branch){node, inner_sum(n, n->used), n->scores[0], n->items[0]};
}

static inline unsigned node_used(const void *node, unsigned height)
{
	return height == 0 ? ((const struct order_leaf *)node)->used
			   : ((const struct order_inner *)node)->used;
}

/* Moves items between neighbours until `left` has `wanted`. */
static inline void leaf_share(struct order_leaf *left, struct order_leaf *right, unsigned wanted)
{
	if (left->used > wanted) {
		unsigned count = left->used - wanted;
		memmove(right->items + count, right->items, right->used * sizeof(void *));
		memcpy(right->items, left->items + wanted, count * sizeof(void *));
		right->used += count;
	} else if (left->used < wanted) {
		unsigned count = wanted - left->used;
		memcpy(left->items + left->used, right->items, count * sizeof(void *));
		right->used -= count;
		memmove(right->items, right->items + count, right->used * sizeof(void *));
	}
	left->used = wanted;
}

/* What a parent says of the child at `at` is made anew; a child with few entries is joined with a
 * neighbour. An empty one without a neighbour goes. */
void order_tree_settle(
	struct order_tree *t, struct order_inner *parent, unsigned at, unsigned height);
/* Takes away levels that lead nowhere else. */
void order_tree_shrink_root(struct order_tree *t);

#endif
