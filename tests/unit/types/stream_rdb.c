/* SPDX-License-Identifier: BSD-3-Clause
 *
 * RDB bodies of streams: what a trip keeps beyond the digest, the older tags, and what is refused.
 */
#include "../../../src/types/stream_rdb.c"

#include "../unit.h"
#include "base/rand.h"
#include "stream_fixture.h"

/* What a copy or a trip through an RDB body keeps beyond the digest. */
static void assert_same_groups(const struct value *a, const struct value *b)
{
	const struct stream_body *s = a->ptr;
	const struct stream_body *t = b->ptr;
	assert_true(s->added == t->added && id_compare(s->last, t->last) == 0);
	assert_true(id_compare(s->max_deleted, t->max_deleted) == 0);
	assert_int_equal(s->groups.count, t->groups.count);
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct stream_group *g = s->groups.items[i];
		const struct stream_group *h = t->groups.items[i];
		assert_true(bytes_equal(g->name, h->name) && id_compare(g->last, h->last) == 0);
		assert_true(g->entries_read == h->entries_read);
		assert_int_equal(g->consumers.count, h->consumers.count);
		for (size_t j = 0; j < g->consumers.count; j++) {
			const struct stream_consumer *c = g->consumers.items[j];
			const struct stream_consumer *d = h->consumers.items[j];
			assert_true(bytes_equal(c->name, d->name) && c->seen_ms == d->seen_ms &&
				    c->active_ms == d->active_ms);
			assert_int_equal(c->pending.weight, d->pending.weight);
		}
		for (struct id_place at = id_tree_first(&g->pending); at.leaf != NULL;
			at = id_place_next(at)) {
			const struct stream_pending *p = id_place_item(at)->ptr;
			const struct stream_pending *q =
				stream_pending_find(h, id_place_item(at)->id);
			assert_non_null(q);
			assert_true(p->time_ms == q->time_ms && p->count == q->count);
			assert_true(bytes_equal(p->consumer->name, q->consumer->name));
		}
	}
}

static void test_keeps_groups(void **state)
{
	struct value v, copy, back;
	struct stream_body *s = some_stream(&v, 50);
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct stream_group *g = stream_group_create(s, consumer_name(i),
			(struct id){(uint64_t)i * 9, 3}, i == 1 ? STREAM_READ_UNKNOWN : i * 7);
		for (int j = 0; j < 30; j++) {
			struct stream_consumer *c = stream_consumer_get(
				g, consumer_name((int)rand_below(CONSUMERS)), j, NULL);
			c->active_ms = j % 2 == 0 ? STREAM_NEVER_ACTIVE : j * 1000;
			stream_pending_add(g, c, (struct id){rand_below(60), 0}, j * 77)->count =
				rand_below(300);
		}
	}
	stream_delete(s, (struct id){20, 0});
	stream_ops.copy(&v, &copy);
	stream_ops.check(&copy);
	assert_same_groups(&v, &copy);
	stream_ops.encode(&v, &w);
	struct codec_reader r = codec_reader_of(buf_bytes(&body));
	assert_true(stream_ops.decode(21, &r, &back));
	assert_same_groups(&v, &back);
	buf_release(&body);
	stream_ops.free(&back);
	stream_ops.free(&copy);
	stream_ops.free(&v);
}

/* A body put together by hand: one piece with 1-0 and 2-0, then what `tail` says. */
static bool decode_with(uint8_t tag, const char *tail, size_t len, struct value *out)
{
	struct buf body = {0};
	struct codec_writer w = {.out = &body};
	struct value v;
	struct stream_body *s = some_stream(&v, 2);
	unsigned char scratch[ID_BYTES];
	const struct id_item *item = id_place_item(id_tree_first(&s->pieces));
	codec_write_length(&w, 1);
	codec_write_string(&w, pack_id(scratch, item->id));
	codec_write_string(&w, bytes_of(item->ptr, listpack_bytes(item->ptr)));
	codec_write_raw(&w, tail, len);
	stream_ops.free(&v);
	struct codec_reader r = codec_reader_of(buf_bytes(&body));
	bool is_whole = stream_ops.decode(tag, &r, out);
	if (is_whole)
		assert_int_equal(codec_left(&r), 0);
	else
		assert_non_null(r.error);
	buf_release(&body);
	return is_whole;
}

