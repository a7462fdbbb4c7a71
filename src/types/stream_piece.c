/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writing, walking and judging the pieces of streams.
 */
#include "types/stream_piece.h"

#include "base/assert.h"

#define BATCH_ITEMS 64
#define SMALL_INTEGER_MAX 127 /* encoded in a byte: changed in place */
#define ENTRY_HEAD 3          /* flags, ms, seq */

/* Collects elements, so that the listpack grows once for many. */
struct batch {
	unsigned char *lp;
	size_t count;
	struct listpack_item items[BATCH_ITEMS];
};

static void batch_flush(struct batch *b)
{
	unsigned char *at = NULL;
	if (b->count > 0)
		b->lp = listpack_insert_batch(b->lp, &at, b->items, b->count);
	b->count = 0;
}

static inline void batch_add(struct batch *b, struct listpack_item item)
{
	if (b->count == BATCH_ITEMS)
		batch_flush(b);
	b->items[b->count++] = item;
}

static inline void batch_number(struct batch *b, uint64_t number)
{
	batch_add(b, listpack_item_i64((int64_t)number));
}

static const unsigned char *skip(const unsigned char *at, uint64_t elements)
{
	for (; elements > 0; elements--)
		at = listpack_next(at);
	return at;
}

/* --- counts --- */

uint64_t stream_piece_live(const void *lp)
{
	const unsigned char *at = (const unsigned char *)lp + LISTPACK_HEADER_BYTES;
	return *at <= SMALL_INTEGER_MAX ? *at : (uint64_t)listpack_integer(at);
}

uint64_t stream_piece_deleted(const unsigned char *lp)
{
	return (uint64_t)listpack_integer(listpack_next(lp + LISTPACK_HEADER_BYTES));
}

/* Sets one of the two counts: 0 live, 1 deleted. */
static unsigned char *set_count(unsigned char *lp, unsigned which, uint64_t count)
{
	unsigned char *at = lp + LISTPACK_HEADER_BYTES;
	if (which == 1)
		at = listpack_next(at);
	if (*at <= SMALL_INTEGER_MAX && count <= SMALL_INTEGER_MAX) {
		*at = (unsigned char)count;
		return lp;
	}
	struct listpack_item item = listpack_item_i64((int64_t)count);
	return listpack_replace(lp, &at, &item);
}

/* --- writing --- */

unsigned char *stream_piece_new(const struct bytes *pairs, size_t fields)
{
	struct batch b;
	b.lp = listpack_new();
	b.count = 0;
	batch_number(&b, 0);
	batch_number(&b, 0);
	batch_number(&b, fields);
	for (size_t i = 0; i < fields; i++)
		batch_add(&b, listpack_item_of(pairs[2 * i]));
	batch_number(&b, 0);
	batch_flush(&b);
	return b.lp;
}

/* Whether the names of `pairs` are those of the piece. */
static bool has_same_names(const unsigned char *lp, const struct bytes *pairs, size_t fields)
{
	const unsigned char *at = skip(lp + LISTPACK_HEADER_BYTES, 2);
	if ((uint64_t)listpack_integer(at) != fields)
		return false;
	for (size_t i = 0; i < fields; i++) {
		struct bytes text;
		at = listpack_next(at);
		if (listpack_is_string(at, &text)) {
			if (!bytes_equal(text, pairs[2 * i]))
				return false;
			continue;
		}
		struct listpack_item item = listpack_item_of(pairs[2 * i]);
		if (!listpack_equals(at, &item))
			return false;
	}
	return true;
}

unsigned char *stream_piece_append(
	unsigned char *lp, struct id base, struct id id, const struct bytes *pairs, size_t fields)
{
	struct batch b;
	bool is_same = has_same_names(lp, pairs, fields);
	b.lp = lp;
	b.count = 0;
	batch_number(&b, is_same ? STREAM_ENTRY_SAME_NAMES : 0);
	batch_number(&b, id.ms - base.ms);
	batch_number(&b, id.seq - base.seq);
	if (!is_same)
		batch_number(&b, fields);
	for (size_t i = 0; i < fields; i++) {
		if (!is_same)
			batch_add(&b, listpack_item_of(pairs[2 * i]));
		batch_add(&b, listpack_item_of(pairs[2 * i + 1]));
	}
	batch_number(&b, ENTRY_HEAD + (is_same ? fields : 2 * fields + 1));
	batch_flush(&b);
	return set_count(b.lp, 0, stream_piece_live(b.lp) + 1);
}

unsigned char *stream_piece_delete(unsigned char *lp, const unsigned char **at)
{
	size_t offset = (size_t)(*at - lp);
	size_t bytes = listpack_bytes(lp);
	lp[offset] |= STREAM_ENTRY_DELETED; /* flags are small integers */
	lp = set_count(lp, 0, stream_piece_live(lp) - 1);
	lp = set_count(lp, 1, stream_piece_deleted(lp) + 1);
	*at = lp + offset + listpack_bytes(lp) - bytes;
	return lp;
}

/* --- walking --- */

struct stream_piece stream_piece_open(const unsigned char *lp, struct id base)
{
	struct stream_piece p = {.lp = lp, .base = base};
	const unsigned char *at = skip(lp + LISTPACK_HEADER_BYTES, 2);
	p.name_count = (uint64_t)listpack_integer(at);
	p.names = listpack_next(at);
	p.first = listpack_next(skip(p.names, p.name_count));
	return p;
}

