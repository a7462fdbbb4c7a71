/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the sorted set commands share.
 */
#ifndef RINGLET_CMD_ZSET_H
#define RINGLET_CMD_ZSET_H

#include "cmd/container.h"
#include "types/zset.h"

/* How members go out with their scores: in RESP3 each pair may be an array of its own, which RESP2
 * never has. */
struct zset_reply {
	struct reply *reply;
	bool with_scores;
	bool is_nested;
};

/* With the shape that WITHSCORES has. */
static inline struct zset_reply zset_reply_of(struct reply *reply, bool with_scores)
{
	return (struct zset_reply){reply, with_scores, with_scores && reply->resp > 2};
}

/* The array around `count` members. */
static inline void zset_reply_begin(const struct zset_reply *r, int64_t count)
{
	reply_array(r->reply, r->with_scores && !r->is_nested ? count * 2 : count);
}

static inline void zset_reply_pair(
	const struct zset_reply *r, const struct listpack_item *member, double score)
{
	if (r->is_nested)
		reply_array(r->reply, 2);
	reply_item(r->reply, member);
	if (r->with_scores)
		reply_double(r->reply, score);
}

#endif
