/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keyspace's writing half (lookups are inline in the header). Invariant: `expiring` holds
 * exactly the entries of `entries` that have ENTRY_EXPIRY, by the same pointers; whatever moves an
 * entry puts both right before either dictionary can read an item again (a resize reads keys).
 */
#include "store/keyspace.h"

#include "base/mem.h"
#include "base/num.h"
#include "store/evict.h"
#include "store/graveyard.h"
#include "store/parts.h"
#include "store/preimage.h"
#include "store/slice.h"
#include "store/type_ops.h"

/* db_random gives up on finding a live key after so many expired ones. */
#define RANDOM_TRIES 100
/* Buckets moved between two looks at the clock. */
#define RESIZE_BUCKETS 8

static uint64_t keyspace_entry_hash(const void *item)
{
	struct bytes key = entry_key(item);
	return hash_bytes(key.ptr, key.len);
}

static const struct dict_ops entry_ops = {keyspace_entry_hash};

struct keyspace *keyspace_new(int db_count)
{
	ASSERT(db_count > 0 && db_count <= UINT16_MAX);
	struct keyspace *k = mem_calloc(1, sizeof(*k));
	k->dbs = mem_calloc((size_t)db_count, sizeof(*k->dbs));
	k->db_count = db_count;
	for (int i = 0; i < db_count; i++) {
		struct db *db = &k->dbs[i];
		dict_init(&db->entries, &entry_ops);
		dict_init(&db->expiring, &entry_ops);
		dict_init(&db->decaying, &entry_ops);
		db->id = (uint16_t)i;
		db->keyspace = k;
	}
	k->allow_expiry = 1;
	k->cause = CHANGE_COMMAND;
	k->config = (struct keyspace_config){
		.policy = POLICY_NOEVICTION,
		.maxmemory_samples = 5,
		.eviction_tenacity = 10,
		.lfu_log_factor = 10,
		.lfu_decay_minutes = 1,
		.active_expire_effort = 1,
		.active_expire = true,
	};
	return k;
}

static void keyspace_bury_db(struct keyspace *k, struct db *db, bool lazy)
{
	if (UNLIKELY(k->preimage != NULL))
		k->preimage->take(db, k->preimage->context);
	grave_bury_dict(k, &db->expiring, false, lazy);
	grave_bury_dict(k, &db->decaying, false, lazy);
	grave_bury_dict(k, &db->entries, true, lazy);
	db->expire_cursor = 0;
	db->parts_cursor = 0;
	db->avg_ttl_ms = 0;
}

void keyspace_free(struct keyspace *k)
{
	for (int i = 0; i < k->db_count; i++)
		keyspace_bury_db(k, &k->dbs[i], false);
	while (grave_dig(k))
		continue;
	mem_free(k->pool);
	mem_free(k->dbs);
	mem_free(k);
}

HOT void keyspace_set_time(struct keyspace *k, int64_t now_ms)
{
	k->now_ms = now_ms;
	k->lru_clock = (uint32_t)(now_ms / 1000) & LRU_CLOCK_MAX;
}

/* --- changes -------------------------------------------------------------------------------- */

int keyspace_add_sink(struct keyspace *k, struct change_sink sink)
{
	ASSERT(k->sink_count < KEYSPACE_SINKS_MAX);
	k->sinks[k->sink_count] = sink;
	keyspace_arm_sink(k, k->sink_count, true);
	return k->sink_count++;
}

static inline void keyspace_tell(struct keyspace *k, const struct change *change)
{
	for (uint32_t armed = k->sinks_armed; armed != 0; armed &= armed - 1) {
		int i = __builtin_ctz(armed);
		k->sinks[i].changed(change, k->sinks[i].context);
	}
}

HOT void db_publish(struct db *db, struct key key, uint32_t event_class, const char *event)
{
	struct keyspace *k = db->keyspace;
	struct change change = {
		.db = db,
		.key = key.name,
		.hash = key.hash,
		.cause = k->cause,
		.event_class = event_class,
		.event = event,
	};
	k->dirty++;
	keyspace_tell(k, &change);
}

