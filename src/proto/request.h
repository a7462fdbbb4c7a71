/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The request parser: RESP arrays of bulk strings and inline commands, in place. Arguments are views
 * into the bytes given; nothing is copied or allocated for a request of up to
 * REQUEST_INLINE_ARGS arguments.
 *
 * Pure: bytes in, words out. It must not know sockets, sessions or commands. Limits come in a
 * struct, errors go out as texts of the "Protocol error: …" family.
 */
#ifndef RINGLET_PROTO_REQUEST_H
#define RINGLET_PROTO_REQUEST_H

#include "base/bytes.h"

#define REQUEST_INLINE_MAX_BYTES (64 * 1024)      /* an inline line, and a count or length line */
#define REQUEST_MAX_ARGS (1024 * 1024)            /* Redis: 1M, or INT_MAX for authenticated */
#define REQUEST_UNAUTH_MAX_ARGS 10
#define REQUEST_UNAUTH_MAX_BULK_BYTES (16 * 1024)

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

/* The parser's state across partial input, all zero at the start and after each complete request
 * (one place resets it). Offsets are relative to the start of the request. */
struct request_parser {
	bool is_inline_decided; /* … implementation fields: see request.c */
	int64_t args_total;
	int64_t args_done;
	size_t offset;          /* parsed so far */
	int64_t bulk_len;       /* length of the bulk being received, -1: header not read yet */
	/* For a partial request: offset (from the request's start) and length of each complete argument. */
	struct request_span {
		size_t offset;
		size_t len;
	} *spans;
	size_t span_cap;
};

struct request {
	struct bytes *argv; /* views; storage given by the caller or grown by the parser (see below) */
	int64_t argc;
	size_t consumed;
	const char *error;  /* REQUEST_ERROR: "Protocol error: invalid bulk length" … */
	size_t want;        /* REQUEST_PARTIAL: bytes still missing of a large bulk (0: unknown) */
};

/* Storage for argument views of many requests at once; blocks never move, so views of earlier
 * requests stay valid until request_arena_reset. */
struct request_arena {
	struct request_block *first;
	struct request_block *current;
};
/* Room for `count` views, uninitialised. */
struct bytes *request_arena_alloc(struct request_arena *arena, size_t count);
/* All room is free again; all but the first block are given back. */
void request_arena_reset(struct request_arena *arena);
void request_arena_release(struct request_arena *arena);

void request_parser_release(struct request_parser *p);
/* Parses one request at the start of `data` (for a partial one: the same bytes again plus more). */
enum request_status request_parse(struct request_parser *p, struct bytes data,
	const struct request_limits *limits, struct request_arena *arena, struct request *out);

#endif
