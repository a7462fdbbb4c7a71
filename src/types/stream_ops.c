/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Streams as the store sees them: freeing in slices, copies, memory, digests, rewriting. RDB bodies
 * are in stream_rdb.c.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "types/images.h"
#include "types/stream_internal.h"

enum {
	TAG_STREAM = 15,   /* before Redis 7.0 */
	TAG_STREAM_2 = 19, /* with first and deleted ids and counts of entries */
	TAG_STREAM_3 = 21, /* with the consumers' active times */
};

static const uint8_t stream_tags[] = {TAG_STREAM, TAG_STREAM_2, TAG_STREAM_3, 0xff};

/* --- freeing --- */

static void free_piece(void *lp, void *context)
{
	(void)context;
	listpack_free(lp);
}

static void free_pending(void *ptr, void *context)
{
	(void)context;
	mem_free_sized(ptr, sizeof(struct stream_pending));
}

/* Drains leaves until the effort is used up; true = the tree is empty. */
static bool drain(struct id_tree *t, void (*take)(void *ptr, void *context), size_t *effort)
{
	while (*effort > 0 && id_tree_drain_leaf(t, take, NULL))
		*effort -= *effort < ID_LEAF_ITEMS ? *effort : ID_LEAF_ITEMS;
	return t->root == NULL;
}

bool stream_group_free_slice(struct stream_group *g, size_t *effort)
{
	if (!drain(&g->pending, free_pending, effort))
		return false;
	while (g->consumers.count > 0) {
		struct stream_consumer *c = g->consumers.items[g->consumers.count - 1];
		if (!drain(&c->pending, NULL, effort) || *effort == 0)
			return false;
		mem_free_sized(c, sizeof(*c) + c->name.len);
		stream_names_remove(&g->consumers, g->consumers.count - 1);
		--*effort;
	}
	mem_free_sized(g, sizeof(*g) + g->name.len);
	return true;
}

bool stream_free_slice(struct stream_body *s, size_t effort)
{
	if (!drain(&s->pieces, free_piece, &effort))
		return false;
	while (s->groups.count > 0) {
		if (effort == 0 ||
			!stream_group_free_slice(s->groups.items[s->groups.count - 1], &effort))
			return false;
		stream_names_remove(&s->groups, s->groups.count - 1);
		effort -= effort > 0;
	}
	mem_free_sized(s, sizeof(*s));
	return true;
}

static bool value_free_slice(struct value *v, size_t effort)
{
	/* At least something each time. */
	if (v->ptr != NULL && !stream_free_slice(v->ptr, effort + 1))
		return false;
	v->ptr = NULL;
	return true;
}

static void value_free(struct value *v)
{
	while (!value_free_slice(v, SIZE_MAX - 1))
		;
}

/* A few look-ups, not a walk: above a leaf of pieces it is a guess. */
static size_t value_free_effort(const struct value *v)
{
	const struct stream_body *s = v->ptr;
	if (s == NULL)
		return 1;
	size_t effort = 1;
	if (s->pieces.depth > 0)
		effort += 2 * ID_LEAF_ITEMS + (size_t)(s->length / 128);
	else if (s->pieces.root != NULL)
		effort += ((const struct id_leaf *)s->pieces.root)->count;
	for (size_t i = 0; i < s->groups.count && i < 16; i++) {
		const struct stream_group *g = s->groups.items[i];
		effort += (size_t)g->pending.weight + g->consumers.count;
	}
	return effort + s->groups.count;
}

/* --- copying --- */

static void copy_group(const struct stream_group *from, struct stream_names *into)
{
	struct stream_group *g = stream_group_new(from->name, from->last, from->entries_read);
	stream_names_insert(into, into->count, g);
	for (size_t i = 0; i < from->consumers.count; i++) {
		const struct stream_consumer *old = from->consumers.items[i];
		struct stream_consumer *c = stream_consumer_new(old->name, old->seen_ms);
		c->active_ms = old->active_ms;
		stream_names_insert(&g->consumers, i, c);
		for (struct id_place at = id_tree_first(&old->pending); at.leaf != NULL;
			at = id_place_next(at)) {
			const struct stream_pending *p = id_place_item(at)->ptr;
			struct stream_pending *copy =
				stream_pending_add(g, c, id_place_item(at)->id, p->time_ms);
			copy->count = p->count;
		}
	}
}

static void value_copy(const struct value *v, struct value *out)
{
	const struct stream_body *from = v->ptr;
	*out = stream_empty;
	if (from == NULL)
		return;
	struct stream_body *to = stream_of(out);
	*to = *from;
	to->groups = (struct stream_names){0};
	to->image = NULL;
	id_tree_init(&to->pieces, stream_piece_live);
	for (struct id_place at = id_tree_first(&from->pieces); at.leaf != NULL;
		at = id_place_next(at))
		id_tree_insert(
			&to->pieces, id_place_item(at)->id, listpack_copy(id_place_item(at)->ptr));
	for (size_t i = 0; i < from->groups.count; i++)
		copy_group(from->groups.items[i], &to->groups);
}

/* --- looking --- */

static size_t value_length(const struct value *v)
{
	return v->ptr == NULL ? 0 : (size_t)((const struct stream_body *)v->ptr)->length;
}

static size_t names_memory(const struct stream_names *names)
{
	return names->cap == 0 ? 0 : mem_size_class(names->cap * sizeof(void *));
}

