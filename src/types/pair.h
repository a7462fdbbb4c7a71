/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A field of a large hash with its value, in one allocation two bytes above their own sizes.
 *
 *   field length u8 (255: u64 follows) | field | value length u8 (255: u64 follows) | value
 */
#ifndef RINGLET_TYPES_PAIR_H
#define RINGLET_TYPES_PAIR_H

#include "types/member.h"

/* The field stands as a member does. */
static inline struct bytes pair_field(const void *pair)
{
	return member_bytes(pair);
}

static inline struct bytes pair_value(const void *pair)
{
	struct bytes field = member_bytes(pair);
	return member_bytes(field.ptr + field.len);
}

static inline size_t pair_size(size_t field_len, size_t value_len)
{
	return member_size(field_len) + member_size(value_len);
}

static inline char *pair_put(char *at, struct bytes text)
{
	*at++ = (char)(text.len < MEMBER_LONG ? text.len : MEMBER_LONG);
	if (text.len >= MEMBER_LONG) {
		uint64_t len = text.len;
		memcpy(at, &len, 8);
		at += 8;
	}
	if (text.len != 0)
		memmove(at, text.ptr, text.len);
	return at + text.len;
}

static inline void *pair_new(struct bytes field, struct bytes value)
{
	char *pair = mem_alloc(pair_size(field.len, value.len));
	pair_put(pair_put(pair, field), value);
	return pair;
}

static inline size_t pair_size_of(const void *pair)
{
	struct bytes value = pair_value(pair);
	return (size_t)(value.ptr + value.len - (const char *)pair);
}

static inline void pair_free(void *pair)
{
	mem_free_sized(pair, pair_size_of(pair));
}

#endif
