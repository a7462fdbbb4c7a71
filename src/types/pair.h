/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A field of a large hash with its value, in one allocation two bytes above their own sizes; ten
 * where the field expires.
 *
 *   [expiry 8] | field length u8 (255: u64 follows) | field | value length u8 (255 …) | value
 *
 * The pointer to a pair that expires has its lowest bit set, which allocations never have: whether
 * there is an expiry costs nothing where there is none, and one changes without the others.
 */
#ifndef RINGLET_TYPES_PAIR_H
#define RINGLET_TYPES_PAIR_H

#include "types/member.h"

#define PAIR_NO_EXPIRY (-1)

static inline bool pair_expires(const void *pair)
{
	return (uintptr_t)pair & 1;
}

/* Where the field stands: at the allocation's beginning, or eight bytes behind it (seven behind the
 * marked pointer). */
static inline const char *pair_text(const void *pair)
{
	return (const char *)pair + ((uintptr_t)pair & 1) * 7;
}

static inline struct bytes pair_field(const void *pair)
{
	return member_bytes(pair_text(pair));
}

static inline struct bytes pair_value(const void *pair)
{
	struct bytes field = pair_field(pair);
	return member_bytes(field.ptr + field.len);
}

static inline int64_t pair_expiry_ms(const void *pair)
{
	return pair_expires(pair) ? (int64_t)hash_load64((const char *)pair - 1) : PAIR_NO_EXPIRY;
}

/* Of a pair that expires already. */
static inline void pair_set_expiry_ms(void *pair, int64_t at_ms)
{
	memcpy((char *)pair - 1, &at_ms, 8);
}

static inline size_t pair_size(size_t field_len, size_t value_len, bool expires)
{
	return member_size(field_len) + member_size(value_len) + (expires ? 8 : 0);
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

static inline void *pair_new(struct bytes field, struct bytes value, int64_t expiry_ms)
{
	bool expires = expiry_ms != PAIR_NO_EXPIRY;
	char *base = mem_alloc(pair_size(field.len, value.len, expires));
	pair_put(pair_put(base + (expires ? 8 : 0), field), value);
	if (!expires)
		return base;
	pair_set_expiry_ms(base + 1, expiry_ms);
	return base + 1;
}

static inline char *pair_base(const void *pair)
{
	return (char *)((uintptr_t)pair & ~(uintptr_t)1);
}

static inline size_t pair_size_of(const void *pair)
{
	struct bytes value = pair_value(pair);
	return (size_t)(value.ptr + value.len - pair_base(pair));
}

static inline void pair_free(void *pair)
{
	mem_free_sized(pair_base(pair), pair_size_of(pair));
}

static inline void *pair_copy(const void *pair)
{
	return (char *)mem_dup(pair_base(pair), pair_size_of(pair)) + pair_expires(pair);
}

/* For dict_find: `key` is a struct bytes, the field. */
static inline bool pair_is(const void *pair, const void *key)
{
	return bytes_equal(pair_field(pair), *(const struct bytes *)key);
}

#endif
