/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes: fields in and out, the way from the packed form to the table. Walks are in hash_walk.c,
 * expiry in hash_expiry.c, the table in hash_table.c, the row for the store in hash_ops.c.
 *
 * A pair of the table is changed in place while its size class fits, so that counters and other
 * values of steady length cost no allocation.
 */
#include "base/assert.h"
#include "base/num.h"
#include "types/config.h"
#include "types/hash_internal.h"
#include "types/pair.h"

const struct value hash_empty = {.type = TYPE_HASH, .encoding = ENC_LISTPACK, .ptr = NULL};

/* --- encodings --- */

void hash_free(struct value *v)
{
	if (v->ptr == NULL)
		return;
	if (hash_is_packed(v))
		listpack_free(v->ptr);
	else
		while (!hash_table_free_slice(v->ptr, UINT32_MAX))
			;
	v->ptr = NULL;
}

bool hash_fits_packed(size_t fields, size_t longest)
{
	return fields <= (size_t)types_config.hash_max_listpack_entries &&
		fields <= (size_t)TYPES_ENTRIES_MAX &&
		longest <= types_config.hash_max_listpack_value;
}

void hash_to_table(struct value *v, size_t expected)
{
	struct hash_iter it;
	struct listpack_item field, value;
	char field_digits[NUM_I64_MAX_CHARS];
	char value_digits[NUM_I64_MAX_CHARS];
	size_t count = hash_length(v);
	struct hash_table *t = hash_table_new(expected > count ? expected : count);
	hash_iter_init(&it, v, HASH_EVERYTHING);
	while (hash_next(&it, &field, &value))
		hash_table_insert(t,
			pair_new(listpack_item_text(&field, field_digits),
				listpack_item_text(&value, value_digits), it.expiry_ms));
	hash_free(v);
	v->encoding = ENC_HASHTABLE;
	v->ptr = t;
}

void hash_reserve(struct value *v, const struct bytes *texts, size_t count)
{
	size_t sum = 0;
	if (!hash_is_packed(v))
		return;
	if (!hash_fits_packed(count / 2, 0)) {
		hash_to_table(v, count / 2);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (texts[i].len > types_config.hash_max_listpack_value) {
			hash_to_table(v, 0);
			return;
		}
		sum += texts[i].len + LISTPACK_ITEM_OVERHEAD;
	}
	if (!listpack_has_room(v->ptr, sum))
		hash_to_table(v, 0);
}

/* --- packed --- */

size_t hash_length(const struct value *v)
{
	if (v->ptr == NULL)
		return 0;
	return hash_is_packed(v) ? listpack_count(v->ptr) / hash_step(v) : dict_count(v->ptr);
}

unsigned char *hash_packed_find(const struct value *v, struct bytes field)
{
	struct listpack_item item = listpack_item_of(field);
	if (v->ptr == NULL)
		return NULL;
	return listpack_find(listpack_first(v->ptr), &item, hash_step(v) - 1);
}

void hash_packed_add(struct value *v, struct bytes field, struct bytes value, int64_t expiry_ms)
{
	unsigned char *at = NULL;
	struct listpack_item items[3] = {listpack_item_of(field), listpack_item_of(value),
		listpack_item_i64(expiry_ms == HASH_NO_EXPIRY ? 0 : expiry_ms)};
	if (v->ptr == NULL)
		v->ptr = listpack_new();
	if (expiry_ms != HASH_NO_EXPIRY) {
		/* In front of the first that expires later or never. */
		at = listpack_first(v->ptr);
		for (; at != NULL; at = listpack_next(listpack_next(listpack_next(at)))) {
			int64_t expiry = hash_packed_expiry_ms(v, at);
			if (expiry == HASH_NO_EXPIRY || expiry > expiry_ms)
				break;
		}
	}
	v->ptr = listpack_insert_batch(v->ptr, &at, items, hash_step(v));
}

static bool packed_set(struct value *v, int64_t now_ms, struct bytes field, struct bytes value)
{
	unsigned char *at = hash_packed_find(v, field);
	if (at != NULL && hash_packed_expiry_ms(v, at) == HASH_NO_EXPIRY) {
		struct listpack_item item = listpack_item_of(value);
		at = listpack_next(at);
		v->ptr = listpack_replace(v->ptr, &at, &item);
		return false;
	}
	/* What expires stands at the wrong place for one that doesn't. */
	bool is_new = at == NULL || hash_is_past(hash_packed_expiry_ms(v, at), now_ms);
	if (at != NULL)
		v->ptr = listpack_delete(v->ptr, &at, 3);
	hash_packed_add(v, field, value, HASH_NO_EXPIRY);
	if (!hash_fits_packed(hash_length(v), 0))
		hash_to_table(v, 0);
	return is_new;
}

