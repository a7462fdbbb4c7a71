/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes: fields in and out, the way from the packed form to the table, walks and samples. The row
 * for the store is in hash_ops.c.
 *
 * A pair of the table is changed in place while its size class fits, so that counters and other
 * values of steady length cost no allocation.
 */
#include "base/assert.h"
#include "base/num.h"
#include "base/rand.h"
#include "types/config.h"
#include "types/hash_internal.h"
#include "types/pair.h"
#include "types/sample.h"

const struct value hash_empty = {.type = TYPE_HASH, .encoding = ENC_LISTPACK, .ptr = NULL};

/* --- the table --- */

static uint64_t pair_hash(const void *pair)
{
	struct bytes field = pair_field(pair);
	return hash_bytes(field.ptr, field.len);
}

static const struct dict_ops pair_ops = {.hash = pair_hash};

struct dict *hash_table_new(size_t expected)
{
	struct dict *d = mem_alloc(sizeof(*d));
	dict_init(d, &pair_ops);
	if (expected > 0)
		dict_expand(d, expected);
	return d;
}

static void pair_drop(void *pair, void *context)
{
	(void)context;
	pair_free(pair);
}

bool hash_table_free_slice(struct dict *d, unsigned buckets)
{
	if (dict_drain(d, buckets, pair_drop, NULL))
		return false;
	dict_release(d);
	mem_free_sized(d, sizeof(*d));
	return true;
}

/* Puts another value into the pair at `place`. */
static void pair_replace(struct dict_place place, void *pair, struct bytes value)
{
	struct bytes field = pair_field(pair);
	size_t size = pair_size(field.len, value.len);
	if (mem_size_class(size) == mem_size_class(pair_size_of(pair))) {
		pair_put((char *)(uintptr_t)field.ptr + field.len, value);
		return;
	}
	dict_place_set(place, pair_new(field, value));
	pair_free(pair);
}

static bool table_set(struct dict *d, struct bytes field, struct bytes value)
{
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(d, hash, member_is, &field);
	if (place.bucket == NULL) {
		dict_insert(d, hash, pair_new(field, value));
		return true;
	}
	pair_replace(place, dict_ptr_get(place.bucket, place.slot), value);
	return false;
}

static bool table_delete(struct dict *d, struct bytes field)
{
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(d, hash, member_is, &field);
	if (place.bucket == NULL)
		return false;
	void *pair = dict_ptr_get(place.bucket, place.slot);
	dict_remove_place(d, hash, place);
	pair_free(pair);
	return true;
}

/* --- encodings --- */

void hash_free(struct value *v)
{
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
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
	struct dict *d = hash_table_new(expected > count ? expected : count);
	hash_iter_init(&it, v);
	while (hash_next(&it, &field, &value))
		table_set(d, listpack_item_text(&field, field_digits),
			listpack_item_text(&value, value_digits));
	hash_free(v);
	v->encoding = ENC_HASHTABLE;
	v->ptr = d;
}

