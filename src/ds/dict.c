/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The dictionary's slow half: placing, removing, resizing, scanning. Lookups are in the header.
 *
 * Order inside a bucket: items are numbered along the chain, without holes. A node that chains on
 * holds exactly eight items and has 64 bytes; only the last node may have fewer places or items,
 * and it is never larger than one size above what it needs. Removing moves the last item into the
 * hole, so a visitor that goes from the last item to the first may remove the one that it is given.
 *
 * Memory of large tables comes from the kernel in pages, so that neither its allocation nor its
 * return is a stall: pages are zeroed at first touch and dropped behind a running move.
 */
#include "ds/dict.h"

#include "base/mem.h"
#include "base/pages.h"
#include "base/rand.h"

/* Items per bucket at which the table grows (measured, see README.md). */
#define DICT_LOAD_MAX 10
/* After dict_expand and shrinking: room to go on in both directions. */
#define DICT_LOAD_FRESH 8
#define DICT_LOAD_SHRUNK 6
/* Up to here a table grows by half, above by a quarter. */
#define DICT_SMALL_BUCKETS 64
#define DICT_SHRINK_MIN_BUCKETS 4
/* Tables from this size on are mapped pages. */
#define DICT_MAP_BYTES ((size_t)64 << 10)
/* From here on a filled table asks for huge pages (measured: 4 % of a lookup's time with four
 * million items, nothing with half a million). */
#define DICT_HUGE_BYTES ((size_t)16 << 20)
/* How much of a passed table of small pages is dropped at once. */
#define DICT_DROP_BYTES ((size_t)128 << 10)
/* dict_random: a bucket with this many items or more is always accepted. */
#define DICT_RANDOM_ITEMS 16
#define DICT_RANDOM_TRIES 256
/* An item's key may reach into its second cache line. */
#define PREFETCH_AHEAD 24

_Static_assert(sizeof(struct dict_bucket) == 64, "a bucket is a cache line");

/* --- nodes ---------------------------------------------------------------------------------- */

struct node {
	struct dict_bucket *b;
	unsigned units;
};

static inline bool node_next(struct node *n)
{
	const struct dict_bucket *b = n->b;
	if (!dict_next_node(&b, &n->units))
		return false;
	n->b = (struct dict_bucket *)(uintptr_t)b;
	return true;
}

static inline unsigned node_count(struct node n)
{
	return *dict_node_state(n.b, n.units) & DICT_STATE_COUNT;
}

static inline void node_put(struct node n, unsigned slot, const void *item, uint8_t tag)
{
	dict_ptr_set(n.b, slot, item);
	dict_node_tags(n.b, n.units)[slot] = tag;
}

static struct node node_new(struct dict *d, unsigned units)
{
	struct node n = {mem_alloc((size_t)units * 16), units};
	d->chained_bytes += mem_size_class((size_t)units * 16);
	*dict_node_state(n.b, units) = 0;
	return n;
}

static void node_free(struct dict *d, struct node n)
{
	d->chained_bytes -= mem_size_class((size_t)n.units * 16);
	mem_free_sized(n.b, (size_t)n.units * 16);
}

/* The chain's last node and the one before it (b NULL: the last is the bucket itself). */
static struct node node_last(struct dict_bucket *bucket, struct node *before)
{
	struct node n = {bucket, DICT_UNITS_MAX};
	before->b = NULL;
	before->units = DICT_UNITS_MAX;
	while (n.units == DICT_UNITS_MAX && n.b->state & DICT_CHAINED) {
		*before = n;
		node_next(&n);
	}
	return n;
}

static void node_link(struct dict_bucket *from, struct node to)
{
	dict_ptr_set(from, DICT_SLOTS - 1, to.b);
	from->tags[DICT_SLOTS - 1] = (uint8_t)to.units;
	from->state = DICT_CHAINED | (DICT_SLOTS - 1);
}

static void node_copy_items(struct node to, struct node from, unsigned count)
{
	memcpy(to.b->ptrs, from.b->ptrs, (size_t)count * 6);
	memcpy(dict_node_tags(to.b, to.units), dict_node_tags(from.b, from.units), count);
	*dict_node_state(to.b, to.units) = (uint8_t)count;
}

