/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Changes of every kind that a stream can undergo, at random: for the tests of images and of
 * snapshots.
 */
#ifndef RINGLET_TEST_STREAM_CHAOS_H
#define RINGLET_TEST_STREAM_CHAOS_H

#include "types/stream_group.h"

#include "stream_fixture.h"

#define CHAOS_GROUPS 3

struct stream_chaos {
	uint64_t seed;
	void (*bury)(struct value *v, void *context);
	void *context;
};

static inline uint64_t stream_chaos_below(struct stream_chaos *c, uint64_t limit)
{
	return unit_random(&c->seed) % limit;
}

static inline struct bytes group_name(uint64_t number)
{
	static const char *const names[CHAOS_GROUPS] = {"readers", "others", "g"};
	return bytes_text(names[number]);
}

static inline void stream_chaos_add(struct stream_chaos *c, struct stream_body *s)
{
	char text[64];
	struct bytes words[4] = {BYTES("field"), BYTES("value"), BYTES("n"), BYTES("17")};
	memset(text, 'a' + (int)stream_chaos_below(c, 26), sizeof(text));
	words[1] = bytes_of(text, (size_t)stream_chaos_below(c, sizeof(text)));
	struct id id = {s->last.ms + stream_chaos_below(c, 3), s->last.seq + 1};
	stream_add(s, id, words, 1 + (size_t)stream_chaos_below(c, 2));
}

static inline struct id stream_chaos_id(struct stream_chaos *c, const struct stream_body *s)
{
	struct stream_iter it;
	struct id from = {stream_chaos_below(c, s->last.ms + 1), 0};
	stream_iter_init(&it, s, from, ID_GREATEST, false);
	return stream_next(&it) ? it.entry.id : s->last;
}

static inline void stream_chaos_trim(struct stream_chaos *c, struct stream_body *s)
{
	struct value cut;
	struct stream_trim trim = {.is_approx = stream_chaos_below(c, 2) == 0,
		.by_id = stream_chaos_below(c, 2) == 0,
		.min_id = {s->first.ms + stream_chaos_below(c, 60), 0},
		.max_length = s->length - s->length / (1 + stream_chaos_below(c, 60)),
		.refs = (enum stream_refs)stream_chaos_below(c, 3)};
	if (trim.by_id)
		trim.max_length = 0;
	stream_trim(s, &trim, &cut);
	c->bury(&cut, c->context);
}

static inline void stream_chaos_pending(struct stream_chaos *c, struct stream_body *s)
{
	struct stream_group *g = stream_group_find(s, group_name(stream_chaos_below(c, 3)));
	if (g == NULL)
		return;
	struct stream_consumer *owner = stream_consumer_get(
		g, consumer_name((int)stream_chaos_below(c, CONSUMERS)), 7, NULL);
	struct id id = stream_chaos_id(c, s);
	struct stream_pending *p = stream_pending_find(g, id);
	switch (stream_chaos_below(c, 4)) {
	case 0:
		stream_pending_delete(g, id);
		break;
	case 1:
		if (p != NULL)
			stream_pending_give(g, id, p, owner);
		break;
	case 2:
		if (p == NULL)
			break;
		stream_pending_touch(g, id, p);
		p->time_ms += 5;
		p->count++;
		break;
	default:
		stream_pending_add(g, owner, id, (int64_t)stream_chaos_below(c, 1000000));
	}
}

/* What is rare: whole groups and consumers go and come, and the stream starts anew below. */
static inline void stream_chaos_rare(struct stream_chaos *c, struct stream_body *s)
{
	struct bytes name = group_name(stream_chaos_below(c, CHAOS_GROUPS));
	struct stream_group *g = stream_group_find(s, name);
	struct value gone;
	switch (stream_chaos_below(c, 6)) {
	case 0:
		if (stream_group_destroy(s, name, &gone))
			c->bury(&gone, c->context);
		break;
	case 1:
		if (g != NULL)
			stream_consumer_delete(g,
				consumer_name((int)stream_chaos_below(c, CONSUMERS)), &gone);
		if (g != NULL)
			c->bury(&gone, c->context);
		break;
	case 2:
		stream_trim(s, &(struct stream_trim){.max_length = 0}, &gone);
		c->bury(&gone, c->context);
		s->last = (struct id){s->last.ms / 2, 0};
		break;
	default:
		stream_group_create(s, name, s->first, 5);
	}
}

static inline void stream_chaos_once(struct stream_chaos *c, struct value *v)
{
	struct stream_body *s = stream_of(v);
	uint64_t what = stream_chaos_below(c, 1000);
	if (what < 450)
		stream_chaos_add(c, s);
	else if (what < 600 && s->length > 0)
		stream_delete(s, stream_chaos_id(c, s));
	else if (what < 620 && s->length > 0)
		stream_chaos_trim(c, s);
	else if (what < 990 && s->length > 0)
		stream_chaos_pending(c, s);
	else
		stream_chaos_rare(c, s);
}

/* So many entries, in `groups` of which so many are pending. */
static inline struct value stream_chaos_value(
	struct stream_chaos *c, unsigned entries, unsigned groups, unsigned pending)
{
	struct value v = stream_empty;
	struct stream_body *s = stream_of(&v);
	for (unsigned i = 0; i < entries; i++)
		stream_chaos_add(c, s);
	for (unsigned i = 0; i < groups; i++)
		stream_group_create(s, group_name(i), s->first, 0);
	for (unsigned i = 0; i < pending; i++)
		stream_chaos_pending(c, s);
	return v;
}

#endif
