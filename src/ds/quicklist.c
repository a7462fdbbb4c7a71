/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quicklist: nodes, pushing, inserting, deleting. The walk is in quicklist_iter.c.
 *
 * Whoever changes an inner node unpacks it first and lets `settle` compress again what must be; the
 * ends are never compressed. It must not know what the elements mean or how lists are stored.
 */
#include "ds/quicklist.h"

#include "base/assert.h"
#include "base/lzf.h"
#include "base/mem.h"
#include "ds/quicklist_internal.h"

#define NODE_COUNT_MASK ((1u << 22) - 1)

_Static_assert(QUICKLIST_NODE_BYTES_MAX <= NODE_COUNT_MASK, "an element has at least a byte");

/* --- limits --- */

static size_t fill_bytes(int32_t fill)
{
	if (fill >= 0)
		return QUICKLIST_SAFETY_BYTES;
	unsigned class = fill < QUICKLIST_FILL_MIN ? 5 : (unsigned)-fill;
	return (size_t)2048 << class;
}

static size_t fill_count(int32_t fill)
{
	if (fill < 0)
		return SIZE_MAX;
	return fill == 0 ? 1 : fill > QUICKLIST_FILL_MAX ? QUICKLIST_FILL_MAX : (size_t)fill;
}

bool quicklist_is_beyond(int32_t fill, size_t bytes, size_t count, bool half)
{
	size_t max_bytes = fill_bytes(fill);
	size_t max_count = fill_count(fill);
	if (!half)
		return bytes > max_bytes || count > max_count;
	if (fill < 0)
		return bytes > max_bytes / 2;
	return count > max_count / 2;
}

static bool is_large(const struct quicklist *ql, size_t len)
{
	if (ql->limits.plain_from != 0)
		return len >= ql->limits.plain_from || len >= LISTPACK_MAX_BYTES / 2;
	return len > fill_bytes(ql->limits.fill);
}

/* Whether a packed node has room for `bytes` more in `count` elements. */
static bool node_fits(
	const struct quicklist *ql, const struct quicklist_node *n, size_t bytes, size_t count)
{
	if (n == NULL || n->is_plain)
		return false;
	return !quicklist_is_beyond(ql->limits.fill, n->bytes + bytes, n->count + count, false);
}

/* --- nodes --- */

static struct quicklist_node *node_new(unsigned char *data, size_t bytes, bool is_plain)
{
	struct quicklist_node *n = mem_alloc(sizeof(*n));
	*n = (struct quicklist_node){.data = data, .bytes = bytes, .is_plain = is_plain};
	n->count = is_plain ? 1 : listpack_count(data) & NODE_COUNT_MASK;
	return n;
}

static struct quicklist_node *node_of_item(
	const struct quicklist *ql, const struct listpack_item *item)
{
	if (is_large(ql, item->text.len))
		return node_new(mem_dup(item->text.ptr, item->text.len), item->text.len, true);
	unsigned char *lp = listpack_append_item(listpack_new(), item);
	return node_new(lp, listpack_bytes(lp), false);
}

/* What the data's allocation was asked for: a plain element of no bytes still has one. */
static size_t data_size(size_t bytes, uint32_t packed_bytes)
{
	size_t size = packed_bytes != 0 ? packed_bytes : bytes;
	return size == 0 ? 1 : size;
}

/* The node will have other data: frees these, or leaves them to who borrowed them. */
static void node_drop_data(struct quicklist_node *n)
{
	size_t size = data_size(n->bytes, n->packed_bytes);
	if (LIKELY(n->lent == NULL)) {
		mem_free_sized(n->data, size);
		return;
	}
	n->lent->node = NULL;
	n->lent->loan->kept_bytes += size;
	n->lent = NULL;
}

/* Before the data are changed in place. */
static inline void node_own(struct quicklist_node *n)
{
	if (LIKELY(n->lent == NULL))
		return;
	unsigned char *copy = mem_dup(n->data, data_size(n->bytes, n->packed_bytes));
	node_drop_data(n);
	n->data = copy;
}

