/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Growing, shrinking and cutting the id tree. What it must not know: what ids and pointers mean.
 *
 * A change goes down once and notes its path; weights are corrected on the way, splits and joins
 * go back up along the path. A bound only needs to separate: it may be below the least id of its
 * child, so that removals never touch bounds.
 */
#include "ds/id_tree.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

#define LEAF_JOIN_BELOW 10 /* with so few items a leaf looks for a neighbour … */
#define LEAF_JOIN_MOST 30  /* … if both together have no more than this */
#define INNER_JOIN_BELOW 8
#define INNER_JOIN_MOST 22

struct child {
	struct id least;
	uint64_t weight;
	void *node;
};

struct inner {
	uint32_t count;
	struct child children[ID_INNER_ITEMS];
};

/* The inner nodes from the root on, and the child that was taken in each. */
struct path {
	struct inner *nodes[ID_TREE_LEVELS];
	unsigned slots[ID_TREE_LEVELS];
};

void id_tree_init(struct id_tree *t, uint64_t (*weigh)(const void *ptr))
{
	*t = (struct id_tree){.weigh = weigh};
}

static uint64_t item_weight(const struct id_tree *t, const struct id_item *item)
{
	return t->weigh == NULL ? 1 : t->weigh(item->ptr);
}

static uint64_t leaf_weight(const struct id_tree *t, const struct id_leaf *leaf)
{
	uint64_t weight = 0;
	if (t->weigh == NULL)
		return leaf->count;
	for (unsigned i = 0; i < leaf->count; i++)
		weight += t->weigh(leaf->items[i].ptr);
	return weight;
}

static uint64_t inner_weight(const struct inner *node)
{
	uint64_t weight = 0;
	for (unsigned i = 0; i < node->count; i++)
		weight += node->children[i].weight;
	return weight;
}

/* --- finding --- */