/* --- the table --- */

/* Puts another value and expiry into the pair at `place`. */
static void pair_replace(
	struct hash_table *t, struct dict_place place, struct bytes value, int64_t expiry_ms)
{
	void *pair = dict_ptr_get(place.bucket, place.slot);
	struct bytes field = pair_field(pair);
	if (UNLIKELY(t->dict.watch != NULL))
		dict_before_change(&t->dict, hash_bytes(field.ptr, field.len));
	int64_t before = pair_expiry_ms(pair);
	bool expires = expiry_ms != HASH_NO_EXPIRY;
	size_t size = pair_size(field.len, value.len, expires);
	if (expires == pair_expires(pair) &&
		mem_size_class(size) == mem_size_class(pair_size_of(pair))) {
		pair_put((char *)(uintptr_t)field.ptr + field.len, value);
	} else {
		dict_place_set(place, pair_new(field, value, expiry_ms));
		pair_free(pair);
	}
	if (before != expiry_ms)
		hash_table_note_expiry(t, before, expiry_ms);
}

static bool table_set(struct hash_table *t, int64_t now_ms, struct bytes field, struct bytes value)
{
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(&t->dict, hash, pair_is, &field);
	if (place.bucket == NULL) {
		dict_insert(&t->dict, hash, pair_new(field, value, HASH_NO_EXPIRY));
		return true;
	}
	int64_t expiry = pair_expiry_ms(dict_ptr_get(place.bucket, place.slot));
	pair_replace(t, place, value, HASH_NO_EXPIRY);
	return hash_is_past(expiry, now_ms);
}

/* --- fields --- */

/* Leaves the packed form where these texts don't fit into it. */
static void make_room(struct value *v, struct bytes field, struct bytes value)
{
	size_t longest = field.len > value.len ? field.len : value.len;
	if (hash_is_packed(v) &&
		!(hash_fits_packed(0, longest) &&
			listpack_has_room(
				v->ptr, field.len + value.len + 3 * LISTPACK_ITEM_OVERHEAD)))
		hash_to_table(v, 0);
}

bool hash_set(struct value *v, int64_t now_ms, struct bytes field, struct bytes value)
{
	make_room(v, field, value);
	return hash_is_packed(v) ? packed_set(v, now_ms, field, value)
				 : table_set(v->ptr, now_ms, field, value);
}

void hash_update(struct value *v, struct bytes field, struct bytes value)
{
	make_room(v, field, value);
	if (hash_is_packed(v)) {
		struct listpack_item item = listpack_item_of(value);
		unsigned char *at = listpack_next(hash_packed_find(v, field));
		v->ptr = listpack_replace(v->ptr, &at, &item);
		return;
	}
	struct hash_table *t = v->ptr;
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(&t->dict, hash, pair_is, &field);
	ASSERT(place.bucket != NULL);
	pair_replace(t, place, value, pair_expiry_ms(dict_ptr_get(place.bucket, place.slot)));
}

bool hash_delete(struct value *v, struct bytes field)
{
	if (v->ptr == NULL)
		return false;
	if (hash_is_packed(v)) {
		unsigned char *at = hash_packed_find(v, field);
		if (at == NULL)
			return false;
		v->ptr = listpack_delete(v->ptr, &at, hash_step(v));
		return true;
	}
	struct hash_table *t = v->ptr;
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(&t->dict, hash, pair_is, &field);
	if (place.bucket != NULL)
		hash_table_remove(t, hash, place);
	return place.bucket != NULL;
}

enum hash_state hash_get(
	const struct value *v, int64_t now_ms, struct bytes field, struct listpack_item *value)
{
	int64_t expiry;
	if (v->ptr == NULL)
		return HASH_MISSING;
	if (hash_is_packed(v)) {
		const unsigned char *at = hash_packed_find(v, field);
		if (at == NULL)
			return HASH_MISSING;
		*value = listpack_get(listpack_next(at));
		expiry = hash_packed_expiry_ms(v, at);
	} else {
		uint64_t hash = hash_bytes(field.ptr, field.len);
		const void *pair = dict_find(v->ptr, hash, pair_is, &field);
		if (pair == NULL)
			return HASH_MISSING;
		*value = (struct listpack_item){pair_value(pair), 0, false};
		expiry = pair_expiry_ms(pair);
	}
	return hash_is_past(expiry, now_ms) ? HASH_EXPIRED : HASH_LIVE;
}
