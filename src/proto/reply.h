/* SPDX-License-Identifier: BSD-3-Clause
 *
 * RESP2 and RESP3 replies. A `struct reply` is where the answer of a call goes and in which
 * protocol; functions whose RESP2 and RESP3 shapes differ choose by `resp`. The four hottest (ok,
 * small numbers, short strings, null) are inline: a constant-size store into the output chunk.
 *
 * Must not know sessions or commands. Errors come from the error table (proto/error.h).
 */
#ifndef RINGLET_PROTO_REPLY_H
#define RINGLET_PROTO_REPLY_H

#include "base/bytes.h"
#include "proto/out.h"

#include <stdarg.h>

#define REPLY_SHORT_BYTES 100 /* strings below have a two-digit length */

struct reply {
	struct out *out;
	uint8_t resp;      /* 2 or 3 */
	uint32_t errors;   /* how many error replies were written */
};

/* Sends a string constant as it is. */
#define REPLY_CONSTANT(r, literal)                                                                 \
	do {                                                                                       \
		memcpy(out_room((r)->out, sizeof(literal) - 1), literal, sizeof(literal) - 1);     \
		out_advance((r)->out, sizeof(literal) - 1);                                        \
	} while (0)

/* The reader is to be dropped because it left too much unread: long loops may stop. */
static inline bool reply_is_full(const struct reply *r)
{
	return r->out->is_full;
}

void reply_bulk_long(struct reply *r, struct bytes bytes);
void reply_i64_long(struct reply *r, int64_t value);

/* +OK and other constant replies. */
static inline void reply_ok(struct reply *r)
{
	REPLY_CONSTANT(r, "+OK\r\n");
}
/* `text` is sent as it is: no CR or LF in it (asserted). */
void reply_simple(struct reply *r, const char *text);

static inline void reply_bulk(struct reply *r, struct bytes bytes)
{
	if (__builtin_expect(bytes.len >= REPLY_SHORT_BYTES, 0)) {
		reply_bulk_long(r, bytes);
		return;
	}
	char *to = out_room(r->out, REPLY_SHORT_BYTES + 8);
	char *start = to;
	*to++ = '$';
	if (bytes.len >= 10)
		*to++ = (char)('0' + bytes.len / 10);
	*to++ = (char)('0' + bytes.len % 10);
	*to++ = '\r';
	*to++ = '\n';
	if (bytes.len != 0)
		memcpy(to, bytes.ptr, bytes.len);
	to += bytes.len;
	memcpy(to, "\r\n", 2);
	out_advance(r->out, (size_t)(to + 2 - start));
}
void reply_bulk_text(struct reply *r, const char *text);
void reply_bulk_i64(struct reply *r, int64_t value);
/* Large values: lent when long enough, else copied (then release is called at once). */
void reply_bulk_lend(struct reply *r, struct bytes bytes, void (*release)(void *), void *owner);
void reply_bulk_printf(struct reply *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void reply_i64(struct reply *r, int64_t value)
{
	if (__builtin_expect((uint64_t)value > 9, 0)) {
		reply_i64_long(r, value);
		return;
	}
	char *to = out_room(r->out, 4);
	memcpy(to, ":0\r\n", 4);
	to[1] = (char)('0' + value);
	out_advance(r->out, 4);
}

/* $-1 / _ */
static inline void reply_null(struct reply *r)
{
	if (r->resp == 2)
		REPLY_CONSTANT(r, "$-1\r\n");
	else
		REPLY_CONSTANT(r, "_\r\n");
}
/* *-1 / _ */
void reply_null_array(struct reply *r);
void reply_array(struct reply *r, int64_t count);
/* *2n / %n: `count` pairs. */
void reply_map(struct reply *r, int64_t count);
/* *n / ~n */
void reply_set(struct reply *r, int64_t count);
/* *n / >n: for messages nobody asked for; RESP2 gets an array. */
void reply_push(struct reply *r, int64_t count);
/* |n, RESP3 only: callers check resp. `count` pairs follow. */
void reply_attribute(struct reply *r, int64_t count);
/* $text / ,text */
void reply_double(struct reply *r, double value);
/* The same with 17 digits behind the point, less trailing zeros (GEOPOS). */
void reply_long_double(struct reply *r, long double value);
/* :1 :0 / #t #f */
void reply_bool(struct reply *r, bool value);
/* $text / (text */
void reply_big_number(struct reply *r, struct bytes digits);
/* $text / =len:ext:text; `ext` is three characters ("txt", "mkd"). */
void reply_verbatim(struct reply *r, struct bytes text, const char *ext);

/* An aggregate whose length is known only afterwards: open, write the elements, close with the
 * count. May be nested (the inner one is closed first); nothing may be sent meanwhile. */
struct reply_hole {
	struct out_piece *piece;
	size_t offset;
};
struct reply_hole reply_open(struct reply *r);
void reply_close_array(struct reply *r, struct reply_hole hole, int64_t count);
void reply_close_map(struct reply *r, struct reply_hole hole, int64_t count);
void reply_close_set(struct reply *r, struct reply_hole hole, int64_t count);
/* A hole may also become a bulk string (a cursor, known only after what follows it). */
#define REPLY_HOLE_TEXT_MAX 41 /* an id of a stream */
void reply_close_bulk(struct reply *r, struct reply_hole hole, struct bytes bytes);
void reply_close_bulk_u64(struct reply *r, struct reply_hole hole, uint64_t number);

/* Writes "-<text>\r\n"; CR and LF in the text become blanks. `text` carries its code ("ERR …").
 * Only proto/error and exec/call use it. */
void reply_error_text(struct reply *r, struct bytes text);

#endif
