/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups against a naive table of who has what pending; what is read, and the lag; the row of a
 * stream with groups; freeing one of many pending entries in slices; what trimming does to
 * references.
 */
#include "../../../src/types/stream_group.c"

#include "../unit.h"
#include "base/rand.h"
#include "row.h"

#define ENTRIES 300
#define CONSUMERS 5

static struct bytes pair[2] = {BYTES("f"), BYTES("v")};

static struct stream_body *some_stream(struct value *v, uint64_t entries)
{
	*v = stream_empty;
	struct stream_body *s = stream_of(v);
	for (uint64_t i = 1; i <= entries; i++)
		stream_add(s, (struct id){i, 0}, pair, 1);
	return s;
}

static struct bytes consumer_name(int number)
{
	static const char *const names[CONSUMERS] = {"c", "b", "", "consumer", "a"};
	return bytes_text(names[number]);
}

/* Whose the entry is; -1 = nobody's. */
static int owner[ENTRIES + 1];

static void assert_owners(const struct stream_group *g)
{
	uint64_t pending = 0;
	for (uint64_t i = 1; i <= ENTRIES; i++) {
		struct stream_pending *p = stream_pending_find(g, (struct id){i, 0});
		if (owner[i] < 0) {
			assert_null(p);
			continue;
		}
		pending++;
		assert_non_null(p);
		assert_true(bytes_equal(p->consumer->name, consumer_name(owner[i])));
		assert_ptr_equal(id_tree_find(&p->consumer->pending, (struct id){i, 0}), p);
	}
	assert_int_equal(g->pending.weight, pending);
}

static void test_model(void **state)
{
	struct value v;
	struct stream_body *s = some_stream(&v, ENTRIES);
	struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, 0);
	(void)state;
	assert_null(stream_group_create(s, BYTES("g"), ID_LEAST, 0));
	memset(owner, -1, sizeof(owner));
	for (int i = 0; i < 6000; i++) {
		struct id id = {rand_below(ENTRIES) + 1, 0};
		int who = (int)rand_below(CONSUMERS);
		uint64_t pick = rand_below(100);
		struct stream_pending *p = stream_pending_find(g, id);
		if (pick < 50) {
			bool created;
			bool is_there = stream_consumer_find(g, consumer_name(who)) != NULL;
			struct stream_consumer *c =
				stream_consumer_get(g, consumer_name(who), i, &created);
			assert_int_equal(created, !is_there);
			p = stream_pending_add(g, c, id, i);
			assert_true(p->time_ms == i && p->count == 1 && p->consumer == c);
			owner[id.ms] = who;
		} else if (pick < 75) {
			assert_int_equal(stream_pending_delete(g, id), owner[id.ms] >= 0);
			owner[id.ms] = -1;
		} else if (pick < 98 && p != NULL) {
			stream_pending_give(
				id, p, stream_consumer_get(g, consumer_name(who), i, NULL));
			owner[id.ms] = who;
		} else if (pick >= 99) {
			int64_t had = 0;
			bool is_there = stream_consumer_find(g, consumer_name(who)) != NULL;
			for (int j = 1; j <= ENTRIES; j++) {
				had += owner[j] == who;
				if (owner[j] == who)
					owner[j] = -1;
			}
			assert_int_equal(
				stream_consumer_delete(g, consumer_name(who)), is_there ? had : -1);
		}
		if (i % 100 == 0) {
			assert_owners(g);
			stream_ops.check(&v);
		}
	}
	stream_group_create(s, BYTES("a"), (struct id){7, 7}, STREAM_READ_UNKNOWN);
	row_test(&stream_ops, &v, 150);
	stream_ops.free(&v);
}

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

static void test_read(void **state)
{
	struct value v;
	struct stream_body *s = some_stream(&v, 10);
	struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, STREAM_READ_UNKNOWN);
	uint64_t lag;
	(void)state;
	assert_true(stream_group_lag(s, g, &lag) && lag == 10);
	for (uint64_t i = 1; i <= 10; i++) {
		stream_group_read(s, g, (struct id){i, 0});
		assert_int_equal(g->entries_read, i);
		assert_true(stream_group_lag(s, g, &lag) && lag == 10 - i);
	}
	assert_int_equal(stream_entries_read(s, (struct id){11, 0}), STREAM_READ_UNKNOWN);
	assert_int_equal(stream_entries_read(s, (struct id){5, 0}), STREAM_READ_UNKNOWN);
	assert_int_equal(stream_entries_read(s, (struct id){1, 0}), 1);
	assert_int_equal(stream_entries_read(s, ID_LEAST), 0);
	stream_delete(s, (struct id){5, 0});
	assert_int_equal(stream_entries_read(s, (struct id){1, 0}), STREAM_READ_UNKNOWN);
	assert_true(stream_group_lag(s, g, &lag) && lag == 0);
	g->last = (struct id){3, 0};
	assert_false(stream_group_lag(s, g, &lag));
	for (uint64_t i = 1; i <= 10; i++)
		stream_delete(s, (struct id){i, 0});
	assert_true(stream_group_lag(s, g, &lag) && lag == 0);
	stream_ops.free(&v);
	s = some_stream(&v, 0);
	assert_int_equal(stream_entries_read(s, (struct id){5, 0}), 0);
	stream_ops.free(&v);
}

