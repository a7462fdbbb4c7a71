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
/* Frees a group with its consumers, about `effort` pending entries at a time; true = it is gone. */
bool stream_group_free_slice(struct stream_group *g, size_t *effort);
/* Frees the stream the same way. */
bool stream_free_slice(struct stream_body *s, size_t effort);

bool stream_decode(uint8_t tag, struct codec_reader *r, struct value *out);
void stream_encode(const struct value *v, struct codec_writer *w);
void stream_rewrite(struct bytes key, const struct value *v,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context);

#endif
