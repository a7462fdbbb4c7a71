/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups of a stream: how far each has read, and the entries that were delivered to its consumers
 * and not yet acknowledged. One allocation for each of those, held by two trees: the group's and
 * the consumer's.
 *
 * Invariants: what a consumer's tree holds, its group's tree holds under the same id, and its owner
 * is that consumer; every pending entry has an owner.
 */
#ifndef RINGLET_TYPES_STREAM_GROUP_H
#define RINGLET_TYPES_STREAM_GROUP_H

#include "types/stream.h"

#define STREAM_READ_UNKNOWN (-1) /* entries-read: nobody knows */
#define STREAM_NEVER_ACTIVE (-1)

struct stream_consumer {
	struct bytes name; /* first: stream_names sorts by it */
	int64_t seen_ms;   /* tried to read or claim */
	int64_t active_ms; /* got something; STREAM_NEVER_ACTIVE */
	struct id_tree pending;
	struct stream_image_consumer *image; /* while one is being written */
	char text[];
};

struct stream_pending {
	int64_t time_ms; /* of the last delivery */
	uint64_t count;  /* of deliveries */
	struct stream_consumer *consumer;
};

struct stream_group {
	struct bytes name; /* first: stream_names sorts by it */
	struct id last;    /* last-delivered-id */
	int64_t entries_read;
	struct id_tree pending;
	struct stream_names consumers;
	struct stream_image_group *image; /* while one is being written */
	char text[];
};

struct stream_group *stream_group_find(const struct stream_body *s, struct bytes name);
/* NULL = there is one of this name. */
struct stream_group *stream_group_create(
	struct stream_body *s, struct bytes name, struct id last, int64_t entries_read);
/* Takes the group out: *out is a stream that holds nothing else, to be freed in slices. False =
 * there is none. */
bool stream_group_destroy(struct stream_body *s, struct bytes name, struct value *out);

struct stream_consumer *stream_consumer_find(const struct stream_group *g, struct bytes name);
/* Finds or makes it; *created may be NULL. */
struct stream_consumer *stream_consumer_get(
	struct stream_group *g, struct bytes name, int64_t now_ms, bool *created);
/* Deletes a consumer with its pending entries; returns how many, -1 = there is no such one. Takes
 * the time of these, or of those of all others, whichever are fewer; *out gets what is to be freed
 * in slices, if anything. */
int64_t stream_consumer_delete(struct stream_group *g, struct bytes name, struct value *out);

/* NULL = not pending. */
struct stream_pending *stream_pending_find(const struct stream_group *g, struct id id);
/* Makes the entry pending for the consumer, delivered once, now; takes it from whoever has it. */
struct stream_pending *stream_pending_add(
	struct stream_group *g, struct stream_consumer *c, struct id id, int64_t now_ms);
/* Gives it to another consumer. */
void stream_pending_give(
	struct stream_group *g, struct id id, struct stream_pending *p, struct stream_consumer *to);
/* Before time_ms or count of a pending entry are changed. */
void stream_pending_touch(struct stream_group *g, struct id id, const struct stream_pending *p);
/* True when it was pending. */
bool stream_pending_delete(struct stream_group *g, struct id id);

/* The group has read the entry `id` (> g->last). */
void stream_group_read(const struct stream_body *s, struct stream_group *g, struct id id);
/* How many entries were added up to and with `id`; STREAM_READ_UNKNOWN where deletions hide it. */
int64_t stream_entries_read(const struct stream_body *s, struct id id);
/* How many entries the group has yet to read; false = nobody knows. */
bool stream_group_lag(const struct stream_body *s, const struct stream_group *g, uint64_t *lag);

/* Takes the entry out of all pending ones; true when it was in any. */
bool stream_delete_refs(struct stream_body *s, struct id id);
/* Whether a group has yet to read or to acknowledge the entry. */
bool stream_is_needed(const struct stream_body *s, struct id id);

#endif
