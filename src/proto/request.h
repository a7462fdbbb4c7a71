/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The request parser: RESP arrays of bulk strings and inline commands, in place. Arguments are
 * views into the bytes given (an inline argument with quotes: into the arena); nothing is copied,
 * and nothing is allocated but room in the arena, never more than the bytes that have arrived
 * justify.
 *
 * Pure: bytes in, words out. It must not know sockets, sessions or commands. Limits come in a
 * struct, errors go out as texts of the "ERR Protocol error: …" family.
 */
#ifndef RINGLET_PROTO_REQUEST_H
#define RINGLET_PROTO_REQUEST_H

#include "base/bytes.h"

#define REQUEST_INLINE_MAX_BYTES (64 * 1024)      /* an inline line, and a count or length line */
#define REQUEST_MAX_ARGS (1024 * 1024)            /* Redis: 1M, or INT_MAX for authenticated */
#define REQUEST_UNAUTH_MAX_ARGS 10
#define REQUEST_UNAUTH_MAX_BULK_BYTES (16 * 1024)
#define REQUEST_BLOCK_VIEWS 1020                  /* views in the arena's first block: 16 KiB */

struct request_limits {
	int64_t max_args;
	int64_t max_bulk_bytes; /* proto-max-bulk-len */
	bool is_authenticated;
};

enum request_status {
	REQUEST_COMPLETE, /* argv is filled, `consumed` bytes were used */
	REQUEST_EMPTY,    /* an empty line or *0 or *-1: `consumed` bytes to skip, no call */
	REQUEST_PARTIAL,  /* more bytes are needed; the parser remembers how far it came */
	REQUEST_ERROR,    /* `error` says why; the connection is to be closed after the reply */
};

/* The parser's state across partial input, all zero at the start and after each request that is no
 * longer partial (one place resets it). Offsets are relative to the start of the request. */
struct request_parser {
	size_t offset;          /* parsed (inline: searched) so far */
	int64_t args_total;     /* 0: the count is not known yet */
	int64_t args_done;
	int64_t bulk_len;       /* of the bulk being received; -1: its header is not read yet */
	/* Of a partial request: offset and length of each complete argument. */
	struct request_span {
		size_t offset;
		size_t len;
	} *spans;
	size_t span_cap;
};

struct request {
	struct bytes *argv; /* views; storage in the arena */
	int64_t argc;
	size_t consumed;
	const char *error;  /* REQUEST_ERROR: "ERR Protocol error: …"; may lie in the arena */
	size_t want;        /* REQUEST_PARTIAL: bytes still missing of the bulk being received, its
	                       line end included (0: unknown) */
};

/* Storage for argument views of many requests at once; blocks never move, so views of earlier
 * requests stay valid until request_arena_reset. All zero is a valid empty arena. */
struct request_arena {
	struct request_block *first;
	struct request_block *current;
};
/* Room for `count` views, uninitialised. */
struct bytes *request_arena_alloc(struct request_arena *arena, size_t count);
/* All room is free again; all but the first block are given back. */
void request_arena_reset(struct request_arena *arena);
void request_arena_release(struct request_arena *arena);

static inline bool request_is_partial(const struct request_parser *p)
{
	return p->offset != 0;
}
/* Memory that a partial request holds. */
static inline size_t request_parser_bytes(const struct request_parser *p)
{
	return p->span_cap * sizeof(*p->spans);
}
/* Frees what a partial request holds and forgets it. */
void request_parser_release(struct request_parser *p);
/* Parses one request at the start of `data` (for a partial one: the same bytes again plus more). */
enum request_status request_parse(struct request_parser *p, struct bytes data,
	const struct request_limits *limits, struct request_arena *arena, struct request *out);

#endif