/* Another size for the chain's last node, which hangs behind `before`. */
static struct node node_resize(struct dict *d, struct node before, struct node last, unsigned units)
{
	struct node fresh = node_new(d, units);
	node_copy_items(fresh, last, node_count(last));
	node_free(d, last);
	node_link(before.b, fresh);
	return fresh;
}

static __attribute__((noinline)) void bucket_add_chained(struct dict *d, struct dict_bucket *bucket,
	uint8_t tag, const void *item)
{
	struct node before;
	struct node last = node_last(bucket, &before);
	unsigned count = node_count(last);
	if (count == dict_node_places(last.units)) {
		if (last.units < DICT_UNITS_MAX) {
			last = node_resize(d, before, last, last.units + 1);
		} else {
			struct node fresh = node_new(d, 1);
			node_put(fresh, 0, dict_ptr_get(last.b, DICT_SLOTS - 1),
				last.b->tags[DICT_SLOTS - 1]);
			node_link(last.b, fresh);
			last = fresh;
			count = 1;
		}
	}
	node_put(last, count, item, tag);
	*dict_node_state(last.b, last.units) = (uint8_t)(count + 1);
}

static inline void bucket_add(struct dict *d, struct dict_bucket *bucket, uint8_t tag,
	const void *item)
{
	unsigned state = bucket->state;
	if (UNLIKELY(state >= DICT_SLOTS)) {
		bucket_add_chained(d, bucket, tag, item);
		return;
	}
	dict_ptr_set(bucket, state, item);
	bucket->tags[state] = tag;
	bucket->state = (uint8_t)(state + 1);
}

/* Takes the last item out of the chain; the node it leaves shrinks or goes. */
static void bucket_trim(struct dict *d, struct node before, struct node last)
{
	unsigned count = node_count(last) - 1;
	*dict_node_state(last.b, last.units) = (uint8_t)count;
	if (before.b == NULL)
		return;
	if (count == 1) {
		/* One item fits where the link is. */
		void *item = dict_ptr_get(last.b, 0);
		uint8_t tag = *dict_node_tags(last.b, last.units);
		node_put(before, DICT_SLOTS - 1, item, tag);
		before.b->state = DICT_SLOTS;
		node_free(d, last);
	} else if (count < dict_node_places(last.units - 1)) {
		node_resize(d, before, last, last.units - 1);
	}
}

static unsigned bucket_items(const struct dict_bucket *bucket)
{
	struct node n = {(struct dict_bucket *)(uintptr_t)bucket, DICT_UNITS_MAX};
	unsigned count = node_count(n);
	while (node_next(&n))
		count += node_count(n);
	return count;
}

/* Item number `index` of the chain, which has more than that. */
static void *bucket_item(const struct dict_bucket *bucket, unsigned index)
{
	struct node n = {(struct dict_bucket *)(uintptr_t)bucket, DICT_UNITS_MAX};
	for (unsigned count = node_count(n); index >= count; count = node_count(n)) {
		index -= count;
		node_next(&n);
	}
	return dict_ptr_get(n.b, index);
}

/* --- tables --------------------------------------------------------------------------------- */

static size_t table_bytes(const struct dict_table *t)
{
	size_t bytes = (size_t)t->count * sizeof(struct dict_bucket);
	if (bytes == 0)
		return 0;
	return bytes >= DICT_MAP_BYTES ? pages_rounded(bytes) : mem_size_class(bytes);
}

static bool table_init(struct dict_table *t, uint32_t count)
{
	size_t bytes = (size_t)count * sizeof(struct dict_bucket);
	if (bytes >= DICT_MAP_BYTES)
		t->buckets = pages_map(bytes);
	else
		t->buckets = mem_calloc_aligned(sizeof(struct dict_bucket), bytes);
	t->count = t->buckets == NULL ? 0 : count;
	return t->buckets != NULL;
}

static void table_release(struct dict_table *t)
{
	size_t bytes = (size_t)t->count * sizeof(struct dict_bucket);
	if (bytes >= DICT_MAP_BYTES)
		pages_unmap(t->buckets, bytes);
	else
		mem_free(t->buckets);
	*t = (struct dict_table){0};
}

