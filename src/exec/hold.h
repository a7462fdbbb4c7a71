/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Replies that may not leave yet, because what they show is not safe: the executor tells whoever
 * holds (persist/hold) where replies begin, and net sends no further than the first mark.
 *
 * Invariant: marks stand in the order of the output; what is behind one waits for it, too, so that
 * replies of a connection keep their order. While exec->hold is NULL nobody has marks of any use.
 */
#ifndef RINGLET_EXEC_HOLD_H
#define RINGLET_EXEC_HOLD_H

#include "exec/session.h"

#define HOLD_MARKS_MAX 2 /* groups that can be open at once: one in flight, one that gathers */

struct db;
struct key;

/* How safe what a session sees must be. */
enum durability {
	DURABILITY_DEFAULT, /* as appendfsync says: FSYNC under always, else WRITTEN */
	DURABILITY_NONE,
	DURABILITY_WRITTEN, /* in the page cache: the end of the process loses nothing */
	DURABILITY_FSYNC,   /* on the disk */
	DURABILITY_LEVELS
};

struct hold_mark {
	size_t before; /* so many unsent bytes stand in front of it and may leave */
	uint64_t group;
	bool must_sync; /* written is not enough */
};

struct hold {
	struct link waiting; /* in its owner's list while there are marks */
	struct session *session;
	int count;
	struct hold_mark marks[HOLD_MARKS_MAX];
};

/* What is known where an outermost call begins; nested ones add to it. */
struct hold_frame {
	struct hold_frame *outer;
	size_t position; /* unsent bytes in front of the reply */
	uint64_t effects, dirty, group, nests;
	uint64_t target; /* the latest group that the reply shows something of; 0 = none */
	bool is_skipped; /* nothing to find out */
	bool is_cuttable; /* the reply may be taken back to `mark` */
	struct out_mark mark;
};

/* Set by whoever holds, while replies may have to wait. */
struct hold_ops {
	/* Around each call, nested ones included; the reply is written between the two. */
	void (*begin)(struct call *call, struct hold_frame *frame, void *context);
	void (*end)(
		struct call *call, struct hold_frame *frame, enum outcome outcome, void *context);
	/* The running call shows something of this key, though it does not name it; NULL: any. */
	void (*look)(const struct db *db, const struct key *key, void *context);
	/* Something that is no reply to a running call of `s` is going to be written to its out. */
	void (*message)(struct session *s, void *context);
	void *context;
};

/* How many bytes of the session's output may leave. */
static inline size_t hold_sendable(const struct session *s)
{
	if (LIKELY(s->hold == NULL) || s->hold->count == 0)
		return SIZE_MAX;
	return s->hold->marks[0].before;
}

/* So many have left. */
static inline void hold_sent(struct session *s, size_t len)
{
	if (LIKELY(s->hold == NULL))
		return;
	for (int i = 0; i < s->hold->count; i++)
		s->hold->marks[i].before -= len;
}

#endif
