/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups against a naive table of who has what pending; what is read, and the lag; the row of a
 * stream with groups.
 */
#include "../../../src/types/stream_group.c"

#include "../unit.h"
#include "base/rand.h"
#include "row.h"
#include "stream_fixture.h"

#define ENTRIES 300
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

/* With most of what is pending, or with little of it: the others keep theirs. */
static void test_delete_consumer(void **state)
{
	(void)state;
	for (int own = 0; own <= ENTRIES; own += 20) {
		struct value v, gone;
		struct stream_body *s = some_stream(&v, ENTRIES);
		struct stream_group *g = stream_group_create(s, BYTES("g"), ID_LEAST, 0);
		for (int i = 1; i <= ENTRIES; i++) {
			owner[i] = i * 7 % ENTRIES < own ? 0 : 1 + i % 2;
			struct stream_consumer *c =
				stream_consumer_get(g, consumer_name(owner[i]), 0, NULL);
			stream_pending_add(g, c, (struct id){(uint64_t)i, 0}, 0);
		}
		stream_consumer_get(g, consumer_name(0), 0, NULL);
		assert_int_equal(stream_consumer_delete(g, consumer_name(0), &gone), own);
		bool is_over = own >= HAND_OVER_LEAST && own >= ENTRIES - own;
		assert_int_equal(gone.ptr != NULL, is_over);
		assert_null(stream_consumer_find(g, consumer_name(0)));
		for (int i = 1; i <= ENTRIES; i++)
			owner[i] = owner[i] == 0 ? -1 : owner[i];
		assert_owners(g);
		stream_ops.check(&v);
		stream_ops.free(&gone);
		assert_owners(g);
		stream_ops.check(&v);
		stream_ops.free(&v);
	}
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
				g, id, p, stream_consumer_get(g, consumer_name(who), i, NULL));
			owner[id.ms] = who;
		} else if (pick >= 99) {
			int64_t had = 0;
			bool is_there = stream_consumer_find(g, consumer_name(who)) != NULL;
			for (int j = 1; j <= ENTRIES; j++) {
				had += owner[j] == who;
				if (owner[j] == who)
					owner[j] = -1;
			}
			struct value gone;
			assert_int_equal(stream_consumer_delete(g, consumer_name(who), &gone),
				is_there ? had : -1);
			stream_ops.free(&gone);
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

UNIT_MAIN(test_model, test_delete_consumer, test_read)
