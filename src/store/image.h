/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An image of a large value: its parts as they were at one moment, encoded piece by piece while the
 * value goes on changing. A part that is about to change and was not reached yet is encoded first,
 * into `ahead`; in an RDB body the parts of tables may stand in any order.
 *
 * It has one of two forms: the body of an RDB entry, or the commands that make the value.
 *
 * Tables (hashes, sets, sorted sets) are divided into intervals of the space of hashes, a few parts
 * each: what is saved is a bit per interval, and how far the walk has come. That holds under any
 * resize, and a part that came later cannot be taken for one that was there.
 *
 * Invariant: while an image is attached its value lives: who would free it hands it over instead
 * (image_adopt). It knows nothing of keys, files and why there is an image.
 */
#ifndef RINGLET_STORE_IMAGE_H
#define RINGLET_STORE_IMAGE_H

#include "base/codec.h"
#include "ds/dict.h"
#include "store/value.h"

#define IMAGE_TABLE_MIN 512             /* smaller tables are encoded whole */
#define IMAGE_BLOB_MIN_BYTES (64 << 10) /* and shorter strings */
#define IMAGE_LIST_MIN_NODES 8
#define IMAGE_INTERVAL_PARTS 4 /* of a table in an interval of hashes, about */
#define IMAGE_SAID_PARTS 32    /* of a table in one command, at most */

struct image;

/* A type's row: type_ops.image. */
struct image_ops {
	/* Worth an image: encoding it whole would take more than a fraction of a millisecond. */
	bool (*is_large)(const struct value *v);
	/* Attaches: sets im->tag and im->parts, and what it needs to hear of changes. */
	void (*begin)(struct image *im);
	/* The body's beginning, up to its parts; not for commands. */
	void (*head)(struct image *im, struct codec_writer *w);
	/* Encodes about `effort` parts (a microsecond holds ten); false: none is left. */
	bool (*step)(struct image *im, struct codec_writer *w, size_t effort);
	/* One part of a table. */
	void (*put)(struct image *im, const void *part, struct codec_writer *w);
	/* Some parts of a table (at most IMAGE_SAID_PARTS) as commands. */
	void (*say)(struct image *im, const void *const *parts, unsigned count,
		struct codec_writer *w);
	/* Optional: takes out a value that the image owns beside its own, to be freed by the
	 * caller; false = there is none (any more). */
	bool (*leave)(struct image *im, struct value *out);
	/* Optional: whether a part that the table holds belonged to the value at the beginning. */
	bool (*was_there)(const struct image *im, const void *part);
	/* Detaches, also in the middle. */
	void (*end)(struct image *im);
	/* The image attached to a value that is about to be freed; NULL = none, or it does not
	 * mind. */
	struct image *(*of)(const struct value *v);
};

struct image {
	struct dict_watch watch; /* first: the table's word that a part changes */
	const struct image_ops *ops;
	struct value value;
	uint8_t tag; /* RDB type of the body */
	bool compress;
	bool is_words;    /* commands, not a body */
	struct bytes key; /* of commands */
	bool is_begun;  /* the head was written */
	bool is_orphan; /* the value has no other owner any more */
	uint64_t parts; /* promised in the head */
	uint64_t parts_put;
	struct buf ahead;
	/* Of tables. */
	struct dict *dict;
	uint64_t passed; /* hashes whose high half is below this are through */
	unsigned shift;  /* high half to interval */
	uint64_t *saved; /* a bit per interval */
	size_t saved_bytes;
	struct codec_writer *writer; /* while a scan runs */
	uint64_t interval; /* which a change encodes; UINT64_MAX = the walk, all of them */
	const void **said; /* parts that wait for their command */
	unsigned said_count;
	/* The type's own. */
	void *state;
	uint64_t state_number;
	const size_t *kept; /* bytes that live only for this; may be NULL */
	int64_t base_ms;
};

/* An image of `v` as it is now; NULL where it is not large enough to need one. */
struct image *image_new(const struct value *v, bool compress);
/* The same as commands for this key (copied). */
struct image *image_new_words(const struct value *v, struct bytes key);
/* Encodes on; false when the body is complete. `effort` in parts. */
bool image_step(struct image *im, struct codec_writer *w, size_t effort);
/* As many parts as promised were written (a complete one that is not is an error in here). */
bool image_is_sound(const struct image *im);
/* Values that the image owns beside its own, to be freed by the caller, one a call; false: none is
 * left. Asked before image_free. */
bool image_leave(struct image *im, struct value *out);
/* Detaches and frees. Where it became the owner of the value *orphan gets that, to be freed by the
 * caller; returns whether it did. */
bool image_free(struct image *im, struct value *orphan);
/* Memory that there is only for the image, an adopted value left out. */
size_t image_extra_bytes(const struct image *im);
/* A value is about to be freed: true when an image is attached, which owns it from now on. */
bool image_adopt(const struct value *v);

/* For the rows of tables: attaches to `d`, whose parts `put` encodes; steps; detaches. */
void image_table_begin(struct image *im, struct dict *d);
bool image_table_step(struct image *im, struct codec_writer *w, size_t effort);
void image_table_end(struct image *im);
static inline struct image *image_of_table(const struct dict *d)
{
	return (struct image *)(void *)d->watch;
}

#endif