struct stream_entry stream_piece_entry(const struct stream_piece *p, const unsigned char *at)
{
	struct stream_entry e = {.at = at, .flags = (unsigned)listpack_integer(at)};
	at = listpack_next(at);
	e.id.ms = p->base.ms + (uint64_t)listpack_integer(at);
	at = listpack_next(at);
	e.id.seq = p->base.seq + (uint64_t)listpack_integer(at);
	at = listpack_next(at);
	if (e.flags & STREAM_ENTRY_SAME_NAMES) {
		e.fields = p->name_count;
		e.name = p->names;
	} else {
		e.fields = (uint64_t)listpack_integer(at);
		at = listpack_next(at);
	}
	e.next = at;
	return e;
}

const unsigned char *stream_piece_next(const struct stream_entry *e)
{
	uint64_t left = e->name != NULL ? e->fields : 2 * e->fields;
	return listpack_next(skip(e->next, left));
}

/* The entry whose count of elements is at `count`; the piece's terminator, 0, ends the walk. */
static const unsigned char *entry_before(const unsigned char *lp, const unsigned char *count)
{
	int64_t elements = listpack_integer(count);
	if (elements == 0)
		return NULL;
	for (; elements > 0; elements--)
		count = listpack_prev(lp, count);
	return count;
}

const unsigned char *stream_piece_last(const struct stream_piece *p)
{
	return entry_before(p->lp, listpack_last(p->lp));
}

const unsigned char *stream_piece_prev(const struct stream_piece *p, const unsigned char *at)
{
	return entry_before(p->lp, listpack_prev(p->lp, at));
}

bool stream_piece_seek(const struct stream_piece *p, struct id id, struct stream_entry *e)
{
	const unsigned char *at = p->first;
	while (at != NULL) {
		*e = stream_piece_entry(p, at);
		if (id_compare(e->id, id) >= 0)
			return true;
		at = stream_piece_next(e);
	}
	return false;
}

void stream_entry_field(
	struct stream_entry *e, struct listpack_item *name, struct listpack_item *value)
{
	ASSERT(e->fields > 0);
	if (e->name != NULL) {
		*name = listpack_get(e->name);
		e->name = listpack_next(e->name);
	} else {
		*name = listpack_get(e->next);
		e->next = listpack_next(e->next);
	}
	*value = listpack_get(e->next);
	e->next = listpack_next(e->next);
	e->fields--;
}

/* --- bytes from outside --- */

/* An element that is an integer of at least 0; *at goes on. */
static bool take_number(const unsigned char **at, uint64_t *out)
{
	struct bytes text;
	if (*at == NULL || listpack_is_string(*at, &text))
		return false;
	int64_t number = listpack_integer(*at);
	*out = (uint64_t)number;
	*at = listpack_next(*at);
	return number >= 0;
}

/* The same of any sign: a difference. */
static bool take_difference(const unsigned char **at, uint64_t *out)
{
	struct bytes text;
	if (*at == NULL || listpack_is_string(*at, &text))
		return false;
	*out = (uint64_t)listpack_integer(*at);
	*at = listpack_next(*at);
	return true;
}

static bool take_any(const unsigned char **at, uint64_t elements)
{
	for (; elements > 0 && *at != NULL; elements--)
		*at = listpack_next(*at);
	return elements == 0;
}

/* One entry from *at on. */
static bool take_entry(
	const unsigned char **at, uint64_t names, struct id base, struct id *id, uint64_t *flags)
{
	uint64_t ms, seq, elements;
	uint64_t fields = names;
	bool is_small = *at != NULL && **at <= (STREAM_ENTRY_DELETED | STREAM_ENTRY_SAME_NAMES);
	if (!is_small || !take_number(at, flags) || !take_difference(at, &ms) ||
		!take_difference(at, &seq))
		return false;
	*id = (struct id){base.ms + ms, base.seq + seq};
	bool is_same = (*flags & STREAM_ENTRY_SAME_NAMES) != 0;
	if (!is_same && !take_number(at, &fields))
		return false;
	/* More fields than the listpack can hold end the walk early; twice as many don't wrap. */
	if (fields > UINT32_MAX || !take_any(at, is_same ? fields : 2 * fields))
		return false;
	return take_number(at, &elements) &&
	       elements == ENTRY_HEAD + (is_same ? fields : 2 * fields + 1);
}

bool stream_piece_is_valid(const unsigned char *lp, struct id base, struct id *last)
{
	const unsigned char *at = listpack_first(lp);
	uint64_t live, deleted, names, end;
	uint64_t seen[2] = {0, 0};
	if (!take_number(&at, &live) || !take_number(&at, &deleted) || !take_number(&at, &names) ||
		!take_any(&at, names) || !take_number(&at, &end) || end != 0)
		return false;
	while (at != NULL) {
		struct id id;
		uint64_t flags;
		if (!take_entry(&at, names, base, &id, &flags))
			return false;
		bool is_first = seen[0] + seen[1] == 0;
		if (is_first ? id_compare(id, base) < 0 : id_compare(id, *last) <= 0)
			return false;
		*last = id;
		seen[flags & STREAM_ENTRY_DELETED]++;
	}
	return seen[0] == live && seen[1] == deleted && seen[0] + seen[1] > 0;
}