void db_notice(struct db *db, struct key key, uint32_t event_class, const char *event)
{
	struct keyspace *k = db->keyspace;
	if (LIKELY(!(k->notices & event_class)))
		return;
	struct change change = {
		.db = db,
		.key = key.name,
		.hash = key.hash,
		.cause = k->cause,
		.event_class = event_class,
		.event = event,
		.is_notice_only = true,
	};
	keyspace_tell(k, &change);
}

/* --- moving entries about ------------------------------------------------------------------- */

/* Takes the entry out of all dictionaries. */
static void db_unlink(struct db *db, uint64_t hash, struct entry *e)
{
	db_before_change(db, e);
	struct dict_place place = dict_find_pointer(&db->entries, hash, e);
	ASSERT(place.bucket != NULL);
	dict_remove_place(&db->entries, hash, place);
	if (e->flags & ENTRY_EXPIRY) {
		place = dict_find_pointer(&db->expiring, hash, e);
		ASSERT(place.bucket != NULL);
		dict_remove_place(&db->expiring, hash, place);
	}
	if (UNLIKELY(e->flags & ENTRY_PARTS))
		db_forget_parts(db, hash, e);
}

struct entry *db_reshape(struct db *db, struct key key, struct entry *e, unsigned flags,
	size_t inline_len)
{
	bool had_expiry = e->flags & ENTRY_EXPIRY;
	bool has_expiry = flags & ENTRY_EXPIRY;
	struct dict_place in_expiring = {NULL, 0};
	if (had_expiry) {
		in_expiring = dict_find_pointer(&db->expiring, key.hash, e);
		ASSERT(in_expiring.bucket != NULL);
	}
	struct dict_place in_entries = dict_find_pointer(&db->entries, key.hash, e);
	ASSERT(in_entries.bucket != NULL && ((flags ^ e->flags) & ENTRY_PARTS) == 0);
	struct dict_place in_decaying = {NULL, 0};
	if (UNLIKELY(flags & ENTRY_PARTS))
		in_decaying = dict_find_pointer(&db->decaying, key.hash, e);

	e = entry_reshape(e, flags, inline_len);
	dict_place_set(in_entries, e);
	if (UNLIKELY(flags & ENTRY_PARTS))
		dict_place_set(in_decaying, e);
	if (had_expiry) {
		dict_place_set(in_expiring, e);
		if (!has_expiry)
			dict_remove_place(&db->expiring, key.hash, in_expiring);
	} else if (has_expiry) {
		dict_insert(&db->expiring, key.hash, e);
	}
	return e;
}

/* --- writing -------------------------------------------------------------------------------- */

/* What a value takes inside an entry. */
struct shape {
	uint8_t type;
	uint8_t encoding;
	bool has_word;
	uint64_t word;
	struct bytes bytes; /* behind the key; empty where there is a word */
};

/* Integers are kept as such only in the one text form that gives the same bytes back. */
static inline bool text_is_i64(struct bytes text, int64_t *out)
{
	if (text.len == 0 || text.len > NUM_I64_MAX_CHARS)
		return false;
	char first = text.ptr[0];
	if (first != '-' && (first < '0' || first > '9'))
		return false;
	return num_parse_i64(text, out);
}

static inline struct shape shape_of_text(struct bytes text)
{
	int64_t number;
	struct shape s = {.type = TYPE_STRING, .encoding = ENC_INLINE};
	if (text_is_i64(text, &number)) {
		s.encoding = ENC_INT;
		s.has_word = true;
		s.word = (uint64_t)number;
	} else if (LIKELY(text.len <= ENTRY_INLINE_MAX_BYTES)) {
		s.bytes = text;
	} else {
		s.encoding = ENC_BLOB;
		s.has_word = true;
		s.word = (uint64_t)(uintptr_t)blob_of(text);
	}
	return s;
}