/* Gives back the pages of tables[0] in front of bucket `moved`, a chunk at a time. */
static void table_drop_passed(struct dict *d)
{
	size_t bytes = (size_t)d->tables[0].count * sizeof(struct dict_bucket);
	if (bytes < DICT_MAP_BYTES)
		return;
	size_t chunk = bytes >= DICT_HUGE_BYTES ? PAGES_HUGE_BYTES : DICT_DROP_BYTES;
	size_t passed = (size_t)d->moved * sizeof(struct dict_bucket);
	if (passed - d->dropped_bytes < chunk)
		return;
	size_t end = passed - passed % chunk;
	pages_drop(d->tables[0].buckets, d->dropped_bytes, end);
	d->dropped_bytes = end;
}

void dict_init(struct dict *d, const struct dict_ops *ops)
{
	*d = (struct dict){.ops = ops};
}

static void bucket_release_chain(struct dict *d, struct dict_bucket *bucket)
{
	struct node n = {bucket, DICT_UNITS_MAX};
	bool more = node_next(&n);
	while (more) {
		struct node gone = n;
		more = node_next(&n);
		node_free(d, gone);
	}
}

void dict_release(struct dict *d)
{
	for (int i = 0; i < 2 && d->chained_bytes > 0; i++)
		for (uint32_t b = i == 0 ? d->moved : 0; b < d->tables[i].count; b++)
			bucket_release_chain(d, &d->tables[i].buckets[b]);
	ASSERT(d->chained_bytes == 0);
	for (int i = 0; i < 2; i++)
		if (d->tables[i].count != 0)
			table_release(&d->tables[i]);
	dict_init(d, d->ops);
}

/* --- resizing ------------------------------------------------------------------------------- */

/* The first high half of a hash that lies behind bucket `index`: the smallest h with
 * (h * count) >> 32 > index. */
static inline uint64_t bucket_end(uint32_t index, uint32_t count)
{
	return ((((uint64_t)index + 1) << 32) + count - 1) / count;
}

static void dict_start_resize(struct dict *d, uint64_t count)
{
	if (count > DICT_BUCKETS_MAX)
		count = DICT_BUCKETS_MAX;
	if (d->resize_paused || dict_is_resizing(d) || count == d->tables[0].count)
		return;
	/* Where there is no memory for a table the chains get longer: slower, not wrong. */
	if (!table_init(&d->tables[1], (uint32_t)count))
		return;
	d->moved = 0;
	d->moved_hash = 0;
	d->dropped_bytes = 0;
	/* A small table is moved at once. */
	dict_resize_step(d, DICT_MOVE_BUCKETS);
}

static void dict_finish_resize(struct dict *d)
{
	table_release(&d->tables[0]);
	d->tables[0] = d->tables[1];
	size_t bytes = (size_t)d->tables[0].count * sizeof(struct dict_bucket);
	if (bytes >= DICT_HUGE_BYTES)
		pages_settle(d->tables[0].buckets, bytes);
	d->tables[1] = (struct dict_table){0};
	d->moved = 0;
	d->moved_hash = 0;
	d->dropped_bytes = 0;
}

/* Starts loading what a visit of the whole bucket will touch. Its own line and its first overflow
 * node should be there already. */
static inline void bucket_prefetch_items(const struct dict_bucket *b)
{
	unsigned units = DICT_UNITS_MAX;
	do {
		unsigned count = *dict_node_state(b, units) & DICT_STATE_COUNT;
		for (unsigned i = 0; i < count; i++) {
			const char *item = dict_ptr_get(b, i);
			__builtin_prefetch(item);
			__builtin_prefetch(item + PREFETCH_AHEAD);
		}
	} while (dict_next_node(&b, &units));
}

static inline void bucket_prefetch_chain(const struct dict_bucket *b)
{
	if (b->state & DICT_CHAINED)
		__builtin_prefetch(dict_ptr_get(b, DICT_SLOTS - 1));
}

/* Buckets are worked through in order: asks for the items of the next, and for the overflow node of
 * the one behind that. */
static inline void table_prefetch(const struct dict_table *t, uint32_t index)
{
	if (index + 2 < t->count)
		bucket_prefetch_chain(&t->buckets[index + 2]);
	if (index + 1 < t->count)
		bucket_prefetch_items(&t->buckets[index + 1]);
}