static void node_free(struct quicklist_node *n)
{
	node_drop_data(n);
	mem_free_sized(n, sizeof(*n));
}

/* Links `n` in front of `before` (NULL: at the tail). */
static void node_link(struct quicklist *ql, struct quicklist_node *n, struct quicklist_node *before)
{
	n->next = before;
	n->prev = before == NULL ? ql->tail : before->prev;
	*(n->prev == NULL ? &ql->head : &n->prev->next) = n;
	*(before == NULL ? &ql->tail : &before->prev) = n;
	ql->nodes++;
	ql->count += n->count;
}

void quicklist_node_remove(struct quicklist *ql, struct quicklist_node *n)
{
	*(n->prev == NULL ? &ql->head : &n->prev->next) = n->next;
	*(n->next == NULL ? &ql->tail : &n->next->prev) = n->prev;
	ql->nodes--;
	ql->count -= n->count;
	node_free(n);
}

/* The listpack of a node was changed: takes over where it is and what it holds. */
void quicklist_node_update(struct quicklist *ql, struct quicklist_node *n, unsigned char *lp)
{
	ASSERT(!n->is_plain && n->packed_bytes == 0);
	size_t count = listpack_count(lp);
	ql->count = ql->count - n->count + count;
	n->data = lp;
	n->bytes = listpack_bytes(lp);
	n->count = count & NODE_COUNT_MASK;
	n->is_hard = false;
}

/* --- compression --- */

unsigned char *quicklist_node_data(const struct quicklist_node *node, unsigned char **scratch)
{
	if (node->packed_bytes == 0)
		return node->data;
	*scratch = mem_realloc(*scratch, node->bytes);
	bool whole = lzf_unpack(bytes_of(node->data, node->packed_bytes), *scratch, node->bytes);
	ASSERT(whole);
	return *scratch;
}

static void node_unpack(struct quicklist_node *n)
{
	unsigned char *data = NULL;
	if (n->packed_bytes == 0)
		return;
	quicklist_node_data(n, &data);
	node_drop_data(n);
	n->data = data;
	n->packed_bytes = 0;
}

void quicklist_node_unpack(struct quicklist_node *n)
{
	node_unpack(n);
	node_own(n);
}

static void node_pack(struct quicklist_node *n)
{
	if (n->packed_bytes != 0 || n->is_hard || n->bytes < QUICKLIST_PACK_MIN_BYTES ||
		n->bytes > LZF_INPUT_MAX)
		return;
	unsigned char *packed = mem_alloc(n->bytes);
	size_t bytes =
		lzf_pack(bytes_of(n->data, n->bytes), packed, n->bytes - QUICKLIST_PACK_MIN_GAIN);
	if (bytes == 0) {
		mem_free_sized(packed, n->bytes);
		n->is_hard = true;
		return;
	}
	node_drop_data(n);
	n->data = mem_realloc(packed, bytes);
	n->packed_bytes = (uint32_t)bytes;
}

void quicklist_settle(struct quicklist *ql, struct quicklist_node *changed)
{
	struct quicklist_node *front = ql->head;
	struct quicklist_node *back = ql->tail;
	bool is_outer = changed == NULL;
	if (ql->limits.depth == 0 || ql->nodes == 0)
		return;
	for (uint32_t i = 0; i < ql->limits.depth; i++) {
		node_unpack(front);
		node_unpack(back);
		is_outer |= changed == front || changed == back;
		if (front == back || front->next == back)
			return;
		front = front->next;
		back = back->prev;
	}
	if (!is_outer)
		node_pack(changed);
	node_pack(front);
	node_pack(back);
}

/* --- life --- */

struct quicklist *quicklist_new(struct quicklist_limits limits)
{
	struct quicklist *ql = mem_alloc(sizeof(*ql));
	*ql = (struct quicklist){.limits = limits};
	return ql;
}