static inline void shape_fill(const struct shape *s, struct entry *e)
{
	e->type = s->type & 15;
	e->encoding = s->encoding & 15;
	if (s->has_word)
		memcpy(entry_word_ptr(e), &s->word, 8);
	else if (s->bytes.len > 0)
		memmove(entry_inline(e), s->bytes.ptr, s->bytes.len);
}

static inline bool entry_owns_pointer(const struct entry *e)
{
	return e->flags & ENTRY_WORD && !(e->type == TYPE_STRING && e->encoding == ENC_INT);
}

static struct entry *db_add(struct db *db, struct key key, const struct shape *s, int64_t expiry_ms)
{
	bool expires = expiry_ms >= 0;
	unsigned flags = (s->has_word ? ENTRY_WORD : 0) | (expires ? ENTRY_EXPIRY : 0) |
		db->keyspace->generation;
	struct entry *e = entry_new(key.name, flags, s->bytes.len);
	shape_fill(s, e);
	entry_start_access(db->keyspace, e);
	dict_insert(&db->entries, key.hash, e);
	if (expires) {
		entry_set_expiry(e, expiry_ms);
		dict_insert(&db->expiring, key.hash, e);
	}
	db_notice(db, key, EVENT_NEW, "new");
	return e;
}

static inline bool bytes_lie_in(struct bytes bytes, const struct entry *e, size_t size)
{
	return (uintptr_t)bytes.ptr - (uintptr_t)e < size;
}

/* Another value in place of the entry's own, which is freed. */
static struct entry *db_overwrite(struct db *db, struct key key, struct entry *e,
	const struct shape *s, int64_t expiry_ms)
{
	db_before_change(db, e);
	if (UNLIKELY(e->flags & ENTRY_PARTS))
		db_forget_parts(db, key.hash, e);
	unsigned flags = e->flags & (ENTRY_LONG_KEY | ENTRY_GENERATION);
	if (s->has_word)
		flags |= ENTRY_WORD;
	if (expiry_ms >= 0 || (expiry_ms == EXPIRY_KEEP && e->flags & ENTRY_EXPIRY))
		flags |= ENTRY_EXPIRY;
	bool owns = entry_owns_pointer(e);
	struct value old = entry_value(e);
	size_t size = entry_size(e);
	size_t new_size = entry_head_bytes(flags) + entry_key(e).len + s->bytes.len;

	if (flags == e->flags && mem_size_class(size) == mem_size_class(new_size)) {
		e->inline_len = (uint16_t)s->bytes.len;
		if (!s->has_word && s->bytes.len > 0)
			memmove(entry_inline(e), s->bytes.ptr, s->bytes.len);
		else if (s->has_word)
			memcpy(entry_word_ptr(e), &s->word, 8);
		e->type = s->type & 15;
		e->encoding = s->encoding & 15;
	} else {
		struct shape copy = *s;
		bool is_own = s->bytes.len > 0 && bytes_lie_in(s->bytes, e, size);
		if (UNLIKELY(is_own))
			copy.bytes.ptr = mem_dup(s->bytes.ptr, s->bytes.len);
		e = db_reshape(db, key, e, flags, s->bytes.len);
		shape_fill(&copy, e);
		if (UNLIKELY(is_own))
			mem_free((void *)(uintptr_t)copy.bytes.ptr);
	}
	if (expiry_ms >= 0)
		entry_set_expiry(e, expiry_ms);
	db_touch(db, e);
	if (UNLIKELY(owns))
		grave_bury_value(db->keyspace, &old, db->keyspace->config.lazy_server_del);
	return e;
}

HOT struct entry *db_set_string(
	struct db *db, struct key key, struct bytes value, int64_t expiry_ms)
{
	struct entry *e = db_find(db, key);
	struct shape s = shape_of_text(value);
	if (e == NULL && UNLIKELY(db->keyspace->allow_expiry == 0))
		e = db_peek(db,
			key); /* expired but not ours to delete: it is in the way all the same */
	return e == NULL ? db_add(db, key, &s, expiry_ms) : db_overwrite(db, key, e, &s, expiry_ms);
}

