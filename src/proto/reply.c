/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The reply writers that are not worth inlining. Each asks for the room of its largest form once
 * and writes straight into the output chunk.
 */
#include "proto/reply.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/num.h"

/* "*-9223372036854775808\r\n" */
#define HEAD_MAX_BYTES (1 + NUM_I64_MAX_CHARS + 2)
#define HOLE_BYTES (7 + REPLY_HOLE_TEXT_MAX) /* "$41\r\n" text "\r\n" */

_Static_assert(HOLE_BYTES >= HEAD_MAX_BYTES, "a hole holds every head");

static size_t head_print(char *to, char kind, int64_t number)
{
	to[0] = kind;
	size_t len = 1 + num_print_i64(to + 1, number);
	memcpy(to + len, "\r\n", 2);
	return len + 2;
}

static void reply_head(struct reply *r, char kind, int64_t number)
{
	char *to = out_room(r->out, HEAD_MAX_BYTES);
	out_advance(r->out, head_print(to, kind, number));
}

/* "<kind><text>\r\n" for texts of a known small size. */
static void reply_line(struct reply *r, char kind, struct bytes text)
{
	char *to = out_room(r->out, text.len + 3);
	to[0] = kind;
	memcpy(to + 1, text.ptr, text.len);
	memcpy(to + 1 + text.len, "\r\n", 2);
	out_advance(r->out, text.len + 3);
}

void reply_simple(struct reply *r, const char *text)
{
	struct bytes bytes = bytes_text(text);
	ASSERT(memchr(text, '\r', bytes.len) == NULL && memchr(text, '\n', bytes.len) == NULL);
	reply_line(r, '+', bytes);
}

void reply_bulk_long(struct reply *r, struct bytes bytes)
{
	reply_head(r, '$', (int64_t)bytes.len);
	out_add(r->out, bytes.ptr, bytes.len);
	REPLY_CONSTANT(r, "\r\n");
}

void reply_bulk_text(struct reply *r, const char *text)
{
	reply_bulk(r, bytes_text(text));
}

void reply_bulk_i64(struct reply *r, int64_t value)
{
	char digits[NUM_I64_MAX_CHARS];
	reply_bulk(r, bytes_of(digits, num_print_i64(digits, value)));
}

void reply_bulk_lend(struct reply *r, struct bytes bytes, void (*release)(void *), void *owner)
{
	if (bytes.len < OUT_LEND_MIN_BYTES) {
		reply_bulk(r, bytes);
		release(owner);
		return;
	}
	reply_head(r, '$', (int64_t)bytes.len);
	out_lend(r->out, bytes, release, owner);
	REPLY_CONSTANT(r, "\r\n");
}

void reply_bulk_printf(struct reply *r, const char *format, ...)
{
	struct buf text = {0};
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	reply_bulk(r, buf_bytes(&text));
	buf_release(&text);
}

void reply_i64_long(struct reply *r, int64_t value)
{
	reply_head(r, ':', value);
}

void reply_null_array(struct reply *r)
{
	if (r->resp == 2)
		REPLY_CONSTANT(r, "*-1\r\n");
	else
		REPLY_CONSTANT(r, "_\r\n");
}

void reply_array(struct reply *r, int64_t count)
{
	reply_head(r, '*', count);
}

/* The head of an aggregate in the session's protocol. */
static size_t map_print(char *to, const struct reply *r, int64_t count)
{
	ASSERT(count >= 0 && count <= INT64_MAX / 2);
	return r->resp == 2 ? head_print(to, '*', count * 2) : head_print(to, '%', count);
}

void reply_map(struct reply *r, int64_t count)
{
	char *to = out_room(r->out, HEAD_MAX_BYTES);
	out_advance(r->out, map_print(to, r, count));
}

void reply_set(struct reply *r, int64_t count)
{
	reply_head(r, r->resp == 2 ? '*' : '~', count);
}

void reply_push(struct reply *r, int64_t count)
{
	reply_head(r, r->resp == 2 ? '*' : '>', count);
}

void reply_attribute(struct reply *r, int64_t count)
{
	ASSERT(r->resp == 3);
	reply_head(r, '|', count);
}

static void reply_number_text(struct reply *r, struct bytes text)
{
	if (r->resp == 2)
		reply_bulk(r, text);
	else
		reply_line(r, ',', text);
}

void reply_double(struct reply *r, double value)
{
	char text[NUM_DOUBLE_MAX_CHARS];
	reply_number_text(r, bytes_of(text, num_print_double(text, value)));
}

