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

struct preimage_sink;

struct db {
	struct dict entries;     /* all keys */
	struct dict expiring;    /* those with an expiry: the same entries */
	struct dict decaying;    /* those whose values have parts that expire (parts.h) */
	uint64_t parts_cursor;   /* where their sweep stands */
	uint16_t id;
	uint64_t expire_cursor;  /* where the active sweep stands */
	int64_t avg_ttl_ms;
	struct keyspace *keyspace;
	uint64_t walk_cursor;    /* of a snapshot, as are saved_id (under which the entries are */
	uint16_t saved_id;       /* saved) and is_walked: all go with the contents in a swap */
	bool is_walked;
};

#define KEYSPACE_SINKS_MAX 8

/* maxmemory-policy. The low two bits say how a victim is chosen, bit 2 among which keys. */
enum evict_policy {
	POLICY_VOLATILE_LRU,
	POLICY_VOLATILE_LFU,
	POLICY_VOLATILE_RANDOM,
	POLICY_VOLATILE_TTL,
	POLICY_ALLKEYS_LRU,
	POLICY_ALLKEYS_LFU,
	POLICY_ALLKEYS_RANDOM,
	POLICY_NOEVICTION,
};

struct keyspace_config {
	bool lazy_expire, lazy_server_del, lazy_user_del, lazy_user_flush, lazy_eviction;
	int policy; /* enum evict_policy; keyspace_new sets Redis's defaults everywhere */
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
	uint64_t expired_parts;      /* fields of hashes: expired_subkeys */
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
	bool shows_expired;      /* a log is replayed: it says when what expired went */
	struct change_sink sinks[KEYSPACE_SINKS_MAX];
	int sink_count;
	uint32_t sinks_armed;    /* bit i: sinks[i] is told; a disarmed one costs nothing */
	enum change_cause cause; /* of changes published now; CHANGE_COMMAND by default */
	uint32_t notices; /* classes of notices that somebody wants: EVENT_NEW, EVENT_KEY_MISS */
	bool no_touch;           /* edits leave LRU and LFU alone (CLIENT NO-TOUCH) */
	/* The clock that background slices measure their budget with (io/clock); NULL: a budget
	 * counts units of work, about a microsecond each. */
	int64_t (*clock_us)(void);
	struct grave *graves;    /* what is being freed in slices, oldest first (graveyard.c) */
	struct grave *graves_last;
	size_t grave_count;      /* objects in them: lazyfree_pending_objects */
	/* Told of each part of a value that expires, before it is deleted; may be NULL. */
	void (*part_gone)(struct db *db, struct bytes key, struct bytes part, void *context);
	void *part_gone_context;
	int expire_db;           /* where the next sweep begins */
	double expire_stale;     /* running average behind stats.expired_stale_perc */
	struct evict_pool *pool; /* evict.c; NULL until used */
	int evict_db;            /* whose turn it is under the random policies */
	size_t told_bytes;       /* what sinks took while they were told of evictions; may wrap */
	const struct preimage_sink *preimage; /* NULL: no snapshot runs */
	uint8_t generation, generations_mixed; /* preimage.h */
};

/* memcmp == 0 without a call for the lengths that keys have. */
static inline bool key_bytes_equal(const char *a, const char *b, size_t len)
{
	if (UNLIKELY(len < 8))
		return hash_load_tail(a, len) == hash_load_tail(b, len);
	size_t i = 0;
	for (; i + 8 < len; i += 8)
		if (hash_load64(a + i) != hash_load64(b + i))
			return false;
	return hash_load64(a + len - 8) == hash_load64(b + len - 8);
}

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
/* Adds a sink, armed, and returns its number. */
int keyspace_add_sink(struct keyspace *k, struct change_sink sink);
/* A sink that has nothing to watch for now is disarmed by its owner. */
static inline void keyspace_arm_sink(struct keyspace *k, int sink, bool armed)
{
	uint32_t bit = 1u << sink;
	k->sinks_armed = armed ? k->sinks_armed | bit : k->sinks_armed & ~bit;
}