/* Consumes the value: a short blob becomes inline bytes of `s`, and must be dropped behind it. */
static struct shape shape_of_value(const struct value *v, struct blob **to_drop)
{
	struct shape s = {.type = v->type, .encoding = v->encoding};
	*to_drop = NULL;
	if (v->type != TYPE_STRING || v->encoding == ENC_INT) {
		s.has_word = true;
		memcpy(&s.word, &v->ptr, 8);
		return s;
	}
	struct bytes bytes = v->encoding == ENC_BLOB ? blob_bytes(v->ptr) : v->string;
	if (bytes.len > ENTRY_INLINE_MAX_BYTES) {
		struct blob *b = v->encoding == ENC_BLOB ? v->ptr : blob_of(bytes);
		s.encoding = ENC_BLOB;
		s.has_word = true;
		s.word = (uint64_t)(uintptr_t)b;
		return s;
	}
	s.bytes = bytes;
	if (v->encoding == ENC_BLOB) {
		s.encoding = ENC_INLINE;
		*to_drop = v->ptr;
	}
	return s;
}

static void value_forget(struct value *v)
{
	*v = (struct value){.type = TYPE_STRING, .encoding = ENC_INT};
}

struct entry *db_set_value(struct db *db, struct key key, struct value *value, int64_t expiry_ms)
{
	struct blob *to_drop;
	struct entry *e = db_find(db, key);
	if (e == NULL && UNLIKELY(db->keyspace->allow_expiry == 0))
		e = db_peek(db, key);
	struct shape s = shape_of_value(value, &to_drop);
	if (e == NULL)
		e = db_add(db, key, &s, expiry_ms);
	else
		e = db_overwrite(db, key, e, &s, expiry_ms);
	if (to_drop != NULL)
		blob_drop(to_drop);
	value_forget(value);
	db_note_parts(db, key, e);
	return e;
}

struct entry *db_update_value(
	struct db *db, struct key key, struct entry *e, const struct value *value)
{
	struct blob *to_drop;
	ASSERT(e->type == value->type);
	struct shape s = shape_of_value(value, &to_drop);
	unsigned flags = (e->flags & ~(unsigned)ENTRY_WORD) | (s.has_word ? ENTRY_WORD : 0);
	if (flags != e->flags || s.bytes.len != e->inline_len) {
		struct shape copy = s;
		bool is_own = s.bytes.len > 0 && bytes_lie_in(s.bytes, e, entry_size(e));
		if (UNLIKELY(is_own))
			copy.bytes.ptr = mem_dup(s.bytes.ptr, s.bytes.len);
		e = db_reshape(db, key, e, flags, s.bytes.len);
		shape_fill(&copy, e);
		if (UNLIKELY(is_own))
			mem_free((void *)(uintptr_t)copy.bytes.ptr);
	} else if (s.has_word || entry_inline(e) != s.bytes.ptr) {
		shape_fill(&s, e);
	} else {
		e->encoding = s.encoding & 15;
	}
	if (to_drop != NULL)
		blob_drop(to_drop);
	return e;
}

struct entry *db_set_expiry(struct db *db, struct key key, struct entry *e, int64_t expiry_ms)
{
	db_before_change(db, e);
	unsigned flags = e->flags & ~(unsigned)ENTRY_EXPIRY;
	if (expiry_ms >= 0)
		flags |= ENTRY_EXPIRY;
	if (flags != e->flags)
		e = db_reshape(db, key, e, flags, e->inline_len);
	if (expiry_ms >= 0)
		entry_set_expiry(e, expiry_ms);
	return e;
}

/* --- removing ------------------------------------------------------------------------------- */

void db_delete_entry(struct db *db, struct key key, struct entry *e, bool lazy)
{
	db_unlink(db, key.hash, e);
	if (entry_owns_pointer(e)) {
		struct value v = entry_value(e);
		grave_bury_value(db->keyspace, &v, lazy);
	}
	entry_free(e);
}

