/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The candidates: an array that is searched as a whole, as it is short; and the walk.
 */
#include "obs/bigkeys.h"

#include "base/mem.h"
#include "base/ticks.h"

_Static_assert(BIGKEYS_SLOTS <= UINT8_MAX + 1, "a slot's number is a byte");

struct bigkeys *bigkeys_new(void)
{
	return mem_calloc(1, sizeof(struct bigkeys));
}

void bigkeys_free(struct bigkeys *b)
{
	mem_free(b);
}

void bigkeys_forget(struct bigkeys *b)
{
	b->count = 0;
	b->floor = 0;
	b->walk_db = 0;
	b->walk_cursor = 0;
	b->rest_until = 0;
}

static int slot_least(const struct bigkeys *b)
{
	int least = 0;
	for (int i = 1; i < b->count; i++)
		if (b->bytes[i] < b->bytes[least])
			least = i;
	return least;
}

static int slot_find(const struct bigkeys *b, uint16_t db, struct key key)
{
	for (int i = 0; i < b->count; i++)
		if (b->names[i].hash == key.hash && b->names[i].db == db &&
			b->names[i].len == key.name.len)
			return i;
	return -1;
}

static void bigkeys_take(struct bigkeys *b, uint16_t db, struct bytes name, uint64_t bytes)
{
	if (LIKELY(bytes <= b->floor))
		return;
	struct key key = key_of(name);
	int slot = slot_find(b, db, key);
	if (slot < 0)
		slot = b->count < BIGKEYS_SLOTS ? b->count++ : slot_least(b);
	b->bytes[slot] = bytes;
	key_name_set(&b->names[slot], db, key);
	if (b->count == BIGKEYS_SLOTS)
		b->floor = b->bytes[slot_least(b)];
}

void bigkeys_offer(struct bigkeys *b, const struct db *db, const struct entry *e)
{
	uint64_t begin = ticks_now();

	/* As a difference: the counter may wrap, or be another processor's. */
	if ((int64_t)(b->rest_until - begin) > 0)
		return;
	bigkeys_take(b, db->id, entry_key(e), entry_memory_bytes(e, BIGKEYS_SAMPLES));
	uint64_t end = ticks_now();
	b->rest_until = end > begin ? end + (end - begin) * BIGKEYS_REST : end;
}

struct walk {
	struct bigkeys *bigkeys;
	const struct db *db;
	unsigned seen;
};

static void walk_visit(void *item, void *context)
{
	struct walk *walk = context;

	walk->seen++;
	if (!entry_is_expired(item, walk->db->keyspace->now_ms))
		bigkeys_take(walk->bigkeys, walk->db->id, entry_key(item),
			entry_memory_bytes(item, BIGKEYS_SAMPLES));
}

static void walk_next_db(struct bigkeys *b, const struct keyspace *k)
{
	if (++b->walk_db < k->db_count)
		return;
	b->walk_db = 0;
	b->rounds++;
}

void bigkeys_tick(struct bigkeys *b, struct keyspace *k)
{
	struct walk walk = {.bigkeys = b};
	uint64_t begin = ticks_now();

	if ((int64_t)(b->rest_until - begin) > 0)
		return;
	if (b->walk_db >= k->db_count)
		b->walk_db = 0;
	for (int i = 0; i < BIGKEYS_TICK_STEPS && walk.seen < BIGKEYS_TICK_KEYS; i++) {
		struct db *db = &k->dbs[b->walk_db];
		walk.db = db;
		if (db_size(db) > 0)
			b->walk_cursor = dict_scan(&db->entries, b->walk_cursor, walk_visit, &walk);
		if (b->walk_cursor != 0 && db_size(db) > 0)
			continue;
		b->walk_cursor = 0;
		walk_next_db(b, k);
		if (b->walk_db == 0)
			break; /* a small keyspace is looked at once a tick */
	}
	uint64_t end = ticks_now();
	b->rest_until = end > begin ? end + (end - begin) * BIGKEYS_REST : end;
}

static void measure_anew(struct bigkeys *b, const struct keyspace *k)
{
	int kept = 0;
	for (int i = 0; i < b->count; i++) {
		const struct entry *e = key_name_entry(&b->names[i], k);
		if (e == NULL)
			continue;
		b->bytes[kept] = entry_memory_bytes(e, BIGKEYS_SAMPLES);
		b->names[kept++] = b->names[i];
	}
	b->count = kept;
	b->floor = kept == BIGKEYS_SLOTS ? b->bytes[slot_least(b)] : 0;
}

int bigkeys_order(struct bigkeys *b, const struct keyspace *k, uint8_t order[BIGKEYS_SLOTS])
{
	measure_anew(b, k);
	for (int i = 0; i < b->count; i++) {
		int at = i;
		for (; at > 0 && b->bytes[order[at - 1]] < b->bytes[i]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
	return b->count;
}
