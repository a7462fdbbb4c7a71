/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An entry of the keyspace: key, expiry and value in one allocation.
 *
 *   struct entry (8 bytes) [expiry 8] [word 8] [long key length 8] key [inline value]
 *
 * `word` is the pointer of a container or blob, or the integer; strings up to
 * ENTRY_INLINE_MAX_BYTES live behind the key. Optional parts cost nothing where they are absent: a
 * 16-byte key with a 16-byte value is one allocation of 40 bytes (class 48), with a TTL exactly 48.
 */
#ifndef RINGLET_STORE_ENTRY_H
#define RINGLET_STORE_ENTRY_H

#include "base/assert.h"
#include "store/value.h"

#define ENTRY_INLINE_MAX_BYTES 4096 /* longer strings are blobs */
#define ENTRY_KEY_MAX_BYTES (512u * 1024 * 1024)

enum entry_flag {
	ENTRY_EXPIRY = 1 << 0,
	ENTRY_WORD = 1 << 1,
	ENTRY_LONG_KEY = 1 << 2,
	ENTRY_PARTS = 1 << 3, /* is in db->decaying */
	/* The snapshot that saved it last, or during which it came (preimage.h). */
	ENTRY_GENERATION = 0xf0,
};

struct entry {
	uint32_t access : 24;  /* LRU clock, or LFU time and counter */
	uint32_t type : 4;
	uint32_t encoding : 4;
	uint8_t flags;
	uint8_t key_len;       /* unless ENTRY_LONG_KEY */
	uint16_t inline_len;
};

static inline char *entry_parts(const struct entry *e)
{
	return (char *)(uintptr_t)e + sizeof(*e);
}

static inline size_t entry_head_bytes(unsigned flags)
{
	/* A nibble per combination: how many of the three parts. (A popcount is a call on plain
	 * x86-64.) */
	return sizeof(struct entry) + 8 * (size_t)((0x32212110u >> ((flags & 7) * 4)) & 3);
}

static inline struct bytes entry_key(const struct entry *e)
{
	const char *key = (const char *)e + entry_head_bytes(e->flags);
	size_t len = e->key_len;
	if (UNLIKELY(e->flags & ENTRY_LONG_KEY)) {
		uint64_t wide;
		memcpy(&wide, key - 8, 8);
		len = wide;
	}
	return (struct bytes){key, len};
}

/* Absolute wall-clock milliseconds; -1 = none. */
static inline int64_t entry_expiry_ms(const struct entry *e)
{
	int64_t at;
	if (!(e->flags & ENTRY_EXPIRY))
		return -1;
	memcpy(&at, entry_parts(e), 8);
	return at;
}

static inline char *entry_word_ptr(const struct entry *e)
{
	return entry_parts(e) + (e->flags & ENTRY_EXPIRY ? 8 : 0);
}

static inline struct value entry_value(const struct entry *e)
{
	struct value v = {.type = (uint8_t)e->type, .encoding = (uint8_t)e->encoding};
	if (e->flags & ENTRY_WORD) {
		memcpy(&v.ptr, entry_word_ptr(e), 8);
		return v;
	}
	struct bytes key = entry_key(e);
	v.string = (struct bytes){key.ptr + key.len, e->inline_len};
	return v;
}

static inline void entry_set_expiry(struct entry *e, int64_t at_ms)
{
	memcpy(entry_parts(e), &at_ms, 8);
}

static inline char *entry_inline(const struct entry *e)
{
	struct bytes key = entry_key(e);
	return (char *)(uintptr_t)key.ptr + key.len;
}

/* Of an entry with ENC_BLOB. */
static inline struct blob *entry_value_blob(const struct entry *e)
{
	struct blob *b;
	memcpy(&b, entry_word_ptr(e), sizeof(b));
	return b;
}

/* What the allocation was asked for. */
static inline size_t entry_size(const struct entry *e)
{
	return entry_head_bytes(e->flags) + entry_key(e).len + e->inline_len;
}

/* A new entry with its key; type, encoding, access, expiry, word and inline bytes are the caller's
 * to set. ENTRY_LONG_KEY is added to `flags` where the key needs it. */
struct entry *entry_new(struct bytes key, unsigned flags, size_t inline_len);
/* Frees the entry, not what its word points to. */
void entry_free(struct entry *e);
/* Another layout: see db_reshape, which keeps the dictionaries in step. Moves where the size class
 * differs; the old entry is freed then. */
struct entry *entry_reshape(struct entry *e, unsigned flags, size_t inline_len);

#endif
