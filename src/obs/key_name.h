/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A key as the lists of hot and big keys remember it, in a fixed room: its hash, and as much of its
 * name as fits. Keys are told apart by their hash and length; a name that did not fit is shown only
 * where the key is still there to be asked.
 */
#ifndef RINGLET_OBS_KEY_NAME_H
#define RINGLET_OBS_KEY_NAME_H

#include "store/keyspace.h"

#define KEY_NAME_BYTES 112 /* kept of a longer name */

struct key_name {
	uint64_t hash;
	size_t len; /* of the whole name */
	uint16_t db;
	char head[KEY_NAME_BYTES];
};

static inline size_t key_name_kept(const struct key_name *n)
{
	return n->len < KEY_NAME_BYTES ? n->len : KEY_NAME_BYTES;
}

static inline void key_name_set(struct key_name *n, uint16_t db, struct key key)
{
	n->hash = key.hash;
	n->len = key.name.len;
	n->db = db;
	memcpy(n->head, key.name.ptr, key_name_kept(n));
}

static inline bool key_name_is_of(const void *item, const void *name)
{
	const struct key_name *n = name;
	struct bytes own = entry_key(item);
	return own.len == n->len && memcmp(own.ptr, n->head, key_name_kept(n)) == 0;
}

/* Its live entry; NULL = none. */
static inline const struct entry *key_name_entry(
	const struct key_name *n, const struct keyspace *k)
{
	if (n->db >= k->db_count)
		return NULL;
	const struct entry *e = dict_find(&k->dbs[n->db].entries, n->hash, key_name_is_of, n);
	return e == NULL || entry_is_expired(e, k->now_ms) ? NULL : e;
}

/* The whole name, borrowed from `n` or the entry; ptr NULL = it is not known any more. */
static inline struct bytes key_name_text(const struct key_name *n, const struct entry *e)
{
	if (n->len <= KEY_NAME_BYTES)
		return bytes_of(n->head, n->len);
	return e != NULL ? entry_key(e) : bytes_of(NULL, 0);
}

#endif
