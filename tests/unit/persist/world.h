/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of RDB files share: keyspaces with something of every type in every encoding, made
 * from a seed, and a writer into memory.
 */
#ifndef RINGLET_TESTS_PERSIST_WORLD_H
#define RINGLET_TESTS_PERSIST_WORLD_H

#include "base/log.h"
#include "base/mem.h"
#include "ds/dict_iter.h"
#include "persist/rdb_reader.h"
#include "persist/rdb_save.h"
#include "store/digest.h"
#include "store/evict.h"
#include "store/parts.h"
#include "store/type_ops.h"
#include "types/config.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/string.h"
#include "types/zset.h"

#include "../unit.h"

#define NOW_MS 1700000000000

static inline struct keyspace *world_new(void)
{
	static char no_file[] = "";
	static const struct log_config silent = {.level = LOG_NOTHING, .file = no_file};
	log_init(&silent);
	type_register(TYPE_STRING, &string_ops);
	type_register(TYPE_LIST, &list_ops);
	type_register(TYPE_SET, &set_ops);
	type_register(TYPE_HASH, &hash_ops);
	type_register(TYPE_ZSET, &zset_ops);
	type_register(TYPE_STREAM, &stream_ops);
	if (types_config.hash_max_listpack_value == 0)
		param_set_defaults(types_params, &types_config);
	struct keyspace *k = keyspace_new(4);
	keyspace_set_time(k, NOW_MS);
	return k;
}

static inline struct bytes world_word(char *room, size_t size, const char *what, unsigned i)
{
	return bytes_of(room, (size_t)snprintf(room, size, "%s%u", what, i));
}

static inline struct value world_container(enum value_type type, unsigned count, bool decays)
{
	char a[32], b[32];
	struct value v = type == TYPE_LIST   ? list_empty
			 : type == TYPE_SET  ? set_empty
			 : type == TYPE_HASH ? hash_empty
					     : zset_empty;
	for (unsigned i = 0; i < count; i++) {
		struct bytes name = world_word(a, sizeof(a), i % 3 == 0 ? "" : "member-", i);
		struct bytes text = world_word(b, sizeof(b), "value-", i * 7);
		if (type == TYPE_LIST)
			list_push(&v, name, LIST_RIGHT);
		else if (type == TYPE_SET)
			set_add(&v, name);
		else if (type == TYPE_HASH)
			hash_set(&v, NOW_MS, name, text);
		else
			zset_set(&v, name, i / 4.0);
		if (decays && type == TYPE_HASH && i % 2 == 0)
			hash_set_expiry_ms(&v, name, NOW_MS + 5000 + i);
	}
	return v;
}

static inline void world_put(struct db *db, struct bytes name, struct value v, int64_t expiry_ms)
{
	db_set_value(db, key_of(name), &v, expiry_ms);
}

/* Something of everything; `decays`: also fields that expire. */
static inline void world_fill(struct keyspace *k, unsigned seed, bool decays)
{
	static const unsigned sizes[] = {1, 3, 100, 700};
	char name[32], big[70000];
	for (unsigned i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * i * (seed + 3) >> 5);
	for (unsigned i = 0; i < 200; i++) {
		struct db *db = &k->dbs[(i + seed) % 3];
		struct bytes text = bytes_of(big, (i * 37 * seed) % (i % 50 == 0 ? 70000 : 200));
		int64_t expiry = i % 5 == 0 ? NOW_MS + 1000 * (int64_t)(i + 1) : EXPIRY_NONE;
		db_set_string(db, key_of(world_word(name, sizeof(name), "s", i)),
			i % 4 == 0 ? world_word(big, sizeof(big), "", i * 12345) : text, expiry);
	}
	for (unsigned i = 0; i < 32; i++)
		world_put(&k->dbs[i % 2], world_word(name, sizeof(name), "c", i),
			world_container(TYPE_LIST + i % 4, sizes[i / 4 % 4], decays && i % 3 == 0),
			i % 7 == 0 ? NOW_MS + 77777 : EXPIRY_NONE);
}

static inline void world_expect_expiries(const struct db *a, const struct db *b)
{
	struct dict_iter it;
	const struct entry *e;
	dict_iter_init(&it, &a->expiring);
	while ((e = dict_iter_next(&it)) != NULL)
		assert_int_equal(entry_expiry_ms(e),
			entry_expiry_ms(db_peek(b, key_of(entry_key(e)))));
}

static inline void world_expect_equal(struct keyspace *a, struct keyspace *b)
{
	unsigned char of_a[20], of_b[20];
	keyspace_digest(a, of_a);
	keyspace_digest(b, of_b);
	assert_memory_equal(of_a, of_b, sizeof(of_a));
	for (int i = 0; i < a->db_count; i++) {
		assert_int_equal(db_size(&a->dbs[i]), db_size(&b->dbs[i]));
		assert_int_equal(dict_count(&a->dbs[i].expiring), dict_count(&b->dbs[i].expiring));
		assert_int_equal(dict_count(&a->dbs[i].decaying), dict_count(&b->dbs[i].decaying));
		dict_check(&b->dbs[i].entries);
		dict_check(&b->dbs[i].expiring);
		world_expect_expiries(&a->dbs[i], &b->dbs[i]);
	}
}

static inline void world_drain(struct rdb_writer *w)
{
	buf_add_bytes(w->context, buf_bytes(&w->buf));
	buf_clear(&w->buf);
}

static inline struct buf world_save(const struct keyspace *k, bool compress, bool checksum)
{
	struct buf file = {0};
	struct rdb_writer w;
	const struct rdb_save_options options = {.keyspace = k};
	rdb_writer_init(&w, compress, checksum, world_drain, &file);
	rdb_save_to(&w, &options);
	assert_int_equal(rdb_written(&w), file.len);
	rdb_writer_release(&w);
	return file;
}

static inline enum rdb_load_status world_load(
	struct keyspace *k, struct bytes file, struct rdb_load_report *report)
{
	const struct rdb_load_options options = {.keyspace = k, .checksum = true};
	return rdb_load_bytes(file, &options, report);
}

/* A file by hand: header of this version, a body, EOF, checksum 0 (not looked at). */
static inline struct buf world_file(const char *version, const void *body, size_t len)
{
	struct buf file = {0};
	buf_add_text(&file, "REDIS");
	buf_add_text(&file, version);
	buf_add(&file, body, len);
	buf_add(&file, "\xff\0\0\0\0\0\0\0\0", 9);
	return file;
}

#define FILE_OF(version, literal) world_file(version, literal, sizeof(literal) - 1)

#endif