/* The first item of the leaf with an id of at least `id`. */
static unsigned leaf_lower_bound(const struct id_leaf *leaf, struct id id)
{
	unsigned low = 0;
	unsigned high = leaf->count;
	/* What is looked for is often the last one. */
	if (high > 0 && id_compare(leaf->items[high - 1].id, id) < 0)
		return high;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (id_compare(leaf->items[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The child below which `id` belongs. */
static unsigned inner_slot(const struct inner *node, struct id id)
{
	unsigned low = 0;
	unsigned high = node->count - 1;
	if (id_compare(node->children[high].least, id) <= 0)
		return high;
	while (low < high) {
		unsigned middle = (low + high + 1) / 2;
		if (id_compare(node->children[middle].least, id) <= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static struct id_leaf *descend(const struct id_tree *t, struct id id, struct path *path)
{
	void *node = t->root;
	for (uint32_t level = 0; level < t->depth; level++) {
		struct inner *inner = node;
		unsigned slot = inner_slot(inner, id);
		path->nodes[level] = inner;
		path->slots[level] = slot;
		node = inner->children[slot].node;
	}
	return node;
}

static struct id_leaf *edge_leaf(const struct id_tree *t, bool last)
{
	void *node = t->root;
	for (uint32_t level = 0; level < t->depth; level++) {
		const struct inner *inner = node;
		node = inner->children[last ? inner->count - 1 : 0].node;
	}
	return node;
}

struct id_place id_tree_first(const struct id_tree *t)
{
	return (struct id_place){edge_leaf(t, false), 0};
}

struct id_place id_tree_last(const struct id_tree *t)
{
	struct id_leaf *leaf = edge_leaf(t, true);
	return (struct id_place){leaf, leaf == NULL ? 0 : leaf->count - 1u};
}

struct id_place id_tree_at_least(const struct id_tree *t, struct id id)
{
	struct path path;
	if (t->root == NULL)
		return (struct id_place){NULL, 0};
	struct id_leaf *leaf = descend(t, id, &path);
	unsigned index = leaf_lower_bound(leaf, id);
	if (index < leaf->count)
		return (struct id_place){leaf, index};
	return (struct id_place){leaf->next, 0};
}

struct id_place id_tree_at_most(const struct id_tree *t, struct id id)
{
	struct path path;
	if (t->root == NULL)
		return (struct id_place){NULL, 0};
	struct id_leaf *leaf = descend(t, id, &path);
	unsigned index = leaf_lower_bound(leaf, id);
	if (index < leaf->count && id_compare(leaf->items[index].id, id) == 0)
		return (struct id_place){leaf, index};
	if (index > 0)
		return (struct id_place){leaf, index - 1};
	struct id_leaf *before = leaf->prev;
	return (struct id_place){before, before == NULL ? 0 : before->count - 1u};
}

void *id_tree_find(const struct id_tree *t, struct id id)
{
	struct path path;
	if (t->root == NULL)
		return NULL;
	struct id_leaf *leaf = descend(t, id, &path);
	unsigned index = leaf_lower_bound(leaf, id);
	if (index == leaf->count || id_compare(leaf->items[index].id, id) != 0)
		return NULL;
	return leaf->items[index].ptr;
}

struct id_place id_tree_at_weight(const struct id_tree *t, uint64_t weight, uint64_t *before)
{
	*before = 0;
	if (t->root == NULL || t->weight <= weight)
		return (struct id_place){NULL, 0};
	void *node = t->root;
	for (uint32_t level = 0; level < t->depth; level++) {
		const struct inner *inner = node;
		unsigned slot = 0;
		while (*before + inner->children[slot].weight <= weight)
			*before += inner->children[slot++].weight;
		node = inner->children[slot].node;
	}
	struct id_leaf *leaf = node;
	unsigned index = 0;
	for (uint64_t own; own = item_weight(t, &leaf->items[index]), *before + own <= weight;
		index++)
		*before += own;
	return (struct id_place){leaf, index};
}

/* --- leaves --- */

static size_t leaf_bytes(unsigned cap)
{
	return sizeof(struct id_leaf) + cap * sizeof(struct id_item);
}

static struct id_leaf *leaf_new(unsigned cap)
{
	struct id_leaf *leaf = mem_alloc(leaf_bytes(cap));
	leaf->prev = leaf->next = NULL;
	leaf->count = 0;
	leaf->cap = (uint16_t)cap;
	return leaf;
}

/* Tells all who point to the leaf where it is. */
static void leaf_moved(struct id_tree *t, const struct path *path, struct id_leaf *leaf)
{
	if (leaf->prev != NULL)
		leaf->prev->next = leaf;
	if (leaf->next != NULL)
		leaf->next->prev = leaf;
	if (t->depth == 0)
		t->root = leaf;
	else
		path->nodes[t->depth - 1]->children[path->slots[t->depth - 1]].node = leaf;
}

static struct id_leaf *leaf_resize(
	struct id_tree *t, const struct path *path, struct id_leaf *leaf, unsigned cap)
{
	leaf = mem_realloc(leaf, leaf_bytes(cap));
	leaf->cap = (uint16_t)cap;
	leaf_moved(t, path, leaf);
	return leaf;
}

static void leaf_unlink(struct id_leaf *leaf)
{
	if (leaf->prev != NULL)
		leaf->prev->next = leaf->next;
	if (leaf->next != NULL)
		leaf->next->prev = leaf->prev;
	mem_free_sized(leaf, leaf_bytes(leaf->cap));
}

static void leaf_put(struct id_leaf *leaf, unsigned index, struct id_item item)
{
	ASSERT(leaf->count < leaf->cap && index <= leaf->count);
	memmove(&leaf->items[index + 1], &leaf->items[index],
		(leaf->count - index) * sizeof(struct id_item));
	leaf->items[index] = item;
	leaf->count++;
}

/* --- growing --- */

/* Divides a full inner node; the new child goes into whichever half `slot` is in. */
static struct inner *inner_split(struct inner *node, unsigned slot, struct child child)
{
	struct inner *right = mem_alloc(sizeof(*right));
	/* Behind the last one nothing is moved: what grows at its end stays full. */
	unsigned keep = slot == node->count ? node->count : node->count / 2;
	right->count = node->count - keep;
	memcpy(right->children, &node->children[keep], right->count * sizeof(child));
	node->count = keep;
	struct inner *into = slot <= keep && keep < ID_INNER_ITEMS ? node : right;
	unsigned at = into == node ? slot : slot - keep;
	memmove(&into->children[at + 1], &into->children[at], (into->count - at) * sizeof(child));
	into->children[at] = child;
	into->count++;
	return right;
}

/* The node at the path's end was divided: `child` is its right half, to be put behind it. */
static void add_child(struct id_tree *t, const struct path *path, struct child child)
{
	for (uint32_t level = t->depth; level-- > 0;) {
		struct inner *node = path->nodes[level];
		unsigned slot = path->slots[level];
		node->children[slot].weight -= child.weight;
		slot++;
		if (node->count < ID_INNER_ITEMS) {
			memmove(&node->children[slot + 1], &node->children[slot],
				(node->count - slot) * sizeof(child));
			node->children[slot] = child;
			node->count++;
			return;
		}
		struct inner *right = inner_split(node, slot, child);
		child = (struct child){right->children[0].least, inner_weight(right), right};
	}
	ASSERT(t->depth < ID_TREE_LEVELS);
	struct inner *root = mem_alloc(sizeof(*root));
	root->count = 2;
	root->children[0] = (struct child){ID_LEAST, t->weight - child.weight, t->root};
	root->children[1] = child;
	t->root = root;
	t->depth++;
}

static void leaf_split(struct id_tree *t, const struct path *path, struct id_leaf *leaf,
	unsigned index, struct id_item item)
{
	unsigned keep = index == leaf->count && leaf->next == NULL ? index : leaf->count / 2u;
	unsigned moved = leaf->count - keep;
	struct id_leaf *right = leaf_new(moved == 0 ? 2 : ID_LEAF_ITEMS);
	memcpy(right->items, &leaf->items[keep], moved * sizeof(item));
	right->count = (uint16_t)moved;
	leaf->count = (uint16_t)keep;
	right->prev = leaf;
	right->next = leaf->next;
	leaf->next = right;
	if (right->next != NULL)
		right->next->prev = right;
	if (index < keep || (index == keep && moved != 0))
		leaf_put(leaf, index, item);
	else
		leaf_put(right, index - keep, item);
	add_child(t, path, (struct child){right->items[0].id, leaf_weight(t, right), right});
}

bool id_tree_insert(struct id_tree *t, struct id id, void *ptr)
{
	struct path path;
	struct id_item item = {id, ptr};
	if (t->root == NULL) {
		t->root = leaf_new(1);
		t->depth = 0;
	}
	struct id_leaf *leaf = descend(t, id, &path);
	unsigned index = leaf_lower_bound(leaf, id);
	if (index < leaf->count && id_compare(leaf->items[index].id, id) == 0)
		return false;
	uint64_t weight = item_weight(t, &item);
	t->weight += weight;
	for (uint32_t level = 0; level < t->depth; level++) {
		struct child *child = &path.nodes[level]->children[path.slots[level]];
		child->weight += weight;
		if (id_compare(id, child->least) < 0)
			child->least = id;
	}
	if (leaf->count == ID_LEAF_ITEMS) {
		leaf_split(t, &path, leaf, index, item);
		return true;
	}
	if (leaf->count == leaf->cap) {
		unsigned cap = leaf->cap * 2u;
		leaf = leaf_resize(t, &path, leaf, cap < ID_LEAF_ITEMS ? cap : ID_LEAF_ITEMS);
	}
	leaf_put(leaf, index, item);
	return true;
}

void id_tree_reweigh(struct id_tree *t, struct id id, int64_t change)
{
	struct path path;
	t->weight += (uint64_t)change;
	descend(t, id, &path);
	for (uint32_t level = 0; level < t->depth; level++)
		path.nodes[level]->children[path.slots[level]].weight += (uint64_t)change;
}

/* --- shrinking --- */

static void collapse(struct id_tree *t)
{
	while (t->depth > 0) {
		struct inner *root = t->root;
		if (root->count > 1)
			return;
		t->root = root->children[0].node;
		t->depth--;
		mem_free_sized(root, sizeof(*root));
	}
}

static void inner_drop(struct inner *node, unsigned slot)
{
	node->count--;
	memmove(&node->children[slot], &node->children[slot + 1],
		(node->count - slot) * sizeof(struct child));
}

/* Two neighbours below `parent` that could be one: joins them into the left one; returns the slot
 * of the right one, which is free, or 0 when they stay. */
static unsigned inner_join(struct inner *parent, unsigned slot)
{
	struct inner *node = parent->children[slot].node;
	if (node->count >= INNER_JOIN_BELOW || parent->count < 2)
		return 0;
	unsigned at = slot + 1 < parent->count ? slot + 1 : slot;
	struct inner *left = parent->children[at - 1].node;
	struct inner *right = parent->children[at].node;
	if (left->count + right->count > INNER_JOIN_MOST)
		return 0;
	memcpy(&left->children[left->count], right->children, right->count * sizeof(struct child));
	/* The first child's own bound may be lower than where it now begins. */
	left->children[left->count].least = parent->children[at].least;
	left->count += right->count;
	parent->children[at - 1].weight += parent->children[at].weight;
	mem_free_sized(right, sizeof(*right));
	return at;
}

/* Takes a child (already freed) out of the inner node at `level`. */
static void remove_child(struct id_tree *t, const struct path *path, uint32_t level, unsigned slot)
{
	for (;;) {
		struct inner *node = path->nodes[level];
		inner_drop(node, slot);
		if (node->count == 0) {
			mem_free_sized(node, sizeof(*node));
			if (level == 0) {
				t->root = NULL;
				t->depth = 0;
				return;
			}
			slot = path->slots[--level];
			continue;
		}
		if (level == 0)
			break;
		slot = inner_join(path->nodes[level - 1], path->slots[level - 1]);
		if (slot == 0)
			break;
		level--;
	}
	collapse(t);
}

/* A leaf with few items joins a neighbour below the same parent. */
static void leaf_join(struct id_tree *t, struct path *path, struct id_leaf *leaf)
{
	uint32_t level = t->depth - 1;
	struct inner *parent = path->nodes[level];
	unsigned at = path->slots[level] + 1 < parent->count ? path->slots[level] + 1
							     : path->slots[level];
	if (parent->count < 2)
		return;
	struct id_leaf *left = parent->children[at - 1].node;
	struct id_leaf *right = parent->children[at].node;
	ASSERT(leaf == left || leaf == right);
	unsigned count = left->count + right->count;
	if (count > LEAF_JOIN_MOST)
		return;
	if (left->cap < count) {
		path->slots[level] = at - 1;
		left = leaf_resize(t, path, left, count);
	}
	memcpy(&left->items[left->count], right->items, right->count * sizeof(struct id_item));
	left->count = (uint16_t)count;
	parent->children[at - 1].weight += parent->children[at].weight;
	leaf_unlink(right);
	remove_child(t, path, level, at);
}

void *id_tree_remove(struct id_tree *t, struct id id)
{
	struct path path;
	if (t->root == NULL)
		return NULL;
	struct id_leaf *leaf = descend(t, id, &path);
	unsigned index = leaf_lower_bound(leaf, id);
	if (index == leaf->count || id_compare(leaf->items[index].id, id) != 0)
		return NULL;
	void *ptr = leaf->items[index].ptr;
	uint64_t weight = item_weight(t, &leaf->items[index]);
	t->weight -= weight;
	for (uint32_t level = 0; level < t->depth; level++)
		path.nodes[level]->children[path.slots[level]].weight -= weight;
	leaf->count--;
	memmove(&leaf->items[index], &leaf->items[index + 1],
		(leaf->count - index) * sizeof(struct id_item));
	if (leaf->count == 0) {
		leaf_unlink(leaf);
		if (t->depth == 0)
			t->root = NULL;
		else
			remove_child(t, &path, t->depth - 1, path.slots[t->depth - 1]);
		return ptr;
	}
	if (leaf->count * 4u < leaf->cap)
		leaf = leaf_resize(t, &path, leaf, leaf->cap / 2u);
	if (t->depth > 0 && leaf->count < LEAF_JOIN_BELOW)
		leaf_join(t, &path, leaf);
	return ptr;
}

/* --- cutting --- */

/* Two parts of what was one node, and what they weigh; node NULL = nothing. */
struct halves {
	void *left, *right;
	uint64_t left_weight, right_weight;
};

static struct halves leaf_cut(const struct id_tree *t, struct id_leaf *leaf, struct id id)
{
	unsigned index = leaf_lower_bound(leaf, id);
	struct halves h = {leaf, leaf, 0, 0};
	struct id_leaf *end = leaf; /* the last one of the left part */
	if (index == 0) {
		h.left = NULL;
		end = leaf->prev;
	} else if (index == leaf->count) {
		h.right = NULL;
	} else {
		end = leaf_new(index);
		end->count = (uint16_t)index;
		memcpy(end->items, leaf->items, index * sizeof(struct id_item));
		leaf->count = (uint16_t)(leaf->count - index);
		memmove(leaf->items, &leaf->items[index], leaf->count * sizeof(struct id_item));
		end->prev = leaf->prev;
		end->next = leaf;
		if (end->prev != NULL)
			end->prev->next = end;
		h.left = end;
	}
	if (end != NULL && end->next != NULL) {
		end->next->prev = NULL;
		end->next = NULL;
	}
	h.left_weight = h.left == NULL ? 0 : leaf_weight(t, h.left);
	h.right_weight = h.right == NULL ? 0 : leaf_weight(t, h.right);
	return h;
}

/* The child at `slot` has become two halves: so does the node. */
static struct halves inner_cut(
	struct inner *node, unsigned slot, const struct halves *h, struct id id)
{
	struct child *child = &node->children[slot];
	bool is_left_empty = slot == 0 && h->left == NULL;
	bool is_right_empty = slot + 1 == node->count && h->right == NULL;
	if (is_left_empty) {
		child->node = h->right;
		child->weight = h->right_weight;
		return (struct halves){NULL, node, 0, inner_weight(node)};
	}
	if (is_right_empty) {
		child->node = h->left;
		child->weight = h->left_weight;
		return (struct halves){node, NULL, inner_weight(node), 0};
	}
	struct inner *left = mem_alloc(sizeof(*left));
	left->count = slot;
	memcpy(left->children, node->children, slot * sizeof(*child));
	if (h->left != NULL)
		left->children[left->count++] =
			(struct child){child->least, h->left_weight, h->left};
	if (h->right != NULL) {
		*child = (struct child){id_compare(id, child->least) > 0 ? id : child->least,
			h->right_weight, h->right};
	} else {
		slot++;
	}
	node->count -= slot;
	memmove(node->children, &node->children[slot], node->count * sizeof(*child));
	return (struct halves){left, node, inner_weight(left), inner_weight(node)};
}

void id_tree_cut(struct id_tree *t, struct id id, struct id_tree *cut)
{
	struct path path;
	id_tree_init(cut, t->weigh);
	if (t->root == NULL)
		return;
	struct id_leaf *leaf = descend(t, id, &path);
	struct halves h = leaf_cut(t, leaf, id);
	for (uint32_t level = t->depth; level-- > 0;)
		h = inner_cut(path.nodes[level], path.slots[level], &h, id);
	cut->root = h.left;
	cut->weight = h.left_weight;
	cut->depth = h.left == NULL ? 0 : t->depth;
	t->root = h.right;
	t->weight = h.right_weight;
	if (h.right == NULL)
		t->depth = 0;
	collapse(cut);
	collapse(t);
}

bool id_tree_drain_leaf(struct id_tree *t, void (*take)(void *ptr, void *context), void *context)
{
	struct path path;
	if (t->root == NULL)
		return false;
	struct id_leaf *leaf = descend(t, ID_LEAST, &path);
	uint64_t weight = t->weight;
	if (t->depth > 0)
		weight = path.nodes[t->depth - 1]->children[path.slots[t->depth - 1]].weight;
	t->weight -= weight;
	for (uint32_t level = 0; level < t->depth; level++)
		path.nodes[level]->children[path.slots[level]].weight -= weight;
	for (unsigned i = 0; take != NULL && i < leaf->count; i++)
		take(leaf->items[i].ptr, context);
	leaf_unlink(leaf);
	if (t->depth == 0)
		t->root = NULL;
	else
		remove_child(t, &path, t->depth - 1, path.slots[t->depth - 1]);
	return true;
}

void id_tree_release(struct id_tree *t)
{
	while (id_tree_drain_leaf(t, NULL, NULL))
		;
}

/* --- looking it over --- */

uint64_t id_tree_count(const struct id_tree *t)
{
	uint64_t count = 0;
	for (const struct id_leaf *leaf = edge_leaf(t, false); leaf != NULL; leaf = leaf->next)
		count += leaf->count;
	return count;
}

/* The inner node behind the one that the path has come to (`*level`: where it is); NULL at the
 * end. Children before parents. */
static const struct inner *next_inner(const struct id_tree *t, struct path *path, uint32_t *level)
{
	if (*level == t->depth) { /* the first one: leftmost at the bottom */
		if (t->depth == 0)
			return NULL;
		descend(t, ID_LEAST, path);
		for (uint32_t i = 0; i < t->depth; i++)
			path->slots[i] = 0;
		*level = t->depth - 1;
		return path->nodes[*level];
	}
	if (*level == 0)
		return NULL;
	uint32_t up = *level - 1;
	*level = up;
	if (++path->slots[up] == path->nodes[up]->count)
		return path->nodes[up];
	for (; *level < t->depth - 1; ++*level) {
		path->nodes[*level + 1] = path->nodes[*level]->children[path->slots[*level]].node;
		path->slots[*level + 1] = 0;
	}
	return path->nodes[*level];
}

/* A whole tree from its first leaves: as many bytes for each unit of weight, and inner nodes that
 * are three quarters full. */
static size_t memory_estimate(const struct id_tree *t, size_t bytes, size_t leaves, uint64_t weight)
{
	double times = (double)t->weight / (double)(weight > 0 ? weight : 1);
	double inner = (double)leaves * times / (ID_INNER_ITEMS * 3 / 4);
	inner *= (double)mem_size_class(sizeof(struct inner));
	return (size_t)((double)bytes * times + inner);
}

size_t id_tree_memory_bytes(const struct id_tree *t, size_t leaves_max)
{
	struct path path;
	size_t bytes = 0, leaves = 0;
	uint64_t weight = 0;
	for (const struct id_leaf *leaf = edge_leaf(t, false); leaf != NULL; leaf = leaf->next) {
		if (leaves_max > 0 && leaves == leaves_max)
			return memory_estimate(t, bytes, leaves, weight);
		bytes += mem_size_class(leaf_bytes(leaf->cap));
		weight += leaf_weight(t, leaf);
		leaves++;
	}
	uint32_t level = t->depth;
	while (next_inner(t, &path, &level) != NULL)
		bytes += mem_size_class(sizeof(struct inner));
	return bytes;
}

/* The leaves of the children of a node at the bottom, and the bounds between them. */
static void check_inner(const struct id_tree *t, const struct inner *node, bool is_bottom)
{
	ASSERT(node->count > 0 && node->count <= ID_INNER_ITEMS);
	for (unsigned i = 0; i < node->count; i++) {
		const struct child *child = &node->children[i];
		if (i > 0)
			ASSERT(id_compare(child[-1].least, child->least) < 0);
		if (!is_bottom) {
			ASSERT(inner_weight(child->node) == child->weight);
			continue;
		}
		const struct id_leaf *leaf = child->node;
		ASSERT(leaf->count > 0 && leaf_weight(t, leaf) == child->weight);
		if (i > 0)
			ASSERT(id_compare(child->least, leaf->items[0].id) <= 0);
		if (i + 1 < node->count)
			ASSERT(id_compare(leaf->items[leaf->count - 1].id, child[1].least) < 0);
	}
}

void id_tree_check(const struct id_tree *t)
{
	struct path path;
	uint32_t level = t->depth;
	uint64_t weight = 0;
	const struct id_leaf *before = NULL;
	for (const struct inner *node; (node = next_inner(t, &path, &level)) != NULL;)
		check_inner(t, node, level == t->depth - 1);
	for (const struct id_leaf *leaf = edge_leaf(t, false); leaf != NULL; leaf = leaf->next) {
		ASSERT(leaf->prev == before && leaf->count > 0 && leaf->count <= leaf->cap);
		weight += leaf_weight(t, leaf);
		for (unsigned i = 1; i < leaf->count; i++)
			ASSERT(id_compare(leaf->items[i - 1].id, leaf->items[i].id) < 0);
		if (before != NULL)
			ASSERT(id_compare(before->items[before->count - 1].id, leaf->items[0].id) <
				0);
		before = leaf;
	}
	ASSERT(weight == t->weight);
	ASSERT(edge_leaf(t, true) == before);
}
