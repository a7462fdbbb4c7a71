/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quicklist's walk. It stands on an element (`at`), returned already or still fresh; a
 * compressed node is read from scratch and unpacked in place only when something in it is deleted,
 * and compressed again when the walk leaves it.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "ds/quicklist_internal.h"

/* Stands on the first element of `node` in the walk's direction. */
static void enter(struct quicklist_iter *it, struct quicklist_node *node)
{
	it->node = node;
	it->is_fresh = true;
	if (node == NULL)
		return;
	it->data = quicklist_node_data(node, &it->scratch);
	if (node->is_plain)
		it->at = it->data;
	else
		it->at = it->backwards ? listpack_last(it->data) : listpack_first(it->data);
}

/* Goes to the neighbour; a node that was unpacked for a change is compressed again. */
static void leave(struct quicklist_iter *it)
{
	struct quicklist_node *left = it->node;
	struct quicklist_node *next = it->backwards ? left->prev : left->next;
	if (it->is_changed)
		quicklist_settle(it->ql, left);
	it->is_changed = false;
	enter(it, next);
}

void quicklist_iter_init(
	struct quicklist_iter *it, const struct quicklist *ql, uint64_t index, bool backwards)
{
	*it = (struct quicklist_iter){
		.ql = (struct quicklist *)(uintptr_t)ql, .backwards = backwards};
	if (index >= ql->count)
		return;
	uint64_t inside;
	enter(it, quicklist_node_at(ql, index, &inside));
	if (!it->node->is_plain)
		it->at = listpack_seek(it->data, (int64_t)inside);
}

/* One element on within the node; NULL at its end. */
static unsigned char *neighbour(const struct quicklist_iter *it)
{
	if (it->node->is_plain)
		return NULL;
	return it->backwards ? listpack_prev(it->data, it->at) : listpack_next(it->at);
}

/* On to the next element, if there is one: `at` stands on it. */
static bool step(struct quicklist_iter *it)
{
	if (it->node == NULL)
		return false;
	if (!it->is_fresh) {
		it->at = neighbour(it);
		if (it->at == NULL)
			leave(it);
	}
	return it->node != NULL;
}

bool quicklist_next(struct quicklist_iter *it, struct listpack_item *item)
{
	if (!step(it))
		return false;
	it->is_fresh = false;
	if (it->node->is_plain)
		*item = (struct listpack_item){bytes_of(it->data, it->node->bytes), 0, false};
	else
		*item = listpack_get(it->at);
	return true;
}

const unsigned char *quicklist_next_run(struct quicklist_iter *it)
{
	if (!step(it))
		return NULL;
	it->is_fresh = true;
	if (it->node->is_plain)
		return NULL;
	const unsigned char *first = it->at;
	it->is_fresh = false;
	it->at = listpack_last(it->data);
	return first;
}

/* Makes the node the walk stands in changeable; `at` keeps its element. */
static void unpack_here(struct quicklist_iter *it)
{
	size_t offset = (size_t)(it->at - it->data);
	quicklist_node_unpack(it->node);
	it->data = it->node->data;
	it->at = it->data + offset;
	it->is_changed = true;
}

void quicklist_delete_here(struct quicklist_iter *it)
{
	struct quicklist_node *n = it->node;
	ASSERT(n != NULL && !it->is_fresh);
	if (n->count == 1) {
		struct quicklist_node *next = it->backwards ? n->prev : n->next;
		quicklist_node_remove(it->ql, n);
		it->is_changed = false;
		quicklist_settle(it->ql, NULL);
		enter(it, next);
		return;
	}
	unpack_here(it);
	unsigned char *prev = it->backwards ? listpack_prev(it->data, it->at) : NULL;
	size_t prev_offset = prev == NULL ? 0 : (size_t)(prev - it->data);
	unsigned char *lp = listpack_delete(it->data, &it->at, 1);
	quicklist_node_update(it->ql, n, lp);
	it->data = lp;
	it->is_fresh = true;
	if (it->backwards)
		it->at = prev == NULL ? NULL : lp + prev_offset;
	if (it->at == NULL)
		leave(it);
}

void quicklist_iter_release(struct quicklist_iter *it)
{
	if (it->node != NULL && it->is_changed)
		quicklist_settle(it->ql, it->node);
	mem_free(it->scratch);
	*it = (struct quicklist_iter){.ql = it->ql};
}
