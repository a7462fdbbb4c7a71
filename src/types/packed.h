/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packed containers in RDB bodies: listpacks, and the older ziplists and zipmaps, which are read
 * only. All bytes are checked before anything is made of them.
 */
#ifndef RINGLET_TYPES_PACKED_H
#define RINGLET_TYPES_PACKED_H

#include "base/codec.h"
#include "ds/listpack.h"

#define PACKED_EMIT_WORDS 64 /* elements in one command of a rewritten log */

/* Reads a string that is a listpack: valid, not empty, a multiple of `step` elements (0: any
 * number, also none). NULL = it is not, and the reader's error says why. The caller owns the
 * result. */
unsigned char *packed_read_listpack(struct codec_reader *r, unsigned step);
/* The same from a ziplist; elements keep their order. */
unsigned char *packed_read_ziplist(struct codec_reader *r, unsigned step);
/* The same from a zipmap: field, value, field, value … */
unsigned char *packed_read_zipmap(struct codec_reader *r);

/* A ziplist's elements as a listpack; NULL when the bytes are no ziplist. */
unsigned char *packed_of_ziplist(struct bytes bytes);
unsigned char *packed_of_zipmap(struct bytes bytes);

/* Whether two of the elements 0, step, 2 * step … are equal as texts. */
bool packed_has_duplicates(const unsigned char *lp, unsigned step);
/* The longest element's text. */
size_t packed_longest(const unsigned char *lp);

/* Collects the words of a command for a rewritten log and emits it every PACKED_EMIT_WORDS
 * elements. */
struct packed_emitter {
	struct bytes words[2 + PACKED_EMIT_WORDS];
	char digits[PACKED_EMIT_WORDS][20]; /* texts of integers */
	int count;
	void (*emit)(const struct bytes *argv, int argc, void *context);
	void *context;
};
void packed_emit_begin(struct packed_emitter *e, struct bytes command, struct bytes key,
	void (*emit)(const struct bytes *argv, int argc, void *context), void *context);
/* Adds an element's text; emits only between whole groups of `step`. */
void packed_emit_item(struct packed_emitter *e, const struct listpack_item *item, unsigned step);
/* All elements of a listpack. */
void packed_emit_listpack(struct packed_emitter *e, const unsigned char *lp);
void packed_emit_end(struct packed_emitter *e);

#endif
