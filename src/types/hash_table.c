/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of a large hash: pairs in a dictionary, and the books of those that expire.
 *
 * Invariant: `expiring` counts the pairs that expire; none of them does so before `soonest_ms`.
 * That bound may be too early (a pair was deleted), which the next round of the sweep corrects.
 */
#include "base/assert.h"
#include "types/hash_internal.h"
#include "types/pair.h"

static uint64_t pair_hash(const void *pair)
{
	struct bytes field = pair_field(pair);
	return hash_bytes(field.ptr, field.len);
}

static const struct dict_ops pair_ops = {.hash = pair_hash};

struct hash_table *hash_table_new(size_t expected)
{
	struct hash_table *t = mem_alloc(sizeof(*t));
	*t = (struct hash_table){.soonest_ms = HASH_NEVER, .swept_ms = HASH_NEVER};
	dict_init(&t->dict, &pair_ops);
	if (expected > 0)
		dict_expand(&t->dict, expected);
	return t;
}

void hash_table_note_expiry(struct hash_table *t, int64_t from, int64_t to)
{
	t->expiring += (to != HASH_NO_EXPIRY);
	t->expiring -= (from != HASH_NO_EXPIRY);
	if (t->expiring == 0) {
		t->soonest_ms = t->swept_ms = HASH_NEVER;
		t->cursor = 0;
		return;
	}
	if (to == HASH_NO_EXPIRY)
		return;
	if (to < t->soonest_ms)
		t->soonest_ms = to;
	if (to < t->swept_ms)
		t->swept_ms = to;
}

void hash_table_insert(struct hash_table *t, void *pair)
{
	dict_insert(&t->dict, pair_hash(pair), pair);
	if (pair_expires(pair))
		hash_table_note_expiry(t, HASH_NO_EXPIRY, pair_expiry_ms(pair));
}

void hash_table_remove(struct hash_table *t, uint64_t hash, struct dict_place place)
{
	void *pair = dict_ptr_get(place.bucket, place.slot);
	dict_remove_place(&t->dict, hash, place);
	if (pair_expires(pair))
		hash_table_note_expiry(t, pair_expiry_ms(pair), HASH_NO_EXPIRY);
	pair_free(pair);
}

static void pair_drop(void *pair, void *context)
{
	(void)context;
	pair_free(pair);
}

bool hash_table_free_slice(struct hash_table *t, unsigned buckets)
{
	if (dict_drain(&t->dict, buckets, pair_drop, NULL))
		return false;
	dict_release(&t->dict);
	mem_free_sized(t, sizeof(*t));
	return true;
}
