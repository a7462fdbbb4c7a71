/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The intset: a sorted array of distinct integers in one allocation, all as wide as the widest one
 * needs. It is the packed form of sets of integers; its bytes are those that RDB files hold:
 *
 *   width u32 (2, 4 or 8) | count u32 | integer (little-endian) …
 *
 * The invariant: strictly ascending; the allocation was asked for with exactly intset_bytes().
 * Functions trust the bytes: what comes from outside passes intset_is_valid first.
 */
#ifndef RINGLET_DS_INTSET_H
#define RINGLET_DS_INTSET_H

#include "base/bytes.h"

#define INTSET_HEADER_BYTES 8
#define INTSET_MAX_COUNT ((size_t)1 << 27) /* 1 GiB of the widest; callers leave it before that */

static inline uint32_t intset_width(const unsigned char *is)
{
	uint32_t width;
	memcpy(&width, is, 4);
	return width;
}

static inline size_t intset_count(const unsigned char *is)
{
	uint32_t count;
	memcpy(&count, is + 4, 4);
	return count;
}

static inline size_t intset_bytes(const unsigned char *is)
{
	return INTSET_HEADER_BYTES + intset_count(is) * intset_width(is);
}

/* The integer at `index`, which is below the count. */
static inline int64_t intset_get(const unsigned char *is, size_t index)
{
	const unsigned char *at = is + INTSET_HEADER_BYTES;
	int64_t wide;
	int32_t half;
	int16_t narrow;
	switch (intset_width(is)) {
	case 2:
		memcpy(&narrow, at + index * 2, 2);
		return narrow;
	case 4:
		memcpy(&half, at + index * 4, 4);
		return half;
	default:
		memcpy(&wide, at + index * 8, 8);
		return wide;
	}
}

unsigned char *intset_new(void);
void intset_free(unsigned char *is);
unsigned char *intset_copy(const unsigned char *is);

/* Where `value` is, or would be inserted, goes to *index. */
bool intset_find(const unsigned char *is, int64_t value, size_t *index);
static inline bool intset_has(const unsigned char *is, int64_t value)
{
	size_t index;
	return intset_find(is, value, &index);
}

/* Both return the intset, which may have moved; *changed says whether the value was new, or was
 * there. */
unsigned char *intset_add(unsigned char *is, int64_t value, bool *changed);
unsigned char *intset_remove(unsigned char *is, int64_t value, bool *changed);

/* Whether `bytes` are one whole intset: width, count and order. */
bool intset_is_valid(struct bytes bytes);
/* Takes a copy of valid bytes. */
unsigned char *intset_from(struct bytes bytes);

#endif
