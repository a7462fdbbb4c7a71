/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One row per type: all that persistence, DUMP/RESTORE, COPY, lazy free, MEMORY USAGE and DEBUG
 * DIGEST know of it. tests/unit/server/wiring.c runs every row and fails where one has no test.
 */
#ifndef RINGLET_STORE_TYPE_OPS_H
#define RINGLET_STORE_TYPE_OPS_H

#include "base/codec.h"
#include "store/image.h"
#include "store/value.h"

/* Order-free and order-dependent digests of DEBUG DIGEST (SHA-1 over parts). */
struct digest {
	unsigned char sha[20];
};
void digest_mix(struct digest *d, struct bytes part);        /* order matters */
void digest_xor(struct digest *d, struct bytes part);        /* order does not */
void digest_xor_digest(struct digest *d, const struct digest *other);
void digest_mix_digest(struct digest *d, const struct digest *other);

struct type_ops {
	const char *name;           /* TYPE's answer */
	const uint8_t *tags;        /* RDB type bytes that decode accepts, ended by 0xff */
	/* Frees the value at once. */
	void (*free)(struct value *v);
	/* Frees about `effort` elements; true when nothing is left (then v is empty). NULL: free is
	 * always cheap. */
	bool (*free_slice)(struct value *v, size_t effort);
	/* About how many allocations `free` gives back; 1 for packed ones. */
	size_t (*free_effort)(const struct value *v);
	void (*copy)(const struct value *v, struct value *out);
	size_t (*length)(const struct value *v);
	/* Bytes in the allocator, measured on `samples` elements (0 = all). */
	size_t (*memory)(const struct value *v, size_t samples);
	const char *(*encoding)(const struct value *v); /* OBJECT ENCODING */
	/* RDB: the type byte that encode will write the body of, then the body. */
	uint8_t (*tag)(const struct value *v);
	void (*encode)(const struct value *v, struct codec_writer *w);
	/* False on any malformed body (reader's error text says why); nothing leaks then. */
	bool (*decode)(uint8_t tag, struct codec_reader *r, struct value *out);
	void (*digest)(const struct value *v, struct digest *d);
	/* Rewrites as commands (AOF without preamble): calls emit(argv, argc, context). */
	void (*rewrite)(struct bytes key, const struct value *v,
		void (*emit)(const struct bytes *argv, int argc, void *context), void *context);
	/* Walks invariants; aborts on a violation. */
	void (*check)(const struct value *v);
	/* Optional, for types with parts that expire on their own (fields of hashes): none does
	 * before this; INT64_MAX = none expires. */
	int64_t (*soonest_ms)(const struct value *v);
	/* Deletes up to `max` parts past their expiry, looking at not much more; `gone` is told
	 * before each. Called again and again it finds all: soonest_ms is later then. */
	size_t (*expire_parts)(struct value *v, int64_t now_ms, size_t max,
		void (*gone)(struct bytes part, void *context), void *context);
	/* Optional: how a large value is saved piece by piece while it changes. */
	const struct image_ops *image;
	/* A key may hold a value without elements (streams); of other types it is deleted then. */
	bool may_be_empty;
};

/* Filled at start by type_register; never NULL afterwards for types that exist. */
extern const struct type_ops *type_table[TYPE_COUNT];
void type_register(enum value_type type, const struct type_ops *ops);
static inline const struct type_ops *type_ops_of(const struct value *v)
{
	return type_table[v->type];
}
/* The type whose decode takes this RDB tag; NULL = none. */
const struct type_ops *type_by_tag(uint8_t tag, enum value_type *type);

#endif
