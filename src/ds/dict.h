/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The dictionary: a set of item pointers found by hash. Items hold their own keys; the dictionary
 * knows only hashes and asks its ops for the rest.
 *
 * Shape. A bucket is one cache line: nine 6-byte pointers, nine one-byte tags, one byte of state.
 * A bucket with more items chains: its last place becomes a link to an overflow node of 16, 32, 48
 * or 64 bytes (2, 4, 6 or 9 places), which grows as it fills and may chain on once it has 64 bytes.
 * A node of n x 16 bytes has its pointers in front, tags behind them and the state in its last
 * byte, so that tags and state always lie in its last 16 bytes and one comparison finds them. The
 * bucket of a hash is (hash_high32 * bucket_count) >> 32, so buckets are ordered by hash: bucket i
 * holds exactly one interval of the hash space, whatever the count is.
 * So a resize (to any count) moves buckets in hash order, and a lookup probes one table (the hash
 * says which); a scan's cursor is a place in the hash space: its guarantee holds under any resize.
 *
 * Invariant: an item is in the bucket that its hash names, in the new table if that bucket's
 * interval has been moved, else in the old one.
 * It never frees or copies items.
 */
#ifndef RINGLET_DS_DICT_H
#define RINGLET_DS_DICT_H

#include "base/assert.h"
#include "base/bytes.h"

#include <immintrin.h>

#define DICT_SLOTS 9             /* per bucket */
#define DICT_UNITS_MAX 4         /* a bucket, in units of 16 bytes */
#define DICT_MOVE_BUCKETS 4      /* moved per insertion or deletion while a resize is under way */
#define DICT_CURSOR_BITS 48      /* a scan cursor fits a double */
#define DICT_BUCKETS_MAX (1u << 31)

/* A main bucket, or an overflow node of which only the first `units` x 16 bytes exist. */
struct dict_bucket {
	uint8_t ptrs[DICT_SLOTS * 6]; /* 48-bit pointers */
	uint8_t tags[DICT_SLOTS];     /* low byte of the hash; of a link: the units it leads to */
	uint8_t state;                /* items here; DICT_CHAINED: the last place is a link */
} __attribute__((aligned(16)));

#define DICT_CHAINED 0x80
#define DICT_STATE_COUNT 0x0f

struct dict_table {
	struct dict_bucket *buckets;
	uint32_t count;               /* buckets; 0 = none */
};

struct dict_ops {
	uint64_t (*hash)(const void *item); /* of a stored item, for resizing */
};

/* Who must see a part of a container before it changes (store/image.h). Items that change in place
 * are announced by their owner: dict_before_change. */
struct dict_watch {
	/* An item with this hash is about to come, to go or to change. May scan, not change. */
	void (*before)(struct dict_watch *watch, uint64_t hash);
};

struct dict {
	struct dict_table tables[2];  /* [1] only while a resize is under way: the new one */
	uint32_t moved;               /* buckets of tables[0] already moved */
	uint64_t moved_hash;          /* high halves below this are in tables[1] */
	size_t items;
	size_t chained_bytes;         /* of overflow nodes alive */
	size_t dropped_bytes; /* of tables[0], given back to the kernel while it is passed */
	const struct dict_ops *ops;
	struct dict_watch *watch;     /* NULL = nobody; it must have ended before dict_drain */
	bool resize_paused;
};

static inline void dict_before_change(struct dict *d, uint64_t hash)
{
	if (UNLIKELY(d->watch != NULL))
		d->watch->before(d->watch, hash);
}

void dict_init(struct dict *d, const struct dict_ops *ops);
void dict_release(struct dict *d); /* frees the tables, not the items */
/* Empties the next `buckets` buckets: each of their items is handed to `take`, which may free it,
 * and forgotten. True while more is left; at the end the tables are gone too. From the first call
 * on, nothing but dict_drain and dict_count may be called until then (sliced freeing). */
bool dict_drain(struct dict *d, unsigned buckets, void (*take)(void *item, void *context),
	void *context);

static inline size_t dict_count(const struct dict *d)
{
	return d->items;
}

static inline bool dict_is_resizing(const struct dict *d)
{
	return d->tables[1].count != 0;
}

static inline struct dict_bucket *dict_bucket_of(const struct dict *d, uint64_t hash)
{
	uint64_t high = hash >> 32;
	const struct dict_table *t = &d->tables[UNLIKELY(high < d->moved_hash)];
	return &t->buckets[(high * t->count) >> 32];
}

static inline void *dict_ptr_get(const struct dict_bucket *b, unsigned slot)
{
	uint64_t word;
	memcpy(&word, (const uint8_t *)b + slot * 6, 8); /* the two bytes behind are tags */
	return (void *)(uintptr_t)(word & 0xffffffffffffu);
}

static inline void dict_ptr_set(struct dict_bucket *b, unsigned slot, const void *ptr)
{
	uint64_t word = (uint64_t)(uintptr_t)ptr;
	memcpy((uint8_t *)b + slot * 6, &word, 6);
}

/* Starts loading what dict_find will touch first. */
static inline void dict_prefetch(const struct dict *d, uint64_t hash)
{
	if (d->tables[0].count != 0)
		__builtin_prefetch(dict_bucket_of(d, hash));
}

/* Per units (a nibble each): places in such a node, and how far behind the beginning of its last
 * 16 bytes the tags begin. */
static inline unsigned dict_node_places(unsigned units)
{
	return (0x96420u >> (units * 4)) & 15;
}

static inline unsigned dict_node_tag_shift(unsigned units)
{
	return (0x648c0u >> (units * 4)) & 15;
}

