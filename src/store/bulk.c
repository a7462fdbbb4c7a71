/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bulk insertion: the buckets of a batch are prefetched when its keys become known, their first
 * items (or overflow nodes) before the batch is inserted.
 */
#include "store/bulk.h"

#include "base/num.h"
#include "store/evict.h"
#include "store/parts.h"
#include "store/type_ops.h"

void bulk_reserve(struct db *db, uint64_t keys, uint64_t expires)
{
	dict_expand(&db->entries, db_size(db) + keys);
	if (expires > 0)
		dict_expand(&db->expiring, dict_count(&db->expiring) + expires);
}

static struct entry *bulk_put(
	struct bulk *b, struct bytes key, const struct value *v, int64_t expiry_ms)
{
	struct db *db = b->db;
	bool is_inline = v->type == TYPE_STRING && v->encoding == ENC_INLINE;
	unsigned flags = (is_inline ? 0 : ENTRY_WORD) | (expiry_ms >= 0 ? ENTRY_EXPIRY : 0);
	struct bulk_item *item = &b->items[b->count++];

	struct entry *e =
		entry_new(key, flags | db->keyspace->generation, is_inline ? v->string.len : 0);
	e->type = v->type & 15;
	e->encoding = v->encoding & 15;
	if (!is_inline)
		memcpy(entry_word_ptr(e), &v->ptr, 8);
	else if (v->string.len > 0)
		memcpy(entry_inline(e), v->string.ptr, v->string.len);
	if (expiry_ms >= 0)
		entry_set_expiry(e, expiry_ms);
	entry_start_access(db->keyspace, e);
	item->entry = e;
	item->hash = hash_bytes(key.ptr, key.len);
	dict_prefetch(&db->entries, item->hash);
	if (expiry_ms >= 0)
		dict_prefetch(&db->expiring, item->hash);
	return e;
}

struct entry *bulk_add_string(
	struct bulk *b, struct bytes key, struct bytes text, int64_t expiry_ms)
{
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE, .string = text};
	int64_t number;
	ASSERT(!bulk_is_full(b));
	if (text.len > ENTRY_INLINE_MAX_BYTES) {
		v.encoding = ENC_BLOB;
		v.ptr = blob_of(text);
	} else if (text.len > 0 && text.len <= NUM_I64_MAX_CHARS && text.ptr[0] <= '9' &&
		   num_parse_i64(text, &number)) {
		v.encoding = ENC_INT;
		v.integer = number;
	}
	return bulk_put(b, key, &v, expiry_ms);
}

struct entry *bulk_add(struct bulk *b, struct bytes key, struct value *value, int64_t expiry_ms)
{
	struct value v = *value;
	struct entry *e;
	ASSERT(!bulk_is_full(b));
	*value = (struct value){.type = TYPE_STRING, .encoding = ENC_INT};
	if (v.type == TYPE_STRING && v.encoding == ENC_BLOB &&
		blob_bytes(v.ptr).len <= ENTRY_INLINE_MAX_BYTES) {
		e = bulk_add_string(b, key, blob_bytes(v.ptr), expiry_ms);
		blob_drop(v.ptr);
		return e;
	}
	if (v.type == TYPE_STRING && v.encoding != ENC_BLOB && v.encoding != ENC_INT)
		return bulk_add_string(b, key, v.string, expiry_ms);
	return bulk_put(b, key, &v, expiry_ms);
}

static void bulk_free_entry(struct entry *e)
{
	struct value v = entry_value(e);
	if (e->flags & ENTRY_WORD)
		value_release(&v);
	entry_free(e);
}

/* False: it was there, and must not have been. */
static bool bulk_insert(struct bulk *b, struct bulk_item item)
{
	struct db *db = b->db;
	struct entry *e = item.entry;
	struct key key = {entry_key(e), item.hash};
	struct entry *old = db_peek(db, key);

	if (UNLIKELY(old != NULL)) {
		if (!b->overwrites)
			return false;
		db_delete_entry(db, key, old, false);
	}
	dict_insert(&db->entries, item.hash, e);
	if (e->flags & ENTRY_EXPIRY)
		dict_insert(&db->expiring, item.hash, e);
	if (UNLIKELY(type_table[e->type]->soonest_ms != NULL))
		db_note_parts(db, key, e);
	return true;
}

bool bulk_flush(struct bulk *b)
{
	for (unsigned i = 0; i < b->count; i++)
		dict_prefetch_item(&b->db->entries, b->items[i].hash);
	for (unsigned i = 0; i < b->count; i++) {
		if (LIKELY(bulk_insert(b, b->items[i])))
			continue;
		memmove(b->items, b->items + i, (b->count - i) * sizeof(b->items[0]));
		b->count -= i;
		bulk_drop(b);
		return false;
	}
	b->count = 0;
	return true;
}

void bulk_drop(struct bulk *b)
{
	for (unsigned i = 0; i < b->count; i++)
		bulk_free_entry(b->items[i].entry);
	b->count = 0;
}
