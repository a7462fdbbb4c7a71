/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists: one listpack or a quicklist behind one face. The row for the store is in list_ops.c.
 */
#include "types/list_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "types/config.h"

const struct value list_empty = {.type = TYPE_LIST, .encoding = ENC_LISTPACK, .ptr = NULL};

static bool is_packed(const struct value *v)
{
	return v->encoding == ENC_LISTPACK;
}

/* --- forms --- */

void list_to_quicklist(struct value *v)
{
	struct quicklist *ql = quicklist_new(types_list_limits());
	if (list_length(v) > 0)
		quicklist_add_listpack(ql, v->ptr);
	else
		listpack_free(v->ptr);
	v->encoding = ENC_QUICKLIST;
	v->ptr = ql;
}

void list_reserve(struct value *v, const struct bytes *texts, size_t count)
{
	size_t sum = v->ptr == NULL ? LISTPACK_EMPTY_BYTES : 0;
	if (!is_packed(v))
		return;
	if (v->ptr != NULL)
		sum = listpack_bytes(v->ptr);
	bool has_large = false;
	uint64_t plain_from = types_config.list_packed_threshold;
	for (size_t i = 0; i < count; i++) {
		if (texts[i].len >= LISTPACK_MAX_BYTES)
			has_large = true;
		else
			sum += texts[i].len;
		has_large |= plain_from != 0 && texts[i].len >= plain_from;
	}
	if (has_large ||
		quicklist_is_beyond(
			types_config.list_max_listpack_size, sum, list_length(v) + count, false))
		list_to_quicklist(v);
}

void list_shrink_if_within(struct value *v, bool half)
{
	struct quicklist *ql = v->ptr;
	if (is_packed(v) || ql->nodes != 1 || ql->head->is_plain)
		return;
	if (quicklist_is_beyond(
		    types_config.list_max_listpack_size, ql->head->bytes, ql->head->count, half))
		return;
	v->encoding = ENC_LISTPACK;
	v->ptr = quicklist_take_listpack(ql);
}

void list_shrink(struct value *v)
{
	list_shrink_if_within(v, true);
}

void list_free(struct value *v)
{
	if (v->ptr == NULL)
		return;
	if (is_packed(v))
		listpack_free(v->ptr);
	else
		quicklist_free(v->ptr);
	v->ptr = NULL;
}

uint64_t list_length(const struct value *v)
{
	if (v->ptr == NULL)
		return 0;
	return is_packed(v) ? listpack_count(v->ptr) : ((struct quicklist *)v->ptr)->count;
}

/* --- both ends --- */

static enum quicklist_end end_of(enum list_end end)
{
	return end == LIST_LEFT ? QUICKLIST_HEAD : QUICKLIST_TAIL;
}

void list_push(struct value *v, struct bytes text, enum list_end end)
{
	if (!is_packed(v)) {
		quicklist_push(v->ptr, text, end_of(end));
		return;
	}
	if (v->ptr == NULL)
		v->ptr = listpack_new();
	v->ptr = end == LIST_LEFT ? listpack_prepend(v->ptr, text) : listpack_append(v->ptr, text);
}

bool list_peek(const struct value *v, enum list_end end, struct listpack_item *item)
{
	if (list_length(v) == 0)
		return false;
	if (!is_packed(v))
		return quicklist_peek(v->ptr, end_of(end), item);
	*item = listpack_get(end == LIST_LEFT ? listpack_first(v->ptr) : listpack_last(v->ptr));
	return true;
}

void list_drop(struct value *v, enum list_end end)
{
	ASSERT(list_length(v) > 0);
	if (!is_packed(v)) {
		quicklist_drop(v->ptr, end_of(end));
		return;
	}
	unsigned char *at = end == LIST_LEFT ? listpack_first(v->ptr) : listpack_last(v->ptr);
	v->ptr = listpack_delete(v->ptr, &at, 1);
}

/* --- anywhere --- */