static inline bool entry_has_key(const void *item, const void *key)
{
	const struct entry *e = item;
	const struct bytes *name = key;
	struct bytes own = entry_key(e);
	return own.len == name->len && key_bytes_equal(own.ptr, name->ptr, own.len);
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

/* Deletes an expired entry and publishes it, or hides it where deletion is not ours. Returns what
 * there is of it: NULL, or the entry while shows_expired. */
struct entry *db_expire_entry(struct db *db, struct key key, struct entry *e);

/* The live entry; expired ones are deleted on the way. NULL = none. Does not touch LRU/LFU. */
static inline struct entry *db_find(struct db *db, struct key key)
{
	struct entry *e = db_peek(db, key);
	if (e == NULL || LIKELY(!entry_is_expired(e, db->keyspace->now_ms)))
		return e;
	return db_expire_entry(db, key, e);
}

static inline bool policy_is_lfu(int policy)
{
	return (policy & 3) == POLICY_VOLATILE_LFU;
}

/* Notes an access for LFU: counts it with a falling probability, after the decay (evict.c). */
void entry_touch_lfu(const struct keyspace *k, struct entry *e);

/* Notes an access for LRU or LFU. */
static inline void db_touch(struct db *db, struct entry *e)
{
	const struct keyspace *k = db->keyspace;
	if (UNLIKELY(policy_is_lfu(k->config.policy)))
		entry_touch_lfu(k, e);
	else
		e->access = k->lru_clock & 0xffffff;
}

/* --- writing. None of these publishes a change: edit_* and cmd/ do, by db_publish ----------
 * (A new key gives the notice "new" where somebody wants it; an expired one that is in the way of
 * db_set_* is deleted first and published as such.) */

/* What db_set does with an existing expiry. */
enum { EXPIRY_NONE = -1, EXPIRY_KEEP = -2 };

/* Sets a string: overwrites in place where it fits. `expiry_ms`: absolute, EXPIRY_NONE or
 * EXPIRY_KEEP. The bytes are stored as an integer where they are one. Returns the entry. */
struct entry *db_set_string(struct db *db, struct key key, struct bytes value, int64_t expiry_ms);
/* Sets any value, which is consumed (a string view is copied). */
struct entry *db_set_value(struct db *db, struct key key, struct value *value, int64_t expiry_ms);
/* Replaces the value of an existing entry with another of the same type (encoding changed, pointer
 * moved); the old pointer is not freed. Returns the entry, which may have moved. */
struct entry *db_update_value(
	struct db *db, struct key key, struct entry *e, const struct value *value);
/* Sets or removes (EXPIRY_NONE) the expiry. Returns the entry, which may have moved. */
struct entry *db_set_expiry(struct db *db, struct key key, struct entry *e, int64_t expiry_ms);
/* Changes the layout of an entry: `flags` (ENTRY_LONG_KEY as it was) and the length of its inline
 * value. What both layouts have is kept, new parts are undefined. Returns the entry, which may have
 * moved; both dictionaries know. For types/string: values that grow inside the entry. */
struct entry *db_reshape(struct db *db, struct key key, struct entry *e, unsigned flags,
	size_t inline_len);
/* Takes the key out and frees it: at once, in slices (lazy, or when its effort is large). */
void db_delete_entry(struct db *db, struct key key, struct entry *e, bool lazy);
/* Takes the key out and hands its value over. */
void db_detach(struct db *db, struct key key, struct entry *e, struct value *out);

/* Publishes what happened to a key: dirties, tells the sinks. */
void db_publish(struct db *db, struct key key, uint32_t event_class, const char *event);
/* A further event of a change that was published already: tells the sinks, dirties no more. */
static inline void db_publish_also(
	struct db *db, struct key key, uint32_t event_class, const char *event)
{
	db_publish(db, key, event_class, event);
	db->keyspace->dirty--;
}
/* An event without a modification ("keymiss", "new"), where k->notices has its class. */
void db_notice(struct db *db, struct key key, uint32_t event_class, const char *event);
/* Takes the key out, publishes why, frees it. key.name may be the entry's own. */
void db_remove_because(struct db *db, struct key key, struct entry *e,
	const struct change *why, bool lazy);
static inline size_t db_size(const struct db *db)
{
	return dict_count(&db->entries);
}
/* Empties one database (db >= 0) or all (-1). Publishes one CHANGE_FLUSHED each, of empty ones too,
 * before; returns the number of keys, by which it dirties. Unless `lazy` all is freed at once. */
uint64_t keyspace_flush(struct keyspace *k, int db, bool lazy);
/* The same; it is freed in slices, and counted as lazily freed where `lazy`. */
uint64_t keyspace_bury(struct keyspace *k, int db, bool lazy);
/* Exchanges two databases' contents. Publishes nothing: watchers are told by the command. */
void keyspace_swap(struct keyspace *k, int a, int b);
/* A random live entry; NULL when there is none (bounded tries over expired ones). */
struct entry *db_random(struct db *db);

/* --- background slices; each returns true while more is left --- */
/* One round of the active sweep (expire.c); true: the budget ended it while much was expired. */
bool keyspace_expire_slice(struct keyspace *k, int64_t budget_us);
bool keyspace_free_slice(struct keyspace *k, int64_t budget_us);
bool keyspace_resize_slice(struct keyspace *k, int64_t budget_us);

size_t keyspace_overhead_bytes(const struct keyspace *k); /* memory of tables */
size_t entry_memory_bytes(const struct entry *e, size_t samples); /* the table's share is out */

#endif
