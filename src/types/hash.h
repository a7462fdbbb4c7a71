/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Hashes: a listpack of fields and values in turn (with a field that expires: of fields, values and
 * expiries, the soonest first), or a table of pairs (types/pair.h); which one follows from
 * types_config. Data only: it must not know sessions or replies.
 *
 * A value whose `ptr` is NULL is an empty hash: all functions take it.
 * Invariant: fields are distinct as texts. A packed hash keeps them in the order they came in.
 *
 * Time is handed in: a field past its expiry at `now_ms` is there until somebody deletes it, but is
 * not shown.
 */
#ifndef RINGLET_TYPES_HASH_H
#define RINGLET_TYPES_HASH_H

#include "ds/dict_iter.h"
#include "ds/listpack.h"
#include "store/type_ops.h"

extern const struct type_ops hash_ops;
extern const struct value hash_empty;

#define HASH_NO_EXPIRY (-1)
#define HASH_NO_FIELD (-2)
#define HASH_EVERYTHING INT64_MIN /* as now_ms: nothing is past its expiry */
#define HASH_NEVER INT64_MAX      /* no field expires */
#define HASH_EXPIRY_MAX_MS (((int64_t)1 << 46) - 1)

enum hash_state { HASH_MISSING, HASH_LIVE, HASH_EXPIRED };

/* Fields past their expiry count as long as they are there. */
size_t hash_length(const struct value *v);
/* Prepares for setting the fields and values in turn in texts[0 … count - 1]: leaves the packed
 * form when one is too long or there are too many. */
void hash_reserve(struct value *v, const struct bytes *texts, size_t count);
/* True when the field was new or expired. It no longer expires. */
bool hash_set(struct value *v, int64_t now_ms, struct bytes field, struct bytes value);
/* Gives a field that is there another value; its expiry stays. */
void hash_update(struct value *v, struct bytes field, struct bytes value);
/* True when it was there, expired or not. */
bool hash_delete(struct value *v, struct bytes field);
/* The view is given for expired fields too and holds until the hash is changed. */
enum hash_state hash_get(
	const struct value *v, int64_t now_ms, struct bytes field, struct listpack_item *value);
void hash_free(struct value *v);

/* --- expiry of fields --- */

/* Absolute milliseconds, HASH_NO_EXPIRY or HASH_NO_FIELD. */
int64_t hash_expiry_ms(const struct value *v, struct bytes field);
/* Of a field that is there; HASH_NO_EXPIRY takes it away. */
void hash_set_expiry_ms(struct value *v, struct bytes field, int64_t at_ms);
/* No field expires before this; HASH_NEVER when none does. */
int64_t hash_soonest_ms(const struct value *v);
/* Deletes up to `max` fields past their expiry, looking at not much more; `gone` is told of each
 * before. Called again and again it finds all: hash_soonest_ms is later than now_ms then. Returns
 * how many. */
size_t hash_expire(struct value *v, int64_t now_ms, size_t max,
	void (*gone)(struct bytes field, void *context), void *context);

/* --- walks and samples: of live fields --- */

/* The hash is not changed meanwhile. Items are views into it. */
struct hash_iter {
	const struct value *hash;
	int64_t now_ms;
	int64_t expiry_ms;       /* of the field given last */
	const unsigned char *at; /* listpack */
	struct dict_iter table;
};
void hash_iter_init(struct hash_iter *it, const struct value *v, int64_t now_ms);
bool hash_next(struct hash_iter *it, struct listpack_item *field, struct listpack_item *value);

/* A field and its value, as visitors get them; the views hold during the call. */
typedef void hash_visit(
	const struct listpack_item *field, const struct listpack_item *value, void *context);

/* A uniformly random field; false when there is none. No field may be expired (hash_expire first).
 */
bool hash_random(const struct value *v, struct listpack_item *field, struct listpack_item *value);
/* `count` distinct fields, every combination with the same chance; at most all of them. As above.
 */
void hash_sample(const struct value *v, size_t count, hash_visit *visit, void *context);

struct hash_scan {
	int64_t now_ms;
	uint64_t cursor; /* in and out: 0 at the beginning and at the end */
	size_t count;
};
/* HSCAN: packed hashes are visited whole. */
void hash_scan(struct value *v, struct hash_scan *scan, hash_visit *visit, void *context);

#endif