#define PENDING_1 "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"
#define TIME_5 "\5\0\0\0\0\0\0\0"
#define DECODES(tag, tail, v) decode_with(tag, tail, sizeof(tail) - 1, v)

static void test_old_tags(void **state)
{
	struct value v;
	(void)state;
	/* Length 2, last id 2-0; a group that has read 1-0, which "c" has pending. */
	assert_true(DECODES(
		15, "\2\2\0\1\1g\1\0\1" PENDING_1 TIME_5 "\3\1\1c" TIME_5 "\1" PENDING_1, &v));
	struct stream_body *s = v.ptr;
	struct stream_group *g = s->groups.items[0];
	struct stream_consumer *c = g->consumers.items[0];
	stream_ops.check(&v);
	assert_true(s->added == 2 && s->first.ms == 1 && id_is_least(s->max_deleted));
	assert_true(g->entries_read == 1 && g->last.ms == 1);
	assert_true(c->seen_ms == 5 && c->active_ms == 5 && c->pending.weight == 1);
	assert_int_equal(stream_pending_find(g, (struct id){1, 0})->count, 3);
	stream_ops.free(&v);
	/* The same with first 1-0, greatest deleted 0-9, 7 added, 3 read. */
	assert_true(DECODES(19,
		"\2\2\0\1\0\0\x09\7\1\1g\1\0\3\1" PENDING_1 TIME_5 "\3\1\1c" TIME_5 "\1" PENDING_1,
		&v));
	s = v.ptr;
	g = s->groups.items[0];
	assert_true(s->added == 7 && s->max_deleted.seq == 9 && g->entries_read == 3);
	stream_ops.check(&v);
	stream_ops.free(&v);
}

static void test_refused(void **state)
{
	struct value v;
	(void)state;
	assert_true(DECODES(15, "\2\2\0\0", &v));
	stream_ops.free(&v);
	/* A wrong length; a last id below an entry's; more entries than were added. */
	assert_false(DECODES(15, "\3\2\0\0", &v));
	assert_false(DECODES(15, "\2\1\0\0", &v));
	assert_false(DECODES(21, "\2\2\0\1\0\0\0\1\0", &v));
	/* Nobody's pending entry; one that comes twice; one that is not the group's; with two
	 * owners. */
	assert_false(DECODES(15, "\2\2\0\1\1g\1\0\1" PENDING_1 TIME_5 "\3\0", &v));
	assert_false(
		DECODES(15, "\2\2\0\1\1g\1\0\2" PENDING_1 TIME_5 "\3" PENDING_1 TIME_5 "\3\0", &v));
	assert_false(DECODES(15, "\2\2\0\1\1g\1\0\0\1\1c" TIME_5 "\1" PENDING_1, &v));
	assert_false(DECODES(15,
		"\2\2\0\1\1g\1\0\1" PENDING_1 TIME_5 "\3\2\1b" TIME_5 "\1" PENDING_1 "\1c" TIME_5
		"\1" PENDING_1,
		&v));
	/* Groups that are out of order, or come twice. */
	assert_true(DECODES(15, "\2\2\0\2\1a\1\0\0\0\1b\1\0\0\0", &v));
	stream_ops.free(&v);
	assert_false(DECODES(15, "\2\2\0\2\1b\1\0\0\0\1a\1\0\0\0", &v));
	assert_false(DECODES(15, "\2\2\0\2\1a\1\0\0\0\1a\1\0\0\0", &v));
}

UNIT_MAIN(test_keeps_groups, test_old_tags, test_refused)
