/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sweep over values with parts that expire. It walks each database's `decaying` in hash order,
 * from where it stopped; a value is worked on a few parts at a time until none of it is past, so
 * that one huge hash costs no more of a turn than many small ones.
 */
#include "store/parts.h"

#include "base/mem.h"
#include "store/edit.h"
#include "store/preimage.h"
#include "store/slice.h"
#include "store/type_ops.h"

#define PARTS_BATCH 32
/* What one round visits of a database even where nothing has expired. */
#define PARTS_ROUND_BUCKETS 64
#define PARTS_KEY_MAX_BYTES 256 /* longer names are copied to the heap */

void db_note_parts(struct db *db, struct key key, struct entry *e)
{
	const struct type_ops *ops = type_table[e->type];
	if (LIKELY(ops == NULL || ops->soonest_ms == NULL))
		return;
	struct value v = entry_value(e);
	bool decays = ops->soonest_ms(&v) != INT64_MAX;
	if (decays == !!(e->flags & ENTRY_PARTS))
		return;
	if (!decays) {
		db_forget_parts(db, key.hash, e);
		return;
	}
	dict_insert(&db->decaying, key.hash, e);
	e->flags |= ENTRY_PARTS;
}

void db_forget_parts(struct db *db, uint64_t hash, struct entry *e)
{
	struct dict_place place = dict_find_pointer(&db->decaying, hash, e);
	ASSERT(place.bucket != NULL);
	dict_remove_place(&db->decaying, hash, place);
	e->flags &= (uint8_t)~ENTRY_PARTS;
}

void db_tell_part_gone(struct db *db, struct bytes key, struct bytes part)
{
	struct keyspace *k = db->keyspace;
	k->stats.expired_parts++;
	if (k->part_gone != NULL)
		k->part_gone(db, key, part, k->part_gone_context);
}

struct sweep {
	struct db *db;
	struct slice *slice;
	struct bytes key;
	bool is_cut;
};

static void tell(struct bytes part, void *context)
{
	struct sweep *s = context;
	db_tell_part_gone(s->db, s->key, part);
}

/* Works on one value until nothing of it is past; true when the slice ended before that. */
static bool sweep_value(struct sweep *s, struct edit *edit)
{
	const struct type_ops *ops = type_ops_of(&edit->value);
	int64_t now_ms = s->db->keyspace->now_ms;
	size_t deleted = 0;
	bool is_cut = false;
	while (!is_cut && ops->soonest_ms(&edit->value) <= now_ms) {
		deleted += ops->expire_parts(&edit->value, now_ms, PARTS_BATCH, tell, s);
		is_cut = slice_spend(s->slice, PARTS_BATCH);
	}
	if (deleted > 0)
		edit_close_expired(edit, EVENT_HASH, "hexpired");
	else
		edit_store(edit);
	return is_cut;
}

static void sweep_visit(void *item, void *context)
{
	struct sweep *s = context;
	struct entry *e = item;
	char room[PARTS_KEY_MAX_BYTES];
	struct value v = entry_value(e);
	if (s->is_cut || type_ops_of(&v)->soonest_ms(&v) > s->db->keyspace->now_ms)
		return;
	/* The entry may go, and its name with it. */
	struct bytes own = entry_key(e);
	char *name = own.len <= sizeof(room) ? room : mem_alloc(own.len);
	memcpy(name, own.ptr, own.len);
	s->key = bytes_of(name, own.len);
	db_before_change(s->db, e);
	struct edit edit = {
		.db = s->db, .key = key_of(s->key), .entry = e, .value = v, .before = v};
	s->is_cut = sweep_value(s, &edit);
	if (name != room)
		mem_free(name);
}

bool parts_sweep(struct keyspace *k, struct slice *slice)
{
	for (int i = 0; i < k->db_count; i++) {
		struct db *db = &k->dbs[i];
		struct sweep s = {.db = db, .slice = slice};
		for (int n = 0; n < PARTS_ROUND_BUCKETS && dict_count(&db->decaying) > 0; n++) {
			uint64_t before = db->parts_cursor;
			db->parts_cursor = dict_scan(&db->decaying, before, sweep_visit, &s);
			/* What was cut short is met again. */
			if (s.is_cut)
				db->parts_cursor = before;
			if (s.is_cut || slice_spend(slice, 1))
				return true;
			if (db->parts_cursor == 0)
				break;
		}
	}
	return false;
}
