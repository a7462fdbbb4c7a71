/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The request parser's arrays and its arena; inline commands are in inline.c.
 *
 * The usual request is complete: it is read in one pass from its first byte, each count and length
 * by a parse of one to three digits without a search for the line's end, straight into views in the
 * arena. Only when the bytes end early is anything written down (struct request_parser): spans of
 * the complete arguments, so that a resumed request is never read twice, however it is cut.
 *
 * As in Redis the two bytes behind a bulk and the byte behind a '\r' are skipped unseen.
 */
#include "proto/request.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "proto/error.h"
#include "proto/inline.h"

#include <stdio.h>

#define BULK_MIN_BYTES 6 /* "$0\r\n\r\n" */
#define SPANS_MIN 16

struct request_block {
	struct request_block *next;
	size_t used;
	size_t cap;
	struct bytes views[];
};

/* --- arena ----------------------------------------------------------------------------------- */

static struct bytes *arena_grow(struct request_arena *arena, size_t count)
{
	size_t cap = count > REQUEST_BLOCK_VIEWS ? count : REQUEST_BLOCK_VIEWS;
	size_t size;
	ASSERT(!__builtin_mul_overflow(cap, sizeof(struct bytes), &size));
	ASSERT(!__builtin_add_overflow(size, sizeof(struct request_block), &size));
	struct request_block *block = mem_alloc(size);
	block->next = NULL;
	block->cap = cap;
	block->used = count;
	if (arena->current == NULL)
		arena->first = block;
	else
		arena->current->next = block;
	arena->current = block;
	return block->views;
}

HOT struct bytes *request_arena_alloc(struct request_arena *arena, size_t count)
{
	struct request_block *block = arena->current;
	if (UNLIKELY(block == NULL || block->cap - block->used < count))
		return arena_grow(arena, count);
	struct bytes *views = block->views + block->used;
	block->used += count;
	return views;
}

/* Gives back what the last allocation took. */
static void arena_return(struct request_arena *arena, size_t count)
{
	ASSERT(arena->current != NULL && arena->current->used >= count);
	arena->current->used -= count;
}

static void blocks_free(struct request_block *block)
{
	while (block != NULL) {
		struct request_block *next = block->next;
		mem_free(block);
		block = next;
	}
}

void request_arena_reset(struct request_arena *arena)
{
	struct request_block *first = arena->first;
	if (first == NULL)
		return;
	if (UNLIKELY(first->next != NULL)) {
		blocks_free(first->next);
		first->next = NULL;
	}
	if (UNLIKELY(first->cap > REQUEST_BLOCK_VIEWS)) {
		request_arena_release(arena);
		return;
	}
	first->used = 0;
	arena->current = first;
}

void request_arena_release(struct request_arena *arena)
{
	blocks_free(arena->first);
	*arena = (struct request_arena){0};
}

/* --- lines ----------------------------------------------------------------------------------- */

/* One position in the input and what is needed to judge it. */
struct scan {
	const char *at;
	const char *end;
	const struct request_limits *limits;
	struct request_arena *arena;
	struct request *out;
	int64_t bulk_len; /* -1: the next thing is a length line */
};

static enum request_status scan_fail(struct scan *s, enum error error)
{
	s->out->error = error_text(error);
	return REQUEST_ERROR;
}

static enum request_status scan_fail_kind(struct scan *s, char got)
{
	size_t views = 6;
	size_t size = views * sizeof(struct bytes);
	char *text = (char *)request_arena_alloc(s->arena, views);
	int len = snprintf(text, size, error_text(E_PROTO_EXPECTED_BULK), got);
	ASSERT(len > 0 && (size_t)len < size);
	s->out->error = text;
	return REQUEST_ERROR;
}

/* A line of any length at s->at: COMPLETE with the number behind its first byte (valid or not), or
 * PARTIAL, or ERROR for one without an end. Moves s->at behind the line. */