/* Moves the items of one node: all hashes first, so that their cache misses overlap. */
static void node_move(struct dict *d, struct node n)
{
	uint64_t hashes[DICT_SLOTS];
	void *items[DICT_SLOTS];
	unsigned count = node_count(n);
	for (unsigned i = 0; i < count; i++) {
		items[i] = dict_ptr_get(n.b, i);
		hashes[i] = d->ops->hash(items[i]);
	}
	const struct dict_table *t = &d->tables[1];
	for (unsigned i = 0; i < count; i++)
		bucket_add(d, &t->buckets[((hashes[i] >> 32) * t->count) >> 32],
			(uint8_t)hashes[i], items[i]);
}

static void bucket_move(struct dict *d, struct dict_bucket *bucket)
{
	struct node n = {bucket, DICT_UNITS_MAX};
	do {
		node_move(d, n);
	} while (node_next(&n));
	bucket_release_chain(d, bucket);
}

bool dict_resize_step(struct dict *d, unsigned buckets)
{
	if (!dict_is_resizing(d) || d->resize_paused)
		return false;
	struct dict_table *old = &d->tables[0];
	for (; buckets > 0 && d->moved < old->count; buckets--) {
		table_prefetch(old, d->moved);
		bucket_move(d, &old->buckets[d->moved]);
		d->moved_hash = bucket_end(d->moved, old->count);
		d->moved++;
	}
	if (d->moved == old->count) {
		dict_finish_resize(d);
		return false;
	}
	table_drop_passed(d);
	return true;
}

void dict_expand(struct dict *d, size_t items)
{
	uint64_t count = (uint64_t)items / DICT_LOAD_FRESH + 1;
	if (count > DICT_BUCKETS_MAX)
		count = DICT_BUCKETS_MAX;
	if (d->tables[0].count == 0) {
		/* A refusal is no harm: the first insertion makes a small table. */
		(void)table_init(&d->tables[0], (uint32_t)count);
		return;
	}
	if (count > d->tables[0].count)
		dict_start_resize(d, count);
}

void dict_pause_resize(struct dict *d, bool paused)
{
	d->resize_paused = paused;
}

static void dict_grow(struct dict *d)
{
	uint64_t count = d->tables[0].count;
	uint64_t more = count < DICT_SMALL_BUCKETS ? count / 2 : count / 4;
	dict_start_resize(d, count + (more == 0 ? 1 : more));
}

static inline bool dict_is_sparse(const struct dict *d)
{
	uint64_t slots = (uint64_t)d->tables[0].count * DICT_SLOTS;
	return UNLIKELY((uint64_t)d->items * 10 < slots) &&
	       d->tables[0].count > DICT_SHRINK_MIN_BUCKETS;
}

bool dict_drain(struct dict *d, unsigned buckets, void (*take)(void *item, void *context),
	void *context)
{
	ASSERT(d->watch == NULL);
	if (d->tables[0].count == 0)
		return false;
	struct dict_table *t = &d->tables[0];
	for (; buckets > 0 && d->moved < t->count; buckets--) {
		struct dict_bucket *bucket = &t->buckets[d->moved];
		struct node n = {bucket, DICT_UNITS_MAX};
		table_prefetch(t, d->moved++);
		do {
			for (unsigned i = 0; i < node_count(n); i++)
				take(dict_ptr_get(n.b, i), context);
			d->items -= node_count(n);
		} while (node_next(&n));
		bucket_release_chain(d, bucket);
	}
	if (d->moved < t->count)
		table_drop_passed(d);
	else
		dict_finish_resize(d);
	return d->tables[0].count != 0;
}

/* --- insertion and removal ------------------------------------------------------------------ */

void dict_insert(struct dict *d, uint64_t hash, void *item)
{
	dict_before_change(d, hash);
	if (UNLIKELY(d->tables[0].count == 0))
		table_init(&d->tables[0], 1);
	if (UNLIKELY(dict_is_resizing(d)))
		dict_resize_step(d, DICT_MOVE_BUCKETS);
	else if (UNLIKELY(d->items >= (uint64_t)d->tables[0].count * DICT_LOAD_MAX))
		dict_grow(d);
	ASSERT_SLOW(dict_find_pointer(d, hash, item).bucket == NULL);
	bucket_add(d, dict_bucket_of(d, hash), (uint8_t)hash, item);
	d->items++;
}