static void test_destroy(void **state)
{
	struct value v, gone;
	struct stream_body *s = some_stream(&v, 1);
	struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, 0);
	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint64_t j = 0; j < 1000; j++)
			stream_pending_add(g, stream_consumer_get(g, consumer_name(i), 0, NULL),
				(struct id){j, (uint64_t)i}, 0);
	size_t before = mem_used_bytes();
	assert_false(stream_group_destroy(s, BYTES("h"), &gone));
	assert_true(stream_group_destroy(s, BYTES("g"), &gone));
	assert_null(stream_group_find(s, BYTES("g")));
	stream_ops.check(&v);
	assert_true(stream_ops.free_effort(&gone) >= 5000);
	int slices = 1;
	while (!stream_ops.free_slice(&gone, 100))
		slices++;
	assert_true(slices > 40);
	assert_true(mem_used_bytes() + (size_t)5000 * 80 < before);
	stream_ops.free(&v);
}

static uint64_t trim_with(struct stream_body *s, enum stream_refs refs, uint64_t length)
{
	struct stream_trim t = {.max_length = length, .refs = refs};
	struct value cut;
	uint64_t trimmed = stream_trim(s, &t, &cut);
	if (cut.ptr != NULL)
		stream_ops.free(&cut);
	return trimmed;
}

static void test_references(void **state)
{
	struct value v;
	struct stream_body *s = some_stream(&v, 250);
	struct stream_group *g = stream_group_create(s, BYTES("g"), (struct id){240, 0}, 240);
	struct stream_consumer *c = stream_consumer_get(g, BYTES("c"), 0, NULL);
	(void)state;
	for (uint64_t i = 1; i <= 240; i += 2)
		stream_pending_add(g, c, (struct id){i, 0}, 0);
	assert_true(stream_is_needed(s, (struct id){1, 0}));
	assert_false(stream_is_needed(s, (struct id){2, 0}));
	assert_true(stream_is_needed(s, (struct id){241, 0}));
	/* Every other entry of those that were read. */
	assert_int_equal(trim_with(s, STREAM_ACKED_ONLY, 240), 10);
	assert_int_equal(trim_with(s, STREAM_ACKED_ONLY, 0), 110);
	stream_ops.check(&v);
	assert_int_equal(trim_with(s, STREAM_DELETE_REFS, 100), 30);
	assert_int_equal(g->pending.weight, 90);
	stream_ops.check(&v);
	assert_int_equal(trim_with(s, STREAM_KEEP_REFS, 0), 100);
	assert_int_equal(g->pending.weight, 90);
	assert_true(stream_delete_refs(s, (struct id){239, 0}));
	assert_false(stream_delete_refs(s, (struct id){239, 0}));
	stream_ops.check(&v);
	stream_ops.free(&v);
}

/* Approximate and minding what is needed: a whole piece or nothing. */
static void test_references_approx(void **state)
{
	struct value v, cut;
	struct stream_body *s = some_stream(&v, 250);
	struct stream_group *g = stream_group_create(s, BYTES("g"), (struct id){240, 0}, 240);
	struct stream_trim t = {.is_approx = true, .refs = STREAM_ACKED_ONLY, .limit = 99};
	(void)state;
	stream_pending_add(g, stream_consumer_get(g, BYTES("c"), 0, NULL), (struct id){150, 0}, 0);
	assert_int_equal(stream_trim(s, &t, &cut), 0);
	t.limit = 0;
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	stream_ops.check(&v);
	stream_pending_delete(g, (struct id){150, 0});
	t.by_id = true;
	t.min_id = (struct id){201, 0};
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	assert_int_equal(stream_trim(s, &t, &cut), 0);
	stream_ops.check(&v);
	stream_ops.free(&v);
}

UNIT_MAIN(test_model, test_keeps_groups, test_read, test_destroy, test_references,
	test_references_approx)
