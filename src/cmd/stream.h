/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the stream commands share: ids as arguments, streams found for reading or for a
 * change, entries as replies.
 */
#ifndef RINGLET_CMD_STREAM_H
#define RINGLET_CMD_STREAM_H

#include "cmd/container.h"
#include "types/stream_group.h"

#define STREAM_ROW .group = "stream"

/* "ms-seq" or "ms" (then `seq`). False: it is neither. */
bool stream_parse_id(struct bytes text, uint64_t seq, struct id *id);
/* The same of an argument; writes the error. */
bool stream_arg_id(struct call *call, int index, uint64_t seq, struct id *id);
/* An interval of two arguments, each with `(`, `-` or `+`; writes the error. */
bool stream_arg_interval(
	struct call *call, int from_index, int to_index, struct id *from, struct id *to);
/* One end of it: the first one. */
bool stream_arg_start(struct call *call, int index, struct id *from);

/* The stream at argv[index] for reading; NULL with *found MISSING or REFUSED. */
struct stream_body *stream_read(struct call *call, int index, enum found *found);
/* For a change that is no modification to watchers (pending entries, ids of groups): closes the
 * edit, counts `changed` towards the next save. */
void stream_close_quietly(struct edit *edit, uint64_t changed);
/* The same with an event that only notifications are to hear of. */
void stream_close_noting(struct edit *edit, const char *event, uint64_t changed);
/* Frees what was trimmed off, at once or in slices. */
void stream_bury(struct call *call, struct value *cut);

void stream_reply_id(struct reply *r, struct id id);
/* [id, [name, value …]]; reads the entry. */
void stream_reply_entry(struct reply *r, struct stream_entry *e);
/* An array of up to `count` (0 = all) entries; returns how many. */
uint64_t stream_reply_range(struct reply *r, struct stream_iter *it, uint64_t count);

/* The text of an id or number for an effect. */
struct stream_text {
	char text[STREAM_ID_MAX_CHARS];
	size_t len;
};
struct stream_text stream_text_id(struct id id);
struct stream_text stream_text_i64(int64_t value);
static inline struct bytes stream_text_bytes(const struct stream_text *t)
{
	return bytes_of(t->text, t->len);
}

/* An error that names two things (or one; then `b` is empty), whatever their length. */
enum outcome stream_fail(struct call *call, enum error error, struct bytes a, struct bytes b);
/* KEEPREF, DELREF or ACKED; false = another word. */
bool stream_arg_refs(const struct call *call, int index, enum stream_refs *refs);

/* What one more pending entry, or the place of a group, is propagated as. */
struct stream_effect {
	struct call *call;
	struct bytes key;
	const struct stream_group *group;
};
void stream_effect_claim(
	const struct stream_effect *e, struct id id, const struct stream_pending *p);
void stream_effect_group(const struct stream_effect *e);
void stream_effect_consumer(const struct stream_effect *e, struct bytes consumer);
/* The consumer, made if need be: then it is noted and propagated. Sets its seen time. */
struct stream_consumer *stream_consumer_touch(
	const struct stream_effect *e, struct edit *edit, struct bytes name);

#endif
