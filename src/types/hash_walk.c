/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Walking, sampling and scanning hashes: one face over packed ones and tables. Nothing here changes
 * a hash, and none of it may be used across a change.
 */
#include "base/assert.h"
#include "base/rand.h"
#include "types/hash_internal.h"
#include "types/pair.h"
#include "types/sample.h"

static struct listpack_item text_item(struct bytes text)
{
	return (struct listpack_item){text, 0, false};
}

void hash_iter_init(struct hash_iter *it, const struct value *v, int64_t now_ms)
{
	it->hash = v;
	it->now_ms = now_ms;
	it->at = NULL;
	if (v->ptr == NULL)
		return;
	if (hash_is_packed(v))
		it->at = listpack_first(v->ptr);
	else
		dict_iter_init(&it->table, v->ptr);
}

static bool packed_next(
	struct hash_iter *it, struct listpack_item *field, struct listpack_item *value)
{
	while (it->at != NULL) {
		const unsigned char *at = it->at;
		it->expiry_ms = hash_packed_expiry_ms(it->hash, at);
		*field = listpack_get(at);
		at = listpack_next(at);
		*value = listpack_get(at);
		at = listpack_next(at);
		if (it->hash->encoding == ENC_LISTPACK_TTL)
			at = listpack_next(at);
		it->at = at;
		if (!hash_is_past(it->expiry_ms, it->now_ms))
			return true;
	}
	return false;
}

bool hash_next(struct hash_iter *it, struct listpack_item *field, struct listpack_item *value)
{
	if (hash_is_packed(it->hash))
		return packed_next(it, field, value);
	const void *pair;
	do {
		pair = it->hash->ptr == NULL ? NULL : dict_iter_next(&it->table);
		if (pair == NULL)
			return false;
		it->expiry_ms = pair_expiry_ms(pair);
	} while (hash_is_past(it->expiry_ms, it->now_ms));
	*field = text_item(pair_field(pair));
	*value = text_item(pair_value(pair));
	return true;
}

bool hash_random(const struct value *v, struct listpack_item *field, struct listpack_item *value)
{
	if (hash_length(v) == 0)
		return false;
	if (hash_is_packed(v)) {
		const unsigned char *at = listpack_random(v->ptr, hash_step(v));
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
	int64_t now_ms;
};

static void visit_pair(void *pair, void *context)
{
	const struct pair_visit *p = context;
	struct listpack_item field = text_item(pair_field(pair));
	struct listpack_item value = text_item(pair_value(pair));
	if (!hash_is_past(pair_expiry_ms(pair), p->now_ms))
		p->visit(&field, &value, p->context);
}

void hash_sample(const struct value *v, size_t count, hash_visit *visit, void *context)
{
	struct hash_iter it;
	struct listpack_item field, value;
	size_t left = hash_length(v);
	if (!hash_is_packed(v) && sample_is_sparse(count, left)) {
		struct pair_visit p = {visit, context, HASH_EVERYTHING};
		sample_dict(v->ptr, count, visit_pair, &p);
		return;
	}
	hash_iter_init(&it, v, HASH_EVERYTHING);
	for (; count > 0 && hash_next(&it, &field, &value); left--) {
		if (rand_below(left) >= count)
			continue;
		visit(&field, &value, context);
		count--;
	}
}

void hash_scan(struct value *v, struct hash_scan *scan, hash_visit *visit, void *context)
{
	struct hash_iter it;
	struct listpack_item field, value;
	if (!hash_is_packed(v) && v->ptr != NULL) {
		struct pair_visit p = {visit, context, scan->now_ms};
		scan->cursor = sample_scan(v->ptr, scan->cursor, scan->count, visit_pair, &p);
		return;
	}
	hash_iter_init(&it, v, scan->now_ms);
	while (hash_next(&it, &field, &value))
		visit(&field, &value, context);
	scan->cursor = 0;
}
