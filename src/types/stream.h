/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Streams: entries under rising ids, in pieces (types/stream_piece.h) that an id tree holds by the
 * id of their first entry and weighs by their live ones; and groups that read them
 * (types/stream_group.h). Data only: no replies, no sessions, no clock.
 *
 * Invariants: ids rise strictly over all pieces; every live id is <= last; `first` is the least
 * live id (0-0 when there is none); an empty stream may exist. A value whose `ptr` is NULL is a
 * stream that was never written: stream_of(…) makes it real.
 */
#ifndef RINGLET_TYPES_STREAM_H
#define RINGLET_TYPES_STREAM_H

#include "store/type_ops.h"
#include "types/stream_piece.h"

extern const struct type_ops stream_ops;
extern const struct value stream_empty;

/* Things with names, sorted by them. An item begins with its name (struct bytes). */
struct stream_names {
	void **items;
	size_t count, cap;
};

struct stream_body {
	struct id_tree pieces; /* listpacks */
	uint64_t length;       /* live entries: what the pieces weigh */
	uint64_t added;        /* entries-added: ever */
	struct id last;        /* last-generated-id */
	struct id first;       /* recorded-first-entry-id */
	struct id max_deleted; /* the greatest id that was deleted on its own */
	struct stream_names groups;
	struct stream_image *image; /* that is being written; NULL = none */
};

/* The stream of a value; made where there is none yet. */
struct stream_body *stream_of(struct value *v);

/* --- ids --- */

/* The id behind or in front of it; false at the end of all ids. */
bool stream_id_next(struct id *id);
bool stream_id_prev(struct id *id);
#define STREAM_ID_MAX_CHARS 41
/* "5-1"; returns the length. */
size_t stream_id_print(char *out, struct id id);

/* --- changing --- */

enum stream_added {
	STREAM_ADDED,
	STREAM_ID_SMALL, /* not above the last one */
	STREAM_TOO_LARGE,
};
/* Appends an entry of `fields` names and values in turn. */
enum stream_added stream_add(
	struct stream_body *s, struct id id, const struct bytes *pairs, size_t fields);
/* True when it was there. */
bool stream_delete(struct stream_body *s, struct id id);

/* What becomes of pending entries (of groups) whose entry is deleted. */
enum stream_refs {
	STREAM_KEEP_REFS,
	STREAM_DELETE_REFS,
	STREAM_ACKED_ONLY, /* only what no group still needs is deleted */
};

struct stream_trim {
	bool by_id;     /* below `min_id`, else down to `max_length` */
	bool is_approx; /* whole pieces only */
	uint64_t limit; /* of entries when approximate; 0 = none */
	uint64_t max_length;
	struct id min_id;
	enum stream_refs refs;
};
/* Deletes entries from the front; returns how many. Takes few nodes' time with STREAM_KEEP_REFS:
 * whole pieces are handed over as a stream of their own, *cut, to be freed in slices (ptr NULL:
 * there are none). With the other two every entry is looked at. */
uint64_t stream_trim(struct stream_body *s, const struct stream_trim *trim, struct value *cut);

/* --- reading --- */

/* A walk over live entries with from <= id <= to; the stream is not changed meanwhile. */
struct stream_iter {
	struct id_place place;
	struct stream_piece piece;
	const unsigned char *at; /* flags of the next entry; NULL = the next piece */
	struct id from, to;
	bool backwards;
	bool is_opened;            /* `piece` is that of `place` */
	struct stream_entry entry; /* what stream_next came to */
};
void stream_iter_init(struct stream_iter *it, const struct stream_body *s, struct id from,
	struct id to, bool backwards);
bool stream_next(struct stream_iter *it);

/* The live entry with this id; false = there is none. */
bool stream_find(const struct stream_body *s, struct id id, struct stream_entry *out);
/* The last live id; 0-0 when there is none. */
struct id stream_last_live(const struct stream_body *s);

/* --- names (groups and consumers) --- */

/* The item; NULL = none, and *at is where it would stand. */
void *stream_names_find(const struct stream_names *names, struct bytes name, size_t *at);
void stream_names_insert(struct stream_names *names, size_t at, void *item);
void stream_names_remove(struct stream_names *names, size_t at);

#endif