struct dict_place dict_find_pointer(const struct dict *d, uint64_t hash, const void *item)
{
	if (d->tables[0].count == 0)
		return (struct dict_place){NULL, 0};
	struct node n = {dict_bucket_of(d, hash), DICT_UNITS_MAX};
	do {
		for (unsigned bits = dict_tag_matches(n.b, n.units, hash); bits != 0;
			bits &= bits - 1) {
			unsigned slot = (unsigned)__builtin_ctz(bits);
			if (dict_ptr_get(n.b, slot) == item)
				return (struct dict_place){n.b, slot};
		}
	} while (node_next(&n));
	return (struct dict_place){NULL, 0};
}

void dict_remove_place(struct dict *d, uint64_t hash, struct dict_place place)
{
	ASSERT(place.bucket != NULL && d->items > 0);
	dict_before_change(d, hash);
	struct node before;
	struct node last = node_last(dict_bucket_of(d, hash), &before);
	unsigned count = node_count(last);
	void *filler = dict_ptr_get(last.b, count - 1);
	uint8_t tag = dict_node_tags(last.b, last.units)[count - 1];
	/* Only the last node can be smaller than a bucket. */
	struct node hole = {place.bucket, place.bucket == last.b ? last.units : DICT_UNITS_MAX};
	node_put(hole, place.slot, filler, tag);
	bucket_trim(d, before, last);
	d->items--;
	if (UNLIKELY(dict_is_resizing(d)))
		dict_resize_step(d, DICT_MOVE_BUCKETS);
	else if (UNLIKELY(dict_is_sparse(d)))
		dict_start_resize(d, d->items / DICT_LOAD_SHRUNK + 1);
}

/* --- visiting ------------------------------------------------------------------------------- */

uint64_t dict_scan(struct dict *d, uint64_t cursor, void (*visit)(void *item, void *context),
	void *context)
{
	uint64_t high = cursor >> (DICT_CURSOR_BITS - 32);
	if (d->tables[0].count == 0 || high > UINT32_MAX)
		return 0;
	bool is_new = high < d->moved_hash;
	const struct dict_table *t = &d->tables[is_new];
	uint32_t index = (uint32_t)((high * t->count) >> 32);
	struct dict_bucket *bucket = &t->buckets[index];
	uint64_t end = bucket_end(index, t->count);
	/* The rest of this bucket's interval still lies in the old table. */
	if (is_new && end > d->moved_hash)
		end = d->moved_hash;

	bool was_paused = d->resize_paused;
	d->resize_paused = true;
	bucket_prefetch_items(bucket);
	for (unsigned i = bucket_items(bucket); i > 0; i--)
		visit(bucket_item(bucket, i - 1), context);
	d->resize_paused = was_paused;
	return end > UINT32_MAX ? 0 : end << (DICT_CURSOR_BITS - 32);
}

/* A bucket that holds items of its own, each with the same chance: those moved, or still to move.
 */
static const struct dict_bucket *dict_random_bucket(const struct dict *d)
{
	uint64_t left = d->tables[0].count - d->moved;
	uint64_t fresh = 0;
	if (d->moved_hash > 0)
		fresh = (((d->moved_hash - 1) * d->tables[1].count) >> 32) + 1;
	uint64_t pick = rand_below(left + fresh);
	if (pick < left)
		return &d->tables[0].buckets[d->moved + pick];
	return &d->tables[1].buckets[pick - left];
}

/* The first item at or behind a random position, for tables that are almost empty. */
static void *dict_random_walk(const struct dict *d)
{
	uint32_t start = (uint32_t)rand_u64();
	uint64_t high = start;
	for (bool wrapped = false; !wrapped || high <= start;) {
		bool is_new = high < d->moved_hash;
		const struct dict_table *t = &d->tables[is_new];
		uint32_t index = (uint32_t)((high * t->count) >> 32);
		unsigned count = bucket_items(&t->buckets[index]);
		if (count > 0)
			return bucket_item(&t->buckets[index], (unsigned)rand_below(count));
		uint64_t end = bucket_end(index, t->count);
		high = is_new && end > d->moved_hash ? d->moved_hash : end;
		if (high > UINT32_MAX) {
			ASSERT(!wrapped);
			wrapped = true;
			high = 0;
		}
	}
	UNREACHABLE();
}