#define TREE_LEAVES_MAX 64 /* of each tree, where a sample will do */

static size_t group_memory(const struct stream_group *g, size_t leaves_max)
{
	size_t bytes = mem_size_class(sizeof(*g) + g->name.len) + names_memory(&g->consumers) +
		       id_tree_memory_bytes(&g->pending, leaves_max) +
		       (size_t)g->pending.weight * mem_size_class(sizeof(struct stream_pending));
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		bytes += mem_size_class(sizeof(*c) + c->name.len) +
			 id_tree_memory_bytes(&c->pending, leaves_max);
	}
	return bytes;
}

static size_t value_memory(const struct value *v, size_t samples)
{
	const struct stream_body *s = v->ptr;
	size_t leaves_max = samples == 0 ? 0 : TREE_LEAVES_MAX;
	size_t seen = 0;
	size_t bytes = 0;
	if (s == NULL)
		return 0;
	struct id_place at = id_tree_first(&s->pieces);
	for (; at.leaf != NULL && (samples == 0 || seen < samples); at = id_place_next(at)) {
		bytes += mem_size_class(listpack_bytes(id_place_item(at)->ptr));
		seen++;
	}
	if (at.leaf != NULL) {
		size_t count = (size_t)id_tree_count(&s->pieces);
		bytes = (size_t)((double)bytes / (double)seen * (double)count);
	}
	bytes += mem_size_class(sizeof(*s)) + id_tree_memory_bytes(&s->pieces, leaves_max) +
		 names_memory(&s->groups);
	for (size_t i = 0; i < s->groups.count; i++)
		bytes += group_memory(s->groups.items[i], leaves_max);
	return bytes;
}

static const char *value_encoding(const struct value *v)
{
	(void)v;
	return "stream";
}

static uint8_t value_tag(const struct value *v)
{
	(void)v;
	return TAG_STREAM_3;
}

static void value_digest(const struct value *v, struct digest *d)
{
	struct stream_iter it;
	char scratch[STREAM_ID_MAX_CHARS];
	if (v->ptr == NULL)
		return;
	stream_iter_init(&it, v->ptr, ID_LEAST, ID_GREATEST, false);
	while (stream_next(&it)) {
		size_t len = num_print_u64(scratch, it.entry.id.ms);
		scratch[len++] = '.';
		len += num_print_u64(scratch + len, it.entry.id.seq);
		digest_mix(d, bytes_of(scratch, len));
		while (it.entry.fields > 0) {
			struct listpack_item name, value;
			stream_entry_field(&it.entry, &name, &value);
			digest_mix(d, listpack_item_text(&name, scratch));
			digest_mix(d, listpack_item_text(&value, scratch));
		}
	}
}

/* --- checking --- */

static void check_group(const struct stream_group *g)
{
	uint64_t pending = 0;
	id_tree_check(&g->pending);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		if (i > 0)
			ASSERT(bytes_compare(*(struct bytes *)g->consumers.items[i - 1], c->name) <
				0);
		id_tree_check(&c->pending);
		pending += c->pending.weight;
		for (struct id_place at = id_tree_first(&c->pending); at.leaf != NULL;
			at = id_place_next(at)) {
			const struct id_item *item = id_place_item(at);
			const struct stream_pending *p = item->ptr;
			ASSERT(p->consumer == c && id_tree_find(&g->pending, item->id) == p);
		}
	}
	ASSERT(pending == g->pending.weight);
}

static void value_check(const struct value *v)
{
	const struct stream_body *s = v->ptr;
	struct stream_iter it;
	struct id last = ID_LEAST;
	ASSERT(v->type == TYPE_STREAM && v->encoding == ENC_STREAM);
	if (s == NULL)
		return;
	id_tree_check(&s->pieces);
	ASSERT(s->length == s->pieces.weight && s->added >= s->length);
	for (struct id_place at = id_tree_first(&s->pieces); at.leaf != NULL;
		at = id_place_next(at)) {
		const struct id_item *item = id_place_item(at);
		struct id base = item->id;
		ASSERT(listpack_is_valid(bytes_of(item->ptr, listpack_bytes(item->ptr))));
		ASSERT(id_is_least(last) || id_compare(last, base) < 0);
		ASSERT(stream_piece_is_valid(item->ptr, base, &last));
	}
	ASSERT(id_compare(last, s->last) <= 0);
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, false);
	struct id first = stream_next(&it) ? it.entry.id : ID_LEAST;
	ASSERT(id_compare(first, s->first) == 0);
	for (size_t i = 0; i < s->groups.count; i++) {
		if (i > 0)
			ASSERT(bytes_compare(*(struct bytes *)s->groups.items[i - 1],
				       *(struct bytes *)s->groups.items[i]) < 0);
		check_group(s->groups.items[i]);
	}
}

const struct type_ops stream_ops = {
	.name = "stream",
	.tags = stream_tags,
	.free = value_free,
	.free_slice = value_free_slice,
	.free_effort = value_free_effort,
	.copy = value_copy,
	.length = value_length,
	.memory = value_memory,
	.encoding = value_encoding,
	.tag = value_tag,
	.encode = stream_encode,
	.decode = stream_decode,
	.digest = value_digest,
	.rewrite = stream_rewrite,
	.check = value_check,
	.image = &stream_image,
	.may_be_empty = true,
};
