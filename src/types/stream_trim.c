/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trimming: whole pieces are cut off the tree along one path, then single entries become
 * tombstones in the piece that is now the first. Where groups have a say (what is deleted must be
 * taken out of their pending entries, or must not be pending at all), their trees are cut with the
 * pieces, or tell up to where nothing is needed; only behind that, and where tombstones lie in
 * between, every entry is looked at.
 */
#include "types/stream_internal.h"

/* How many entries are to go when trimmed by length. */
static uint64_t surplus(const struct stream_body *s, const struct stream_trim *trim)
{
	return s->length > trim->max_length ? s->length - trim->max_length : 0;
}

/* The last id in the piece, live or not. */
static struct id piece_last_id(struct id_place place)
{
	const struct id_item *item = id_place_item(place);
	struct stream_piece piece = stream_piece_open(item->ptr, item->id);
	return stream_piece_entry(&piece, stream_piece_last(&piece)).id;
}

/* The first piece that is not to go as a whole; leaf NULL = all go. */
static struct id_place find_border(const struct stream_body *s, const struct stream_trim *trim)
{
	uint64_t before;
	uint64_t limit = trim->is_approx && trim->limit != 0 ? trim->limit : UINT64_MAX;
	if (!trim->by_id) {
		uint64_t gone = surplus(s, trim);
		return id_tree_at_weight(&s->pieces, gone < limit ? gone : limit, &before);
	}
	struct id_place border = id_tree_at_most(&s->pieces, trim->min_id);
	if (border.leaf == NULL)
		return id_tree_first(&s->pieces);
	if (id_compare(piece_last_id(border), trim->min_id) < 0)
		border = id_place_next(border);
	struct id_place last = id_tree_at_weight(&s->pieces, limit, &before);
	if (last.leaf == NULL)
		return border;
	if (border.leaf == NULL ||
		id_compare(id_place_item(last)->id, id_place_item(border)->id) < 0)
		return last;
	return border;
}

static void delete_refs(struct stream_body *s, struct id_tree *pieces)
{
	for (struct id_place at = id_tree_first(pieces); at.leaf != NULL; at = id_place_next(at)) {
		const struct id_item *item = id_place_item(at);
		struct stream_piece piece = stream_piece_open(item->ptr, item->id);
		const unsigned char *entry = piece.first;
		while (entry != NULL) {
			struct stream_entry e = stream_piece_entry(&piece, entry);
			if (!(e.flags & STREAM_ENTRY_DELETED))
				stream_delete_refs(s, e.id);
			entry = stream_piece_next(&e);
		}
	}
}

/* Deletes entries of the first piece, one by one, as far as they are to go. */
static void trim_first_piece(struct stream_body *s, const struct stream_trim *trim)
{
	struct id_place place = id_tree_first(&s->pieces);
	if (place.leaf == NULL)
		return;
	struct id base = id_place_item(place)->id;
	const unsigned char *at = stream_piece_open(id_place_item(place)->ptr, base).first;
	while (at != NULL && (trim->by_id || surplus(s, trim) > 0)) {
		struct stream_piece piece = stream_piece_open(id_place_item(place)->ptr, base);
		struct stream_entry e = stream_piece_entry(&piece, at);
		if (trim->by_id && id_compare(e.id, trim->min_id) >= 0)
			return;
		if (!(e.flags & STREAM_ENTRY_DELETED)) {
			if (trim->refs == STREAM_DELETE_REFS)
				stream_delete_refs(s, e.id);
			at = stream_bury_entry(s, place, at);
			if (at == NULL)
				return;
			piece = stream_piece_open(id_place_item(place)->ptr, base);
			e = stream_piece_entry(&piece, at);
		}
		at = stream_piece_next(&e);
	}
}

/* Whether no live entry of the piece is needed by a group. */
static bool piece_is_unneeded(const struct stream_body *s, struct id_place place)
{
	const struct id_item *item = id_place_item(place);
	struct stream_piece piece = stream_piece_open(item->ptr, item->id);
	const unsigned char *at = piece.first;
	while (at != NULL) {
		struct stream_entry e = stream_piece_entry(&piece, at);
		if (!(e.flags & STREAM_ENTRY_DELETED) && stream_is_needed(s, e.id))
			return false;
		at = stream_piece_next(&e);
	}
	return true;
}

/* All entries below this are needed by no group. */
static struct id least_needed(const struct stream_body *s)
{
	struct id least = ID_GREATEST;
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct stream_group *g = s->groups.items[i];
		struct id_place first = id_tree_first(&g->pending);
		struct id needed = g->last;
		/* Behind the greatest id is nothing to read. */
		if (!stream_id_next(&needed))
			needed = ID_GREATEST;
		if (first.leaf != NULL && id_compare(id_place_item(first)->id, needed) < 0)
			needed = id_place_item(first)->id;
		if (id_compare(needed, least) < 0)
			least = needed;
	}
	return least;
}