bool quicklist_free_slice(struct quicklist *ql, size_t nodes)
{
	for (; nodes > 0 && ql->head != NULL; nodes--)
		quicklist_node_remove(ql, ql->head);
	if (ql->head != NULL)
		return false;
	mem_free_sized(ql, sizeof(*ql));
	return true;
}

void quicklist_free(struct quicklist *ql)
{
	quicklist_free_slice(ql, SIZE_MAX);
}

struct quicklist *quicklist_copy(const struct quicklist *ql)
{
	struct quicklist *copy = quicklist_new(ql->limits);
	for (const struct quicklist_node *n = ql->head; n != NULL; n = n->next) {
		struct quicklist_node *twin = mem_dup(n, sizeof(*n));
		twin->data = mem_dup(n->data, data_size(n->bytes, n->packed_bytes));
		twin->lent = NULL;
		node_link(copy, twin, NULL);
	}
	return copy;
}

/* --- both ends --- */

void quicklist_push(struct quicklist *ql, struct bytes text, enum quicklist_end end)
{
	struct listpack_item item = listpack_item_of(text);
	struct quicklist_node *n = end == QUICKLIST_HEAD ? ql->head : ql->tail;
	if (!is_large(ql, text.len) && node_fits(ql, n, listpack_item_bytes(&item), 1)) {
		node_own(n);
		unsigned char *at = end == QUICKLIST_HEAD ? listpack_first(n->data) : NULL;
		quicklist_node_update(ql, n, listpack_insert(n->data, &at, &item));
		return;
	}
	n = node_of_item(ql, &item);
	node_link(ql, n, end == QUICKLIST_HEAD ? ql->head : NULL);
	quicklist_settle(ql, NULL);
}

void quicklist_add_listpack(struct quicklist *ql, unsigned char *lp)
{
	ASSERT(listpack_count(lp) > 0);
	node_link(ql, node_new(lp, listpack_bytes(lp), false), NULL);
	quicklist_settle(ql, NULL);
}

void quicklist_add_plain(struct quicklist *ql, struct bytes text)
{
	node_link(ql, node_new(mem_dup(text.ptr, text.len), text.len, true), NULL);
	quicklist_settle(ql, NULL);
}

unsigned char *quicklist_take_listpack(struct quicklist *ql)
{
	ASSERT(ql->nodes == 1 && !ql->head->is_plain);
	quicklist_node_unpack(ql->head);
	unsigned char *lp = ql->head->data;
	mem_free_sized(ql->head, sizeof(*ql->head));
	mem_free_sized(ql, sizeof(*ql));
	return lp;
}

bool quicklist_peek(const struct quicklist *ql, enum quicklist_end end, struct listpack_item *item)
{
	const struct quicklist_node *n = end == QUICKLIST_HEAD ? ql->head : ql->tail;
	if (n == NULL)
		return false;
	ASSERT(n->packed_bytes == 0);
	if (n->is_plain)
		*item = (struct listpack_item){bytes_of(n->data, n->bytes), 0, false};
	else
		*item = listpack_get(
			end == QUICKLIST_HEAD ? listpack_first(n->data) : listpack_last(n->data));
	return true;
}

void quicklist_drop(struct quicklist *ql, enum quicklist_end end)
{
	struct quicklist_node *n = end == QUICKLIST_HEAD ? ql->head : ql->tail;
	ASSERT(n != NULL);
	if (n->count == 1) {
		quicklist_node_remove(ql, n);
		quicklist_settle(ql, NULL);
		return;
	}
	node_own(n);
	unsigned char *at =
		end == QUICKLIST_HEAD ? listpack_first(n->data) : listpack_last(n->data);
	quicklist_node_update(ql, n, listpack_delete(n->data, &at, 1));
}

/* --- anywhere --- */

