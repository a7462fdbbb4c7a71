/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keyspace: numbered databases of entries. Time is a field set once per turn, never read.
 *
 * Everything that changes a key goes through here or through an edit (store/edit.h) and is
 * published as a change (store/change.h). It must not know commands, sessions or replies.
 */
#ifndef RINGLET_STORE_KEYSPACE_H
#define RINGLET_STORE_KEYSPACE_H

#include "base/hash.h"
#include "ds/dict.h"
#include "store/change.h"
#include "store/entry.h"

struct db {
	struct dict entries;     /* all keys */
	struct dict expiring;    /* those with an expiry: the same entries */
	uint16_t id;
	uint64_t expire_cursor;  /* where the active sweep stands */
	int64_t avg_ttl_ms;
	struct keyspace *keyspace;
};

#define KEYSPACE_SINKS_MAX 8

struct keyspace_config {
	bool lazy_expire, lazy_server_del, lazy_user_del, lazy_user_flush, lazy_eviction;
	int policy;              /* enum evict_policy */
	uint64_t maxmemory;
	int maxmemory_samples;
	int eviction_tenacity;
	int lfu_log_factor, lfu_decay_minutes;
	int active_expire_effort;
	bool active_expire;      /* DEBUG SET-ACTIVE-EXPIRE */
};

struct keyspace_stats {
	uint64_t expired;            /* keys */
	uint64_t expired_stale_perc; /* in 1/100 % */
	uint64_t evicted;
	uint64_t lazy_freed;         /* lazyfreed_objects */
	int64_t expire_lag_ms;       /* oldest deadline the sweep found late in its last round */
	uint64_t expire_time_cap_reached;
};

struct keyspace {
	struct db *dbs;
	int db_count;
	int64_t now_ms;          /* of this turn (or of the unit, in scripts) */
	uint32_t lru_clock;      /* seconds-based, 24 bits */
	struct keyspace_config config;
	struct keyspace_stats stats;
	uint64_t dirty;          /* changes since the last save */
	int allow_expiry;        /* 0: expired keys are hidden, not deleted (replica, paused) */
	struct change_sink sinks[KEYSPACE_SINKS_MAX];
	int sink_count;
	enum change_cause cause; /* of changes published now; CHANGE_COMMAND by default */
	struct grave *graves;    /* values being freed in slices */
	size_t grave_count;
};

struct key {
	struct bytes name;
	uint64_t hash;
};

static inline struct key key_of(struct bytes name)
{
	return (struct key){name, hash_bytes(name.ptr, name.len)};
}

struct keyspace *keyspace_new(int db_count);
void keyspace_free(struct keyspace *k);
void keyspace_set_time(struct keyspace *k, int64_t now_ms);
void keyspace_add_sink(struct keyspace *k, struct change_sink sink);

static inline bool entry_has_key(const void *item, const void *key)
{
	const struct entry *e = item;
	const struct bytes *name = key;
	struct bytes own = entry_key(e);
	return own.len == name->len && memcmp(own.ptr, name->ptr, own.len) == 0;
}

/* The entry as it lies there, expired or not; NULL = none. */
static inline struct entry *db_peek(const struct db *db, struct key key)
{
	return dict_find(&db->entries, key.hash, entry_has_key, &key.name);
}

static inline bool entry_is_expired(const struct entry *e, int64_t now_ms)
{
	return UNLIKELY(e->flags & ENTRY_EXPIRY) && entry_expiry_ms(e) <= now_ms;
}

/* Deletes an expired entry and publishes it, or hides it where deletion is not ours. */
void db_expire_entry(struct db *db, struct key key, struct entry *e);

/* The live entry; expired ones are deleted on the way. NULL = none. Does not touch LRU/LFU. */
static inline struct entry *db_find(struct db *db, struct key key)
{
	struct entry *e = db_peek(db, key);
	if (e == NULL || LIKELY(!entry_is_expired(e, db->keyspace->now_ms)))
		return e;
	db_expire_entry(db, key, e);
	return NULL;
}

/* Notes an access for LRU or LFU. */
void db_touch(struct db *db, struct entry *e);

/* --- writing. None of these publishes a change: edit_* and cmd/ do, by db_publish ---------- */

/* What db_set does with an existing expiry. */
enum { EXPIRY_NONE = -1, EXPIRY_KEEP = -2 };

/* Sets a string: overwrites in place where it fits. `expiry_ms`: absolute, EXPIRY_NONE or EXPIRY_KEEP.
 * The bytes are stored as an integer where they are one. Returns the entry. */
struct entry *db_set_string(struct db *db, struct key key, struct bytes value, int64_t expiry_ms);
/* Sets any value, which is consumed (a string view is copied). */
struct entry *db_set_value(struct db *db, struct key key, struct value *value, int64_t expiry_ms);
/* Replaces the value of an existing entry with another of the same type (encoding changed, pointer
 * moved); the old pointer is not freed. Returns the entry, which may have moved. */
struct entry *db_update_value(struct db *db, struct key key, struct entry *e, const struct value *value);
/* Sets or removes (EXPIRY_NONE) the expiry. Returns the entry, which may have moved. */
struct entry *db_set_expiry(struct db *db, struct key key, struct entry *e, int64_t expiry_ms);
/* Takes the key out and frees it: at once, in slices (lazy, or when its effort is large). */
void db_delete_entry(struct db *db, struct key key, struct entry *e, bool lazy);
/* Takes the key out and hands its value over. */
void db_detach(struct db *db, struct key key, struct entry *e, struct value *out);

/* Publishes what happened to a key: dirties, tells the sinks. */
void db_publish(struct db *db, struct key key, uint32_t event_class, const char *event);

/* Tells the sinks of an event that changed nothing (keymiss, new); dirties nothing. */
void db_notice(struct db *db, struct key key, uint32_t event_class, const char *event);

size_t db_size(const struct db *db);
/* Empties one database (db >= 0) or all (-1); tables and values are freed in slices when `lazy`. Returns the
 * number of keys. Publishes one CHANGE_FLUSHED per database. */
uint64_t keyspace_flush(struct keyspace *k, int db, bool lazy);
void keyspace_swap(struct keyspace *k, int a, int b);
/* A random live entry; NULL when there is none (bounded tries over expired ones). */
struct entry *db_random(struct db *db);

/* --- background slices; each returns true while more is left -------------------------------- */

bool keyspace_expire_slice(struct keyspace *k, int64_t budget_us);
bool keyspace_free_slice(struct keyspace *k, int64_t budget_us);
bool keyspace_resize_slice(struct keyspace *k, int64_t budget_us);

/* Memory that is not data: tables. */
size_t keyspace_overhead_bytes(const struct keyspace *k);
size_t entry_memory_bytes(const struct entry *e, size_t samples); /* MEMORY USAGE without the table's share */

#endif