static __attribute__((noinline)) enum request_status line_number_slow(struct scan *s,
	int64_t *number, bool *is_number, enum error too_long)
{
	size_t left = (size_t)(s->end - s->at);
	size_t span = left < REQUEST_INLINE_MAX_BYTES ? left : REQUEST_INLINE_MAX_BYTES;
	const char *stop = span == 0 ? NULL : memchr(s->at, '\r', span);
	if (stop == NULL)
		return left > REQUEST_INLINE_MAX_BYTES ? scan_fail(s, too_long) : REQUEST_PARTIAL;
	if (s->end - stop < 2)
		return REQUEST_PARTIAL;
	/* The kind itself may be the '\r'. */
	size_t len = stop == s->at ? 0 : (size_t)(stop - s->at) - 1;
	*is_number = num_parse_i64(bytes_of(s->at + 1, len), number);
	s->at = stop + 2;
	return REQUEST_COMPLETE;
}

/* As line_number_slow, with numbers of one to three digits read at once. */
static inline __attribute__((always_inline)) enum request_status line_number(struct scan *s,
	int64_t *number, bool *is_number, enum error too_long)
{
	const char *at = s->at;
	if (LIKELY(s->end - at >= BULK_MIN_BYTES)) {
		unsigned a = (uint8_t)at[1] - (unsigned)'0';
		unsigned b = (uint8_t)at[2] - (unsigned)'0';
		unsigned c = (uint8_t)at[3] - (unsigned)'0';
		*is_number = true;
		if (LIKELY(a <= 9 && at[2] == '\r')) {
			*number = a;
			s->at = at + 4;
			return REQUEST_COMPLETE;
		}
		if (a - 1 < 9 && b <= 9 && at[3] == '\r') {
			*number = a * 10 + b;
			s->at = at + 5;
			return REQUEST_COMPLETE;
		}
		if (a - 1 < 9 && b <= 9 && c <= 9 && at[4] == '\r') {
			*number = a * 100 + b * 10 + c;
			s->at = at + 6;
			return REQUEST_COMPLETE;
		}
	}
	return line_number_slow(s, number, is_number, too_long);
}

/* --- arrays ---------------------------------------------------------------------------------- */

static inline enum request_status count_read(struct scan *s, int64_t *count)
{
	bool is_number;
	enum request_status status = line_number(s, count, &is_number, E_PROTO_LONG_COUNT);
	if (UNLIKELY(status != REQUEST_COMPLETE))
		return status;
	if (UNLIKELY(!is_number || *count > s->limits->max_args))
		return scan_fail(s, E_PROTO_COUNT);
	if (UNLIKELY(*count > REQUEST_UNAUTH_MAX_ARGS) && !s->limits->is_authenticated)
		return scan_fail(s, E_PROTO_UNAUTH_COUNT);
	return REQUEST_COMPLETE;
}

static inline __attribute__((always_inline)) enum request_status bulk_read(struct scan *s,
	struct bytes *out)
{
	if (LIKELY(s->bulk_len < 0)) {
		bool is_number;
		int64_t len;
		const char *line = s->at;
		enum request_status status =
			line_number(s, &len, &is_number, E_PROTO_LONG_LENGTH);
		if (UNLIKELY(status != REQUEST_COMPLETE))
			return status;
		if (UNLIKELY(*line != '$'))
			return scan_fail_kind(s, *line);
		if (UNLIKELY(!is_number || len < 0 || len > s->limits->max_bulk_bytes))
			return scan_fail(s, E_PROTO_LENGTH);
		if (UNLIKELY(len > REQUEST_UNAUTH_MAX_BULK_BYTES) && !s->limits->is_authenticated)
			return scan_fail(s, E_PROTO_UNAUTH_LENGTH);
		s->bulk_len = len;
	}
	size_t whole = (size_t)s->bulk_len + 2;
	if (UNLIKELY((size_t)(s->end - s->at) < whole)) {
		s->out->want = whole - (size_t)(s->end - s->at);
		return REQUEST_PARTIAL;
	}
	*out = bytes_of(s->at, (size_t)s->bulk_len);
	s->at += whole;
	s->bulk_len = -1;
	return REQUEST_COMPLETE;
}

static void span_add(struct request_parser *p, size_t offset, size_t len)
{
	if ((size_t)p->args_done == p->span_cap) {
		size_t cap = p->span_cap == 0 ? SPANS_MIN : p->span_cap * 2;
		size_t size;
		ASSERT(!__builtin_mul_overflow(cap, sizeof(*p->spans), &size));
		p->spans = mem_realloc(p->spans, size);
		p->span_cap = cap;
	}
	p->spans[p->args_done++] = (struct request_span){offset, len};
}

