/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of streams share; nobody else includes this.
 */
#ifndef RINGLET_TYPES_STREAM_INTERNAL_H
#define RINGLET_TYPES_STREAM_INTERNAL_H

#include "types/stream_group.h"

/* Finds out what the first live id is. */
void stream_note_first(struct stream_body *s);
/* Makes the live entry at `at` of the piece at `place` a tombstone. Returns where it now is; NULL:
 * it was the piece's last live one, and the piece is gone. */
const unsigned char *stream_bury_entry(
	struct stream_body *s, struct id_place place, const unsigned char *at);

struct stream_group *stream_group_new(struct bytes name, struct id last, int64_t entries_read);
struct stream_consumer *stream_consumer_new(struct bytes name, int64_t now_ms);
/* Takes what is pending below `id` out of all groups, in a few nodes' time for each consumer, and
 * puts it into `out` to be freed. False, and nothing is done: it may not all belong to live entries
 * (or an image is being written), so each must be looked at. */
bool stream_pending_cut(struct stream_body *s, struct id id, struct stream_body *out);
/* Frees a group with its consumers, about `effort` pending entries at a time; true = it is gone. */
bool stream_group_free_slice(struct stream_group *g, size_t *effort);
/* Frees the stream the same way. */
bool stream_free_slice(struct stream_body *s, size_t effort);

bool stream_decode(uint8_t tag, struct codec_reader *r, struct value *out);
void stream_encode(const struct value *v, struct codec_writer *w);
void stream_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context);

/* --- the parts of a body, in their order (stream_rdb.c) --- */

/* What is known of a stream beyond its entries. */
struct stream_facts {
	uint64_t length, added;
	struct id last, first, max_deleted;
	uint64_t groups;
};
struct stream_facts stream_facts_of(const struct stream_body *s);
void stream_encode_piece(struct codec_writer *w, struct id base, const unsigned char *lp);
void stream_encode_facts(struct codec_writer *w, const struct stream_facts *facts);
/* `g` with the last id and the entries read that it had; then each pending entry. */
struct stream_group_facts {
	struct bytes name;
	struct id last;
	int64_t entries_read;
	uint64_t pending, consumers;
};
void stream_encode_group(struct codec_writer *w, const struct stream_group_facts *g);
void stream_encode_pending(struct codec_writer *w, struct id id, const struct stream_pending *p);
void stream_encode_consumers(struct codec_writer *w, const struct stream_group_facts *g);
/* Then each of the consumer's pending entries. */
struct stream_consumer_facts {
	struct bytes name;
	int64_t seen_ms, active_ms;
	uint64_t pending;
};
void stream_encode_consumer(struct codec_writer *w, const struct stream_consumer_facts *c);
void stream_encode_owned(struct codec_writer *w, struct id id);

/* --- the same as commands (stream_rewrite.c) --- */

struct stream_emitter {
	struct bytes key;
	void (*emit)(const struct bytes *argv, int argc, void *context);
	void *context;
	struct bytes *words;
	size_t cap;
	int count;
	struct buf digits; /* texts of integers; reserved ahead, so that they stay in place */
};
void stream_say_piece(struct stream_emitter *e, struct id base, const unsigned char *lp);
void stream_say_facts(struct stream_emitter *e, const struct stream_facts *facts);
void stream_say_group(struct stream_emitter *e, const struct stream_group_facts *g);
void stream_say_consumer(
	struct stream_emitter *e, const struct stream_group_facts *g, struct bytes consumer);
struct stream_claimed {
	struct bytes group, consumer;
	struct id id;
	const struct stream_pending *pending;
};
void stream_say_pending(struct stream_emitter *e, const struct stream_claimed *c);
void stream_emitter_release(struct stream_emitter *e);

/* --- words before changes, for an image that is being written (stream_image.c) --- */

/* The piece is about to change. */
void stream_image_before(struct stream_image *si, struct id base, const unsigned char *lp);
/* A piece has come to be. */
void stream_image_came(struct stream_image *si, struct id base);
/* Pieces that were cut off, or a group, as a stream of its own: taken when the image still needs
 * it; then *v holds nothing. */
void stream_image_keep_cut(struct stream_image *si, struct value *v);
void stream_image_keep(struct stream_image *si, struct value *v);
/* A pending entry is about to change or go; NULL: has come. */
void stream_image_touch(struct stream_image_group *g, struct id id, const struct stream_pending *p);
/* A consumer without pending entries that is no longer its group's; freed with the image. */
void stream_image_keep_consumer(struct stream_consumer *c);

#endif
