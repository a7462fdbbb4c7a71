/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What an order tree holds: a score and a member in one allocation, nine bytes above the member's
 * own size. The order is by score, then by the member's bytes.
 *
 *   score 8 | member length u8 (255: u64 follows) | member
 */
#ifndef RINGLET_DS_ORDER_ITEM_H
#define RINGLET_DS_ORDER_ITEM_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"

#define ORDER_ITEM_LONG 255

static inline double order_item_score(const void *item)
{
	double score;
	memcpy(&score, item, sizeof(score));
	return score;
}

/* Only for an item that is in no tree; else order_tree_move. */
static inline void order_item_set_score(void *item, double score)
{
	memcpy(item, &score, sizeof(score));
}

static inline struct bytes order_item_member(const void *item)
{
	const char *p = (const char *)item + sizeof(double);
	size_t len = (unsigned char)p[0];
	if (__builtin_expect(len != ORDER_ITEM_LONG, 1))
		return (struct bytes){p + 1, len};
	return (struct bytes){p + 9, hash_load64(p + 1)};
}

static inline size_t order_item_size(size_t member_len)
{
	return sizeof(double) + member_len + (member_len < ORDER_ITEM_LONG ? 1 : 9);
}

static inline void *order_item_new(struct bytes member, double score)
{
	char *item = mem_alloc(order_item_size(member.len));
	char *at = item + sizeof(double) + 1;
	order_item_set_score(item, score);
	at[-1] = (char)(member.len < ORDER_ITEM_LONG ? member.len : ORDER_ITEM_LONG);
	if (member.len >= ORDER_ITEM_LONG) {
		uint64_t len = member.len;
		memcpy(at, &len, 8);
		at += 8;
	}
	if (member.len != 0)
		memcpy(at, member.ptr, member.len);
	return item;
}

static inline void order_item_free(void *item)
{
	mem_free_sized(item, order_item_size(order_item_member(item).len));
}

/* For dict_find: `key` is a struct bytes. */
static inline bool order_item_is(const void *item, const void *key)
{
	return bytes_equal(order_item_member(item), *(const struct bytes *)key);
}

#endif
