/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups, consumers and pending entries; how much a group has read and has yet to read.
 */
#include "types/stream_group.h"

#include "base/assert.h"
#include "base/mem.h"
#include "types/stream_internal.h"

/* Fewer pending entries are taken out one by one. */
#define HAND_OVER_LEAST 64

/* --- groups --- */

struct stream_group *stream_group_new(struct bytes name, struct id last, int64_t entries_read)
{
	struct stream_group *g = mem_alloc(sizeof(*g) + name.len);
	*g = (struct stream_group){
		.name = {g->text, name.len}, .last = last, .entries_read = entries_read};
	if (name.len != 0)
		memcpy(g->text, name.ptr, name.len);
	id_tree_init(&g->pending, NULL);
	return g;
}

struct stream_group *stream_group_find(const struct stream_body *s, struct bytes name)
{
	size_t at;
	return stream_names_find(&s->groups, name, &at);
}

struct stream_group *stream_group_create(
	struct stream_body *s, struct bytes name, struct id last, int64_t entries_read)
{
	size_t at;
	if (stream_names_find(&s->groups, name, &at) != NULL)
		return NULL;
	struct stream_group *g = stream_group_new(name, last, entries_read);
	stream_names_insert(&s->groups, at, g);
	return g;
}

bool stream_group_destroy(struct stream_body *s, struct bytes name, struct value *out)
{
	size_t at;
	struct stream_group *g = stream_names_find(&s->groups, name, &at);
	if (g == NULL)
		return false;
	stream_names_remove(&s->groups, at);
	*out = stream_empty;
	stream_names_insert(&stream_of(out)->groups, 0, g);
	if (g->image != NULL)
		stream_image_keep(s->image, out);
	return true;
}

/* --- consumers --- */

struct stream_consumer *stream_consumer_new(struct bytes name, int64_t now_ms)
{
	struct stream_consumer *c = mem_alloc(sizeof(*c) + name.len);
	*c = (struct stream_consumer){
		.name = {c->text, name.len}, .seen_ms = now_ms, .active_ms = STREAM_NEVER_ACTIVE};
	if (name.len != 0)
		memcpy(c->text, name.ptr, name.len);
	id_tree_init(&c->pending, NULL);
	return c;
}

struct stream_consumer *stream_consumer_find(const struct stream_group *g, struct bytes name)
{
	size_t at;
	return stream_names_find(&g->consumers, name, &at);
}

struct stream_consumer *stream_consumer_get(
	struct stream_group *g, struct bytes name, int64_t now_ms, bool *created)
{
	size_t at;
	struct stream_consumer *c = stream_names_find(&g->consumers, name, &at);
	if (created != NULL)
		*created = c == NULL;
	if (c != NULL)
		return c;
	c = stream_consumer_new(name, now_ms);
	stream_names_insert(&g->consumers, at, c);
	return c;
}

static void pending_delete_one_by_one(struct stream_group *g, struct stream_consumer *c)
{
	for (struct id_place place = id_tree_first(&c->pending); place.leaf != NULL;
		place = id_place_next(place)) {
		struct id id = id_place_item(place)->id;
		stream_pending_touch(g, id, id_place_item(place)->ptr);
		struct stream_pending *p = id_tree_remove(&g->pending, id);
		mem_free_sized(p, sizeof(*p));
	}
	id_tree_release(&c->pending);
}

/* Where more go than stay: what stays makes a new tree, and the old one is handed over, in the name
 * of a consumer of a group that has what goes pending. */
static void pending_hand_over(struct stream_group *g, struct stream_consumer *c, struct value *out)
{
	struct stream_group *gone = stream_group_new(BYTES(""), ID_LEAST, 0);
	struct stream_consumer *nobody = stream_consumer_new(BYTES(""), 0);
	gone->pending = c->pending;
	nobody->pending = g->pending;
	stream_names_insert(&gone->consumers, 0, nobody);
	stream_names_insert(&stream_of(out)->groups, 0, gone);
	id_tree_init(&c->pending, NULL);
	id_tree_init(&g->pending, NULL);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *stays = g->consumers.items[i];
		for (struct id_place place = id_tree_first(&stays->pending); place.leaf != NULL;
			place = id_place_next(place)) {
			const struct id_item *item = id_place_item(place);
			id_tree_insert(&g->pending, item->id, item->ptr);
		}
	}
}

int64_t stream_consumer_delete(struct stream_group *g, struct bytes name, struct value *out)
{
	size_t at;
	struct stream_consumer *c = stream_names_find(&g->consumers, name, &at);
	*out = stream_empty;
	if (c == NULL)
		return -1;
	uint64_t count = c->pending.weight;
	if (count < HAND_OVER_LEAST || count < g->pending.weight - count || g->image != NULL)
		pending_delete_one_by_one(g, c);
	else
		pending_hand_over(g, c, out);
	stream_names_remove(&g->consumers, at);
	if (c->image == NULL)
		mem_free_sized(c, sizeof(*c) + c->name.len);
	else
		stream_image_keep_consumer(c);
	return (int64_t)count;
}

