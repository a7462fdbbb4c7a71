/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Changes of every kind, at random, for the tests of snapshots: a world with small and large values
 * of all types that is added to, changed, renamed, swapped, expired and flushed.
 */
#ifndef RINGLET_TESTS_PERSIST_CHAOS_H
#define RINGLET_TESTS_PERSIST_CHAOS_H

#include "store/edit.h"
#include "store/graveyard.h"
#include "world.h"

#include "../types/stream_chaos.h"

#define LARGE_PARTS 3000

struct chaos {
	struct keyspace *k;
	uint64_t seed;
};

static inline unsigned chaos_below(struct chaos *c, unsigned limit)
{
	return (unsigned)(unit_random(&c->seed) % limit);
}

static inline struct db *chaos_db(struct chaos *c)
{
	return &c->k->dbs[chaos_below(c, 3)];
}

/* A name that is likely to be there: small ones of world_fill, large ones of chaos_fill. */
static inline struct key chaos_key(struct chaos *c, char *room, size_t size)
{
	switch (chaos_below(c, 3)) {
	case 0:
		return key_of(world_word(room, size, "s", chaos_below(c, 220)));
	case 1:
		return key_of(world_word(room, size, "c", chaos_below(c, 36)));
	default:
		return key_of(world_word(room, size, "L", chaos_below(c, 17)));
	}
}

static inline struct value chaos_long_list(void)
{
	char name[32];
	struct value v = list_empty;
	for (unsigned i = 0; i < 4 * LARGE_PARTS; i++) {
		struct bytes text = world_word(name, sizeof(name), "member-", i);
		list_reserve(&v, &text, 1);
		list_push(&v, text, LIST_RIGHT);
	}
	return v;
}

static inline void chaos_bury(struct value *v, void *context)
{
	struct chaos *c = context;
	if (v->ptr != NULL)
		grave_bury_value(c->k, v, true);
}

static inline struct stream_chaos chaos_of_streams(struct chaos *c)
{
	return (struct stream_chaos){unit_random(&c->seed), chaos_bury, c};
}

static inline void chaos_fill_streams(struct chaos *c)
{
	char name[32];
	struct stream_chaos streams = chaos_of_streams(c);
	for (unsigned i = 14; i < 17; i++)
		world_put(&c->k->dbs[i % 3], world_word(name, sizeof(name), "L", i),
			stream_chaos_value(&streams, LARGE_PARTS / 2, i % 3, 300), EXPIRY_NONE);
}

static inline void chaos_fill(struct chaos *c, bool decays)
{
	static char blob[300000];
	char name[32];
	world_fill(c->k, (unsigned)(c->seed % 5) + 1, decays);
	for (unsigned i = 0; i < 12; i++) {
		struct value v = i % 4 == 0 ? chaos_long_list()
					    : world_container(TYPE_LIST + i % 4, LARGE_PARTS,
						      decays && i < 6);
		world_put(&c->k->dbs[i % 3], world_word(name, sizeof(name), "L", i), v,
			i % 4 == 0 ? NOW_MS + 123456 : EXPIRY_NONE);
	}
	memset(blob, (int)c->seed, sizeof(blob));
	for (unsigned i = 12; i < 14; i++)
		db_set_string(&c->k->dbs[i % 3], key_of(world_word(name, sizeof(name), "L", i)),
			bytes_of(blob, sizeof(blob)), EXPIRY_NONE);
	chaos_fill_streams(c);
}

static inline void chaos_cut(struct chaos *c, struct value *v)
{
	struct value rest;
	zset_delete_range(v, (struct zset_range){0, zset_length(v) / 8}, &rest);
	if (rest.ptr != NULL)
		grave_bury_value(c->k, &rest, false);
}

static inline void chaos_part(struct chaos *c, struct value *v)
{
	char a[32], b[32];
	unsigned i = chaos_below(c, LARGE_PARTS + 500);
	struct bytes name = world_word(a, sizeof(a), i % 3 == 0 ? "" : "member-", i);
	struct bytes text = world_word(b, sizeof(b), "changed-", chaos_below(c, 1000000));
	bool removes = chaos_below(c, 3) == 0;
	if (v->type == TYPE_SET) {
		if (removes)
			set_remove(v, name);
		else
			set_add(v, name);
	} else if (v->type == TYPE_ZSET) {
		if (removes && chaos_below(c, 4) == 0)
			chaos_cut(c, v);
		else if (removes)
			zset_remove(v, name);
		else
			zset_set(v, name, chaos_below(c, 1000));
	} else if (removes) {
		hash_delete(v, name);
	} else if (chaos_below(c, 3) == 0) {
		if (hash_expiry_ms(v, name) != HASH_NO_FIELD)
			hash_set_expiry_ms(
				v, name, chaos_below(c, 2) ? NOW_MS + 200000 + i : HASH_NO_EXPIRY);
	} else {
		hash_set(v, NOW_MS, name, text);
		if (chaos_below(c, 4) == 0)
			hash_set_expiry_ms(v, name, NOW_MS + 100000 + i);
	}
}