void *dict_random(const struct dict *d)
{
	if (d->items == 0)
		return NULL;
	for (int try = 0; try < DICT_RANDOM_TRIES; try++) {
		const struct dict_bucket *bucket = dict_random_bucket(d);
		unsigned count = bucket_items(bucket);
		uint64_t index = rand_below(count > DICT_RANDOM_ITEMS ? count : DICT_RANDOM_ITEMS);
		if (index < count)
			return bucket_item(bucket, (unsigned)index);
	}
	return dict_random_walk(d);
}

unsigned dict_sample(const struct dict *d, void **items, unsigned count)
{
	unsigned found = 0;
	uint64_t high = (uint32_t)rand_u64();
	if (d->items == 0)
		return 0;
	/* Sparse tables end the walk early: fewer samples are no harm. */
	for (unsigned visits = 0; found < count && visits < 10 * count + 64; visits++) {
		bool is_new = high < d->moved_hash;
		const struct dict_table *t = &d->tables[is_new];
		uint32_t index = (uint32_t)((high * t->count) >> 32);
		unsigned here = bucket_items(&t->buckets[index]);
		unsigned first = here > 0 ? (unsigned)rand_below(here) : 0;
		for (unsigned i = 0; i < here && found < count; i++)
			items[found++] = bucket_item(&t->buckets[index], (first + i) % here);
		uint64_t end = bucket_end(index, t->count);
		high = is_new && end > d->moved_hash ? d->moved_hash : end;
		if (high > UINT32_MAX)
			high = 0;
		if (found >= d->items)
			break;
	}
	if (found == 0 && count > 0) {
		items[0] = dict_random_walk(d);
		found = 1;
	}
	return found;
}

/* --- figures and checks --------------------------------------------------------------------- */

size_t dict_memory_bytes(const struct dict *d)
{
	return table_bytes(&d->tables[0]) + table_bytes(&d->tables[1]) + d->chained_bytes;
}

size_t dict_slot_count(const struct dict *d)
{
	return ((size_t)d->tables[0].count + d->tables[1].count) * DICT_SLOTS;
}

static size_t bucket_check(const struct dict *d, const struct dict_bucket *bucket, size_t *chained)
{
	struct node n = {(struct dict_bucket *)(uintptr_t)bucket, DICT_UNITS_MAX};
	size_t total = 0;
	for (bool more = true; more;) {
		unsigned state = *dict_node_state(n.b, n.units);
		unsigned count = state & DICT_STATE_COUNT;
		ASSERT(count <= dict_node_places(n.units));
		ASSERT(!(state & DICT_CHAINED) ||
			(n.units == DICT_UNITS_MAX && count == DICT_SLOTS - 1));
		ASSERT((const void *)n.b == (const void *)bucket ||
			(count >= 2 && count >= dict_node_places(n.units - 1)));
		for (unsigned i = 0; i < count; i++) {
			uint64_t hash = d->ops->hash(dict_ptr_get(n.b, i));
			ASSERT(dict_bucket_of(d, hash) == bucket);
			ASSERT(dict_node_tags(n.b, n.units)[i] == (uint8_t)hash);
		}
		total += count;
		more = node_next(&n);
		*chained += more ? mem_size_class((size_t)n.units * 16) : 0;
	}
	return total;
}

void dict_check(const struct dict *d)
{
	size_t total = 0;
	size_t chained = 0;
	if (!dict_is_resizing(d))
		ASSERT(d->moved == 0 && d->moved_hash == 0);
	else
		ASSERT(d->moved < d->tables[0].count &&
			(d->moved == 0 ||
				d->moved_hash == bucket_end(d->moved - 1, d->tables[0].count)));
	for (int i = 0; i < 2; i++)
		for (uint32_t b = i == 0 ? d->moved : 0; b < d->tables[i].count; b++)
			total += bucket_check(d, &d->tables[i].buckets[b], &chained);
	ASSERT(total == d->items);
	ASSERT(chained == d->chained_bytes);
}
