/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/observe: what a call of a given length leaves in histogram, slow log and latency monitor, for
 * every setting of the thresholds; percentiles as a parameter.
 */
#include "../../../src/obs/observe.c"

#include "../unit.h"

static enum outcome run_nothing(struct call *call)
{
	(void)call;
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "SLOW", .run = run_nothing, .group = "server", .syntax = "<[arg...]>"},
	{.name = "QUICK", .run = run_nothing, .group = "server", .flags = CMD_FAST, .syntax = ""},
	{.name = "SECRET", .run = run_nothing, .group = "server", .flags = CMD_SKIP_SLOWLOG,
		.syntax = ""},
	{.name = NULL},
};

struct fixture {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session session;
	struct observe_config config;
	struct observe *observe;
};

static void peer_of(const struct session *s, char *text, size_t size)
{
	(void)s;
	snprintf(text, size, "1.2.3.4:5");
}

static void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	param_set_defaults(observe_params, &f->config);
	f->keyspace = keyspace_new(1);
	f->exec = exec_new(f->keyspace);
	command_table_add(f->exec->commands, rows);
	exec_set_time(f->exec, 1700000000 * INT64_C(1000000));
	session_init(&f->session, f->exec, ORIGIN_CLIENT);
	f->observe = observe_new(f->exec, &f->config);
	f->observe->peer = peer_of;
}

static void fixture_close(struct fixture *f)
{
	session_release(&f->session);
	observe_free(f->observe);
	exec_free(f->exec);
	keyspace_free(f->keyspace);
	param_release(observe_params, &f->config);
}

/* A call that took so many microseconds. */
static void told(struct fixture *f, const char *name, int64_t us)
{
	struct bytes argv[] = {bytes_text(name), BYTES("word")};
	struct call call = {.session = &f->session, .exec = f->exec, .argv = argv, .argc = 2,
		.command = command_find(f->exec->commands, bytes_text(name)), .redacted = 2};
	observe_called(&call, DONE, us_to_ticks(us) + 1, f->observe);
}

static void test_slowlog(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	told(&f, "slow", 9000);
	assert_int_equal(f.observe->slowlog.count, 0);
	told(&f, "slow", 10500);
	assert_int_equal(f.observe->slowlog.count, 1);
	struct slowlog_entry *e =
		LINK_OWNER(f.observe->slowlog.entries.next, struct slowlog_entry, link);
	assert_int_equal(e->time_s, 1700000000);
	assert_in_range(e->duration_us, 10499, 10501);
	assert_text_equal(e->peer.ptr, e->peer.len, "1.2.3.4:5");
	assert_text_equal(e->argv[1].ptr, e->argv[1].len, "(redacted)");
	told(&f, "secret", 50000);
	assert_int_equal(f.observe->slowlog.count, 1);
	f.session.origin = ORIGIN_SCRIPT;
	told(&f, "slow", 50000);
	assert_int_equal(f.observe->slowlog.count, 1);
	fixture_close(&f);
}

static void test_thresholds(void **state)
{
	static const struct {
		int64_t slowlog_us, max_len, latency_ms, call_us;
		int64_t logged, events;
	} cases[] = {
		{-1, 128, 0, 1000000, 0, 0},
		{0, 128, 0, 0, 1, 0},
		{0, 0, 0, 100, 0, 0},
		{-1, 128, 5, 4000, 0, 0},
		{-1, 128, 5, 6000, 0, 1},
		{1000, 128, 5, 2000, 1, 0},
		{1000, 128, 1, 2000, 1, 1},
		{INT64_MAX, 128, INT64_MAX, 100000000, 0, 0},
	};
	struct fixture f;
	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.config.slowlog_slower_than_us = cases[i].slowlog_us;
		f.config.slowlog_max_len = cases[i].max_len;
		f.config.latency_threshold_ms = cases[i].latency_ms;
		observe_configure(f.observe);
		slowlog_trim(&f.observe->slowlog, 0);
		latency_forget_all(&f.observe->latency);
		told(&f, "slow", cases[i].call_us);
		assert_int_equal(f.observe->slowlog.count, cases[i].logged);
		assert_int_equal(f.observe->latency.count, cases[i].events);
	}
	fixture_close(&f);
}