/* Deletes what no group needs, oldest first; stays within the limits. */
static void trim_unneeded(struct stream_body *s, const struct stream_trim *trim)
{
	struct stream_iter it;
	struct id from = ID_LEAST;
	uint64_t before = s->length;
	for (;;) {
		stream_iter_init(&it, s, from, ID_GREATEST, false);
		if (!stream_next(&it))
			return;
		struct id id = it.entry.id;
		if (trim->by_id ? id_compare(id, trim->min_id) >= 0 : surplus(s, trim) == 0)
			return;
		if (trim->is_approx) {
			uint64_t own = stream_piece_live(it.piece.lp);
			bool fits = trim->by_id
					    ? id_compare(piece_last_id(it.place), trim->min_id) < 0
					    : own <= surplus(s, trim);
			if (trim->limit != 0 && before - s->length + own > trim->limit)
				return;
			if (!fits || !piece_is_unneeded(s, it.place))
				return;
			if (s->image != NULL)
				stream_image_before(s->image, it.piece.base, it.piece.lp);
			s->length -= own;
			listpack_free(id_tree_remove(&s->pieces, it.piece.base));
		} else if (!stream_is_needed(s, id)) {
			stream_bury_entry(s, it.place, it.entry.at);
		}
		from = id;
		if (!stream_id_next(&from))
			return;
	}
}

/* The same of all pieces in front of `border`, at once; false: they must be looked at. */
static bool cut_refs(struct stream_body *s, struct id_place border, struct stream_body *old)
{
	struct id behind = s->last;
	if (border.leaf != NULL)
		behind = id_place_item(border)->id;
	else if (!stream_id_next(&behind))
		return false;
	return stream_pending_cut(s, behind, old);
}

/* Cuts the pieces in front of `border` off (leaf NULL: all of them). */
static void cut_pieces(struct stream_body *s, struct id_place border, struct stream_body *old)
{
	if (border.leaf != NULL) {
		id_tree_cut(&s->pieces, id_place_item(border)->id, &old->pieces);
	} else {
		old->pieces = s->pieces;
		id_tree_init(&s->pieces, stream_piece_live);
	}
	old->length = old->pieces.weight;
	s->length = s->pieces.weight;
}

/* The pieces in front of all that a group needs go at once, as far as they would go at all. */
static void cut_unneeded(struct stream_body *s, struct stream_trim *trim, struct value *cut)
{
	struct id needed = least_needed(s);
	struct id_place first = id_tree_first(&s->pieces);
	struct id_place border = find_border(s, trim);
	struct id_place other = id_tree_at_most(&s->pieces, needed);
	if (other.leaf == NULL)
		return;
	if (id_compare(piece_last_id(other), needed) < 0)
		other = id_place_next(other);
	bool is_sooner = other.leaf != NULL &&
		(border.leaf == NULL ||
			id_compare(id_place_item(other)->id, id_place_item(border)->id) < 0);
	if (is_sooner)
		border = other;
	if (border.leaf == first.leaf && border.index == first.index)
		return;
	uint64_t before = s->length;
	cut_pieces(s, border, stream_of(cut));
	if (trim->is_approx && trim->limit != 0)
		trim->limit -= before - s->length;
}

uint64_t stream_trim(struct stream_body *s, const struct stream_trim *trim, struct value *cut)
{
	uint64_t before = s->length;
	*cut = stream_empty;
	if (before == 0 || (!trim->by_id && surplus(s, trim) == 0))
		return 0;
	if (trim->refs == STREAM_ACKED_ONLY) {
		struct stream_trim left = *trim;
		cut_unneeded(s, &left, cut);
		if (trim->limit == 0 || left.limit != 0)
			trim_unneeded(s, &left);
	} else {
		struct id_place border = find_border(s, trim);
		struct id_place first = id_tree_first(&s->pieces);
		if (border.leaf != first.leaf || border.index != first.index) {
			struct stream_body *old = stream_of(cut);
			bool is_cut = trim->refs == STREAM_DELETE_REFS && cut_refs(s, border, old);
			cut_pieces(s, border, old);
			if (trim->refs == STREAM_DELETE_REFS && !is_cut)
				delete_refs(s, &old->pieces);
		}
		if (!trim->is_approx)
			trim_first_piece(s, trim);
	}
	if (s->image != NULL && cut->ptr != NULL)
		stream_image_keep_cut(s->image, cut);
	if (s->length != before)
		stream_note_first(s);
	return before - s->length;
}
