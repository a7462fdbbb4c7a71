/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Images of streams. Everything is written in the order of ids, from the stream as it is, and where
 * that has changed since the beginning from what was kept of it: the first change of a piece copies
 * it, what is trimmed off is kept as the stream that it is freed as, the first change of a pending
 * entry copies that. So a change costs one piece or one look-up more, however much there is.
 *
 * Invariants: what is kept under an id in front of which the walk has not come is what was there at
 * the beginning, "nothing" included; an id is looked for in what is kept first. A consumer that is
 * deleted lives on until its image ends, for its name.
 */
#include "base/mem.h"
#include "store/words.h"
#include "types/images.h"
#include "types/stream_internal.h"

#define TAG_STREAM_3 21
/* A piece costs as much as so many parts of a table: it is compressed. */
#define PIECE_EFFORT 64
#define LARGE_PIECES 8
#define LARGE_PENDING 512
#define GROUPS_LOOKED_AT 16

enum phase { IN_PIECES, IN_FACTS, IN_GROUPS };

struct stream_image_consumer {
	struct stream_image *owner;
	struct stream_consumer *consumer;
	int64_t seen_ms, active_ms;
	uint64_t pending;
	struct id_tree had; /* of what was touched: records of the group's tree */
};

/* A place in a walk by ids. */
struct cursor {
	struct id id;
	bool is_over;
};

struct stream_image_group {
	struct stream_image *owner;
	struct stream_group *group;
	struct stream_group_facts facts;
	struct id_tree touched; /* records as they were; without a consumer: there was none */
	struct stream_image_consumer *consumers;
	size_t at; /* consumer; facts.consumers = done */
	struct cursor cursor;
	bool is_begun, has_pending, is_named;
};

struct stream_image {
	struct image *im;
	struct stream_body *stream;
	enum phase phase;
	struct stream_facts facts;
	struct cursor cursor;
	struct id limit;        /* the last piece at the beginning */
	uint64_t pieces;        /* then */
	struct id_tree changed; /* pieces as they were; an empty listpack: there was none */
	struct value *kept;
	size_t kept_count, kept_cap, first_cut;
	size_t kept_bytes;
	struct stream_image_group *groups;
	size_t at; /* group */
	struct stream_consumer **gone;
	size_t gone_count, gone_cap;
	struct stream_emitter say;
};

/* --- what is kept --- */

void stream_image_keep(struct stream_image *si, struct value *v)
{
	if (si->kept_count == si->kept_cap) {
		si->kept_cap = si->kept_cap == 0 ? 4 : 2 * si->kept_cap;
		si->kept = mem_realloc(si->kept, si->kept_cap * sizeof(si->kept[0]));
	}
	si->kept[si->kept_count++] = *v;
	*v = stream_empty;
}

/* Whether the walk has yet to come to this piece, and it has not been kept. */
static bool is_wanted(const struct stream_image *si, struct id base)
{
	return si->phase == IN_PIECES && !si->cursor.is_over &&
	       id_compare(base, si->cursor.id) >= 0 && id_compare(base, si->limit) <= 0 &&
	       id_tree_find(&si->changed, base) == NULL;
}

void stream_image_before(struct stream_image *si, struct id base, const unsigned char *lp)
{
	if (!is_wanted(si, base))
		return;
	id_tree_insert(&si->changed, base, listpack_copy(lp));
	si->kept_bytes += listpack_bytes(lp);
}

void stream_image_came(struct stream_image *si, struct id base)
{
	if (is_wanted(si, base))
		id_tree_insert(&si->changed, base, listpack_new());
}

/* About what the pieces take: the first ones stand for all. */
static size_t pieces_bytes(const struct stream_body *s)
{
	size_t bytes = 0;
	uint64_t live = 0;
	struct id_place at = id_tree_first(&s->pieces);
	for (int i = 0; i < LARGE_PIECES && at.leaf != NULL; i++, at = id_place_next(at)) {
		bytes += listpack_bytes(id_place_item(at)->ptr);
		live += stream_piece_live(id_place_item(at)->ptr);
	}
	return live == 0 ? bytes : (size_t)((double)bytes / (double)live * (double)s->length);
}

void stream_image_keep_cut(struct stream_image *si, struct value *v)
{
	const struct stream_body *cut = v->ptr;
	if (si->phase != IN_PIECES || si->cursor.is_over ||
		id_tree_at_least(&cut->pieces, si->cursor.id).leaf == NULL)
		return;
	si->kept_bytes += pieces_bytes(cut);
	stream_image_keep(si, v);
}