struct quicklist_node *quicklist_node_at(
	const struct quicklist *ql, uint64_t index, uint64_t *inside)
{
	ASSERT(index < ql->count);
	struct quicklist_node *n;
	if (index <= ql->count / 2) {
		for (n = ql->head; index >= n->count; n = n->next)
			index -= n->count;
		*inside = index;
		return n;
	}
	uint64_t behind = ql->count - 1 - index; /* elements behind it */
	for (n = ql->tail; behind >= n->count; n = n->prev)
		behind -= n->count;
	*inside = n->count - 1 - behind;
	return n;
}

/* Joins n->next to n where both are packed and fit into one; returns whether it did. */
static bool node_merge_next(struct quicklist *ql, struct quicklist_node *n)
{
	struct quicklist_node *next = n == NULL ? NULL : n->next;
	if (next == NULL || next->is_plain ||
		!node_fits(ql, n, next->bytes - LISTPACK_EMPTY_BYTES, next->count))
		return false;
	quicklist_node_unpack(n);
	quicklist_node_unpack(next);
	quicklist_node_update(ql, n, listpack_join(n->data, next->data));
	quicklist_node_remove(ql, next);
	return true;
}

/* Puts the item between two neighbours (either may be NULL): into one of them or a new node. */
static void node_put_between(struct quicklist *ql, struct quicklist_node *before,
	struct quicklist_node *after, const struct listpack_item *item)
{
	size_t bytes = listpack_item_bytes(item);
	bool large = is_large(ql, item->text.len);
	if (!large && node_fits(ql, before, bytes, 1)) {
		quicklist_node_unpack(before);
		quicklist_node_update(ql, before, listpack_append_item(before->data, item));
		return;
	}
	if (!large && node_fits(ql, after, bytes, 1)) {
		quicklist_node_unpack(after);
		unsigned char *at = listpack_first(after->data);
		quicklist_node_update(ql, after, listpack_insert(after->data, &at, item));
		return;
	}
	node_link(ql, node_of_item(ql, item), after);
}

/* After an insertion next to `n` or one or two nodes behind it: joins what fits together where a
 * node was split, and compresses what was unpacked on the way. */
static void node_tidy(struct quicklist *ql, struct quicklist_node *n, bool was_split)
{
	struct quicklist_node *at = n;
	for (int i = 0; was_split && i < 4 && at != NULL; i++)
		if (!node_merge_next(ql, at))
			at = at->next;
	for (int i = 0; i < 5 && n != NULL; i++, n = n->next)
		quicklist_settle(ql, n);
}

/* Cuts a packed node in front of its element `inside`, which is not its first. */
static void node_split(struct quicklist *ql, struct quicklist_node *n, uint64_t inside)
{
	unsigned char *tail;
	quicklist_node_unpack(n);
	unsigned char *lp = listpack_split(n->data, listpack_seek(n->data, (int64_t)inside), &tail);
	quicklist_node_update(ql, n, lp);
	node_link(ql, node_new(tail, listpack_bytes(tail), false), n->next);
}

void quicklist_insert(struct quicklist *ql, uint64_t index, struct bytes text)
{
	if (index == 0 || index >= ql->count) {
		quicklist_push(ql, text, index == 0 ? QUICKLIST_HEAD : QUICKLIST_TAIL);
		return;
	}
	uint64_t inside;
	struct listpack_item item = listpack_item_of(text);
	struct quicklist_node *n = quicklist_node_at(ql, index, &inside);
	if (inside > 0 && !is_large(ql, text.len) &&
		node_fits(ql, n, listpack_item_bytes(&item), 1)) {
		quicklist_node_unpack(n);
		unsigned char *at = listpack_seek(n->data, (int64_t)inside);
		quicklist_node_update(ql, n, listpack_insert(n->data, &at, &item));
		quicklist_settle(ql, n);
		return;
	}
	if (inside > 0) {
		node_split(ql, n, inside);
		n = n->next;
	}
	struct quicklist_node *around = n->prev->prev != NULL ? n->prev->prev : n->prev;
	node_put_between(ql, n->prev, n, &item);
	node_tidy(ql, around, inside > 0);
}

