/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is to be sent to one peer: a chain of pieces. A piece is either a chunk of copied bytes
 * (16 KiB from a pool, so that an idle connection owns none) or bytes lent by someone who counts
 * references (a large value), released when they have been sent.
 *
 * The invariant: pieces are sent in order; a piece's `sent` never passes its `len`. The length of
 * the last chunk is known by `at` alone until it is sealed by a successor.
 * It must not know what a connection is.
 */
#ifndef RINGLET_PROTO_OUT_H
#define RINGLET_PROTO_OUT_H

#include "base/bytes.h"

#include <sys/uio.h>

#define OUT_CHUNK_BYTES (16 * 1024) /* one pooled chunk, header included */
#define OUT_SMALL_BYTES 512         /* a chunk behind a lent piece, header included */
#define OUT_LEND_MIN_BYTES (16 * 1024) /* values from here on are lent, not copied */
#define OUT_MOVE_COPY_BYTES 1024    /* out_move copies up to so many instead of chaining a chunk */
#define OUT_POOL_CHUNKS 256         /* free chunks kept */

struct out_piece {
	struct out_piece *next;
	char *ptr;      /* first byte of data */
	size_t cap;     /* room of a chunk; 0 for a lent piece */
	size_t len;     /* stale for a chunk that is still the last */
	size_t sent;
	void (*release)(void *owner); /* lent pieces */
	void *owner;
	size_t allocated; /* of a chunk, with this header */
};

struct out {
	char *at;              /* where the next byte goes; inside last */
	char *limit;           /* one behind last's room */
	struct out_piece *first;
	struct out_piece *last;
	size_t sealed_bytes;   /* unsent bytes of all pieces but a last chunk */
	size_t lent_bytes;     /* unsent bytes of lent pieces */
	size_t chunk_bytes;    /* allocated for chunks */
	bool is_limited;       /* out_is_over_limit is asked when it grows; survives out_clear */
	bool is_full;          /* it said yes: what is written from now on is lost, see below */
	bool has_spill;        /* the last chunk is the one that lost bytes are written into */
};

/* Asked before a limited chain grows: has it passed what its reader may leave unread? Then the
 * chain is full: memory stops growing, further bytes overwrite each other in one chunk. Whoever
 * owns the chain drops the reader without sending anything more. Set once, by the owner of
 * sessions. */
extern bool (*out_is_over_limit)(struct out *out);

void out_init(struct out *out);
/* Drops everything unsent; lent pieces are given back. */
void out_clear(struct out *out);
/* Slow path of out_room: a new chunk with at least `need` bytes (larger than a chunk: its own). */
char *out_grow(struct out *out, size_t need);

/* Room for `need` bytes in one piece; the caller writes them and calls out_advance. */
static inline char *out_room(struct out *out, size_t need)
{
	if (__builtin_expect((size_t)(out->limit - out->at) >= need, 1))
		return out->at;
	return out_grow(out, need);
}

static inline void out_advance(struct out *out, size_t len)
{
	out->at += len;
}

void out_add(struct out *out, const void *ptr, size_t len);
/* `release(owner)` is called when the bytes are sent or dropped. */
void out_lend(struct out *out, struct bytes bytes, void (*release)(void *owner), void *owner);

static inline bool out_is_empty(const struct out *out)
{
	return out->first == NULL;
}
/* Bytes not yet sent, and the memory they hold. Both are O(1). */
size_t out_pending_bytes(const struct out *out);
size_t out_memory_bytes(const struct out *out);
/* The unsent bytes as at most `max` pieces; returns the count. */
int out_pieces(struct out *out, struct iovec *iov, int max);
/* `len` bytes were sent: gives back what is done with. */
void out_consume(struct out *out, size_t len);
/* Moves all of `from` behind `to` (deferred replies, scripts, hold queue). */
void out_move(struct out *to, struct out *from);
/* A mark and a cut back to it: what was written since is dropped (CLIENT REPLY, scripts). Nothing
 * may be sent between the two. */
struct out_mark {
	struct out_piece *last;
	size_t offset;
};
struct out_mark out_mark(const struct out *out);
void out_cut(struct out *out, struct out_mark mark);
/* Bytes written since the mark; 0 for a chain that is full. */
size_t out_since(const struct out *out, struct out_mark mark);

/* Memory of the chunks that wait in the pool; gives all of them back. */
size_t out_pool_bytes(void);
void out_pool_release(void);

#endif