static void test_events(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	f.config.latency_threshold_ms = 1;
	observe_configure(f.observe);
	told(&f, "slow", 5000);
	told(&f, "quick", 3000);
	assert_non_null(latency_find(&f.observe->latency, BYTES("command")));
	assert_non_null(latency_find(&f.observe->latency, BYTES("fast-command")));
	fixture_close(&f);
}

/* What the server does besides calls is an event, too, and may be a turn's cause. */
static void test_work(void **state)
{
	struct fixture f;
	uint64_t long_ticks = (uint64_t)(5000 / clock_us_per_tick);
	(void)state;
	fixture_open(&f);
	work_add(&f.exec->work, WORK_EXPIRE, long_ticks);
	assert_true(observe_minds_turn(f.observe, 2 * long_ticks));
	observe_turn_over(f.observe, 2 * long_ticks, NULL, false);
	assert_int_equal(f.observe->latency.count, 0); /* the monitor is off */
	assert_string_equal(f.observe->turns.kept[0].cause, "expire");
	f.config.latency_threshold_ms = 3;
	observe_configure(f.observe);
	work_add(&f.exec->work, WORK_EXPIRE, long_ticks);
	work_add(&f.exec->work, WORK_COMMIT, long_ticks / 2);
	assert_true(observe_minds_turn(f.observe, 1));
	observe_turn_over(f.observe, 1, NULL, false);
	for (int i = 0; i < TURNS_KEPT; i++)
		observe_turn_over(f.observe, 10, NULL, false);
	assert_false(observe_minds_turn(f.observe, 9));
	assert_int_equal(f.observe->latency.count, 1);
	assert_non_null(latency_find(&f.observe->latency, BYTES("expire-cycle")));
	assert_false(f.exec->work.is_used);
	fixture_close(&f);
}

static void test_histograms(void **state)
{
	struct fixture f;
	struct command *c;
	(void)state;
	fixture_open(&f);
	c = command_find(f.exec->commands, BYTES("quick"));
	assert_null(c->latency);
	for (int i = 0; i < 10; i++)
		told(&f, "quick", 100);
	assert_int_equal(histogram_count(c->latency), 10);
	f.config.latency_tracking = false;
	observe_configure(f.observe);
	told(&f, "quick", 100);
	assert_int_equal(histogram_count(c->latency), 10);
	observe_reset(f.observe);
	assert_null(c->latency);
	fixture_close(&f);
}

static void test_info(void **state)
{
	struct fixture f;
	struct buf out = {0};
	struct info_registry *info = info_new();
	struct bytes section = BYTES("latencystats");
	(void)state;
	fixture_open(&f);
	info_add(info, observe_info_rows, f.observe);
	told(&f, "quick", 1000);
	info_render(info, &section, 1, &out);
	assert_non_null(strstr(buf_text(&out), "latency_percentiles_usec_quick:p50=1"));
	assert_non_null(strstr(buf_text(&out), ",p99.9=1"));
	assert_null(strstr(buf_text(&out), "slow"));
	f.config.percentile_count = 0;
	buf_clear(&out);
	info_render(info, &section, 1, &out);
	assert_non_null(strstr(buf_text(&out), "latency_percentiles_usec_quick:\r\n"));
	buf_release(&out);
	info_free(info);
	fixture_close(&f);
}

static void test_percentiles(void **state)
{
	const struct param_row *row = param_find(
		observe_params, BYTES("latency-tracking-info-percentiles"));
	struct observe_config config = {0};
	struct param_error error;
	struct bytes many[OBSERVE_PERCENTILES_MAX + 1];
	struct buf out = {0};
	(void)state;
	param_set_defaults(observe_params, &config);
	param_print(row, &config, &out);
	assert_string_equal(buf_text(&out), "50 99 99.9");
	for (int i = 0; i <= OBSERVE_PERCENTILES_MAX; i++)
		many[i] = BYTES("1");
	assert_false(percentiles_set(row, &config, many, OBSERVE_PERCENTILES_MAX + 1, &error));
	assert_int_equal(config.percentile_count, 3);
	assert_true(percentiles_set(row, &config, many, OBSERVE_PERCENTILES_MAX, &error));
	assert_int_equal(config.percentile_count, OBSERVE_PERCENTILES_MAX);
	buf_release(&out);
	param_release(observe_params, &config);
}

UNIT_MAIN(test_slowlog, test_thresholds, test_events, test_work, test_histograms, test_info,
	test_percentiles)
