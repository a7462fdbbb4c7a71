/* SPDX-License-Identifier: BSD-3-Clause
 *
 * persist/snapshot: slices, rests, delays, figures, failures; both methods make the same contents.
 */
#include "../../../src/persist/snapshot.c"

#include "snapshot_world.h"

#include <sys/mman.h>

static void expect_equal(struct world *w)
{
	struct keyspace *back = world_new();
	struct rdb_load_report report;
	const struct rdb_load_options options = {.keyspace = back, .checksum = true};
	assert_int_equal(rdb_load_file(w->path, &options, &report), RDB_LOAD_OK);
	world_expect_equal(w->k, back);
	keyspace_free(back);
}

static void test_methods(void **state)
{
	(void)state;
	for (int method = SNAPSHOT_SLICED; method <= SNAPSHOT_FORK; method++) {
		struct world w;
		setup(&w);
		world_fill(w.k, 2, true);
		w.config.method = method;
		start(&w);
		assert_true(snapshot_figures_get(w.s).is_running);
		assert_int_equal(snapshot_figures_get(w.s).has_child, method == SNAPSHOT_FORK);
		assert_int_equal(snapshot_figures_get(w.s).keys_total, 232);
		finish(&w);
		assert_true(w.result.is_ok);
		assert_int_equal(w.result.keys, 232);
		assert_int_equal(snapshot_figures_get(w.s).forks, method == SNAPSHOT_FORK);
		expect_equal(&w);
		teardown(&w);
	}
}

/* The elements that the commands of a file add, as a sum: in whatever order and in however many
 * commands they stand. */
static uint64_t elements_sum(FILE *f)
{
	static char word[400000], key[400000];
	uint64_t sum = 0;
	int argc;
	while (fscanf(f, "*%d\r\n", &argc) == 1) {
		uint64_t command = 0, key_hash = 0;
		for (int i = 0; i < argc; i++) {
			size_t len;
			char *into = i == 1 ? key : word;
			assert_int_equal(fscanf(f, "$%zu", &len), 1);
			assert_true(len < sizeof(word) && fgetc(f) == '\r' && fgetc(f) == '\n');
			assert_int_equal(fread(into, 1, len, f), len);
			assert_true(fgetc(f) == '\r' && fgetc(f) == '\n');
			uint64_t hash = hash_bytes(into, len);
			command = i == 0 ? hash : command;
			key_hash = i == 1 ? hash : key_hash;
			sum += i < 2 ? 0 : command * 31 ^ key_hash * 17 ^ hash;
		}
	}
	assert_true(feof(f));
	return sum;
}

/* A log without a preamble: commands that make the same, by both methods. */
static void test_commands(void **state)
{
	(void)state;
	uint64_t sums[2];
	for (int method = SNAPSHOT_SLICED; method <= SNAPSHOT_FORK; method++) {
		struct world w;
		char head[64];
		setup(&w);
		struct chaos c = {w.k, 2};
		chaos_fill(&c, false);
		w.config.method = method;
		assert_true(start_as(&w, SNAPSHOT_COMMANDS));
		finish(&w);
		assert_true(w.result.is_ok);
		FILE *f = fopen(w.path, "r");
		assert_non_null(f);
		assert_non_null(fgets(head, sizeof(head), f));
		assert_string_equal(head, "*2\r\n");
		rewind(f);
		sums[method] = elements_sum(f);
		fclose(f);
		teardown(&w);
	}
	assert_true(sums[0] == sums[1]);
}

static void test_failures(void **state)
{
	(void)state;
	for (int method = SNAPSHOT_SLICED; method <= SNAPSHOT_FORK; method++) {
		struct world w;
		setup(&w);
		world_fill(w.k, 1, false);
		w.config.method = method;
		unlink(w.temp);
		strcpy(w.temp, "/nowhere/temp.rdb");
		start(&w);
		finish(&w);
		assert_false(w.result.is_ok);
		assert_int_equal(w.result.error, ENOENT);
		assert_int_equal(access(w.path, F_OK), -1);
		/* The next one begins from scratch. */
		memcpy(w.temp, w.path, strlen(w.path) - 4);
		w.temp[strlen(w.path) - 4] = '\0';
		start(&w);
		finish(&w);
		assert_true(w.result.is_ok);
		expect_equal(&w);
		teardown(&w);
	}
}

static struct {
	int forks, unlinks, others;
	int *children; /* memory that the children share */
} heard;

static void on_latency(const char *event, int64_t us, void *context)
{
	assert_ptr_equal(context, &heard);
	assert_in_range(us, 0, 10000000);
	heard.forks += strcmp(event, "fork") == 0;
	heard.unlinks += strcmp(event, "rdb-unlink-temp-file") == 0;
	heard.others++;
}

