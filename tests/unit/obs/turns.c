/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/turns: which turns are kept, and which cause is told.
 */
#include "../../../src/obs/turns.c"

#include "../unit.h"

static enum outcome run_nothing(struct call *call)
{
	(void)call;
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "TAKE", .run = run_nothing, .group = "server", .syntax = "key:key:RO+access..."},
	{.name = NULL},
};

struct fixture {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session session;
	struct turns turns;
};

static void fixture_open(struct fixture *f)
{
	memset(&f->turns, 0, sizeof(f->turns));
	f->keyspace = keyspace_new(1);
	f->exec = exec_new(f->keyspace);
	command_table_add(f->exec->commands, rows);
	session_init(&f->session, f->exec, ORIGIN_CLIENT);
}

static void fixture_close(struct fixture *f)
{
	session_release(&f->session);
	exec_free(f->exec);
	keyspace_free(f->keyspace);
}

static struct turn_record *close_turn(struct fixture *f, uint64_t ticks)
{
	const struct turn_end end = {.ticks = ticks};
	assert_true(turns_concern(&f->turns, f->exec, ticks) || ticks <= f->turns.threshold_ticks);
	return turns_close(&f->turns, f->exec, &end);
}

static void note_call(struct fixture *f, uint64_t ticks)
{
	struct bytes argv[] = {BYTES("take"), BYTES("a"), BYTES("bb"), BYTES("ccc")};
	struct call call;
	call_prepare(&call, &f->session, argv, 4);
	turns_note_call(&f->turns, &call, ticks);
}

static void test_causes(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	f.exec->now_ms = 77;
	f.exec->turn_ticks = 1000;
	struct turn_record *r = close_turn(&f, 1000000);
	assert_string_equal(r->cause, "other");
	assert_int_equal(r->time_ms, 77);
	assert_int_equal(r->cause_ticks, 1000000);

	work_add(&f.exec->work, WORK_FREE, 100000);
	work_add(&f.exec->work, WORK_FREE, 500000);
	work_add(&f.exec->work, WORK_EXPIRE, 300000);
	r = close_turn(&f, 1000000);
	assert_string_equal(r->cause, "delete");
	assert_int_equal(r->cause_ticks, 600000);
	assert_false(f.exec->work.is_used);

	/* Neither alone, so all calls together. */
	note_call(&f, 400000);
	note_call(&f, 300000);
	f.exec->ticks = 1000 + 800000;
	f.exec->stats.calls = 2;
	r = close_turn(&f, 1000000);
	assert_string_equal(r->cause, "commands");
	assert_int_equal(r->calls, 2);
	assert_int_equal(r->call.keys, 0);

	note_call(&f, 600000);
	note_call(&f, 100000);
	r = close_turn(&f, 1000000);
	assert_string_equal(r->cause, "command");
	assert_string_equal(r->call.command, "take");
	assert_int_equal(r->call.keys, 3);
	assert_int_equal(r->call.bytes, 10);
	assert_int_equal(r->call.client_id, f.session.id);
	assert_int_equal(r->cause_ticks, 600000);
	assert_int_equal(f.turns.longest.ticks, 0);
	fixture_close(&f);
}

static void test_inside(void **state)
{
	struct bytes argv[] = {BYTES("take"), BYTES("a")};
	struct fixture f;
	struct call call;
	(void)state;
	fixture_open(&f);
	call_prepare(&call, &f.session, argv, 2);
	const struct turn_end running = {.ticks = 500, .running = &call};
	struct turn_record *r = turns_close(&f.turns, f.exec, &running);
	assert_string_equal(r->cause, "command");
	assert_int_equal(r->call.keys, 1);
	const struct turn_end loading = {.ticks = 500, .is_loading = true};
	r = turns_close(&f.turns, f.exec, &loading);
	assert_string_equal(r->cause, "load");
	fixture_close(&f);
}

/* Against a sorted array. */
static int compare_down(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

static void test_slowest(void **state)
{
	uint64_t all[1000], random = 9;
	uint8_t order[TURNS_KEPT];
	struct fixture f;
	(void)state;
	fixture_open(&f);
	for (int i = 0; i < 1000; i++) {
		all[i] = 1 + unit_random(&random) % 100000;
		if (turns_concern(&f.turns, f.exec, all[i]))
			close_turn(&f, all[i]);
	}
	qsort(all, 1000, sizeof(all[0]), compare_down);
	assert_int_equal(turns_order(&f.turns, order), TURNS_KEPT);
	for (int i = 0; i < TURNS_KEPT; i++)
		assert_int_equal(f.turns.kept[order[i]].ticks, all[i]);
	assert_false(turns_concern(&f.turns, f.exec, all[TURNS_KEPT - 1]));
	assert_int_equal(turns_forget(&f.turns), TURNS_KEPT);
	assert_int_equal(turns_order(&f.turns, order), 0);
	assert_non_null(close_turn(&f, 1));
	fixture_close(&f);
}

UNIT_MAIN(test_causes, test_inside, test_slowest)