/* In place, where the new content fits into the same node. */
static bool replace_in_place(struct quicklist *ql, struct quicklist_node *n, uint64_t inside,
	const struct listpack_item *item)
{
	bool large = is_large(ql, item->text.len);
	if (large != (bool)n->is_plain)
		return false;
	quicklist_node_unpack(n);
	if (n->is_plain) {
		unsigned char *data = mem_dup(item->text.ptr, item->text.len);
		node_drop_data(n);
		n->data = data;
		n->bytes = item->text.len;
		n->is_hard = false;
		return true;
	}
	unsigned char *at = listpack_seek(n->data, (int64_t)inside);
	size_t body = listpack_body_bytes(at);
	size_t others = n->bytes - body - listpack_back_bytes(body);
	if (n->count > 1 &&
		quicklist_is_beyond(
			ql->limits.fill, others + listpack_item_bytes(item), n->count, false))
		return false;
	quicklist_node_update(ql, n, listpack_replace(n->data, &at, item));
	return true;
}

void quicklist_replace(struct quicklist *ql, uint64_t index, struct bytes text)
{
	uint64_t inside;
	struct listpack_item item = listpack_item_of(text);
	struct quicklist_node *n = quicklist_node_at(ql, index, &inside);
	if (replace_in_place(ql, n, inside, &item)) {
		quicklist_settle(ql, n);
		return;
	}
	quicklist_insert(ql, index, text);
	quicklist_delete_range(ql, index + 1, 1);
}

uint64_t quicklist_delete_range(struct quicklist *ql, uint64_t index, uint64_t count)
{
	if (index >= ql->count)
		return 0;
	if (count > ql->count - index)
		count = ql->count - index;
	uint64_t inside;
	uint64_t left = count;
	struct quicklist_node *n = quicklist_node_at(ql, index, &inside);
	while (left > 0) {
		struct quicklist_node *next = n->next;
		uint64_t here = n->count - inside < left ? n->count - inside : left;
		if (here == n->count) {
			quicklist_node_remove(ql, n);
		} else {
			quicklist_node_unpack(n);
			unsigned char *lp = listpack_delete_range(n->data, (int64_t)inside, here);
			quicklist_node_update(ql, n, lp);
			quicklist_settle(ql, n);
		}
		left -= here;
		inside = 0;
		n = next;
	}
	quicklist_settle(ql, NULL);
	return count;
}

/* How many nodes stand in front of `n`, counted on whichever side of it has fewer. */
static uint64_t nodes_before(const struct quicklist *ql, const struct quicklist_node *n)
{
	const struct quicklist_node *left = n;
	const struct quicklist_node *right = n;
	uint64_t steps = 0;
	while (left->prev != NULL && right->next != NULL) {
		left = left->prev;
		right = right->next;
		steps++;
	}
	return left->prev == NULL ? steps : ql->nodes - 1 - steps;
}

/* Hands over the nodes in front of `n` (`before`) or behind it; NULL = there are none. */
static struct quicklist *cut_at(
	struct quicklist *ql, struct quicklist_node *n, bool before, uint64_t elements)
{
	struct quicklist_node *edge = before ? n->prev : n->next;
	if (edge == NULL)
		return NULL;
	struct quicklist *cut = quicklist_new(ql->limits);
	uint64_t in_front = nodes_before(ql, n);
	cut->nodes = before ? in_front : ql->nodes - 1 - in_front;
	cut->count = elements;
	cut->head = before ? ql->head : edge;
	cut->tail = before ? edge : ql->tail;
	*(before ? &ql->head : &ql->tail) = n;
	*(before ? &n->prev : &n->next) = NULL;
	*(before ? &edge->next : &edge->prev) = NULL;
	ql->nodes -= cut->nodes;
	ql->count -= elements;
	return cut;
}

