/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The order tree. An insertion or deletion descends once and remembers its path; in the common case
 * it changes one leaf and adds one to, or takes one from, the counts on the path. Only where nodes
 * split, share or join is what the parents say of them made anew from below.
 *
 * Searches inside a leaf must look at items, each of which may be a cache miss: both places that
 * may be asked next are fetched ahead, so that two misses overlap.
 */
#include "ds/order_tree_internal.h"

#include "base/assert.h"

struct path {
	struct step steps[ORDER_DEPTH_MAX];
	struct order_leaf *leaf;
	unsigned index;
	bool is_first, is_last; /* the leaf is the tree's first, last */
};

void order_tree_init(struct order_tree *t)
{
	*t = (struct order_tree){0};
}

/* --- descents --- */

static int compare(double score, const void *item, double other_score, struct bytes other)
{
	if (score != other_score)
		return score < other_score ? -1 : 1;
	return bytes_compare(order_item_member(item), other);
}

/* The last child whose least item is not greater; 0 where all are. */
static unsigned inner_find(const struct order_inner *n, double score, struct bytes member)
{
	/* Counted, not searched: no branch to foretell, and two scores a step. */
	size_t less = 0;
	for (unsigned i = 1; i < n->used; i++)
		less += n->scores[i] < score;
	unsigned low = (unsigned)less;
	if (low + 1 >= n->used || n->scores[low + 1] != score)
		return low;
	unsigned high = n->used;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		if (compare(n->scores[middle], n->items[middle], score, member) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static inline void leaf_prefetch(const struct order_leaf *leaf, unsigned low, unsigned high)
{
	unsigned middle = (low + high) / 2;
	__builtin_prefetch(leaf->items[(low + middle) / 2]);
	__builtin_prefetch(leaf->items[(middle + high) / 2]);
}

/* The first item that is not less. */
static unsigned leaf_find(const struct order_leaf *leaf, double score, struct bytes member)
{
	unsigned low = 0;
	unsigned high = leaf->used;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const void *item = leaf->items[middle];
		leaf_prefetch(leaf, low, high);
		if (compare(order_item_score(item), item, score, member) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The tree is not empty. */
static void descend(const struct order_tree *t, double score, struct bytes member, struct path *p)
{
	void *node = t->root;
	for (unsigned level = 0; level < t->depth; level++) {
		struct order_inner *n = node;
		unsigned at = inner_find(n, score, member);
		p->steps[level] = (struct step){n, at};
		node = n->children[at];
	}
	p->leaf = node;
	p->is_first = p->leaf->prev == NULL;
	p->is_last = p->leaf->next == NULL;
}

/* To an item that is there, which is known by its address. */
static void descend_to(const struct order_tree *t, const void *item, struct path *p)
{
	descend(t, order_item_score(item), order_item_member(item), p);
	for (p->index = 0; p->leaf->items[p->index] != item; p->index++)
		ASSERT(p->index + 1 < p->leaf->used);
}

/* Adds to the counts on the path. */
static void path_count(const struct order_tree *t, struct path *p, size_t change)
{
	for (unsigned level = 0; level < t->depth; level++)
		p->steps[level].node->counts[p->steps[level].index] += change;
}

/* The leaf has another least item. */
static void path_least(const struct order_tree *t, struct path *p)
{
	void *item = p->leaf->items[0];
	for (unsigned level = t->depth; level-- > 0;) {
		struct step s = p->steps[level];
		s.node->items[s.index] = item;
		s.node->scores[s.index] = order_item_score(item);
		if (s.index > 0)
			return;
	}
}

/* --- insertion --- */

static void leaf_put(struct order_leaf *leaf, unsigned at, void *item)
{
	memmove(leaf->items + at + 1, leaf->items + at, (leaf->used - at) * sizeof(void *));
	leaf->items[at] = item;
	leaf->used++;
}

/* Makes room in the full leaf of the path by sharing with a neighbour under the same parent, and
 * inserts. False when both are full, or at either end of the tree. (Only in the first leaf can an
 * item come to the front, so the parent's least one stays.) */
static bool insert_sharing(struct order_tree *t, struct path *p, void *item)
{
	if (t->depth == 0 || (p->is_last && p->index == p->leaf->used) ||
		(p->is_first && p->index == 0))
		return false;
	struct step *s = &p->steps[t->depth - 1];
	for (int side = 0; side < 2; side++) {
		if (side == 0 ? s->index == 0 : s->index + 1 == s->node->used)
			continue;
		unsigned at = s->index - (side == 0);
		struct order_leaf *left = s->node->children[at];
		struct order_leaf *right = s->node->children[at + 1];
		unsigned sum = left->used + right->used;
		if (sum > 2 * ORDER_LEAF_ITEMS - 4)
			continue;
		unsigned place = p->index + (side == 0 ? left->used : 0);
		leaf_share(left, right, sum / 2);
		bool to_left = place <= left->used;
		leaf_put(to_left ? left : right, to_left ? place : place - left->used, item);
		path_count(t, p, 1);
		inner_set(s->node, at, branch_of(left, 0));
		inner_set(s->node, at + 1, branch_of(right, 0));
		return true;
	}
	return false;
}

/* Splits the full leaf of the path and inserts; returns the new right one. */
static struct order_leaf *insert_splitting(struct order_tree *t, struct path *p, void *item)
{
	struct order_leaf *left = p->leaf;
	struct order_leaf *right = leaf_new(t);
	unsigned cut = ORDER_LEAF_ITEMS / 2;
	if (p->is_last && p->index == ORDER_LEAF_ITEMS)
		cut = ORDER_LEAF_ITEMS;
	else if (p->is_first && p->index == 0)
		cut = 0;
	right->prev = left;
	right->next = left->next;
	if (left->next != NULL)
		left->next->prev = right;
	left->next = right;
	leaf_share(left, right, cut);
	if (p->index <= cut && cut < ORDER_LEAF_ITEMS)
		leaf_put(left, p->index, item);
	else
		leaf_put(right, p->index - cut, item);
	return right;
}

/* Splits the full inner node of a step, behind whose branch another is to come; returns the new
 * right one. At either end of the tree a full node is left behind. */
static struct order_inner *inner_split(
	struct order_tree *t, const struct path *p, struct step step, struct branch b)
{
	struct order_inner *left = step.node;
	struct order_inner *right = inner_new(t);
	unsigned at = step.index + 1;
	unsigned cut = ORDER_INNER_ITEMS / 2;
	if (p->is_last && at == ORDER_INNER_ITEMS)
		cut = ORDER_INNER_ITEMS - 1;
	else if (p->is_first && at == 1)
		cut = 1;
	inner_move(right, 0, left, cut, left->used - cut);
	right->used = left->used - cut;
	left->used = cut;
	if (at <= cut)
		inner_put(left, at, b);
	else
		inner_put(right, at - cut, b);
	return right;
}

/* A leaf of the path was split: hangs `right` into the parents and says anew what is below. */
static void hang(struct order_tree *t, struct path *p, void *right)
{
	void *left = p->leaf;
	unsigned height = 0;
	for (unsigned level = t->depth; level-- > 0; height++) {
		struct order_inner *n = p->steps[level].node;
		unsigned at = p->steps[level].index;
		inner_set(n, at, branch_of(left, height));
		if (right != NULL) {
			struct branch b = branch_of(right, height);
			right = NULL;
			if (n->used < ORDER_INNER_ITEMS)
				inner_put(n, at + 1, b);
			else
				right = inner_split(t, p, p->steps[level], b);
		}
		left = n;
	}
	if (right == NULL)
		return;
	struct order_inner *root = inner_new(t);
	ASSERT(t->depth < ORDER_DEPTH_MAX);
	inner_put(root, 0, branch_of(left, height));
	inner_put(root, 1, branch_of(right, height));
	t->root = root;
	t->depth++;
}

void order_tree_insert(struct order_tree *t, void *item)
{
	struct path p;
	if (t->root == NULL)
		t->root = leaf_new(t);
	t->count++;
	descend(t, order_item_score(item), order_item_member(item), &p);
	p.index = leaf_find(p.leaf, order_item_score(item), order_item_member(item));
	if (LIKELY(p.leaf->used < ORDER_LEAF_ITEMS)) {
		leaf_put(p.leaf, p.index, item);
		path_count(t, &p, 1);
		if (p.index == 0)
			path_least(t, &p);
		return;
	}
	if (!insert_sharing(t, &p, item))
		hang(t, &p, insert_splitting(t, &p, item));
}

/* --- deletion --- */

/* Puts a node and its right neighbour into one, or lets them share evenly. */
static void leaf_join(struct order_tree *t, struct order_inner *parent, unsigned at)
{
	struct order_leaf *left = parent->children[at];
	struct order_leaf *right = parent->children[at + 1];
	unsigned sum = left->used + right->used;
	bool is_one = sum <= ORDER_LEAF_ITEMS;
	leaf_share(left, right, is_one ? sum : sum / 2);
	inner_set(parent, at, branch_of(left, 0));
	if (is_one) {
		leaf_free(t, right);
		inner_cut(parent, at + 1);
	} else {
		inner_set(parent, at + 1, branch_of(right, 0));
	}
}

static void inner_join(
	struct order_tree *t, struct order_inner *parent, unsigned at, unsigned height)
{
	struct order_inner *left = parent->children[at];
	struct order_inner *right = parent->children[at + 1];
	unsigned sum = left->used + right->used;
	unsigned wanted = sum <= ORDER_INNER_ITEMS ? sum : sum / 2;
	if (left->used > wanted) {
		unsigned count = left->used - wanted;
		inner_move(right, count, right, 0, right->used);
		inner_move(right, 0, left, wanted, count);
	} else {
		unsigned count = wanted - left->used;
		inner_move(left, left->used, right, 0, count);
		inner_move(right, 0, right, count, right->used - count);
	}
	left->used = wanted;
	right->used = sum - wanted;
	inner_set(parent, at, branch_of(left, height));
	if (right->used == 0) {
		inner_free(t, right);
		inner_cut(parent, at + 1);
	} else {
		inner_set(parent, at + 1, branch_of(right, height));
	}
}

void order_tree_settle(
	struct order_tree *t, struct order_inner *parent, unsigned at, unsigned height)
{
	void *child = parent->children[at];
	unsigned used = node_used(child, height);
	if (used >= (height == 0 ? ORDER_LEAF_LEAST : ORDER_INNER_LEAST) ||
		(parent->used == 1 && used > 0)) {
		inner_set(parent, at, branch_of(child, height));
	} else if (parent->used > 1) {
		unsigned left = at > 0 ? at - 1 : 0;
		if (height == 0)
			leaf_join(t, parent, left);
		else
			inner_join(t, parent, left, height);
	} else {
		if (height == 0)
			leaf_free(t, child);
		else
			inner_free(t, child);
		parent->used = 0;
	}
}

void order_tree_shrink_root(struct order_tree *t)
{
	while (t->depth > 0 && node_used(t->root, t->depth) <= 1) {
		struct order_inner *root = t->root;
		t->root = root->used == 1 ? root->children[0] : NULL;
		t->depth = t->root == NULL ? 0 : t->depth - 1;
		inner_free(t, root);
	}
	if (t->root != NULL && t->depth == 0 && node_used(t->root, 0) == 0) {
		leaf_free(t, t->root);
		t->root = NULL;
	}
}

/* Takes the item out to which the path leads. */
static void remove_at(struct order_tree *t, struct path *p)
{
	struct order_leaf *leaf = p->leaf;
	t->count--;
	leaf->used--;
	memmove(leaf->items + p->index, leaf->items + p->index + 1,
		(leaf->used - p->index) * sizeof(void *));
	if (LIKELY(leaf->used >= ORDER_LEAF_LEAST)) {
		path_count(t, p, (size_t)-1);
		if (p->index == 0)
			path_least(t, p);
		return;
	}
	for (unsigned level = t->depth; level-- > 0;) {
		struct step s = p->steps[level];
		order_tree_settle(t, s.node, s.index, t->depth - 1 - level);
	}
	order_tree_shrink_root(t);
}

void order_tree_remove(struct order_tree *t, void *item)
{
	struct path p;
	descend_to(t, item, &p);
	remove_at(t, &p);
}

/* --- moving --- */

/* Whether an item with this score may stand where the path ends. */
static bool stays(const struct path *p, double score, struct bytes member)
{
	const struct order_leaf *leaf = p->leaf;
	unsigned before = p->index;
	unsigned behind = p->index + 1;
	if ((before == 0 && !p->is_first) || (behind == leaf->used && !p->is_last))
		return false;
	if (before > 0) {
		const void *item = leaf->items[before - 1];
		if (compare(order_item_score(item), item, score, member) > 0)
			return false;
	}
	if (behind == leaf->used)
		return true;
	const void *item = leaf->items[behind];
	return compare(order_item_score(item), item, score, member) > 0;
}

void order_tree_move(struct order_tree *t, void *item, double score)
{
	struct path p;
	descend_to(t, item, &p);
	if (stays(&p, score, order_item_member(item))) {
		order_item_set_score(item, score);
		if (p.index == 0)
			path_least(t, &p);
		return;
	}
	remove_at(t, &p);
	order_item_set_score(item, score);
	order_tree_insert(t, item);
}

/* --- places --- */

size_t order_tree_rank(const struct order_tree *t, const void *item)
{
	struct path p;
	descend_to(t, item, &p);
	size_t rank = p.index;
	for (unsigned level = 0; level < t->depth; level++)
		rank += inner_sum(p.steps[level].node, p.steps[level].index);
	return rank;
}

bool order_tree_has(const struct order_tree *t, const void *item)
{
	struct path p;
	if (t->root == NULL)
		return false;
	descend(t, order_item_score(item), order_item_member(item), &p);
	for (unsigned i = 0; i < p.leaf->used; i++)
		if (p.leaf->items[i] == item)
			return true;
	return false;
}

struct order_place order_tree_at(const struct order_tree *t, size_t rank)
{
	size_t left = rank;
	void *node = t->root;
	if (rank >= t->count)
		return (struct order_place){NULL, 0, t->count};
	for (unsigned level = 0; level < t->depth; level++) {
		const struct order_inner *n = node;
		unsigned at = 0;
		for (; left >= n->counts[at]; at++)
			left -= n->counts[at];
		node = n->children[at];
	}
	return (struct order_place){node, (unsigned)left, rank};
}

/* Whether the item stands before the bound. */
static inline bool is_before(const struct order_bound *b, double score, const void *item)
{
	if (b->by == ORDER_BY_SCORE)
		return b->behind ? score <= b->score : score < b->score;
	int order = bytes_compare(order_item_member(item), b->member);
	return b->behind ? order <= 0 : order < 0;
}

static unsigned leaf_bound(const struct order_leaf *leaf, const struct order_bound *b)
{
	unsigned low = 0;
	unsigned high = leaf->used;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		leaf_prefetch(leaf, low, high);
		if (is_before(b, order_item_score(leaf->items[middle]), leaf->items[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct order_place order_tree_bound(const struct order_tree *t, const struct order_bound *bound)
{
	struct order_place place = {NULL, 0, 0};
	void *node = t->root;
	if (node == NULL)
		return place;
	for (unsigned level = 0; level < t->depth; level++) {
		const struct order_inner *n = node;
		unsigned low = 0;
		unsigned high = n->used;
		while (high - low > 1) {
			unsigned middle = (low + high) / 2;
			if (is_before(bound, n->scores[middle], n->items[middle]))
				low = middle;
			else
				high = middle;
		}
		place.rank += inner_sum(n, low);
		node = n->children[low];
	}
	place.leaf = node;
	place.index = leaf_bound(node, bound);
	place.rank += place.index;
	if (place.index == place.leaf->used) {
		place.leaf = place.leaf->next;
		place.index = 0;
	}
	return place;
}

/* --- the end of it --- */

/* Frees the last leaf, and the inner nodes that are empty then. */
static void drop_last_leaf(struct order_tree *t)
{
	struct order_inner *above[ORDER_DEPTH_MAX];
	void *node = t->root;
	for (unsigned level = 0; level < t->depth; level++) {
		above[level] = node;
		node = above[level]->children[above[level]->used - 1];
	}
	leaf_free(t, node);
	for (unsigned level = t->depth; level-- > 0;) {
		if (--above[level]->used > 0)
			return;
		inner_free(t, above[level]);
	}
	t->root = NULL;
	t->depth = 0;
	t->count = 0;
}

bool order_tree_drain(struct order_tree *t, size_t leaves)
{
	for (; leaves > 0 && t->root != NULL; leaves--)
		drop_last_leaf(t);
	return t->root != NULL;
}

void order_tree_release(struct order_tree *t)
{
	order_tree_drain(t, SIZE_MAX);
}

size_t order_tree_memory_bytes(const struct order_tree *t)
{
	return t->leaves * mem_size_class(sizeof(struct order_leaf)) +
		t->inners * mem_size_class(sizeof(struct order_inner));
}

/* --- check --- */

static void inner_check(const struct order_inner *n, unsigned height)
{
	ASSERT(n->used > 0 && n->used <= ORDER_INNER_ITEMS);
	for (unsigned i = 0; i < n->used; i++) {
		struct branch b = branch_of(n->children[i], height - 1);
		ASSERT(b.count == n->counts[i] && b.score == n->scores[i] && b.item == n->items[i]);
	}
}

/* Down to each leaf and along the leaves: both must be the same order. */
struct order_nodes order_tree_check_nodes(const struct order_tree *t)
{
	struct step steps[ORDER_DEPTH_MAX + 1] = {{0}};
	size_t inners = 0;
	const struct order_leaf *before = NULL;
	const void *last = NULL;
	size_t seen = 0;
	size_t leaves = 0;
	ASSERT((t->root == NULL) == (t->count == 0) && t->depth <= ORDER_DEPTH_MAX);
	for (size_t rank = 0; rank < t->count; rank = seen) {
		void *node = t->root;
		size_t left = rank;
		for (unsigned level = 0; level < t->depth; level++) {
			struct order_inner *n = node;
			unsigned at = 0;
			if (steps[level].node != n) {
				inner_check(n, t->depth - level);
				inners++;
			}
			for (; left >= n->counts[at]; at++)
				left -= n->counts[at];
			steps[level] = (struct step){n, at};
			node = n->children[at];
		}
		const struct order_leaf *leaf = node;
		ASSERT(left == 0 && leaf->prev == before);
		ASSERT((before == NULL || before->next == leaf) && leaf->used > 0);
		for (unsigned i = 0; i < leaf->used; i++) {
			const void *item = leaf->items[i];
			ASSERT(last == NULL ||
				compare(order_item_score(last), last, order_item_score(item),
					order_item_member(item)) < 0);
			last = item;
		}
		seen += leaf->used;
		leaves++;
		before = leaf;
	}
	ASSERT(seen == t->count && (before == NULL || before->next == NULL));
	return (struct order_nodes){leaves, inners};
}

void order_tree_check(const struct order_tree *t)
{
	struct order_nodes nodes = order_tree_check_nodes(t);
	ASSERT(nodes.leaves == t->leaves && nodes.inners == t->inners);
}
