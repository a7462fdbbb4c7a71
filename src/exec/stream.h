/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The stream: what was changed, encoded once as requests, in blocks at a 64-bit offset. The log
 * and every replica read the same bytes; how far each has come is an offset in it.
 *
 * Invariants: offsets only grow; a byte that was appended never changes; a unit of more than one
 * command stands between MULTI and EXEC, and nobody ever reads half a unit at the end of a turn.
 * A block lives while a reader, or a block before it, refers to it.
 * It must not know who reads, nor what a file is.
 */
#ifndef RINGLET_EXEC_STREAM_H
#define RINGLET_EXEC_STREAM_H

#include "exec/effect.h"

#include <stddef.h>
#include <sys/uio.h>

#define STREAM_BLOCK_BYTES (64 * 1024) /* one block, header included; a longer command its own */
#define STREAM_SPARE_BLOCKS 4          /* kept for reuse */

struct stream_block {
	struct stream_block *next; /* holds a reference */
	uint32_t references;
	uint64_t begin; /* offset of data[0] */
	size_t len, cap;
	char data[];
};

struct stream {
	struct exec *exec;
	struct stream_block *last; /* NULL while nobody reads */
	struct stream_block *spare;
	int spare_count;
	int db; /* what readers have SELECTed by the end of the stream; -1: say it anew */
	int readers;
	int sink;          /* of exec's effects */
	uint64_t appended; /* offset of the next byte */
	uint64_t units;
};

/* A place in the stream, from which bytes are read on. */
struct stream_reader {
	struct stream *stream;
	struct stream_block *block; /* in which `offset` lies */
	uint64_t offset;
};

struct stream *stream_new(struct exec *exec);
void stream_free(struct stream *s);
/* Where the stream begins after a start (recovery knows how far the last run came). Only while
 * nobody reads. */
void stream_set_offset(struct stream *s, uint64_t offset);

/* Reads from now on: from what is appended after this call. The first reader makes exec collect
 * effects, the last one to leave ends that. SELECT is said anew, so that whoever reads from here
 * need not know what came before. */
void stream_reader_open(struct stream_reader *r, struct stream *s);
void stream_reader_close(struct stream_reader *r);
static inline bool stream_reader_is_open(const struct stream_reader *r)
{
	return r->stream != NULL;
}
/* Unread bytes up to offset `end` as at most `max` pieces; returns the count, sets *len to their
 * sum. The pieces stay valid until the reader has moved past them. */
int stream_pieces(
	const struct stream_reader *r, uint64_t end, struct iovec *pieces, int max, size_t *len);
/* `len` bytes are done with. */
void stream_advance(struct stream_reader *r, size_t len);

/* Says SELECT anew before the next command: a new file begins here. */
void stream_restart_db(struct stream *s);
/* Bytes held in blocks between a reader and the end: what its slowness costs. */
static inline uint64_t stream_lag(const struct stream_reader *r)
{
	return r->stream->appended - r->offset;
}

#endif