struct quicklist *quicklist_cut(struct quicklist *ql, uint64_t count, enum quicklist_end end)
{
	bool before = end == QUICKLIST_HEAD;
	uint64_t inside;
	if (count == 0 || ql->count == 0)
		return NULL;
	if (count >= ql->count) {
		struct quicklist *all = quicklist_new(ql->limits);
		*all = *ql;
		*ql = (struct quicklist){.limits = all->limits};
		return all;
	}
	/* The first or last element that stays, and those of its node that don't. */
	struct quicklist_node *n =
		quicklist_node_at(ql, before ? count : ql->count - 1 - count, &inside);
	uint64_t partial = before ? inside : n->count - 1 - inside;
	struct quicklist *cut = cut_at(ql, n, before, count - partial);
	if (partial > 0) {
		quicklist_node_unpack(n);
		unsigned char *lp =
			listpack_delete_range(n->data, before ? 0 : (int64_t)inside + 1, partial);
		quicklist_node_update(ql, n, lp);
	}
	quicklist_settle(ql, NULL);
	return cut;
}

/* --- lending --- */

struct quicklist_loan *quicklist_lend(struct quicklist *ql)
{
	struct quicklist_loan *loan =
		mem_alloc(sizeof(*loan) + ql->nodes * sizeof(loan->lent[0]));
	*loan = (struct quicklist_loan){.count = ql->nodes};
	struct quicklist_lent *l = loan->lent;
	for (struct quicklist_node *n = ql->head; n != NULL; n = n->next, l++) {
		ASSERT(n->lent == NULL);
		*l = (struct quicklist_lent){
			n, n->data, n->bytes, n->packed_bytes, n->is_plain, loan};
		n->lent = l;
	}
	return loan;
}

unsigned char *quicklist_lent_data(const struct quicklist_lent *lent, unsigned char **scratch)
{
	const struct quicklist_node node = {.data = lent->data,
		.bytes = lent->bytes,
		.packed_bytes = lent->packed_bytes};
	return quicklist_node_data(&node, scratch);
}

void quicklist_give_back(struct quicklist_lent *lent)
{
	size_t size = data_size(lent->bytes, lent->packed_bytes);
	if (lent->node != NULL) {
		lent->node->lent = NULL;
		return;
	}
	mem_free_sized(lent->data, size);
	lent->loan->kept_bytes -= size;
}

void quicklist_loan_free(struct quicklist_loan *loan)
{
	mem_free(loan);
}

/* --- figures and checks --- */

size_t quicklist_memory_bytes(const struct quicklist *ql, size_t samples)
{
	uint64_t seen = 0;
	size_t bytes = 0;
	for (const struct quicklist_node *n = ql->head; n != NULL; n = n->next) {
		if (samples != 0 && seen == samples)
			break;
		bytes += mem_size_class(sizeof(*n));
		bytes += mem_size_class(n->packed_bytes != 0 ? n->packed_bytes : n->bytes);
		seen++;
	}
	if (seen != 0 && seen < ql->nodes)
		bytes = (size_t)((double)bytes / (double)seen * (double)ql->nodes);
	return bytes + mem_size_class(sizeof(*ql));
}

static void node_check(const struct quicklist_node *n)
{
	unsigned char *scratch = NULL;
	unsigned char *data = quicklist_node_data(n, &scratch);
	ASSERT(n->count > 0);
	if (n->is_plain) {
		ASSERT(n->count == 1);
	} else {
		ASSERT(listpack_is_valid(bytes_of(data, n->bytes)));
		ASSERT(listpack_count(data) == n->count);
	}
	mem_free(scratch);
}

void quicklist_check(const struct quicklist *ql)
{
	uint64_t count = 0;
	uint64_t nodes = 0;
	const struct quicklist_node *prev = NULL;
	for (const struct quicklist_node *n = ql->head; n != NULL; prev = n, n = n->next) {
		bool is_outer =
			nodes < ql->limits.depth || ql->nodes - 1 - nodes < ql->limits.depth;
		ASSERT(n->prev == prev);
		ASSERT(n->packed_bytes == 0 || (ql->limits.depth != 0 && !is_outer));
		node_check(n);
		count += n->count;
		nodes++;
	}
	ASSERT(prev == ql->tail && count == ql->count && nodes == ql->nodes);
}