void stream_image_touch(struct stream_image_group *g, struct id id, const struct stream_pending *p)
{
	static const struct stream_pending none;
	if (id_tree_find(&g->touched, id) != NULL)
		return;
	struct stream_pending *record = mem_dup(p == NULL ? &none : p, sizeof(*record));
	id_tree_insert(&g->touched, id, record);
	if (p != NULL)
		id_tree_insert(&p->consumer->image->had, id, record);
	g->owner->kept_bytes += sizeof(*record) + 3 * sizeof(struct id_item);
}

void stream_image_keep_consumer(struct stream_consumer *c)
{
	struct stream_image *si = c->image->owner;
	if (si->gone_count == si->gone_cap) {
		si->gone_cap = si->gone_cap == 0 ? 4 : 2 * si->gone_cap;
		si->gone = mem_realloc(si->gone, si->gone_cap * sizeof(struct stream_consumer *));
	}
	si->gone[si->gone_count++] = c;
}

/* --- the beginning --- */

static bool stream_is_large(const struct value *v)
{
	const struct stream_body *s = v->ptr;
	uint64_t pending = 0;
	if (s == NULL)
		return false;
	if (s->pieces.depth > 0)
		return true;
	for (size_t i = 0; i < s->groups.count && i < GROUPS_LOOKED_AT; i++)
		pending += ((const struct stream_group *)s->groups.items[i])->pending.weight;
	const struct id_leaf *leaf = s->pieces.root;
	return pending > LARGE_PENDING || s->groups.count > GROUPS_LOOKED_AT ||
	       (leaf != NULL && leaf->count > LARGE_PIECES);
}

static void group_begin(struct stream_image *si, struct stream_image_group *ig, void *item)
{
	struct stream_group *g = item;
	*ig = (struct stream_image_group){.owner = si,
		.group = g,
		.facts = {g->name, g->last, g->entries_read, g->pending.weight, g->consumers.count},
		.consumers = mem_calloc(g->consumers.count, sizeof(ig->consumers[0]))};
	id_tree_init(&ig->touched, NULL);
	for (size_t i = 0; i < g->consumers.count; i++) {
		struct stream_consumer *c = g->consumers.items[i];
		ig->consumers[i] = (struct stream_image_consumer){.owner = si,
			.consumer = c,
			.seen_ms = c->seen_ms,
			.active_ms = c->active_ms,
			.pending = c->pending.weight};
		id_tree_init(&ig->consumers[i].had, NULL);
		c->image = &ig->consumers[i];
	}
	g->image = ig;
	/* Each pending entry stands in its group and with its consumer; as a command once. */
	si->im->parts += (si->im->is_words ? 1 : 2) * g->pending.weight;
}

static void stream_begin(struct image *im)
{
	struct stream_body *s = im->value.ptr;
	struct stream_image *si = mem_calloc(1, sizeof(*si));
	struct id_place last = id_tree_last(&s->pieces);
	si->im = im;
	si->stream = s;
	si->facts = stream_facts_of(s);
	if (last.leaf != NULL)
		si->limit = id_place_item(last)->id;
	id_tree_init(&si->changed, NULL);
	si->say = (struct stream_emitter){.key = im->key, .emit = words_write};
	im->tag = TAG_STREAM_3;
	im->state = si;
	im->kept = &si->kept_bytes;
	im->parts = si->pieces = id_tree_count(&s->pieces);
	si->groups = mem_calloc(s->groups.count, sizeof(si->groups[0]));
	for (size_t i = 0; i < s->groups.count; i++)
		group_begin(si, &si->groups[i], s->groups.items[i]);
	s->image = si;
}

static void stream_head(struct image *im, struct codec_writer *w)
{
	const struct stream_image *si = im->state;
	codec_write_length(w, si->pieces);
}

/* --- the walk --- */

static void cursor_pass(struct cursor *c, struct id id)
{
	c->id = id;
	c->is_over = !stream_id_next(&c->id);
}

static void cursor_begin(struct cursor *c)
{
	*c = (struct cursor){.id = ID_LEAST};
}

/* The next item of two trees: of `live`, or of what is `kept` under the same id. */
static const struct id_item *next_item(
	struct id_place live, const struct id_tree *kept, const struct cursor *c, bool *is_kept)
{
	struct id_place old = id_tree_at_least(kept, c->id);
	*is_kept = old.leaf != NULL && (live.leaf == NULL || id_compare(id_place_item(old)->id,
								     id_place_item(live)->id) <= 0);
	if (*is_kept)
		return id_place_item(old);
	return live.leaf == NULL ? NULL : id_place_item(live);
}

