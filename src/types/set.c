/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sets: members in and out, and the ways between the encodings. Walks are in set_walk.c, the row
 * for the store in set_ops.c, unions and the like in set_algebra.c.
 *
 * Encodings only grow: intset → listpack → table. Results of the algebra are built member by
 * member and so end in the smallest that holds them.
 */
#include "types/set_internal.h"

#include "base/assert.h"
#include "ds/intset.h"
#include "types/config.h"
#include "types/member.h"

const struct value set_empty = {.type = TYPE_SET, .encoding = ENC_INTSET, .ptr = NULL};

/* --- limits --- */

static size_t intset_limit(void)
{
	size_t limit = (size_t)types_config.set_max_intset_entries;
	return limit < INTSET_MAX_COUNT ? limit : INTSET_MAX_COUNT - 1;
}

static size_t listpack_limit(void)
{
	size_t limit = (size_t)types_config.set_max_listpack_entries;
	return limit < TYPES_ENTRIES_MAX ? limit : TYPES_ENTRIES_MAX;
}

static bool text_fits_listpack(size_t len)
{
	return len <= types_config.set_max_listpack_value;
}

/* --- encodings --- */

static uint64_t member_hash(const void *member)
{
	struct bytes text = member_bytes(member);
	return hash_bytes(text.ptr, text.len);
}

static const struct dict_ops member_ops = {.hash = member_hash};

struct dict *set_table_new(size_t expected)
{
	struct dict *d = mem_alloc(sizeof(*d));
	dict_init(d, &member_ops);
	if (expected > 0)
		dict_expand(d, expected);
	return d;
}

bool set_table_add(struct dict *d, struct bytes text)
{
	uint64_t hash = hash_bytes(text.ptr, text.len);
	if (dict_find(d, hash, member_is, &text) != NULL)
		return false;
	dict_insert(d, hash, member_new(text));
	return true;
}

static void member_drop(void *member, void *context)
{
	(void)context;
	member_free(member);
}

bool set_table_free_slice(struct dict *d, unsigned buckets)
{
	if (dict_drain(d, buckets, member_drop, NULL))
		return false;
	dict_release(d);
	mem_free_sized(d, sizeof(*d));
	return true;
}

void set_table_free(struct dict *d)
{
	while (!set_table_free_slice(d, UINT32_MAX))
		;
}

void set_free(struct value *v)
{
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_INTSET)
		intset_free(v->ptr);
	else if (v->encoding == ENC_LISTPACK)
		listpack_free(v->ptr);
	else
		set_table_free(v->ptr);
	v->ptr = NULL;
}

void set_to_table(struct value *v, size_t expected)
{
	struct set_iter it;
	struct listpack_item item;
	char scratch[NUM_I64_MAX_CHARS];
	size_t count = set_length(v);
	struct dict *d = set_table_new(expected > count ? expected : count);
	set_iter_init(&it, v);
	while (set_next(&it, &item))
		set_table_add(d, listpack_item_text(&item, scratch));
	set_free(v);
	v->encoding = ENC_HASHTABLE;
	v->ptr = d;
}

static void intset_to_listpack(struct value *v)
{
	unsigned char *is = v->ptr;
	unsigned char *lp = listpack_new();
	for (size_t i = 0; i < intset_count(is); i++) {
		struct listpack_item item = listpack_item_i64(intset_get(is, i));
		lp = listpack_append_item(lp, &item);
	}
	intset_free(is);
	v->encoding = ENC_LISTPACK;
	v->ptr = lp;
}

/* Whether an intset may become a listpack with a text of `len` more. */
static bool intset_fits_listpack(const unsigned char *is, size_t len)
{
	char scratch[NUM_I64_MAX_CHARS];
	size_t count = intset_count(is);
	if (count >= listpack_limit() || !text_fits_listpack(len))
		return false;
	if (count == 0)
		return true;
	size_t first = num_print_i64(scratch, intset_get(is, 0));
	size_t last = num_print_i64(scratch, intset_get(is, count - 1));
	size_t longest = first > last ? first : last;
	return text_fits_listpack(longest) &&
		listpack_has_room(NULL, (longest + LISTPACK_ITEM_OVERHEAD) * count + len);
}

void set_reserve(struct value *v, struct bytes first, size_t more)
{
	if (v->ptr != NULL) {
		if ((v->encoding == ENC_LISTPACK && more > listpack_limit()) ||
			(v->encoding == ENC_INTSET && more > intset_limit()))
			set_to_table(v, more);
		return;
	}
	if (listpack_item_of(first).is_integer && more <= intset_limit()) {
		v->encoding = ENC_INTSET;
		v->ptr = intset_new();
	} else if (more <= listpack_limit()) {
		v->encoding = ENC_LISTPACK;
		v->ptr = listpack_new();
	} else {
		v->encoding = ENC_HASHTABLE;
		v->ptr = set_table_new(more);
	}
}

