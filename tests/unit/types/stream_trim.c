/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Trimming: what is cut off and what it costs, and what becomes of references. (All ways of
 * trimming against a naive model: stream.c.)
 */
#include "../../../src/types/stream_trim.c"

#include "../unit.h"
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

UNIT_MAIN(test_cut_is_cheap, test_references, test_references_approx, test_tombstones)
