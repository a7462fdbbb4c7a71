/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cutting a range of ranks out of an order tree along two paths: what is in front of it, the range
 * and what is behind it become trees of the same depth, and the outer two one tree again. Nodes
 * along a seam may have few entries, never none; a way down on either side of it joins them.
 */
#include "ds/order_tree_internal.h"

#include "base/assert.h"

/* Down to the item with this rank: the steps, its leaf, its place there. */
static unsigned descend_rank(
	const struct order_tree *t, size_t rank, struct step *steps, struct order_leaf **leaf)
{
	void *node = t->root;
	for (unsigned level = 0; level < t->depth; level++) {
		struct order_inner *n = node;
		unsigned at = 0;
		for (; rank >= n->counts[at]; at++)
			rank -= n->counts[at];
		steps[level] = (struct step){n, at};
		node = n->children[at];
	}
	*leaf = node;
	return (unsigned)rank;
}

/* Parts the leaf behind its first `stays` items, and the chain of leaves; the new leaf, or NULL
 * where nothing of this one is behind. */
static struct order_leaf *leaf_part(struct order_tree *t, struct order_leaf *leaf, unsigned stays)
{
	struct order_leaf *next = leaf->next;
	struct order_leaf *right = NULL;
	leaf->next = NULL;
	if (next != NULL)
		next->prev = NULL;
	if (stays == leaf->used)
		return NULL;
	right = leaf_new(t);
	leaf_share(leaf, right, stays);
	right->next = next;
	if (next != NULL)
		next->prev = right;
	return right;
}

/* The first `rank` items stay, which are some and not all; the others are `out`'s. All nodes stay
 * on the books of t. */
static void part(struct order_tree *t, size_t rank, struct order_tree *out)
{
	struct step steps[ORDER_DEPTH_MAX];
	struct order_leaf *leaf;
	unsigned index = descend_rank(t, rank - 1, steps, &leaf);
	void *left = leaf;
	void *right = leaf_part(t, leaf, index + 1);
	for (unsigned height = 0; height < t->depth; height++) {
		struct order_inner *n = steps[t->depth - 1 - height].node;
		unsigned at = steps[t->depth - 1 - height].index;
		unsigned behind = n->used - at - 1;
		struct order_inner *r = NULL;
		inner_set(n, at, branch_of(left, height));
		if (right != NULL || behind > 0) {
			r = inner_new(t);
			if (right != NULL)
				inner_put(r, 0, branch_of(right, height));
			inner_move(r, r->used, n, at + 1, behind);
			r->used += behind;
		}
		n->used = at + 1;
		left = n;
		right = r;
	}
	*out = (struct order_tree){.root = right, .depth = t->depth, .count = t->count - rank};
	t->count = rank;
}

/* On either side of a seam: joins nodes that have few entries with their neighbours. */
static void mend(struct order_tree *t, size_t rank)
{
	order_tree_shrink_root(t);
	void *node = t->root;
	for (unsigned level = 0; level < t->depth; level++) {
		struct order_inner *n = node;
		unsigned height = t->depth - 1 - level;
		unsigned least = height == 0 ? ORDER_LEAF_LEAST : ORDER_INNER_LEAST;
		for (bool again = true; again;) {
			size_t left = rank;
			unsigned at = 0;
			for (; left >= n->counts[at]; at++)
				left -= n->counts[at];
			node = n->children[at];
			again = n->used > 1 && node_used(node, height) < least;
			if (again)
				order_tree_settle(t, n, at, height);
			else
				rank = left;
		}
	}
	order_tree_shrink_root(t);
}

/* Puts `right`, of the same depth, behind t. Their nodes are on t's books already. */
static void append(struct order_tree *t, const struct order_tree *right)
{
	struct step steps[ORDER_DEPTH_MAX];
	struct order_leaf *last, *first;
	size_t seam = t->count;
	descend_rank(t, t->count - 1, steps, &last);
	descend_rank(right, 0, steps, &first);
	last->next = first;
	first->prev = last;
	struct order_inner *root = inner_new(t);
	ASSERT(t->depth == right->depth && t->depth < ORDER_DEPTH_MAX);
	inner_put(root, 0, branch_of(t->root, t->depth));
	inner_put(root, 1, branch_of(right->root, t->depth));
	t->root = root;
	t->depth++;
	t->count += right->count;
	mend(t, seam - 1);
	mend(t, seam);
}

void order_tree_cut(struct order_tree *t, size_t first, size_t behind, struct order_tree *out)
{
	struct order_tree right = {0};
	order_tree_init(out);
	if (first == behind)
		return;
	if (behind < t->count)
		part(t, behind, &right);
	if (first > 0) {
		part(t, first, out);
	} else {
		*out = (struct order_tree){.root = t->root, .depth = t->depth, .count = t->count};
		t->root = NULL;
		t->count = 0;
	}
	if (right.root != NULL && first > 0) {
		append(t, &right);
	} else if (right.root != NULL) {
		t->root = right.root;
		t->count = right.count;
		mend(t, 0);
	} else if (first > 0) {
		mend(t, first - 1);
	}
	if (t->root == NULL)
		t->depth = 0;
}

const struct order_leaf *order_tree_last_leaf(const struct order_tree *t)
{
	void *node = t->root;
	for (unsigned level = 0; level < t->depth; level++) {
		const struct order_inner *n = node;
		node = n->children[n->used - 1];
	}
	return node;
}

void order_tree_drop_leaf(struct order_tree *cut, struct order_tree *t)
{
	order_tree_drain(cut, 1);
	/* What it freed was on the other's books. */
	t->leaves += cut->leaves;
	t->inners += cut->inners;
	cut->leaves = cut->inners = 0;
}
