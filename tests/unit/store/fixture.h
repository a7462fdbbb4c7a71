/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of the store share: a keyspace with two databases, a sink that writes changes down
 * as text ("0:key:set ..."), and a container type of the simplest kind (a counted pile of
 * allocations in TYPE_LIST's place), so that the store is tested without the real types.
 */
#ifndef RINGLET_TESTS_STORE_FIXTURE_H
#define RINGLET_TESTS_STORE_FIXTURE_H

#include "base/mem.h"
#include "base/num.h"
#include "store/keyspace.h"
#include "store/type_ops.h"

#include "../unit.h"

#define NOW_MS 1700000000000

/* --- the pile ------------------------------------------------------------------------------- */

struct pile {
	size_t count;
	void **parts;
};

static size_t piles_alive;

static inline struct value pile_new(size_t count)
{
	struct pile *p = mem_alloc(sizeof(*p));
	p->count = count;
	p->parts = mem_alloc((count + 1) * sizeof(void *));
	for (size_t i = 0; i < count; i++)
		p->parts[i] = mem_alloc(24);
	piles_alive++;
	return (struct value){.type = TYPE_LIST, .encoding = ENC_QUICKLIST, .ptr = p};
}

static inline bool pile_free_slice(struct value *v, size_t effort)
{
	struct pile *p = v->ptr;
	for (; effort > 0 && p->count > 0; effort--)
		mem_free(p->parts[--p->count]);
	if (p->count > 0)
		return false;
	mem_free(p->parts);
	mem_free(p);
	piles_alive--;
	return true;
}

static inline void pile_free(struct value *v)
{
	pile_free_slice(v, SIZE_MAX);
}

static inline size_t pile_length(const struct value *v)
{
	return ((struct pile *)v->ptr)->count;
}

static inline const char *pile_encoding(const struct value *v)
{
	(void)v;
	return "pile";
}

static inline void pile_copy(const struct value *v, struct value *out)
{
	*out = pile_new(pile_length(v));
}

static inline size_t pile_memory(const struct value *v, size_t samples)
{
	(void)samples;
	return pile_length(v) * 32;
}

static inline uint8_t pile_tag(const struct value *v)
{
	(void)v;
	return 1;
}

static inline void pile_encode(const struct value *v, struct codec_writer *w)
{
	codec_write_length(w, pile_length(v));
}

static inline bool pile_decode(uint8_t tag, struct codec_reader *r, struct value *out)
{
	uint64_t count;
	if (!codec_read_length(r, &count))
		return false;
	if (tag != 1 || count > 1000)
		return codec_fail(r, "too high a pile");
	*out = pile_new(count);
	return true;
}

/* Its parts have no order. */
static inline void pile_digest(const struct value *v, struct digest *d)
{
	for (size_t i = 0; i < pile_length(v); i++)
		digest_xor(d, bytes_of(&i, sizeof(i)));
}

static const uint8_t pile_tags[] = {1, 7, 0xff};

static const struct type_ops pile_ops = {
	.name = "pile",
	.tags = pile_tags,
	.free = pile_free,
	.free_slice = pile_free_slice,
	.free_effort = pile_length,
	.copy = pile_copy,
	.length = pile_length,
	.memory = pile_memory,
	.encoding = pile_encoding,
	.tag = pile_tag,
	.encode = pile_encode,
	.decode = pile_decode,
	.digest = pile_digest,
};

/* --- the keyspace --------------------------------------------------------------------------- */

struct fixture {
	struct keyspace *k;
	struct db *db;
	char told[4096]; /* changes so far */
	size_t memory;
};

static inline void fixture_note(const struct change *c, void *context)
{
	struct fixture *f = context;
	size_t len = strlen(f->told);
	const char *cause[] = {
		"", "!expired", "!evicted", "!flushed", "!migrated", "!part"};
	if (len + c->key.len + 64 > sizeof(f->told))
		return;
	snprintf(f->told + len, sizeof(f->told) - len, "%s%d:%.*s:%s%s%s", len > 0 ? " " : "",
		c->db->id, (int)c->key.len, c->key.len > 0 ? c->key.ptr : "", c->event,
		cause[c->cause], c->is_notice_only ? "?" : "");
	if (c->key.len > 0)
		assert_true(c->hash == hash_bytes(c->key.ptr, c->key.len));
}

static inline void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->memory = mem_used_bytes();
	type_register(TYPE_LIST, &pile_ops);
	f->k = keyspace_new(2);
	f->db = &f->k->dbs[0];
	keyspace_set_time(f->k, NOW_MS);
	keyspace_add_sink(f->k, (struct change_sink){fixture_note, f});
}

struct fixture_count {
	struct db *db;
	size_t expiring;
};

static inline void fixture_check_entry(void *item, void *context)
{
	struct fixture_count *c = context;
	struct entry *e = item;
	struct bytes key = entry_key(e);
	uint64_t hash = hash_bytes(key.ptr, key.len);
	bool is_expiring = dict_find_pointer(&c->db->expiring, hash, e).bucket != NULL;
	assert_true(is_expiring == ((e->flags & ENTRY_EXPIRY) != 0));
	assert_true(!(e->flags & ENTRY_WORD) || e->inline_len == 0);
	assert_true(mem_usable_size(e) >= entry_size(e));
	c->expiring += is_expiring;
}

/* Both dictionaries are sound and know the same entries. */
static inline void fixture_check_db(struct db *db)
{
	struct fixture_count c = {db, 0};
	uint64_t cursor = 0;
	dict_check(&db->entries);
	dict_check(&db->expiring);
	do {
		cursor = dict_scan(&db->entries, cursor, fixture_check_entry, &c);
	} while (cursor != 0);
	assert_int_equal(c.expiring, dict_count(&db->expiring));
}

/* Everything is given back. */
static inline void fixture_close(struct fixture *f)
{
	for (int i = 0; i < f->k->db_count; i++)
		fixture_check_db(&f->k->dbs[i]);
	keyspace_free(f->k);
	assert_int_equal(piles_alive, 0);
	assert_int_equal(mem_used_bytes(), f->memory);
}

/* What was told since the last call. */
#define assert_told(f, text)                                                                       \
	do {                                                                                       \
		assert_string_equal((f)->told, text);                                              \
		(f)->told[0] = '\0';                                                               \
	} while (0)

static inline struct key key_text(const char *text)
{
	return key_of(bytes_text(text));
}

static inline struct entry *set_text(struct db *db, const char *key, const char *value,
	int64_t expiry_ms)
{
	return db_set_string(db, key_text(key), bytes_text(value), expiry_ms);
}

#define assert_entry_text(e, text)                                                                 \
	do {                                                                                       \
		char scratch_[NUM_I64_MAX_CHARS];                                                  \
		struct value v_ = entry_value(e);                                                  \
		struct bytes b_ = value_string(&v_, scratch_);                                     \
		assert_text_equal(b_.ptr, b_.len, text);                                           \
	} while (0)

#endif
