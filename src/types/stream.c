/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adding to, deleting from and walking a stream. Trimming is in stream_trim.c, groups are in
 * stream_group.c, the store's view is in stream_ops.c.
 */
#include "types/stream.h"

#include "base/mem.h"
#include "base/num.h"
#include "types/config.h"
#include "types/stream_internal.h"

const struct value stream_empty = {.type = TYPE_STREAM, .encoding = ENC_STREAM};

struct stream_body *stream_of(struct value *v)
{
	if (v->ptr != NULL)
		return v->ptr;
	struct stream_body *s = mem_calloc(1, sizeof(*s));
	id_tree_init(&s->pieces, stream_piece_live);
	v->ptr = s;
	return s;
}

/* --- ids --- */

bool stream_id_next(struct id *id)
{
	if (id->seq != UINT64_MAX) {
		id->seq++;
		return true;
	}
	if (id->ms == UINT64_MAX)
		return false;
	*id = (struct id){id->ms + 1, 0};
	return true;
}

bool stream_id_prev(struct id *id)
{
	if (id->seq != 0) {
		id->seq--;
		return true;
	}
	if (id->ms == 0)
		return false;
	*id = (struct id){id->ms - 1, UINT64_MAX};
	return true;
}

size_t stream_id_print(char *out, struct id id)
{
	size_t len = num_print_u64(out, id.ms);
	out[len++] = '-';
	return len + num_print_u64(out + len, id.seq);
}

/* --- adding --- */

/* Whether an entry of this size still belongs into the piece. */
static bool piece_has_room(const unsigned char *lp, size_t bytes)
{
	uint64_t max_bytes = types_config.stream_node_max_bytes;
	int64_t max_entries = types_config.stream_node_max_entries;
	if (max_bytes == 0 || max_bytes > STREAM_PIECE_MAX_BYTES)
		max_bytes = STREAM_PIECE_MAX_BYTES;
	if (listpack_bytes(lp) + bytes >= max_bytes)
		return false;
	return max_entries == 0 ||
	       stream_piece_live(lp) + stream_piece_deleted(lp) < (uint64_t)max_entries;
}

enum stream_added stream_add(
	struct stream_body *s, struct id id, const struct bytes *pairs, size_t fields)
{
	size_t bytes = 0;
	if (id_compare(id, s->last) <= 0)
		return STREAM_ID_SMALL;
	for (size_t i = 0; i < 2 * fields; i++)
		bytes += pairs[i].len;
	if (bytes > STREAM_PIECE_MAX_BYTES)
		return STREAM_TOO_LARGE;
	struct id_place place = id_tree_last(&s->pieces);
	struct id_item *item = place.leaf == NULL ? NULL : id_place_item(place);
	if (item != NULL && piece_has_room(item->ptr, bytes)) {
		if (s->image != NULL)
			stream_image_before(s->image, item->id, item->ptr);
		item->ptr = stream_piece_append(item->ptr, item->id, id, pairs, fields);
		id_tree_reweigh(&s->pieces, id, 1);
	} else {
		unsigned char *lp = stream_piece_new(pairs, fields);
		id_tree_insert(&s->pieces, id, stream_piece_append(lp, id, id, pairs, fields));
		if (s->image != NULL)
			stream_image_came(s->image, id);
	}
	if (s->length++ == 0)
		s->first = id;
	s->added++;
	s->last = id;
	return STREAM_ADDED;
}

/* --- deleting --- */

void stream_note_first(struct stream_body *s)
{
	struct stream_iter it;
	s->first = ID_LEAST;
	if (s->length == 0)
		return;
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, false);
	if (stream_next(&it))
		s->first = it.entry.id;
}

const unsigned char *stream_bury_entry(
	struct stream_body *s, struct id_place place, const unsigned char *at)
{
	struct id_item *item = id_place_item(place);
	if (s->image != NULL)
		stream_image_before(s->image, item->id, item->ptr);
	s->length--;
	item->ptr = stream_piece_delete(item->ptr, &at);
	id_tree_reweigh(&s->pieces, item->id, -1);
	if (stream_piece_live(item->ptr) > 0)
		return at;
	listpack_free(id_tree_remove(&s->pieces, item->id));
	return NULL;
}