static struct id_place old_piece(const struct stream_image *si, const struct id_tree *pieces)
{
	struct id_place at = id_tree_at_least(pieces, si->cursor.id);
	if (at.leaf != NULL && id_compare(id_place_item(at)->id, si->limit) > 0)
		at.leaf = NULL;
	return at;
}

/* Among what was cut off, oldest first, then in the stream. */
static struct id_place next_piece(struct stream_image *si)
{
	for (; si->first_cut < si->kept_count; si->first_cut++) {
		const struct stream_body *cut = si->kept[si->first_cut].ptr;
		struct id_place at = old_piece(si, &cut->pieces);
		if (at.leaf != NULL)
			return at;
	}
	return old_piece(si, &si->stream->pieces);
}

static void put_piece(struct stream_image *si, const struct id_item *item, struct codec_writer *w)
{
	bool compresses = w->compress;
	si->im->parts_put++;
	if (si->im->is_words) {
		stream_say_piece(&si->say, item->id, item->ptr);
		return;
	}
	/* That could not be cut into pieces. */
	w->compress = compresses && listpack_bytes(item->ptr) <= IMAGE_BLOB_MIN_BYTES;
	stream_encode_piece(w, item->id, item->ptr);
	w->compress = compresses;
}

/* False: there is none left. */
static bool step_piece(struct stream_image *si, struct codec_writer *w)
{
	bool is_kept;
	if (si->cursor.is_over)
		return false;
	const struct id_item *item = next_item(next_piece(si), &si->changed, &si->cursor, &is_kept);
	if (item == NULL)
		return false;
	struct id base = item->id;
	cursor_pass(&si->cursor, base);
	if (!is_kept || listpack_count(item->ptr) > 0)
		put_piece(si, item, w);
	if (!is_kept)
		return true;
	unsigned char *lp = id_tree_remove(&si->changed, base);
	if (listpack_count(lp) > 0)
		si->kept_bytes -= listpack_bytes(lp);
	listpack_free(lp);
	return true;
}

static void put_facts(struct stream_image *si, struct codec_writer *w)
{
	if (si->im->is_words)
		stream_say_facts(&si->say, &si->facts);
	else
		stream_encode_facts(w, &si->facts);
}

/* --- groups --- */

/* Trees that may be huge are freed as a stream's would be. */
static void group_leave(struct stream_image *si, struct stream_image_group *ig)
{
	struct value v = stream_empty;
	if (ig->group == NULL)
		return;
	ig->group->image = NULL;
	ig->group = NULL;
	struct stream_group *g = stream_group_new(BYTES(""), ID_LEAST, 0);
	g->pending = ig->touched;
	for (size_t i = 0; i < ig->facts.consumers; i++) {
		struct stream_image_consumer *ic = &ig->consumers[i];
		ic->consumer->image = NULL;
		if (ic->had.root == NULL)
			continue;
		struct stream_consumer *c = stream_consumer_new(BYTES(""), 0);
		c->pending = ic->had;
		stream_names_insert(&g->consumers, g->consumers.count, c);
	}
	stream_names_insert(&stream_of(&v)->groups, 0, g);
	stream_image_keep(si, &v);
	mem_free(ig->consumers);
	ig->consumers = NULL;
}

static void put_group(struct stream_image_group *ig, struct codec_writer *w)
{
	struct stream_image *si = ig->owner;
	ig->is_begun = true;
	ig->has_pending = si->im->is_words;
	cursor_begin(&ig->cursor);
	if (si->im->is_words)
		stream_say_group(&si->say, &ig->facts);
	else
		stream_encode_group(w, &ig->facts);
}

/* Some id of the group's pending entries; false: there is none left. */
static bool step_pending(struct stream_image_group *ig, struct codec_writer *w)
{
	bool is_kept;
	if (ig->cursor.is_over)
		return false;
	const struct id_item *item = next_item(id_tree_at_least(&ig->group->pending, ig->cursor.id),
		&ig->touched, &ig->cursor, &is_kept);
	if (item == NULL)
		return false;
	const struct stream_pending *p = item->ptr;
	if (p->consumer != NULL) {
		stream_encode_pending(w, item->id, p);
		ig->owner->im->parts_put++;
	}
	cursor_pass(&ig->cursor, item->id);
	return true;
}