/* --- members --- */

size_t set_length(const struct value *v)
{
	if (v->ptr == NULL)
		return 0;
	if (v->encoding == ENC_INTSET)
		return intset_count(v->ptr);
	return v->encoding == ENC_LISTPACK ? listpack_count(v->ptr) : dict_count(v->ptr);
}

static bool listpack_add(struct value *v, const struct listpack_item *item)
{
	char scratch[NUM_I64_MAX_CHARS];
	if (listpack_find(listpack_first(v->ptr), item, 0) != NULL)
		return false;
	struct bytes text = listpack_item_text(item, scratch);
	if (listpack_count(v->ptr) < listpack_limit() && text_fits_listpack(text.len) &&
		listpack_has_room(v->ptr, text.len + LISTPACK_ITEM_OVERHEAD)) {
		v->ptr = listpack_append_item(v->ptr, item);
		return true;
	}
	set_to_table(v, listpack_count(v->ptr) + 1);
	return set_table_add(v->ptr, text);
}

static bool intset_add_item(struct value *v, const struct listpack_item *item)
{
	if (item->is_integer) {
		bool changed;
		v->ptr = intset_add(v->ptr, item->integer, &changed);
		if (changed && intset_count(v->ptr) > intset_limit())
			set_to_table(v, 0);
		return changed;
	}
	if (intset_fits_listpack(v->ptr, item->text.len))
		intset_to_listpack(v);
	else
		set_to_table(v, intset_count(v->ptr) + 1);
	return set_add_item(v, item);
}

/* What a walk over a table gave is a text that may be an integer's. */
static struct listpack_item normal_item(const struct listpack_item *item)
{
	return item->is_integer ? *item : listpack_item_of(item->text);
}

bool set_add_item(struct value *v, const struct listpack_item *item)
{
	char scratch[NUM_I64_MAX_CHARS];
	if (v->ptr == NULL)
		set_reserve(v, listpack_item_text(item, scratch), 1);
	if (v->encoding == ENC_HASHTABLE)
		return set_table_add(v->ptr, listpack_item_text(item, scratch));
	struct listpack_item normal = normal_item(item);
	return v->encoding == ENC_INTSET ? intset_add_item(v, &normal) : listpack_add(v, &normal);
}

bool set_add(struct value *v, struct bytes text)
{
	if (LIKELY(v->ptr != NULL && v->encoding == ENC_HASHTABLE))
		return set_table_add(v->ptr, text);
	struct listpack_item item = {text, 0, false};
	return set_add_item(v, &item);
}

static bool table_remove(struct dict *d, struct bytes text)
{
	uint64_t hash = hash_bytes(text.ptr, text.len);
	struct dict_place place = dict_find_place(d, hash, member_is, &text);
	if (place.bucket == NULL)
		return false;
	void *member = dict_ptr_get(place.bucket, place.slot);
	dict_remove_place(d, hash, place);
	member_free(member);
	return true;
}

bool set_remove_item(struct value *v, const struct listpack_item *item)
{
	char scratch[NUM_I64_MAX_CHARS];
	if (v->ptr == NULL)
		return false;
	if (v->encoding == ENC_HASHTABLE)
		return table_remove(v->ptr, listpack_item_text(item, scratch));
	struct listpack_item normal = normal_item(item);
	if (v->encoding == ENC_INTSET) {
		bool changed = false;
		if (normal.is_integer)
			v->ptr = intset_remove(v->ptr, normal.integer, &changed);
		return changed;
	}
	unsigned char *at = listpack_find(listpack_first(v->ptr), &normal, 0);
	if (at == NULL)
		return false;
	v->ptr = listpack_delete(v->ptr, &at, 1);
	return true;
}

bool set_remove(struct value *v, struct bytes text)
{
	struct listpack_item item = {text, 0, false};
	return set_remove_item(v, &item);
}

bool set_has_item(const struct value *v, const struct listpack_item *item)
{
	char scratch[NUM_I64_MAX_CHARS];
	if (v->ptr == NULL)
		return false;
	if (v->encoding == ENC_HASHTABLE) {
		struct bytes text = listpack_item_text(item, scratch);
		uint64_t hash = hash_bytes(text.ptr, text.len);
		return dict_find(v->ptr, hash, member_is, &text) != NULL;
	}
	struct listpack_item normal = normal_item(item);
	if (v->encoding == ENC_INTSET)
		return normal.is_integer && intset_has(v->ptr, normal.integer);
	return listpack_find(listpack_first(v->ptr), &normal, 0) != NULL;
}

bool set_has(const struct value *v, struct bytes text)
{
	struct listpack_item item = {text, 0, false};
	return set_has_item(v, &item);
}
