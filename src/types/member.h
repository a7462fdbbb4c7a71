/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A member of a large set: its length and bytes in one allocation, one byte above its own size.
 *
 *   length u8 (255: u64 follows) | bytes
 */
#ifndef RINGLET_TYPES_MEMBER_H
#define RINGLET_TYPES_MEMBER_H

#include "base/hash.h"
#include "base/mem.h"

#define MEMBER_LONG 255

static inline struct bytes member_bytes(const void *member)
{
	const char *p = member;
	size_t len = (unsigned char)p[0];
	if (__builtin_expect(len != MEMBER_LONG, 1))
		return (struct bytes){p + 1, len};
	return (struct bytes){p + 9, hash_load64(p + 1)};
}

static inline size_t member_size(size_t len)
{
	return len + (len < MEMBER_LONG ? 1 : 9);
}

static inline void *member_new(struct bytes text)
{
	char *p = mem_alloc(member_size(text.len));
	char *at = p + 1;
	*p = (char)(text.len < MEMBER_LONG ? text.len : MEMBER_LONG);
	if (text.len >= MEMBER_LONG) {
		uint64_t len = text.len;
		memcpy(at, &len, 8);
		at += 8;
	}
	if (text.len != 0)
		memcpy(at, text.ptr, text.len);
	return p;
}

static inline void member_free(void *member)
{
	mem_free_sized(member, member_size(member_bytes(member).len));
}

/* For dict_find: `key` is a struct bytes. */
static inline bool member_is(const void *member, const void *key)
{
	return bytes_equal(member_bytes(member), *(const struct bytes *)key);
}

#endif