void hash_reserve(struct value *v, const struct bytes *texts, size_t count)
{
	size_t sum = 0;
	if (v->encoding != ENC_LISTPACK)
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

/* --- fields --- */

size_t hash_length(const struct value *v)
{
	if (v->ptr == NULL)
		return 0;
	return v->encoding == ENC_LISTPACK ? listpack_count(v->ptr) / 2 : dict_count(v->ptr);
}

static unsigned char *packed_find(const struct value *v, struct bytes field)
{
	struct listpack_item item = listpack_item_of(field);
	return v->ptr == NULL ? NULL : listpack_find(listpack_first(v->ptr), &item, 1);
}

static bool packed_set(struct value *v, struct bytes field, struct bytes value)
{
	struct listpack_item items[2] = {listpack_item_of(field), listpack_item_of(value)};
	unsigned char *at = NULL;
	if (v->ptr == NULL)
		v->ptr = listpack_new();
	else
		at = packed_find(v, field);
	if (at != NULL) {
		at = listpack_next(at);
		v->ptr = listpack_replace(v->ptr, &at, &items[1]);
		return false;
	}
	v->ptr = listpack_insert_batch(v->ptr, &at, items, 2);
	if (!hash_fits_packed(hash_length(v), 0))
		hash_to_table(v, 0);
	return true;
}

bool hash_set(struct value *v, struct bytes field, struct bytes value)
{
	if (v->encoding == ENC_LISTPACK) {
		size_t longest = field.len > value.len ? field.len : value.len;
		if (hash_fits_packed(0, longest) &&
			listpack_has_room(
				v->ptr, field.len + value.len + 2 * LISTPACK_ITEM_OVERHEAD))
			return packed_set(v, field, value);
		hash_to_table(v, 0);
	}
	return table_set(v->ptr, field, value);
}

bool hash_delete(struct value *v, struct bytes field)
{
	if (v->ptr == NULL)
		return false;
	if (v->encoding != ENC_LISTPACK)
		return table_delete(v->ptr, field);
	unsigned char *at = packed_find(v, field);
	if (at == NULL)
		return false;
	v->ptr = listpack_delete(v->ptr, &at, 2);
	return true;
}

static struct listpack_item text_item(struct bytes text)
{
	return (struct listpack_item){text, 0, false};
}

bool hash_get(const struct value *v, struct bytes field, struct listpack_item *value)
{
	if (v->ptr == NULL)
		return false;
	if (v->encoding == ENC_LISTPACK) {
		const unsigned char *at = packed_find(v, field);
		if (at != NULL)
			*value = listpack_get(listpack_next(at));
		return at != NULL;
	}
	uint64_t hash = hash_bytes(field.ptr, field.len);
	const void *pair = dict_find(v->ptr, hash, member_is, &field);
	if (pair != NULL)
		*value = text_item(pair_value(pair));
	return pair != NULL;
}

/* --- walks and samples --- */

void hash_iter_init(struct hash_iter *it, const struct value *v)
{
	it->hash = v;
	it->at = NULL;
	if (v->ptr == NULL)
		return;
	if (v->encoding == ENC_LISTPACK)
		it->at = listpack_first(v->ptr);
	else
		dict_iter_init(&it->table, v->ptr);
}

bool hash_next(struct hash_iter *it, struct listpack_item *field, struct listpack_item *value)
{
	if (it->hash->encoding == ENC_LISTPACK) {
		if (it->at == NULL)
			return false;
		*field = listpack_get(it->at);
		it->at = listpack_next(it->at);
		*value = listpack_get(it->at);
		it->at = listpack_next(it->at);
		return true;
	}
	const void *pair = it->hash->ptr == NULL ? NULL : dict_iter_next(&it->table);
	if (pair == NULL)
		return false;
	*field = text_item(pair_field(pair));
	*value = text_item(pair_value(pair));
	return true;
}

bool hash_random(const struct value *v, struct listpack_item *field, struct listpack_item *value)
{
	if (hash_length(v) == 0)
		return false;
	if (v->encoding == ENC_LISTPACK) {
		const unsigned char *at = listpack_random(v->ptr, 2);
		*field = listpack_get(at);
		*value = listpack_get(listpack_next(at));
		return true;
	}
	const void *pair = dict_random(v->ptr);
	*field = text_item(pair_field(pair));
	*value = text_item(pair_value(pair));
	return true;
}

struct pair_visit {
	hash_visit *visit;
	void *context;
};

static void visit_pair(void *pair, void *context)
{
	const struct pair_visit *p = context;
	struct listpack_item field = text_item(pair_field(pair));
	struct listpack_item value = text_item(pair_value(pair));
	p->visit(&field, &value, p->context);
}

void hash_sample(const struct value *v, size_t count, hash_visit *visit, void *context)
{
	struct hash_iter it;
	struct listpack_item field, value;
	size_t left = hash_length(v);
	if (v->encoding != ENC_LISTPACK && sample_is_sparse(count, left)) {
		struct pair_visit p = {visit, context};
		sample_dict(v->ptr, count, visit_pair, &p);
		return;
	}
	hash_iter_init(&it, v);
	for (; count > 0 && hash_next(&it, &field, &value); left--) {
		if (rand_below(left) >= count)
			continue;
		visit(&field, &value, context);
		count--;
	}
}

uint64_t hash_scan(struct value *v, uint64_t cursor, size_t count, hash_visit *visit, void *context)
{
	struct hash_iter it;
	struct listpack_item field, value;
	if (v->encoding != ENC_LISTPACK && v->ptr != NULL) {
		struct pair_visit p = {visit, context};
		return sample_scan(v->ptr, cursor, count, visit_pair, &p);
	}
	hash_iter_init(&it, v);
	while (hash_next(&it, &field, &value))
		visit(&field, &value, context);
	return 0;
}
