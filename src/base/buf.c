/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The growable buffer. Invariant: len <= cap, and ptr holds cap bytes (NULL when cap is 0). It
 * grows by doubling up to BUF_GROWTH_MAX and by that much from there on, rounded to the
 * allocator's size class, so that no memory it paid for goes unused.
 */
#include "base/buf.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdio.h>

#define BUF_FIRST_CAP 64
#define BUF_GROWTH_MAX ((size_t)1 << 20)

void buf_release(struct buf *b)
{
	mem_free(b->ptr);
	*b = (struct buf){0};
}

static __attribute__((noinline)) void buf_grow(struct buf *b, size_t more)
{
	size_t need;
	bool overflow = __builtin_add_overflow(b->len, more, &need);
	ASSERT(!overflow);
	size_t extra = need < BUF_GROWTH_MAX ? need : BUF_GROWTH_MAX;
	overflow = __builtin_add_overflow(need, extra, &need);
	ASSERT(!overflow);
	size_t cap = mem_size_class(need < BUF_FIRST_CAP ? BUF_FIRST_CAP : need);
	b->ptr = mem_realloc(b->ptr, cap);
	b->cap = cap;
}

char *buf_reserve(struct buf *b, size_t more)
{
	ASSERT(b->len <= b->cap);
	if (b->cap - b->len < more || b->ptr == NULL)
		buf_grow(b, more);
	return b->ptr + b->len;
}

void buf_add(struct buf *b, const void *ptr, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(b, len), ptr, len);
	b->len += len;
}

void buf_add_bytes(struct buf *b, struct bytes bytes)
{
	buf_add(b, bytes.ptr, bytes.len);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	char *to = buf_reserve(b, 1);
	size_t room = b->cap - b->len;
	int wanted = vsnprintf(to, room, format, args);
	ASSERT(wanted >= 0);
	if ((size_t)wanted >= room) {
		to = buf_reserve(b, (size_t)wanted + 1);
		vsnprintf(to, (size_t)wanted + 1, format, again);
	}
	va_end(again);
	b->len += (size_t)wanted;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

/* The letter behind the backslash for the characters that have one, else 0. */
static char buf_escape_letter(char c)
{
	switch (c) {
	case '\\':
	case '"':
		return c;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '\a':
		return 'a';
	case '\b':
		return 'b';
	default:
		return 0;
	}
}

void buf_add_quoted(struct buf *b, struct bytes bytes)
{
	static const char hex[] = "0123456789abcdef";
	buf_add_char(b, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		char letter = buf_escape_letter(c);
		if (letter != 0) {
			buf_add(b, (char[]){'\\', letter}, 2);
		} else if (c >= ' ' && c <= '~') {
			buf_add_char(b, c);
		} else {
			uint8_t byte = (uint8_t)c;
			buf_add(b, (char[]){'\\', 'x', hex[byte >> 4], hex[byte & 15]}, 4);
		}
	}
	buf_add_char(b, '"');
}

const char *buf_text(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->ptr;
}