static inline void chaos_list(struct chaos *c, struct value *v)
{
	char a[64];
	struct bytes text = world_word(a, sizeof(a), "list-item-", chaos_below(c, 100000));
	uint64_t length = list_length(v);
	uint64_t at = length == 0 ? 0 : chaos_below(c, (unsigned)length);
	enum list_end end = chaos_below(c, 2) ? LIST_LEFT : LIST_RIGHT;
	switch (chaos_below(c, 6)) {
	case 0:
		if (length > 0)
			list_drop(v, end);
		break;
	case 1:
		if (length > 0)
			list_replace(v, at, text);
		break;
	case 2:
		list_insert(v, at, text);
		break;
	case 3:
		list_delete_range(v, at, chaos_below(c, 200));
		list_shrink(v);
		break;
	default:
		list_push(v, text, end);
	}
}

static inline void chaos_edit(struct chaos *c, struct db *db, struct key key)
{
	struct entry *e = db_find(db, key);
	struct edit edit;
	if (e == NULL || e->type == TYPE_STRING ||
		edit_open(db, key, (enum value_type)e->type, NULL, &edit) != EDIT_OK)
		return;
	struct stream_chaos streams = chaos_of_streams(c);
	for (unsigned i = chaos_below(c, 12) + 1; i > 0; i--)
		if (edit.value.type == TYPE_STREAM)
			stream_chaos_once(&streams, &edit.value);
		else if (edit.value.type == TYPE_LIST)
			chaos_list(c, &edit.value);
		else
			chaos_part(c, &edit.value);
	edit_close(&edit, EVENT_GENERIC, "edit", 1);
}

static inline void chaos_rename(struct chaos *c, struct db *db, struct key key)
{
	char room[32];
	struct value v;
	struct entry *e = db_find(db, key);
	if (e == NULL)
		return;
	db_detach(db, key, e, &v);
	db_set_value(chaos_db(c), chaos_key(c, room, sizeof(room)), &v, EXPIRY_NONE);
}

static inline void chaos_string(struct chaos *c, struct db *db, struct key key)
{
	struct entry *e = db_find(db, key);
	size_t len;
	if (e != NULL && e->type == TYPE_STRING && chaos_below(c, 2) == 0)
		string_append(db, key, e, BYTES("more"), &len);
	else
		db_set_string(db, key, BYTES("another"), EXPIRY_KEEP);
}

static inline void chaos_once(struct chaos *c)
{
	char room[32];
	struct db *db = chaos_db(c);
	struct key key = chaos_key(c, room, sizeof(room));
	struct entry *e = db_find(db, key);
	unsigned what = chaos_below(c, 1000);
	if (what < 600) {
		chaos_edit(c, db, key);
	} else if (what < 700) {
		chaos_string(c, db, key);
	} else if (what < 800 && e != NULL) {
		db_set_expiry(db, key, e, chaos_below(c, 2) ? NOW_MS + 500000 : EXPIRY_NONE);
	} else if (what < 850 && e != NULL) {
		db_delete_entry(db, key, e, chaos_below(c, 2));
	} else if (what < 900) {
		chaos_rename(c, db, key);
	} else if (what < 990) {
		world_put(db, key.name, world_container(TYPE_LIST + chaos_below(c, 4), 800, false),
			EXPIRY_NONE);
	} else if (what < 996) {
		keyspace_swap(c->k, (int)chaos_below(c, 3), (int)chaos_below(c, 3));
	} else if (what < 998) {
		keyspace_set_time(c->k, c->k->now_ms + 40000);
		keyspace_expire_slice(c->k, 100000);
	} else {
		keyspace_flush(c->k, (int)chaos_below(c, 3), true);
	}
	while (chaos_below(c, 3) != 0)
		grave_dig(c->k);
}

#endif