static void in_child(bool is_rewrite, void *context)
{
	assert_ptr_equal(context, &heard);
	*heard.children += is_rewrite ? 100 : 1;
}

/* Who set hooks hears of forks, and of the file of a child that was killed; of none when sliced. */
static void test_hooks(void **state)
{
	(void)state;
	for (int method = SNAPSHOT_SLICED; method <= SNAPSHOT_FORK; method++) {
		struct world w;
		bool forks = method == SNAPSHOT_FORK;
		memset(&heard, 0, sizeof(heard));
		heard.children = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		setup(&w);
		snapshot_set_hooks(w.s, (struct snapshot_hooks){in_child, on_latency, &heard});
		world_fill(w.k, 1, false);
		w.config.method = method;
		start(&w);
		finish(&w);
		assert_true(w.result.is_ok);
		assert_int_equal(heard.forks, forks);
		assert_int_equal(heard.others, forks);
		assert_int_equal(*heard.children, forks);
		w.config.key_save_delay_us = 1000000;
		start(&w);
		snapshot_slice(w.s, true);
		snapshot_abort(w.s);
		finish(&w);
		assert_int_equal(heard.forks, 2 * forks);
		assert_int_equal(heard.unlinks, forks);
		munmap(heard.children, sizeof(int));
		teardown(&w);
	}
}

static void test_aborts(void **state)
{
	(void)state;
	for (int method = SNAPSHOT_SLICED; method <= SNAPSHOT_FORK; method++) {
		struct world w;
		setup(&w);
		world_fill(w.k, 1, false);
		w.config.method = method;
		w.config.key_save_delay_us = 1000000;
		start(&w);
		snapshot_slice(w.s, true);
		snapshot_abort(w.s);
		snapshot_abort(w.s);
		finish(&w);
		assert_true(w.result.is_aborted);
		assert_int_equal(access(w.path, F_OK), -1);
		assert_int_equal(access(w.temp, F_OK), -1);
		/* And one that is left behind when everything ends. */
		start(&w);
		snapshot_slice(w.s, true);
		teardown(&w);
	}
}

/* A delay stretches the walk; taken back, it is over. Slices say how long they can wait. */
static void test_delay(void **state)
{
	(void)state;
	struct world w;
	setup(&w);
	world_fill(w.k, 1, false);
	w.config.key_save_delay_us = 10000000;
	start(&w);
	assert_true(snapshot_slice(w.s, true) > 1000000);
	assert_true(snapshot_slice(w.s, true) > 1000000);
	assert_true(w.s->keys_done < 50);
	w.config.key_save_delay_us = 0;
	finish(&w);
	assert_true(w.result.is_ok);
	w.config.key_save_delay_us = -100;
	start(&w);
	finish(&w);
	assert_true(w.result.is_ok);
	teardown(&w);
}

static void test_rest(void **state)
{
	(void)state;
	struct world w;
	setup(&w);
	world_fill(w.k, 1, false);
	w.config.budget_us = 0;
	start(&w);
	assert_int_equal(snapshot_slice(w.s, true), 0);
	w.s->rest_until_us = loop_now_us(w.loop) + 1000000;
	uint64_t done = w.s->keys_done;
	assert_true(snapshot_slice(w.s, false) > 900000);
	/* Between two calls, too; until there were none for a while. */
	assert_true(snapshot_slice(w.s, true) > 900000);
	assert_int_equal(w.s->keys_done, done);
	w.s->busy_us -= 2 * CALM_US;
	assert_int_equal(snapshot_slice(w.s, true), 0);
	finish(&w);
	teardown(&w);
}

/* Memory past the limit holds writers up, and only until it is given back. */
static void test_pause(void **state)
{
	(void)state;
	struct world w;
	setup(&w);
	world_fill(w.k, 1, false);
	w.config.budget_us = 0;
	start(&w);
	buf_reserve(&w.s->side.writer.buf, EXTRA_MAX_BYTES + mem_used_bytes() / 8);
	snapshot_measure(w.s, 1);
	assert_int_equal(w.exec->pause->kind, PAUSE_WRITES);
	assert_true(snapshot_figures_get(w.s).extra_bytes_peak > EXTRA_MAX_BYTES);
	buf_release(&w.s->side.writer.buf);
	snapshot_measure(w.s, 2);
	assert_int_equal(w.exec->pause->kind, PAUSE_NONE);
	finish(&w);
	teardown(&w);
}

UNIT_MAIN(test_methods, test_commands, test_failures, test_hooks, test_aborts, test_delay,
	test_rest, test_pause)
