/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Deleting a range of a large sorted set, however large the range, in the time of two ways down its
 * tree: the range's part of the tree is cut out and becomes a remnant, a value of its own that the
 * store frees in slices. The dictionary still holds the remnant's items until then. Such an item is
 * a ghost: it is in no tree of the set, and that is how it is known (zset_table_is_ghost); a member
 * that comes again takes its ghost's place in the dictionary.
 *
 * Invariant: the dictionary holds the tree's items and ghosts, never two of the same member. An
 * item of a remnant is a ghost, or (its member came again) in no dictionary.
 */
#include "base/assert.h"
#include "types/zset_internal.h"

/* Fewer are taken out one by one. */
#define CUT_LEAST 64

/* --- ghosts --- */

bool zset_table_has(const struct zset_table *t, const void *item)
{
	return order_tree_has(&t->by_score, item);
}

void zset_table_forget(struct zset_table *t, struct zset_member member)
{
	struct dict_place place =
		dict_find_place(&t->by_member, member.hash, order_item_is, &member.text);
	if (place.bucket != NULL)
		dict_remove_place(&t->by_member, member.hash, place);
}

uint64_t zset_table_cuts(const struct zset_table *t)
{
	return t->remnants == NULL ? 0 : t->number;
}

bool zset_table_was_ghost(const struct zset_table *t, const void *item, uint64_t cuts)
{
	for (const struct zset_table *r = t->remnants; r != NULL; r = r->next)
		if (r->number <= cuts && order_tree_has(&r->by_score, item))
			return true;
	return false;
}

/* --- remnants --- */

static struct zset_table *remnant_new(struct zset_table *t, struct zset_range range)
{
	struct zset_table *r = zset_table_new(0);
	order_tree_cut(&t->by_score, range.first, range.behind, &r->by_score);
	r->owner = t;
	r->number = ++t->number;
	r->next = t->remnants;
	t->remnants = r;
	return r;
}

/* Frees the items of one leaf; false where there is none left. */
static bool remnant_free_leaf(struct zset_table *r)
{
	void *items[ORDER_LEAF_ITEMS];
	uint64_t hashes[ORDER_LEAF_ITEMS];
	struct dict *d = &r->owner->by_member;
	const struct order_leaf *leaf = order_tree_last_leaf(&r->by_score);
	if (leaf == NULL)
		return false;
	unsigned count = leaf->used;
	memcpy(items, leaf->items, count * sizeof(items[0]));
	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(items[i]);
	for (unsigned i = 0; i < count; i++) {
		struct bytes member = order_item_member(items[i]);
		hashes[i] = hash_bytes(member.ptr, member.len);
		dict_prefetch(d, hashes[i]);
	}
	for (unsigned i = 0; i < count; i++) {
		struct dict_place place = dict_find_pointer(d, hashes[i], items[i]);
		if (place.bucket != NULL)
			dict_remove_place(d, hashes[i], place);
	}
	/* Not before: who saves a state was told of each, and asked whether it was a ghost. */
	order_tree_drop_leaf(&r->by_score, &r->owner->by_score);
	for (unsigned i = 0; i < count; i++)
		order_item_free(items[i]);
	return true;
}

static void remnant_leave(struct zset_table *r)
{
	struct zset_table **at = &r->owner->remnants;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->owner = NULL;
}

bool zset_remnants_free_slice(struct zset_table *t, size_t *effort)
{
	/* A remnant's own items, or those of all remnants of a set that is to be freed. */
	while (t->owner != NULL || t->remnants != NULL) {
		struct zset_table *r = t->owner != NULL ? t : t->remnants;
		for (; *effort > 0 && remnant_free_leaf(r);)
			*effort -= *effort < ORDER_LEAF_ITEMS ? *effort : ORDER_LEAF_ITEMS;
		if (order_tree_count(&r->by_score) > 0)
			return false;
		remnant_leave(r);
	}
	return true;
}

/* --- deletion --- */

/* Takes the item at this rank out of both and frees it. */
static void table_delete(struct zset_table *t, size_t rank)
{
	struct order_place place = order_tree_at(&t->by_score, rank);
	void *item = order_place_next(&place);
	struct bytes member = order_item_member(item);
	uint64_t hash = hash_bytes(member.ptr, member.len);
	order_tree_remove(&t->by_score, item);
	dict_remove_place(&t->by_member, hash, dict_find_pointer(&t->by_member, hash, item));
	order_item_free(item);
}

void zset_delete_range(struct value *v, struct zset_range range, struct value *rest)
{
	size_t count = range.behind - range.first;
	*rest = zset_empty;
	if (count == 0)
		return;
	if (v->encoding == ENC_LISTPACK) {
		v->ptr = listpack_delete_range(v->ptr, (int64_t)range.first * 2, count * 2);
		return;
	}
	struct zset_table *t = v->ptr;
	if (count == order_tree_count(&t->by_score)) {
		*rest = *v;
		*v = zset_empty;
		return;
	}
	if (count >= CUT_LEAST) {
		*rest = *v;
		rest->ptr = remnant_new(t, range);
		return;
	}
	for (; count > 0; count--)
		table_delete(t, range.first);
}
