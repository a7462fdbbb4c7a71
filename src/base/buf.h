/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A growable byte buffer, for building texts and payloads off the hot path.
 * Zero-initialised is a valid empty buffer (ptr NULL until the first byte).
 */
#ifndef RINGLET_BASE_BUF_H
#define RINGLET_BASE_BUF_H

#include "base/bytes.h"

#include <stdarg.h>

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
};

static inline struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){b->ptr, b->len};
}

/* Frees the memory and leaves an empty buffer. */
void buf_release(struct buf *b);
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
}
/* Room for `more` bytes behind len; returns where they go. */
char *buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *ptr, size_t len);
void buf_add_bytes(struct buf *b, struct bytes bytes);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);
/* The bytes with quotes and escapes, as logs, MONITOR and CONFIG REWRITE show them ("a\x00\n"). */
void buf_add_quoted(struct buf *b, struct bytes bytes);
/* NUL behind the last byte (not counted in len); returns ptr. */
const char *buf_text(struct buf *b);

#endif
