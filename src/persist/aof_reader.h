/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads a log file item by item: requests and annotation lines ('#…'). One parser for the loader,
 * for the check before it (aof_scan.h) and for redis-check-aof.
 *
 * Views of an item stay valid until the buffer is filled again, which only aof_reader_next does,
 * and not while `is_held`. Never allocates from a declared length that the file can't hold. It
 * must not know what commands mean.
 */
#ifndef RINGLET_PERSIST_AOF_READER_H
#define RINGLET_PERSIST_AOF_READER_H

#include "base/bytes.h"

#define AOF_READ_BYTES ((size_t)256 << 10) /* asked from the file at once */
#define AOF_ARGS_MAX (16 * 1024 * 1024)

enum aof_item {
	AOF_REQUEST,
	AOF_NOTE,   /* a line that begins with '#' */
	AOF_FULL,   /* held: the next item needs the buffer; execute, let go, ask again */
	AOF_END,    /* the file ends behind a whole item */
	AOF_ZEROS,  /* nothing but zero bytes follows: room that was written ahead */
	AOF_SHORT,  /* the file ends inside an item */
	AOF_BAD,    /* this is no item; `reason` */
	AOF_FAILED, /* the file can't be read; `error` */
};

struct aof_reader {
	int fd;
	uint64_t size;    /* the file's, or where reading is to end */
	uint64_t at;      /* offset of the next item; after a failure, of the item that is none */
	struct bytes raw; /* the last item's bytes */
	struct bytes *argv;
	int argc;        /* of a request */
	uint64_t lines;  /* read so far, arguments counting as one each; as redis-check-aof does */
	uint64_t bad_at; /* AOF_BAD: offset of the byte that is wrong */
	const char *reason;
	int error;
	bool is_held;
	/* Its own. */
	char *buf;
	size_t cap, len, next; /* next: where the next item begins in buf */
	int args_cap;
};

/* Reads from `begin` up to `end`; the descriptor stays the caller's. */
void aof_reader_init(struct aof_reader *r, int fd, uint64_t begin, uint64_t end);
void aof_reader_release(struct aof_reader *r);
enum aof_item aof_reader_next(struct aof_reader *r);
/* A request of this one word? (MULTI, EXEC) */
bool aof_reader_is_word(const struct aof_reader *r, const char *word);

#endif