/* Writes down how far the scan came. */
static enum request_status scan_suspend(struct request_parser *p, const struct scan *s,
	struct bytes data, int64_t total)
{
	p->offset = (size_t)(s->at - data.ptr);
	p->bulk_len = s->bulk_len;
	p->args_total = total;
	return REQUEST_PARTIAL;
}

/* Goes on with a request whose first arguments are spans, or that is not whole yet. */
static enum request_status array_resume(struct request_parser *p, struct bytes data, int64_t total,
	struct scan *s)
{
	while (p->args_done < total) {
		struct bytes arg;
		enum request_status status = bulk_read(s, &arg);
		if (status == REQUEST_PARTIAL)
			return scan_suspend(p, s, data, total);
		if (status != REQUEST_COMPLETE)
			return status;
		span_add(p, (size_t)(arg.ptr - data.ptr), arg.len);
	}
	struct bytes *argv = request_arena_alloc(s->arena, (size_t)total);
	for (int64_t i = 0; i < total; i++)
		argv[i] = bytes_of(data.ptr + p->spans[i].offset, p->spans[i].len);
	s->out->argv = argv;
	s->out->argc = total;
	s->out->consumed = (size_t)(s->at - data.ptr);
	return REQUEST_COMPLETE;
}

/* A request from its first byte. */
HOT static inline enum request_status array_parse(struct request_parser *p, struct bytes data,
	struct scan *s)
{
	int64_t total;
	enum request_status status = count_read(s, &total);
	if (UNLIKELY(status != REQUEST_COMPLETE))
		return status;
	if (UNLIKELY(total <= 0)) {
		s->out->consumed = (size_t)(s->at - data.ptr);
		return REQUEST_EMPTY;
	}
	/* Room only for as many views as could be here. */
	if (UNLIKELY(total > (s->end - s->at) / BULK_MIN_BYTES))
		return array_resume(p, data, total, s);
	struct bytes *argv = request_arena_alloc(s->arena, (size_t)total);
	int64_t i = 0;
	do {
		status = bulk_read(s, &argv[i]);
		if (UNLIKELY(status != REQUEST_COMPLETE))
			break;
	} while (++i < total);
	if (LIKELY(status == REQUEST_COMPLETE)) {
		s->out->argv = argv;
		s->out->argc = total;
		s->out->consumed = (size_t)(s->at - data.ptr);
		return REQUEST_COMPLETE;
	}
	if (status == REQUEST_ERROR)
		return status;
	for (int64_t done = 0; done < i; done++)
		span_add(p, (size_t)(argv[done].ptr - data.ptr), argv[done].len);
	arena_return(s->arena, (size_t)total);
	return scan_suspend(p, s, data, total);
}

void request_parser_release(struct request_parser *p)
{
	if (p->spans != NULL)
		mem_free(p->spans);
	*p = (struct request_parser){0};
}

static enum request_status parse_by_kind(struct request_parser *p, struct bytes data,
	struct scan *s)
{
	if (UNLIKELY(data.ptr[0] != '*'))
		return inline_parse(&p->offset, data, s->arena, s->out);
	if (LIKELY(p->args_total == 0))
		return array_parse(p, data, s);
	s->at += p->offset;
	s->bulk_len = p->bulk_len;
	return array_resume(p, data, p->args_total, s);
}

HOT enum request_status request_parse(struct request_parser *p, struct bytes data,
	const struct request_limits *limits, struct request_arena *arena, struct request *out)
{
	ASSERT(data.len >= p->offset);
	out->argc = 0;
	out->want = 0;
	if (UNLIKELY(data.len == 0))
		return REQUEST_PARTIAL;
	struct scan s = {
		.at = data.ptr,
		.end = data.ptr + data.len,
		.limits = limits,
		.arena = arena,
		.out = out,
		.bulk_len = -1,
	};
	enum request_status status = parse_by_kind(p, data, &s);
	if (UNLIKELY((p->offset | p->span_cap) != 0) && status != REQUEST_PARTIAL)
		request_parser_release(p);
	return status;
}