void list_insert(struct value *v, uint64_t index, struct bytes text)
{
	if (!is_packed(v)) {
		quicklist_insert(v->ptr, index, text);
		return;
	}
	struct listpack_item item = listpack_item_of(text);
	if (v->ptr == NULL)
		v->ptr = listpack_new();
	unsigned char *at = listpack_seek(v->ptr, (int64_t)index);
	v->ptr = listpack_insert(v->ptr, &at, &item);
}

void list_replace(struct value *v, uint64_t index, struct bytes text)
{
	ASSERT(index < list_length(v));
	if (!is_packed(v)) {
		quicklist_replace(v->ptr, index, text);
		return;
	}
	struct listpack_item item = listpack_item_of(text);
	unsigned char *at = listpack_seek(v->ptr, (int64_t)index);
	v->ptr = listpack_replace(v->ptr, &at, &item);
}

void list_delete_range(struct value *v, uint64_t index, uint64_t count)
{
	if (v->ptr == NULL)
		return;
	if (is_packed(v))
		v->ptr = listpack_delete_range(v->ptr, (int64_t)index, count);
	else
		quicklist_delete_range(v->ptr, index, count);
}

void list_trim(struct value *v, uint64_t first, uint64_t behind, struct value cut[2])
{
	uint64_t length = list_length(v);
	ASSERT(first <= behind && behind <= length);
	cut[0] = cut[1] = list_empty;
	if (is_packed(v)) {
		list_delete_range(v, behind, length - behind);
		list_delete_range(v, 0, first);
		return;
	}
	cut[0].encoding = cut[1].encoding = ENC_QUICKLIST;
	cut[0].ptr = quicklist_cut(v->ptr, length - behind, QUICKLIST_TAIL);
	cut[1].ptr = quicklist_cut(v->ptr, first, QUICKLIST_HEAD);
}

/* --- walks --- */

void list_iter_init(struct list_iter *it, const struct value *v, uint64_t index, bool backwards)
{
	it->list = (struct value *)(uintptr_t)v;
	it->at = NULL;
	it->backwards = backwards;
	it->is_fresh = true;
	if (!is_packed(v))
		quicklist_iter_init(&it->long_list, v->ptr, index, backwards);
	else if (index < list_length(v))
		it->at = listpack_seek(v->ptr, (int64_t)index);
}

static unsigned char *neighbour(const struct list_iter *it)
{
	return it->backwards ? listpack_prev(it->list->ptr, it->at) : listpack_next(it->at);
}

bool list_next(struct list_iter *it, struct listpack_item *item)
{
	if (!is_packed(it->list))
		return quicklist_next(&it->long_list, item);
	if (it->at != NULL && !it->is_fresh)
		it->at = neighbour(it);
	it->is_fresh = false;
	if (it->at == NULL)
		return false;
	*item = listpack_get(it->at);
	return true;
}

const unsigned char *list_next_run(struct list_iter *it)
{
	if (!is_packed(it->list))
		return quicklist_next_run(&it->long_list);
	const unsigned char *first = it->is_fresh || it->at == NULL ? it->at : neighbour(it);
	it->is_fresh = false;
	it->at = NULL;
	return first;
}

void list_delete_here(struct list_iter *it)
{
	if (!is_packed(it->list)) {
		quicklist_delete_here(&it->long_list);
		return;
	}
	ASSERT(it->at != NULL && !it->is_fresh);
	unsigned char *lp = it->list->ptr;
	unsigned char *prev = it->backwards ? listpack_prev(lp, it->at) : NULL;
	size_t prev_offset = prev == NULL ? 0 : (size_t)(prev - lp);
	lp = listpack_delete(lp, &it->at, 1);
	if (it->backwards)
		it->at = prev == NULL ? NULL : lp + prev_offset;
	it->list->ptr = lp;
	it->is_fresh = true;
}

void list_iter_release(struct list_iter *it)
{
	if (!is_packed(it->list))
		quicklist_iter_release(&it->long_list);
}
