/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fields that expire. A packed hash has the soonest in front, so that what is past is a beginning
 * of it. A table is swept in rounds over the space of hashes: a round learns the soonest expiry of
 * what it passes, which at its end is that of the whole table.
 */
#include "base/assert.h"
#include "base/num.h"
#include "types/hash_internal.h"
#include "types/pair.h"

#define EXPIRE_BUCKETS_PER_FIELD 4 /* looked at for each field that may be deleted */

int64_t hash_expiry_ms(const struct value *v, struct bytes field)
{
	if (v->ptr == NULL)
		return HASH_NO_FIELD;
	if (hash_is_packed(v)) {
		const unsigned char *at = hash_packed_find(v, field);
		return at == NULL ? HASH_NO_FIELD : hash_packed_expiry_ms(v, at);
	}
	const void *pair = dict_find(v->ptr, hash_bytes(field.ptr, field.len), pair_is, &field);
	return pair == NULL ? HASH_NO_FIELD : pair_expiry_ms(pair);
}

/* A packed hash gets room for expiries: a third element for each field. */
static void packed_widen(struct value *v)
{
	struct listpack_item none = listpack_item_i64(0);
	unsigned char *from = v->ptr;
	unsigned char *to = listpack_new();
	for (unsigned char *at = listpack_first(from); at != NULL; at = listpack_next(at)) {
		struct listpack_item field = listpack_get(at);
		at = listpack_next(at);
		struct listpack_item items[3] = {field, listpack_get(at), none};
		unsigned char *end = NULL;
		to = listpack_insert_batch(to, &end, items, 3);
	}
	listpack_free(from);
	v->ptr = to;
	v->encoding = ENC_LISTPACK_TTL;
}

static void packed_set_expiry(struct value *v, struct bytes field, int64_t at_ms)
{
	char digits[NUM_I64_MAX_CHARS];
	if (v->encoding == ENC_LISTPACK) {
		if (at_ms == HASH_NO_EXPIRY)
			return;
		packed_widen(v);
	}
	unsigned char *at = hash_packed_find(v, field);
	ASSERT(at != NULL);
	if (hash_packed_expiry_ms(v, at) == at_ms)
		return;
	/* It moves to its place in the order; its value must outlive the move. */
	struct listpack_item item = listpack_get(listpack_next(at));
	struct bytes value = listpack_item_text(&item, digits);
	char *copy = mem_dup(value.ptr, value.len);
	v->ptr = listpack_delete(v->ptr, &at, 3);
	hash_packed_add(v, field, bytes_of(copy, value.len), at_ms);
	mem_free(copy);
}

void hash_set_expiry_ms(struct value *v, struct bytes field, int64_t at_ms)
{
	ASSERT(at_ms == HASH_NO_EXPIRY || at_ms > 0);
	if (hash_is_packed(v)) {
		packed_set_expiry(v, field, at_ms);
		return;
	}
	struct hash_table *t = v->ptr;
	uint64_t hash = hash_bytes(field.ptr, field.len);
	struct dict_place place = dict_find_place(&t->dict, hash, pair_is, &field);
	ASSERT(place.bucket != NULL);
	void *pair = dict_ptr_get(place.bucket, place.slot);
	int64_t before = pair_expiry_ms(pair);
	if (before == at_ms)
		return;
	dict_before_change(&t->dict, hash);
	if (before != HASH_NO_EXPIRY && at_ms != HASH_NO_EXPIRY) {
		pair_set_expiry_ms(pair, at_ms);
	} else {
		dict_place_set(place, pair_new(pair_field(pair), pair_value(pair), at_ms));
		pair_free(pair);
	}
	hash_table_note_expiry(t, before, at_ms);
}

int64_t hash_soonest_ms(const struct value *v)
{
	if (v->ptr == NULL || v->encoding == ENC_LISTPACK)
		return HASH_NEVER;
	if (v->encoding == ENC_HASHTABLE)
		return ((const struct hash_table *)v->ptr)->soonest_ms;
	const unsigned char *first = listpack_first(v->ptr);
	int64_t expiry = first == NULL ? HASH_NO_EXPIRY : hash_packed_expiry_ms(v, first);
	return expiry == HASH_NO_EXPIRY ? HASH_NEVER : expiry;
}

struct sweep {
	struct hash_table *table;
	int64_t now_ms;
	size_t deleted;
	void (*gone)(struct bytes field, void *context);
	void *context;
};

static void sweep_pair(void *pair, void *context)
{
	struct sweep *s = context;
	struct hash_table *t = s->table;
	int64_t expiry = pair_expiry_ms(pair);
	if (expiry == HASH_NO_EXPIRY)
		return;
	if (expiry > s->now_ms) {
		if (expiry < t->swept_ms)
			t->swept_ms = expiry;
		return;
	}
	struct bytes field = pair_field(pair);
	uint64_t hash = hash_bytes(field.ptr, field.len);
	s->gone(field, s->context);
	hash_table_remove(t, hash, dict_find_pointer(&t->dict, hash, pair));
	s->deleted++;
}

static void table_expire(struct sweep *s, size_t max)
{
	struct hash_table *t = s->table;
	size_t buckets = max < SIZE_MAX / EXPIRE_BUCKETS_PER_FIELD ? max * EXPIRE_BUCKETS_PER_FIELD
								   : SIZE_MAX;
	for (; buckets > 0 && s->deleted < max && t->soonest_ms <= s->now_ms; buckets--) {
		uint64_t cursor = t->cursor;
		if (cursor == 0)
			t->swept_ms = HASH_NEVER;
		cursor = dict_scan(&t->dict, cursor, sweep_pair, s);
		/* The last one that expires ends the round by itself. */
		if (t->expiring == 0)
			return;
		t->cursor = cursor;
		if (cursor == 0)
			t->soonest_ms = t->swept_ms;
	}
}

size_t hash_expire(struct value *v, int64_t now_ms, size_t max,
	void (*gone)(struct bytes field, void *context), void *context)
{
	char digits[NUM_I64_MAX_CHARS];
	size_t deleted = 0;
	if (hash_soonest_ms(v) > now_ms)
		return 0;
	if (v->encoding == ENC_HASHTABLE) {
		struct sweep s = {v->ptr, now_ms, 0, gone, context};
		table_expire(&s, max);
		return s.deleted;
	}
	unsigned char *at = listpack_first(v->ptr);
	for (; at != NULL && deleted < max; deleted++) {
		if (!hash_is_past(hash_packed_expiry_ms(v, at), now_ms))
			break;
		gone(listpack_text(at, digits), context);
		at = listpack_next(listpack_next(listpack_next(at)));
	}
	at = listpack_first(v->ptr);
	v->ptr = listpack_delete(v->ptr, &at, deleted * 3);
	return deleted;
}