static void put_consumer(
	struct stream_image_group *ig, struct stream_image_consumer *ic, struct codec_writer *w)
{
	struct bytes name = ic->consumer->name;
	const struct stream_consumer_facts facts = {name, ic->seen_ms, ic->active_ms, ic->pending};
	ig->is_named = true;
	cursor_begin(&ig->cursor);
	if (ig->owner->im->is_words)
		stream_say_consumer(&ig->owner->say, &ig->facts, name);
	else
		stream_encode_consumer(w, &facts);
}

static void put_owned(struct stream_image_group *ig, const struct stream_image_consumer *ic,
	const struct id_item *item, struct codec_writer *w)
{
	const struct stream_claimed claimed = {
		ig->facts.name, ic->consumer->name, item->id, item->ptr};
	ig->owner->im->parts_put++;
	if (ig->owner->im->is_words)
		stream_say_pending(&ig->owner->say, &claimed);
	else
		stream_encode_owned(w, item->id);
}

/* Some id of what the consumer had; false: there is none left. */
static bool step_owned(struct stream_image_group *ig, struct codec_writer *w)
{
	bool is_kept;
	struct stream_image_consumer *ic = &ig->consumers[ig->at];
	if (ig->cursor.is_over)
		return false;
	const struct id_item *item =
		next_item(id_tree_at_least(&ic->consumer->pending, ig->cursor.id), &ic->had,
			&ig->cursor, &is_kept);
	if (item == NULL)
		return false;
	if (is_kept || id_tree_find(&ig->touched, item->id) == NULL)
		put_owned(ig, ic, item, w);
	cursor_pass(&ig->cursor, item->id);
	return true;
}

/* A little of the group; false: it is complete. */
static bool step_group(struct stream_image_group *ig, struct codec_writer *w)
{
	if (!ig->is_begun) {
		put_group(ig, w);
	} else if (!ig->has_pending) {
		if (step_pending(ig, w))
			return true;
		ig->has_pending = true;
		stream_encode_consumers(w, &ig->facts);
	} else if (ig->at == ig->facts.consumers) {
		return false;
	} else if (!ig->is_named) {
		put_consumer(ig, &ig->consumers[ig->at], w);
	} else if (!step_owned(ig, w)) {
		ig->at++;
		ig->is_named = false;
	}
	return true;
}

/* A little; false: all is written. */
static bool step(struct stream_image *si, struct codec_writer *w)
{
	if (si->phase == IN_PIECES) {
		if (!step_piece(si, w))
			si->phase = IN_FACTS;
	} else if (si->phase == IN_FACTS) {
		put_facts(si, w);
		si->phase = IN_GROUPS;
	} else if (si->at == si->facts.groups) {
		return false;
	} else if (!step_group(&si->groups[si->at], w)) {
		group_leave(si, &si->groups[si->at]);
		si->at++;
	}
	return true;
}

static bool stream_step(struct image *im, struct codec_writer *w, size_t effort)
{
	struct stream_image *si = im->state;
	size_t spent = 0;
	si->say.context = w;
	do {
		spent += si->phase == IN_PIECES ? PIECE_EFFORT : 1;
		if (!step(si, w))
			return false;
	} while (spent < effort);
	return true;
}

/* --- the end --- */

static void detach(struct stream_image *si)
{
	struct value v = stream_empty;
	si->stream->image = NULL;
	for (; si->at < si->facts.groups; si->at++)
		group_leave(si, &si->groups[si->at]);
	if (si->changed.root == NULL)
		return;
	stream_of(&v)->pieces = si->changed;
	id_tree_init(&si->changed, NULL);
	stream_image_keep(si, &v);
}

static bool stream_leave(struct image *im, struct value *out)
{
	struct stream_image *si = im->state;
	detach(si);
	if (si->kept_count == 0)
		return false;
	*out = si->kept[--si->kept_count];
	return true;
}

static void stream_end(struct image *im)
{
	struct stream_image *si = im->state;
	struct value v;
	while (stream_leave(im, &v))
		stream_ops.free(&v);
	for (size_t i = 0; i < si->gone_count; i++)
		mem_free_sized(si->gone[i], sizeof(*si->gone[i]) + si->gone[i]->name.len);
	mem_free(si->gone);
	mem_free(si->kept);
	mem_free(si->groups);
	stream_emitter_release(&si->say);
	mem_free_sized(si, sizeof(*si));
}

static struct image *stream_image_of(const struct value *v)
{
	const struct stream_body *s = v->ptr;
	return s == NULL || s->image == NULL ? NULL : s->image->im;
}

const struct image_ops stream_image = {
	.is_large = stream_is_large,
	.begin = stream_begin,
	.head = stream_head,
	.step = stream_step,
	.leave = stream_leave,
	.end = stream_end,
	.of = stream_image_of,
};
