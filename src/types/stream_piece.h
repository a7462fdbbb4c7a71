/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A piece of a stream: up to some hundred entries in one listpack, in the form that RDB files have.
 *
 *   live | deleted | names n | name … | 0 | entry …
 *   entry: flags | ms - base.ms | seq - base.seq | [n] | value …, or name, value … | elements
 *
 * The base is the id of the piece's first entry. An entry with the same names as the piece says so
 * and holds the values only. `elements` counts those of the entry in front of it, so that a walk
 * can go backwards. What is deleted stays as a tombstone until the piece goes.
 *
 * Functions trust the bytes: what comes from outside passes stream_piece_is_valid first.
 */
#ifndef RINGLET_TYPES_STREAM_PIECE_H
#define RINGLET_TYPES_STREAM_PIECE_H

#include "ds/id_tree.h"
#include "ds/listpack.h"

#define STREAM_PIECE_MAX_BYTES ((size_t)1 << 30)

enum { STREAM_ENTRY_DELETED = 1, STREAM_ENTRY_SAME_NAMES = 2 };

/* A piece looked into: what all its entries share. */
struct stream_piece {
	const unsigned char *lp;
	struct id base;
	uint64_t name_count;
	const unsigned char *names; /* the first one, or the terminator when there are none */
	const unsigned char *first; /* the first entry's flags; NULL = no entries */
};

/* An entry, and how far its fields were read. */
struct stream_entry {
	struct id id;
	unsigned flags;
	uint64_t fields;           /* left to be read */
	const unsigned char *at;   /* its flags */
	const unsigned char *name; /* the next name among the piece's; NULL: it has its own */
	const unsigned char *next; /* the next element of the entry */
};

/* Live entries of a piece: what it weighs. */
uint64_t stream_piece_live(const void *lp);
uint64_t stream_piece_deleted(const unsigned char *lp);

/* A piece without entries whose names are those of `pairs` (`fields` names and values in turn). */
unsigned char *stream_piece_new(const struct bytes *pairs, size_t fields);
/* Appends a live entry; returns the piece, which may have moved. */
unsigned char *stream_piece_append(
	unsigned char *lp, struct id base, struct id id, const struct bytes *pairs, size_t fields);
/* Makes the entry at `at` a tombstone; returns the piece, which may have moved (then *at, too). */
unsigned char *stream_piece_delete(unsigned char *lp, const unsigned char **at);

struct stream_piece stream_piece_open(const unsigned char *lp, struct id base);
/* The entry whose flags are at `at`. */
struct stream_entry stream_piece_entry(const struct stream_piece *p, const unsigned char *at);
/* The flags of the next entry; NULL at the end. `e` may have been read from. */
const unsigned char *stream_piece_next(const struct stream_entry *e);
/* The flags of the last entry, of the one before; NULL at the begin. */
const unsigned char *stream_piece_last(const struct stream_piece *p);
const unsigned char *stream_piece_prev(const struct stream_piece *p, const unsigned char *at);
/* The first entry, live or not, with an id of at least `id`; false = there is none. */
bool stream_piece_seek(const struct stream_piece *p, struct id id, struct stream_entry *e);

/* The next field of an entry: call it `fields` times. */
void stream_entry_field(
	struct stream_entry *e, struct listpack_item *name, struct listpack_item *value);

/* Whether a valid listpack is a piece: every entry whole, ids rising from `base` on, counts true,
 * at least one entry. *last: the id of the last entry. */
bool stream_piece_is_valid(const unsigned char *lp, struct id base, struct id *last);

#endif
