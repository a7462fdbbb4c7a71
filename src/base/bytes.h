/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A view of bytes: pointer and length, never owned, never NUL-terminated by promise.
 * Everything that names data it does not own (an argument, a key, a reply part) is a `struct
 * bytes`.
 */
#ifndef RINGLET_BASE_BYTES_H
#define RINGLET_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const char *ptr;
	size_t len;
};

/* A view of a string literal, its length known at compile time. */
#define BYTES(literal) ((struct bytes){(literal), sizeof(literal) - 1})

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){(const char *)ptr, len};
}

/* A view of a NUL-terminated string. */
static inline struct bytes bytes_text(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* memcmp order, the shorter first where one is a prefix of the other. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Copies fewer than 64 bytes, which don't overlap, without a call: from both ends where one word is
 * not enough. */
static inline void bytes_copy_short(void *to, const void *from, size_t len)
{
	char *out = to;
	const char *in = from;
	if (len >= 16) {
		memcpy(out, in, 16);
		if (len > 32) {
			memcpy(out + 16, in + 16, 16);
			memcpy(out + len - 32, in + len - 32, 16);
		}
		memcpy(out + len - 16, in + len - 16, 16);
	} else if (len >= 8) {
		memcpy(out, in, 8);
		memcpy(out + len - 8, in + len - 8, 8);
	} else if (len >= 4) {
		memcpy(out, in, 4);
		memcpy(out + len - 4, in + len - 4, 4);
	} else if (len > 0) {
		out[0] = in[0];
		out[len / 2] = in[len / 2];
		out[len - 1] = in[len - 1];
	}
}

/* ASCII lower case, independent of the locale. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* Compares with a NUL-terminated word, ignoring ASCII case: how option words are recognised. */
static inline bool bytes_is(struct bytes a, const char *word)
{
	size_t i = 0;
	for (; i < a.len && word[i] != '\0'; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(word[i]))
			return false;
	return i == a.len && word[i] == '\0';
}

/* A NUL-terminated copy of at most `max` bytes on the stack, for texts that show a part of an
 * argument. */
struct bytes_clip {
	char text[160];
};

static inline struct bytes_clip bytes_clip_text(struct bytes a, size_t max)
{
	struct bytes_clip clip;
	size_t len = a.len < max ? a.len : max;
	if (len >= sizeof(clip.text))
		len = sizeof(clip.text) - 1;
	if (len > 0)
		memcpy(clip.text, a.ptr, len);
	clip.text[len] = '\0';
	return clip;
}

#endif