void db_remove_because(struct db *db, struct key key, struct entry *e, const struct change *why,
	bool lazy)
{
	db_unlink(db, key.hash, e);
	struct change change = *why;
	change.db = db;
	change.key = key.name;
	change.hash = key.hash;
	bool is_eviction = why->cause == CHANGE_EVICTED;
	size_t before = is_eviction ? mem_used_bytes() : 0;
	keyspace_tell(db->keyspace, &change);
	if (is_eviction)
		db->keyspace->told_bytes += mem_used_bytes() - before;
	if (entry_owns_pointer(e)) {
		struct value v = entry_value(e);
		grave_bury_value(db->keyspace, &v, lazy);
	}
	entry_free(e);
}

void db_detach(struct db *db, struct key key, struct entry *e, struct value *out)
{
	db_unlink(db, key.hash, e);
	*out = entry_value(e);
	/* The bytes go with the entry: what is handed over must stand on its own. */
	if (!(e->flags & ENTRY_WORD)) {
		out->ptr = blob_of(out->string);
		out->encoding = ENC_BLOB;
	}
	entry_free(e);
}

uint64_t keyspace_bury(struct keyspace *k, int db, bool lazy)
{
	int first = db < 0 ? 0 : db;
	int last = db < 0 ? k->db_count - 1 : db;
	uint64_t keys = 0;
	for (int i = first; i <= last; i++) {
		struct db *one = &k->dbs[i];
		struct change change = {
			.db = one,
			.cause = CHANGE_FLUSHED,
			.event_class = EVENT_SILENT,
			.event = "flushdb",
		};
		keyspace_tell(k, &change);
		keys += db_size(one);
		keyspace_bury_db(k, one, lazy);
	}
	k->dirty += keys;
	return keys;
}

uint64_t keyspace_flush(struct keyspace *k, int db, bool lazy)
{
	uint64_t keys = keyspace_bury(k, db, lazy);
	if (!lazy)
		while (grave_dig(k))
			continue;
	return keys;
}

void keyspace_swap(struct keyspace *k, int a, int b)
{
	ASSERT(a >= 0 && a < k->db_count && b >= 0 && b < k->db_count);
	struct db swapped = k->dbs[a];
	k->dbs[a] = k->dbs[b];
	k->dbs[b] = swapped;
	k->dbs[a].id = (uint16_t)a;
	k->dbs[b].id = (uint16_t)b;
}

/* --- the rest ------------------------------------------------------------------------------- */

struct entry *db_random(struct db *db)
{
	for (int try = 0; try < RANDOM_TRIES; try++) {
		struct entry *e = dict_random(&db->entries);
		if (e == NULL || !entry_is_expired(e, db->keyspace->now_ms))
			return e;
		/* Where every key expires, all may be dead: don't look for ever. */
		db_expire_entry(db, key_of(entry_key(e)), e);
	}
	return NULL;
}

bool keyspace_resize_slice(struct keyspace *k, int64_t budget_us)
{
	struct slice slice = slice_begin(k, budget_us);
	for (int i = 0; i < 3 * k->db_count; i++) {
		struct db *db = &k->dbs[i / 3];
		struct dict *const dicts[] = {&db->entries, &db->expiring, &db->decaying};
		struct dict *d = dicts[i % 3];
		while (dict_resize_step(d, RESIZE_BUCKETS))
			if (slice_spend(&slice, RESIZE_BUCKETS))
				return true;
	}
	return false;
}

size_t keyspace_overhead_bytes(const struct keyspace *k)
{
	size_t bytes = sizeof(*k) + (size_t)k->db_count * sizeof(*k->dbs);
	for (int i = 0; i < k->db_count; i++)
		bytes += dict_memory_bytes(&k->dbs[i].entries) +
			dict_memory_bytes(&k->dbs[i].expiring) +
			dict_memory_bytes(&k->dbs[i].decaying);
	return bytes;
}
