/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/sample: what a picked call leaves behind, alone, with many keys, inside another, waiting.
 */
#include "../../../src/obs/sample.c"

#include "base/log.h"
#include "types/string.h"

#include "../unit.h"

static enum outcome run_ok(struct call *call)
{
	reply_bulk_text(call->reply, "0123456789");
	return DONE;
}

static enum outcome run_wait(struct call *call)
{
	(void)call;
	return BLOCKED;
}

static enum outcome run_both(struct call *call)
{
	struct bytes argv[] = {BYTES("one"), BYTES("inner")};
	struct call inner;
	call_prepare(&inner, call->session, argv, 2);
	call_run_nested(&inner);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "ONE",
		.run = run_ok,
		.group = "string",
		.flags = CMD_WRITE,
		.syntax = "key:key:RW+update [value]"},
	{.name = "MANY", .run = run_ok, .group = "string", .syntax = "key:key:RO+access..."},
	{.name = "NONE", .run = run_ok, .group = "server", .syntax = ""},
	{.name = "WAIT", .run = run_wait, .group = "server", .syntax = "key:key:RO+access"},
	{.name = "BOTH", .run = run_both, .group = "server", .syntax = ""},
	{.name = NULL},
};

struct fixture {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session session;
	struct observe_config config;
	struct observe *observe;
};

static void fixture_open(struct fixture *f)
{
	type_register(TYPE_STRING, &string_ops);
	f->keyspace = keyspace_new(1);
	f->exec = exec_new(f->keyspace);
	command_table_add(f->exec->commands, rows);
	f->config = (struct observe_config){.slowlog_slower_than_us = -1, .latency_tracking = true};
	f->observe = observe_new(f->exec, &f->config);
	session_init(&f->session, f->exec, ORIGIN_CLIENT);
}

static void fixture_close(struct fixture *f)
{
	session_release(&f->session);
	observe_free(f->observe);
	exec_free(f->exec);
	keyspace_free(f->keyspace);
}

static void run(struct fixture *f, const char *const *words, int count)
{
	struct bytes argv[64];
	for (int i = 0; i < count; i++)
		argv[i] = bytes_text(words[i]);
	call_run(&f->session, argv, count);
	out_clear(&f->session.out);
}

#define RUN(f, ...)                                                                                \
	run(f, (const char *const[]){__VA_ARGS__},                                                 \
		(int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

static uint64_t weight_of(const struct fixture *f, enum hot_metric metric, const char *name)
{
	const struct hot_summary *s = &f->observe->hotkeys->by[metric];
	for (int i = 0; i < HOTKEYS_SLOTS; i++)
		if (s->weights[i] != 0 &&
			bytes_equal(key_name_text(&s->names[i], NULL), bytes_text(name)))
			return s->weights[i];
	return 0;
}

static void test_single(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	db_set_string(&f.keyspace->dbs[0], key_of(BYTES("k")), BYTES("value"), EXPIRY_NONE);
	for (int i = 0; i < 10; i++)
		RUN(&f, "one", "k", "12345");
	RUN(&f, "none");
	assert_int_equal(weight_of(&f, HOT_OPS, "k"), 10);
	/* one, k, 12345 and "$10\r\n0123456789\r\n" */
	assert_int_equal(weight_of(&f, HOT_BYTES, "k"), 10 * (9 + 17));
	assert_true(weight_of(&f, HOT_TICKS, "k") > 0);
	assert_int_equal(f.observe->bigkeys->count, 1);
	assert_int_equal(f.exec->samples_open, 0);
	assert_int_equal(f.observe->threshold_ticks, f.observe->limit_ticks);
	fixture_close(&f);
}

static void test_many_keys(void **state)
{
	static const char *words[3 * SAMPLE_KEYS_MAX + 1] = {"many"};
	static char names[3 * SAMPLE_KEYS_MAX][16];
	struct fixture f;
	uint64_t sum = 0;
	(void)state;
	fixture_open(&f);
	RUN(&f, "many", "a", "b", "a");
	assert_int_equal(weight_of(&f, HOT_OPS, "a"), 2);
	assert_int_equal(weight_of(&f, HOT_OPS, "b"), 1);
	assert_int_equal(weight_of(&f, HOT_BYTES, "b"), (4 + 3 + 17) / 3);
	hotkeys_forget(f.observe->hotkeys);
	for (int i = 0; i < 3 * SAMPLE_KEYS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d", i);
		words[i + 1] = names[i];
	}
	run(&f, words, 3 * SAMPLE_KEYS_MAX + 1);
	const struct hot_summary *s = &f.observe->hotkeys->by[HOT_OPS];
	/* What a key replaced is its error. */
	for (int i = 0; i < HOTKEYS_SLOTS; i++)
		sum += s->weights[i] != 0 ? s->weights[i] - s->errors[i] : 0;
	assert_true(sum > 0 && sum <= 3 * SAMPLE_KEYS_MAX && sum % 3 == 0);
	fixture_close(&f);
}

static void test_nested_and_waiting(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	RUN(&f, "both");
	assert_int_equal(weight_of(&f, HOT_OPS, "inner"), 1);
	assert_int_equal(f.exec->samples_open, 0);
	RUN(&f, "wait", "k");
	assert_int_equal(f.exec->samples_open, 0);
	assert_int_equal(weight_of(&f, HOT_OPS, "k"), 0);
	RUN(&f, "none");
	assert_int_equal(f.observe->threshold_ticks, f.observe->limit_ticks);
	fixture_close(&f);
}

/* Weights add up, also when not each call is picked. */
static void test_sampled(void **state)
{
	struct fixture f;
	(void)state;
	rand_seed(11);
	fixture_open(&f);
	f.observe->sampler.period = 16;
	for (int i = 0; i < 64000; i++) {
		RUN(&f, "one", i % 4 == 0 ? "rare" : "often");
		f.observe->sampler.taken = 0;
	}
	uint64_t rare = weight_of(&f, HOT_OPS, "rare"), often = weight_of(&f, HOT_OPS, "often");
	assert_true(rare > 14000 && rare < 18000);
	assert_true(often > 45000 && often < 51000);
	fixture_close(&f);
}

UNIT_MAIN(test_single, test_many_keys, test_nested_and_waiting, test_sampled)