/* The piece that would hold the id, and its entry there. */
static bool find_entry(
	const struct stream_body *s, struct id id, struct id_place *place, struct stream_entry *e)
{
	*place = id_tree_at_most(&s->pieces, id);
	if (place->leaf == NULL)
		return false;
	const struct id_item *item = id_place_item(*place);
	struct stream_piece piece = stream_piece_open(item->ptr, item->id);
	return stream_piece_seek(&piece, id, e) && id_compare(e->id, id) == 0 &&
	       !(e->flags & STREAM_ENTRY_DELETED);
}

bool stream_delete(struct stream_body *s, struct id id)
{
	struct id_place place;
	struct stream_entry e;
	if (id_compare(id, s->last) > 0 || !find_entry(s, id, &place, &e))
		return false;
	stream_bury_entry(s, place, e.at);
	if (id_compare(id, s->max_deleted) > 0)
		s->max_deleted = id;
	if (id_compare(id, s->first) == 0)
		stream_note_first(s);
	return true;
}

/* --- reading --- */

bool stream_find(const struct stream_body *s, struct id id, struct stream_entry *out)
{
	struct id_place place;
	return s->length > 0 && find_entry(s, id, &place, out);
}

void stream_iter_init(struct stream_iter *it, const struct stream_body *s, struct id from,
	struct id to, bool backwards)
{
	*it = (struct stream_iter){.from = from, .to = to, .backwards = backwards};
	if (s->length == 0 || id_compare(from, to) > 0)
		return;
	it->place = id_tree_at_most(&s->pieces, backwards ? to : from);
	if (it->place.leaf == NULL && !backwards)
		it->place = id_tree_first(&s->pieces);
}

/* Opens the piece that the walk has come to, at its first entry that matters. */
static void open_piece(struct stream_iter *it)
{
	const struct id_item *item = id_place_item(it->place);
	struct stream_entry e;
	it->piece = stream_piece_open(item->ptr, item->id);
	it->is_opened = true;
	if (it->backwards)
		it->at = stream_piece_last(&it->piece);
	else if (id_compare(it->from, item->id) <= 0)
		it->at = it->piece.first;
	else
		it->at = stream_piece_seek(&it->piece, it->from, &e) ? e.at : NULL;
}

static void leave_piece(struct stream_iter *it)
{
	it->place = it->backwards ? id_place_prev(it->place) : id_place_next(it->place);
	it->is_opened = false;
	it->entry.at = NULL;
}

bool stream_next(struct stream_iter *it)
{
	/* Only now is it known how far the last entry was read. */
	if (!it->backwards && it->entry.at != NULL)
		it->at = stream_piece_next(&it->entry);
	while (it->place.leaf != NULL) {
		if (!it->is_opened)
			open_piece(it);
		if (it->at == NULL) {
			leave_piece(it);
			continue;
		}
		it->entry = stream_piece_entry(&it->piece, it->at);
		bool is_past = it->backwards ? id_compare(it->entry.id, it->from) < 0
					     : id_compare(it->entry.id, it->to) > 0;
		if (is_past) {
			it->place.leaf = NULL;
			return false;
		}
		bool is_wanted = !(it->entry.flags & STREAM_ENTRY_DELETED) &&
				 (!it->backwards || id_compare(it->entry.id, it->to) <= 0);
		if (it->backwards)
			it->at = stream_piece_prev(&it->piece, it->at);
		if (is_wanted)
			return true;
		if (!it->backwards)
			it->at = stream_piece_next(&it->entry);
	}
	return false;
}

struct id stream_last_live(const struct stream_body *s)
{
	struct stream_iter it;
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, true);
	return stream_next(&it) ? it.entry.id : ID_LEAST;
}

/* --- names --- */

void *stream_names_find(const struct stream_names *names, struct bytes name, size_t *at)
{
	size_t low = 0;
	size_t high = names->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct bytes *own = names->items[middle];
		int order = bytes_compare(*own, name);
		if (order == 0) {
			*at = middle;
			return names->items[middle];
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return NULL;
}

void stream_names_insert(struct stream_names *names, size_t at, void *item)
{
	if (names->count == names->cap) {
		names->cap = names->cap == 0 ? 1 : names->cap * 2;
		names->items = mem_realloc(names->items, names->cap * sizeof(void *));
	}
	memmove(&names->items[at + 1], &names->items[at], (names->count - at) * sizeof(void *));
	names->items[at] = item;
	names->count++;
}

void stream_names_remove(struct stream_names *names, size_t at)
{
	names->count--;
	memmove(&names->items[at], &names->items[at + 1], (names->count - at) * sizeof(void *));
	if (names->count == 0) {
		mem_free(names->items);
		*names = (struct stream_names){0};
	}
}