bool stream_pending_cut(struct stream_body *s, struct id id, struct stream_body *out)
{
	bool has_tombstones =
		!id_is_least(s->max_deleted) && id_compare(s->first, s->max_deleted) <= 0;
	if (s->image != NULL || has_tombstones)
		return false;
	for (size_t i = 0; i < s->groups.count; i++) {
		struct id_place first =
			id_tree_first(&((struct stream_group *)s->groups.items[i])->pending);
		if (first.leaf != NULL && id_compare(id_place_item(first)->id, s->first) < 0)
			return false;
	}
	for (size_t i = 0; i < s->groups.count; i++) {
		struct stream_group *g = s->groups.items[i];
		struct stream_group *gone = stream_group_new(BYTES(""), ID_LEAST, 0);
		id_tree_cut(&g->pending, id, &gone->pending);
		for (size_t c = 0; c < g->consumers.count; c++) {
			struct stream_consumer *from = g->consumers.items[c];
			struct stream_consumer *nobody = stream_consumer_new(BYTES(""), 0);
			id_tree_cut(&from->pending, id, &nobody->pending);
			stream_names_insert(&gone->consumers, c, nobody);
		}
		stream_names_insert(&out->groups, i, gone);
	}
	return true;
}

/* --- pending entries --- */

struct stream_pending *stream_pending_find(const struct stream_group *g, struct id id)
{
	return id_tree_find(&g->pending, id);
}

void stream_pending_touch(struct stream_group *g, struct id id, const struct stream_pending *p)
{
	if (g->image != NULL)
		stream_image_touch(g->image, id, p);
}

void stream_pending_give(
	struct stream_group *g, struct id id, struct stream_pending *p, struct stream_consumer *to)
{
	stream_pending_touch(g, id, p);
	if (p->consumer == to)
		return;
	id_tree_remove(&p->consumer->pending, id);
	id_tree_insert(&to->pending, id, p);
	p->consumer = to;
}

struct stream_pending *stream_pending_add(
	struct stream_group *g, struct stream_consumer *c, struct id id, int64_t now_ms)
{
	struct stream_pending *p = mem_alloc(sizeof(*p));
	if (id_tree_insert(&g->pending, id, p)) {
		stream_pending_touch(g, id, NULL);
		id_tree_insert(&c->pending, id, p);
		p->consumer = c;
	} else {
		mem_free_sized(p, sizeof(*p));
		p = id_tree_find(&g->pending, id);
		stream_pending_give(g, id, p, c);
	}
	p->time_ms = now_ms;
	p->count = 1;
	return p;
}

bool stream_pending_delete(struct stream_group *g, struct id id)
{
	struct stream_pending *p = id_tree_remove(&g->pending, id);
	if (p == NULL)
		return false;
	stream_pending_touch(g, id, p);
	id_tree_remove(&p->consumer->pending, id);
	mem_free_sized(p, sizeof(*p));
	return true;
}

bool stream_delete_refs(struct stream_body *s, struct id id)
{
	bool found = false;
	for (size_t i = 0; i < s->groups.count; i++)
		found |= stream_pending_delete(s->groups.items[i], id);
	return found;
}

bool stream_is_needed(const struct stream_body *s, struct id id)
{
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct stream_group *g = s->groups.items[i];
		if (id_compare(g->last, id) < 0 || stream_pending_find(g, id) != NULL)
			return true;
	}
	return false;
}

/* --- entries read, and lag --- */

/* Whether an entry behind `from` may have been deleted on its own, and not been trimmed since. */
static bool has_tombstones_from(const struct stream_body *s, struct id from)
{
	return s->length != 0 && !id_is_least(s->max_deleted) &&
	       id_compare(s->first, s->max_deleted) <= 0 && id_compare(from, s->max_deleted) <= 0;
}

int64_t stream_entries_read(const struct stream_body *s, struct id id)
{
	if (s->added == 0)
		return 0;
	int order = id_compare(id, s->last);
	if ((s->length == 0 && order <= 0) || order == 0)
		return (int64_t)s->added;
	if (order > 0)
		return STREAM_READ_UNKNOWN;
	if (!id_is_least(s->max_deleted) && id_compare(s->max_deleted, s->first) >= 0)
		return STREAM_READ_UNKNOWN;
	/* Nothing is missing between the first entry and the last. */
	int to_first = id_compare(id, s->first);
	if (to_first > 0)
		return STREAM_READ_UNKNOWN;
	return (int64_t)(s->added - s->length + (to_first == 0));
}

void stream_group_read(const struct stream_body *s, struct stream_group *g, struct id id)
{
	if (g->entries_read != STREAM_READ_UNKNOWN && !has_tombstones_from(s, id))
		g->entries_read++;
	else if (s->added != 0)
		g->entries_read = stream_entries_read(s, id);
	g->last = id;
}

bool stream_group_lag(const struct stream_body *s, const struct stream_group *g, uint64_t *lag)
{
	int64_t read = g->entries_read;
	*lag = 0;
	if (s->added == 0)
		return true;
	if (read == STREAM_READ_UNKNOWN || has_tombstones_from(s, g->last))
		read = stream_entries_read(s, g->last);
	*lag = s->added - (uint64_t)read;
	return read != STREAM_READ_UNKNOWN;
}