void reply_long_double(struct reply *r, long double value)
{
	char text[NUM_LONG_DOUBLE_MAX_CHARS];
	reply_number_text(r, bytes_of(text, num_print_long_double(text, value)));
}

void reply_bool(struct reply *r, bool value)
{
	if (r->resp == 2)
		reply_i64(r, value);
	else if (value)
		REPLY_CONSTANT(r, "#t\r\n");
	else
		REPLY_CONSTANT(r, "#f\r\n");
}

void reply_big_number(struct reply *r, struct bytes digits)
{
	if (r->resp == 2)
		reply_bulk(r, digits);
	else
		reply_line(r, '(', digits);
}

void reply_verbatim(struct reply *r, struct bytes text, const char *ext)
{
	if (r->resp == 2) {
		reply_bulk(r, text);
		return;
	}
	ASSERT(strlen(ext) == 3);
	reply_head(r, '=', (int64_t)text.len + 4);
	out_add(r->out, ext, 3);
	out_add(r->out, ":", 1);
	out_add(r->out, text.ptr, text.len);
	REPLY_CONSTANT(r, "\r\n");
}

struct reply_hole reply_open(struct reply *r)
{
	char *to = out_room(r->out, HOLE_BYTES);
	struct out_piece *piece = r->out->last;
	out_advance(r->out, HOLE_BYTES);
	return (struct reply_hole){piece, (size_t)(to - piece->ptr)};
}

/* Puts the head into the hole and closes the gap behind it: what moves is at most the rest of one
 * chunk. */
static void hole_fill(struct reply *r, struct reply_hole hole, const char *head, size_t len)
{
	if (r->out->is_full)
		return; /* the head may stand in lost bytes; nobody will see it */
	struct out *out = r->out;
	struct out_piece *piece = hole.piece;
	bool is_open = piece == out->last;
	size_t end = is_open ? (size_t)(out->at - piece->ptr) : piece->len;
	size_t behind = hole.offset + HOLE_BYTES;
	size_t gap = HOLE_BYTES - len;
	ASSERT(end >= behind && len <= HOLE_BYTES);
	memcpy(piece->ptr + hole.offset, head, len);
	memmove(piece->ptr + hole.offset + len, piece->ptr + behind, end - behind);
	if (is_open) {
		out->at -= gap;
		return;
	}
	piece->len -= gap;
	out->sealed_bytes -= gap;
}

void reply_close_array(struct reply *r, struct reply_hole hole, int64_t count)
{
	char head[HEAD_MAX_BYTES];
	hole_fill(r, hole, head, head_print(head, '*', count));
}

void reply_close_map(struct reply *r, struct reply_hole hole, int64_t count)
{
	char head[HEAD_MAX_BYTES];
	hole_fill(r, hole, head, map_print(head, r, count));
}

void reply_close_set(struct reply *r, struct reply_hole hole, int64_t count)
{
	char head[HEAD_MAX_BYTES];
	hole_fill(r, hole, head, head_print(head, r->resp == 2 ? '*' : '~', count));
}

void reply_close_bulk(struct reply *r, struct reply_hole hole, struct bytes bytes)
{
	char text[HOLE_BYTES];
	ASSERT(bytes.len <= REPLY_HOLE_TEXT_MAX);
	size_t len = head_print(text, '$', (int64_t)bytes.len);
	memcpy(text + len, bytes.ptr, bytes.len);
	len += bytes.len;
	memcpy(text + len, "\r\n", 2);
	hole_fill(r, hole, text, len + 2);
}

void reply_close_bulk_u64(struct reply *r, struct reply_hole hole, uint64_t number)
{
	char digits[NUM_I64_MAX_CHARS];
	reply_close_bulk(r, hole, bytes_of(digits, num_print_u64(digits, number)));
}

void reply_error_text(struct reply *r, struct bytes text)
{
	/* A quoted argument may bring line ends: the last ones go, as in Redis, inner ones turn
	 * blank. */
	while (text.len > 0 && (text.ptr[text.len - 1] == '\r' || text.ptr[text.len - 1] == '\n'))
		text.len--;
	char *to = out_room(r->out, text.len + 3);
	to[0] = '-';
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		to[1 + i] = c == '\r' || c == '\n' ? ' ' : c;
	}
	memcpy(to + 1 + text.len, "\r\n", 2);
	out_advance(r->out, text.len + 3);
	r->errors++;
}
