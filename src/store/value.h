/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A value: type, encoding and a pointer (or a number, or a view of a short string). It is passed by
 * value or kept on the stack; what lives in memory is an entry (store/entry.h).
 */
#ifndef RINGLET_STORE_VALUE_H
#define RINGLET_STORE_VALUE_H

#include "base/bytes.h"

enum value_type {
	TYPE_STRING,
	TYPE_LIST,
	TYPE_SET,
	TYPE_ZSET,
	TYPE_HASH,
	TYPE_STREAM,
	TYPE_COUNT
};

enum value_encoding {
	/* strings */
	ENC_INT,       /* `integer` */
	ENC_INLINE,    /* `string`: bytes inside the entry: "embstr", or "raw" above 44 bytes */
	ENC_INLINE_RAW,/* the same, but grown by APPEND and the like: always "raw" */
	ENC_BLOB,      /* `ptr` is a struct blob: "raw" */
	/* containers; `ptr` is what types/ says */
	ENC_LISTPACK,
	ENC_QUICKLIST,
	ENC_INTSET,
	ENC_HASHTABLE,
	ENC_SKIPLIST,  /* Redis's word; the structure is an order-statistic tree */
	ENC_STREAM,
	ENC_LISTPACK_TTL,  /* hash with field expiry, packed */
	ENC_HASHTABLE_TTL,
};

struct value {
	uint8_t type;
	uint8_t encoding;
	union {
		void *ptr;
		int64_t integer;
		struct bytes string;
	};
};

/* A long string on its own: reference-counted, so that replies can borrow it. Not changed in place
 * while more than one reference exists. */
struct blob {
	uint32_t refs;
	bool is_big;  /* reserved for page-sized allocations */
	size_t len;
	size_t cap;   /* bytes behind the header */
	char data[];
};

struct blob *blob_new(size_t len, size_t cap); /* data uninitialised */
struct blob *blob_of(struct bytes bytes);
static inline struct bytes blob_bytes(const struct blob *b)
{
	return (struct bytes){b->data, b->len};
}
static inline struct blob *blob_hold(struct blob *b)
{
	b->refs++;
	return b;
}
void blob_drop(void *blob); /* void *: fits reply_bulk_lend's release */
/* The same bytes with one reference and room for `cap`: may move or copy; consumes b. */
struct blob *blob_make_writable(struct blob *b, size_t cap);

/* The bytes of a string value; a number is printed into `scratch` (NUM_I64_MAX_CHARS). */
struct bytes value_string(const struct value *v, char *scratch);
/* Frees what v owns (ENC_INLINE owns nothing); containers through their type_ops. */
void value_release(struct value *v);

#endif
