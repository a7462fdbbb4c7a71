/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trimming: what is cut off and what it costs, and what becomes of references. (All ways of
 * trimming against a naive model: stream.c.)
 */
#include "../../../src/types/stream_trim.c"

#include "../unit.h"
#include "stream_chaos.h"
#include "stream_fixture.h"

/* A cut takes as long for many entries as for few. */
static void test_cut_is_cheap(void **state)
{
	struct value v = stream_empty, cut;
	struct stream_body *s = stream_of(&v);
	(void)state;
	for (uint64_t i = 1; i <= 50000; i++)
		stream_add(s, (struct id){i, 0}, pair, 1);
	struct stream_trim t = {.max_length = 150};
	assert_int_equal(stream_trim(s, &t, &cut), 49850);
	assert_int_equal(((struct stream_body *)cut.ptr)->length, 49800);
	assert_true(stream_ops.free_effort(&cut) > 64);
	stream_ops.check(&v);
	int slices = 1;
	while (!stream_ops.free_slice(&cut, 50))
		slices++;
	assert_true(slices >= 5);
	t.max_length = 0;
	assert_int_equal(stream_trim(s, &t, &cut), 150);
	stream_ops.free(&cut);
	assert_null(s->pieces.root);
	stream_ops.check(&v);
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
	assert_null(cut.ptr);
	t.limit = 0;
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	stream_ops.free(&cut);
	stream_ops.check(&v);
	stream_pending_delete(g, (struct id){150, 0});
	t.by_id = true;
	t.min_id = (struct id){201, 0};
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	stream_ops.free(&cut);
	assert_int_equal(stream_trim(s, &t, &cut), 0);
	stream_ops.free(&cut);
	stream_ops.check(&v);
	stream_ops.free(&v);
}

/* Two groups, of which both have most of it pending, in disorder. */
static struct stream_body *pending_stream(struct value *v, unsigned entries)
{
	struct stream_body *s = some_stream(v, entries);
	for (int i = 0; i < 2; i++) {
		struct stream_group *g =
			stream_group_create(s, group_name((unsigned)i), ID_LEAST, 0);
		g->last = (struct id){entries - 10, 0};
		for (uint64_t id = 1; id <= entries - 10; id++) {
			struct stream_consumer *c =
				stream_consumer_get(g, consumer_name((int)(id % 3)), 0, NULL);
			struct id at = {id * 7919 % (entries - 10) + 1, 0};
			stream_pending_add(g, c, at, 0);
		}
	}
	return s;
}

/* What is pending is cut with the pieces, and freed with them; the rest as one by one. */
static void test_references_of_many(void **state)
{
	struct value v, cut;
	struct stream_body *s = pending_stream(&v, 3010);
	const struct stream_group *g[2] = {
		stream_group_find(s, group_name(0)), stream_group_find(s, group_name(1))};
	(void)state;
	struct stream_trim t = {.max_length = 1050, .refs = STREAM_DELETE_REFS};
	assert_int_equal(stream_trim(s, &t, &cut), 1960);
	assert_int_equal(((struct stream_body *)cut.ptr)->groups.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(g[i]->pending.weight, 1040);
		assert_null(stream_pending_find(g[i], (struct id){1960, 0}));
		assert_non_null(stream_pending_find(g[i], (struct id){1961, 0}));
	}
	stream_ops.check(&v);
	while (!stream_ops.free_slice(&cut, 30))
		stream_ops.check(&v);
	/* With a tombstone, each is looked at: what hangs on it stays. */
	stream_delete(s, (struct id){2005, 0});
	t.max_length = 900;
	assert_int_equal(stream_trim(s, &t, &cut), 149);
	stream_ops.free(&cut);
	assert_int_equal(g[0]->pending.weight, 891);
	assert_non_null(stream_pending_find(g[1], (struct id){2005, 0}));
	t.max_length = 800;
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	stream_ops.free(&cut);
	assert_int_equal(g[0]->pending.weight, 791);
	t.max_length = 0;
	assert_int_equal(stream_trim(s, &t, &cut), 800);
	stream_ops.free(&cut);
	assert_int_equal(g[1]->pending.weight, 1);
	stream_ops.check(&v);
	stream_ops.free(&v);
}

/* Up to what a group needs all goes at once, behind it what none needs. */
static void test_unneeded_many(void **state)
{
	(void)state;
	for (int approx = 0; approx < 2; approx++) {
		struct value v, cut;
		struct stream_body *s = pending_stream(&v, 3010);
		struct stream_group *g[2] = {
			stream_group_find(s, group_name(0)), stream_group_find(s, group_name(1))};
		struct stream_trim t = {
			.max_length = 100, .refs = STREAM_ACKED_ONLY, .is_approx = approx != 0};
		assert_int_equal(stream_trim(s, &t, &cut), 0);
		assert_null(cut.ptr);
		for (uint64_t i = 1; i <= 2000; i++) {
			stream_pending_delete(g[0], (struct id){i, 0});
			if (i != 1550)
				stream_pending_delete(g[1], (struct id){i, 0});
		}
		t.limit = approx ? 700 : 0;
		assert_int_equal(stream_trim(s, &t, &cut), approx ? 700 : 1999);
		assert_non_null(cut.ptr);
		stream_ops.free(&cut);
		stream_ops.check(&v);
		t.limit = 0;
		assert_int_equal(stream_trim(s, &t, &cut), approx ? 800 : 0);
		stream_ops.free(&cut);
		assert_int_equal(s->first.ms, approx ? 1501 : 1550);
		stream_ops.check(&v);
		stream_ops.free(&v);
	}
}

/* Tombstones in front of the border, and a border behind all. */
static void test_tombstones(void **state)
{
	struct value v, cut;
	struct stream_body *s = some_stream(&v, 250);
	struct stream_trim t = {.max_length = 51};
	(void)state;
	for (uint64_t i = 101; i <= 199; i++)
		stream_delete(s, (struct id){i, 0});
	assert_int_equal(stream_trim(s, &t, &cut), 100);
	stream_ops.free(&cut);
	assert_int_equal(s->first.ms, 200);
	stream_ops.check(&v);
	t = (struct stream_trim){.by_id = true, .min_id = ID_GREATEST, .is_approx = true};
	assert_int_equal(stream_trim(s, &t, &cut), 51);
	stream_ops.free(&cut);
	assert_int_equal(s->length, 0);
	assert_int_equal(stream_trim(s, &t, &cut), 0);
	assert_null(cut.ptr);
	stream_ops.check(&v);
	stream_ops.free(&v);
}

UNIT_MAIN(test_cut_is_cheap, test_references, test_references_approx, test_references_of_many,
	test_unneeded_many, test_tombstones)
