/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/snapshot_walk: whatever is changed while it runs, the file holds what was there at the
 * beginning, whole values in the order of nobody's choosing.
 */
#include "../../../src/persist/snapshot_walk.c"

#include "snapshot_world.h"

static void check_chaos(uint64_t seed, bool decays, unsigned changes)
{
	struct world w;
	unsigned char digest[20];
	setup(&w);
	struct chaos c = {w.k, seed};
	chaos_fill(&c, decays);
	for (int round = 0; round < 2; round++) {
		keyspace_digest(w.k, digest);
		int64_t now_ms = w.k->now_ms;
		start(&w);
		while (w.s->phase == SNAPSHOT_WALKING) {
			for (unsigned i = chaos_below(&c, changes); i > 0; i--)
				chaos_once(&c);
			snapshot_slice(w.s, true);
			loop_turn(w.loop, 0);
		}
		finish(&w);
		assert_true(w.result.is_ok);
		assert_string_equal(w.result.reason, "");
		assert_true(now_ms == NOW_MS || round == 1);
		if (round == 0)
			expect_file(&w, digest);
		for (int i = 0; i < w.k->db_count; i++)
			dict_check(&w.k->dbs[i].entries);
	}
	teardown(&w);
}

static void test_chaos(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		check_chaos(seed * 77, seed % 2 == 0, seed % 3 == 0 ? 2 : 12);
}

/* Everything goes at once, in each way that it can. */
static void test_flush(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct world w;
		unsigned char digest[20];
		setup(&w);
		struct chaos c = {w.k, 5};
		chaos_fill(&c, true);
		keyspace_digest(w.k, digest);
		start(&w);
		for (int i = 0; i < way * 20; i++)
			snapshot_slice(w.s, true);
		if (way == 1)
			keyspace_swap(w.k, 0, 1);
		keyspace_flush(w.k, -1, way % 2 == 0);
		if (way == 1)
			keyspace_swap(w.k, 0, 2);
		chaos_fill(&c, false);
		finish(&w);
		assert_true(w.result.is_ok);
		expect_file(&w, digest);
		teardown(&w);
	}
}

/* After aborts, more of them than there are generations, a snapshot is whole all the same. */
static void test_aborts(void **state)
{
	(void)state;
	struct world w;
	unsigned char digest[20];
	setup(&w);
	struct chaos c = {w.k, 9};
	chaos_fill(&c, false);
	for (int i = 0; i < 40; i++) {
		start(&w);
		for (int n = 0; n < i; n++) {
			chaos_once(&c);
			snapshot_slice(w.s, true);
		}
		snapshot_abort(w.s);
		finish(&w);
		assert_true(w.result.is_aborted);
		assert_int_equal(access(w.temp, F_OK), -1);
		assert_int_equal(access(w.path, F_OK), -1);
	}
	keyspace_set_time(w.k, NOW_MS);
	keyspace_digest(w.k, digest);
	start(&w);
	finish(&w);
	assert_true(w.result.is_ok);
	expect_file(&w, digest);
	teardown(&w);
}

UNIT_MAIN(test_chaos, test_flush, test_aborts)