static inline uint8_t *dict_node_tags(const struct dict_bucket *b, unsigned units)
{
	return (uint8_t *)(uintptr_t)b + dict_node_places(units) * 6;
}

static inline uint8_t *dict_node_state(const struct dict_bucket *b, unsigned units)
{
	return (uint8_t *)(uintptr_t)b + units * 16 - 1;
}

/* Bit i is set where place i of the node may hold the hash. */
static inline unsigned dict_tag_matches(const struct dict_bucket *b, unsigned units, uint64_t hash)
{
	__m128i last = _mm_load_si128((const __m128i *)(const void *)b + (units - 1));
	__m128i want = _mm_set1_epi8((char)hash);
	unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(last, want));
	unsigned count = *dict_node_state(b, units) & DICT_STATE_COUNT;
	return (bits >> dict_node_tag_shift(units)) & ((1u << count) - 1);
}

/* Goes on to the next node of the chain; false at its end. */
static inline bool dict_next_node(const struct dict_bucket **b, unsigned *units)
{
	if (LIKELY(*units != DICT_UNITS_MAX || !((*b)->state & DICT_CHAINED)))
		return false;
	*units = (*b)->tags[DICT_SLOTS - 1];
	*b = dict_ptr_get(*b, DICT_SLOTS - 1);
	return true;
}

/* Starts loading the first item that dict_find will compare with (or the overflow node that it will
 * look into); its bucket should be in cache. */
static inline void dict_prefetch_item(const struct dict *d, uint64_t hash)
{
	if (d->tables[0].count == 0)
		return;
	const struct dict_bucket *b = dict_bucket_of(d, hash);
	unsigned bits = dict_tag_matches(b, DICT_UNITS_MAX, hash);
	if (LIKELY(bits != 0))
		__builtin_prefetch(dict_ptr_get(b, (unsigned)__builtin_ctz(bits)));
	else if (b->state & DICT_CHAINED)
		__builtin_prefetch(dict_ptr_get(b, DICT_SLOTS - 1));
}

typedef bool dict_equal(const void *item, const void *key);

/* Where an item stands: valid until the next insertion, deletion or resize step. */
struct dict_place {
	struct dict_bucket *bucket; /* NULL = not found */
	unsigned slot;
};

static inline __attribute__((always_inline)) struct dict_place dict_find_place(const struct dict *d,
	uint64_t hash, dict_equal *equal, const void *key)
{
	if (UNLIKELY(d->tables[0].count == 0))
		return (struct dict_place){NULL, 0};
	const struct dict_bucket *b = dict_bucket_of(d, hash);
	unsigned units = DICT_UNITS_MAX;
	do {
		for (unsigned bits = dict_tag_matches(b, units, hash); bits != 0;
			bits &= bits - 1) {
			unsigned slot = (unsigned)__builtin_ctz(bits);
			if (LIKELY(equal(dict_ptr_get(b, slot), key)))
				return (struct dict_place){
					(struct dict_bucket *)(uintptr_t)b, slot};
		}
	} while (UNLIKELY(dict_next_node(&b, &units)));
	return (struct dict_place){NULL, 0};
}

/* The item that `equal` accepts; NULL = none. `equal` should be a static inline function. */
static inline __attribute__((always_inline)) void *dict_find(const struct dict *d, uint64_t hash,
	dict_equal *equal, const void *key)
{
	struct dict_place place = dict_find_place(d, hash, equal, key);
	return place.bucket == NULL ? NULL : dict_ptr_get(place.bucket, place.slot);
}

/* Adds an item; the caller has made sure that no equal one is there. */
void dict_insert(struct dict *d, uint64_t hash, void *item);
/* Replaces the pointer of an item that moved in memory. */
static inline void dict_place_set(struct dict_place place, const void *item)
{
	dict_ptr_set(place.bucket, place.slot, item);
}
/* The place of exactly this pointer; bucket NULL = not there. */
struct dict_place dict_find_pointer(const struct dict *d, uint64_t hash, const void *item);
/* Removes what stands at `place` (not freed). May shrink the table in later steps. */
void dict_remove_place(struct dict *d, uint64_t hash, struct dict_place place);

/* Moves up to `buckets` buckets of a running resize; true while more can be done (not while
 * paused). Insertions and deletions do DICT_MOVE_BUCKETS on their own. */
bool dict_resize_step(struct dict *d, unsigned buckets);
/* Starts growing to hold `items` without a further resize (loading). A hint: nothing happens while
 * a resize is under way. */
void dict_expand(struct dict *d, size_t items);
/* Pauses resizing (a scan or a child is at work); nests through the bool only. */
void dict_pause_resize(struct dict *d, bool paused);

/* Visits the items at and behind `cursor` (0 to begin), at least one bucket; returns the next
 * cursor, 0 at the end. Items present during the whole scan are visited at least once. `visit` may
 * remove the item that it is given, and no other, and insert nothing. */
uint64_t dict_scan(struct dict *d, uint64_t cursor, void (*visit)(void *item, void *context),
	void *context);
/* A random item, all with nearly the same chance (rejection over chains). NULL when empty. */
void *dict_random(const struct dict *d);
/* Up to `count` items from one random neighbourhood (eviction sampling); returns how many. */
unsigned dict_sample(const struct dict *d, void **items, unsigned count);

size_t dict_memory_bytes(const struct dict *d); /* tables and overflow buckets */
size_t dict_slot_count(const struct dict *d); /* places in all main buckets */
/* Walks all invariants; aborts on a violation (tests, DEBUG). */
void dict_check(const struct dict *d);

#endif
