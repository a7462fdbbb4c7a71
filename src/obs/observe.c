/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What happens at the end of each call, what INFO says of it, and what of it can be configured.
 */
#include "obs/observe.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/clock.h"
#include "obs/phases.h"
#include "obs/sample.h"

#include <math.h>
#include <stdio.h>

#define PEER_MAX_BYTES 128

/* --- the sink --------------------------------------------------------------------------------- */

static void note_slow(struct observe *o, struct call *call, int64_t us)
{
	const struct session *s = call->session;
	char peer[PEER_MAX_BYTES] = "";

	if (o->peer != NULL)
		o->peer(s, peer, sizeof(peer));
	struct slowlog_call slow = {.argv = call->argv,
		.argc = call->argc,
		.redacted = call->redacted,
		.time_s = o->exec->now_us / 1000000,
		.duration_us = us,
		.peer = bytes_text(peer),
		.name = s->name != NULL ? bytes_text(s->name) : BYTES("")};
	slowlog_add(&o->slowlog, &slow, o->config->slowlog_max_len);
}

static void __attribute__((noinline, cold))
observe_long(struct observe *o, struct call *call, uint64_t ticks)
{
	const struct observe_config *config = o->config;

	if (call->sample_weight != 0)
		sample_end(o, call, ticks);
	if (o->exec->samples_open == 0)
		o->threshold_ticks = o->limit_ticks;
	if (ticks < o->limit_ticks)
		return;
	int64_t us = (int64_t)clock_ticks_to_us(ticks);
	if (us >= TURNS_CALL_MIN_US) {
		turns_note_call(&o->turns, call, ticks);
		sample_offer_written(o, call);
	}
	if (config->slowlog_slower_than_us >= 0 && us >= config->slowlog_slower_than_us &&
		config->slowlog_max_len > 0 && !(call->command->flags & CMD_SKIP_SLOWLOG) &&
		call->session->origin == ORIGIN_CLIENT)
		note_slow(o, call, us);
	latency_add(&o->latency, call->command->flags & CMD_FAST ? "fast-command" : "command",
		us / 1000, o->exec->now_us / 1000000);
}

HOT static void observe_called(
	struct call *call, enum outcome outcome, uint64_t ticks, void *context)
{
	struct observe *o = context;
	struct command *command = call->command;

	(void)outcome;
	if (LIKELY(o->exec->latency_tracking)) {
		if (UNLIKELY(command->latency == NULL))
			command->latency = histogram_new();
		histogram_add(command->latency, ticks);
	}
	if (UNLIKELY(ticks >= o->threshold_ticks))
		observe_long(o, call, ticks);
}

/* --- life ------------------------------------------------------------------------------------- */

static uint64_t us_to_ticks(int64_t us)
{
	double ticks = (double)us / clock_us_per_tick;
	return ticks >= (double)UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

void observe_configure(struct observe *o)
{
	const struct observe_config *config = o->config;
	uint64_t slow = UINT64_MAX, latency = UINT64_MAX;

	if (config->slowlog_slower_than_us >= 0)
		slow = us_to_ticks(config->slowlog_slower_than_us);
	if (config->latency_threshold_ms > 0 && config->latency_threshold_ms < INT64_MAX / 1000)
		latency = us_to_ticks(config->latency_threshold_ms * 1000);
	o->limit_ticks = slow < latency ? slow : latency;
	if (us_to_ticks(TURNS_CALL_MIN_US) < o->limit_ticks)
		o->limit_ticks = us_to_ticks(TURNS_CALL_MIN_US);
	if (o->exec->samples_open == 0)
		o->threshold_ticks = o->limit_ticks;
	o->latency.threshold_ms = config->latency_threshold_ms;
	o->exec->latency_tracking = config->latency_tracking;
	slowlog_trim(&o->slowlog, config->slowlog_max_len);
}

struct observe *observe_new(struct exec *exec, struct observe_config *config)
{
	struct observe *o = mem_calloc(1, sizeof(*o));
	clock_init();
	o->exec = exec;
	o->config = config;
	slowlog_init(&o->slowlog);
	latency_init(&o->latency);
	o->hotkeys = hotkeys_new();
	o->bigkeys = bigkeys_new();
	observe_configure(o);
	sample_init(o);
	exec_sink_after(exec, (struct call_sink){observe_called, o});
	return o;
}

void observe_free(struct observe *o)
{
	slowlog_release(&o->slowlog);
	latency_release(&o->latency);
	hotkeys_free(o->hotkeys);
	bigkeys_free(o->bigkeys);
	o->exec->sample_begin = NULL;
	probe_free(o->exec);
	mem_free(o);
}

static void forget_histogram(struct command *c, void *context)
{
	(void)context;
	mem_free(c->latency);
	c->latency = NULL;
	phases_forget(c);
}

void observe_reset(struct observe *o)
{
	command_table_each(o->exec->commands, forget_histogram, NULL);
}

void observe_tick(struct observe *o, bool walks)
{
	sampler_tick(&o->sampler, o->exec->stats.calls, &o->exec->sample_left);
	hotkeys_tick(o->hotkeys, o->exec->now_ms / 1000);
	if (walks)
		bigkeys_tick(o->bigkeys, o->exec->keyspace);
}

/* Events of the latency monitor that are no calls, where Redis has them with its names. */
static const char *const work_events[WORK_KINDS] = {
	[WORK_EXPIRE] = "expire-cycle",
	[WORK_EVICT] = "eviction-cycle",
	[WORK_FREE] = "lazyfree-cycle",
	[WORK_RESIZE] = "rehash-cycle",
	[WORK_SNAPSHOT] = "rdb-slice",
	[WORK_COMMIT] = "aof-write",
	[WORK_CRON] = "cron",
	[WORK_METRICS] = "metrics",
};

static void note_work(struct observe *o)
{
	for (int i = 0; i < WORK_KINDS; i++)
		latency_add(&o->latency, work_events[i],
			(int64_t)(clock_ticks_to_us(o->exec->work.ticks[i]) / 1000),
			o->exec->now_us / 1000000);
}

void observe_turn_over(
	struct observe *o, uint64_t took, const struct call *running, bool is_loading)
{
	struct turn_end end = {.ticks = took, .running = running, .is_loading = is_loading};
	if (UNLIKELY(o->latency.threshold_ms > 0))
		note_work(o);
	const struct turn_record *kept = turns_close(&o->turns, o->exec, &end);
	o->turns.calls_before = o->exec->stats.calls;
	if (kept == NULL || kept->call.client_id == 0 || o->peer == NULL)
		return;
	const struct session *s = session_by_id(o->exec, kept->call.client_id);
	if (s != NULL)
		o->peer(s, o->turns.kept[kept - o->turns.kept].call.peer, TURNS_PEER_MAX);
}

/* --- INFO ------------------------------------------------------------------------------------- */

struct percentile_lines {
	struct info_out *out;
	const struct observe_config *config;
};

static void percentile_line(struct command *c, void *context)
{
	const struct percentile_lines *lines = context;
	struct buf line = {0};

	if (c->latency == NULL || histogram_count(c->latency) == 0)
		return;
	for (int i = 0; i < lines->config->percentile_count; i++) {
		double percent = lines->config->percentiles[i];
		uint64_t ticks = histogram_percentile(c->latency, percent);
		buf_printf(
			&line, "%sp%.6g=%.3f", i > 0 ? "," : "", percent, clock_ticks_to_us(ticks));
	}
	info_line(lines->out, "latency_percentiles_usec_%s:%s", c->name,
		line.len > 0 ? buf_text(&line) : "");
	buf_release(&line);
}

static void percentile_lines_write(struct info_out *out, void *context)
{
	struct observe *o = context;
	struct percentile_lines lines = {out, o->config};
	if (o->exec->latency_tracking)
		command_table_each(o->exec->commands, percentile_line, &lines);
}

const struct info_row observe_info_rows[] = {
	{"Latencystats", NULL, percentile_lines_write},
	{0},
};

/* --- parameters ------------------------------------------------------------------------------- */

static bool percentiles_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	struct observe_config *config = owner;
	double percentiles[OBSERVE_PERCENTILES_MAX];
	int count = 0;

	for (int i = 0; i < argc; i++) {
		if (argv[i].len == 0)
			continue;
		if (count == OBSERVE_PERCENTILES_MAX ||
			!num_parse_double(argv[i], &percentiles[count]))
			return param_fail(error, "Invalid %s parameters", row->name);
		if (percentiles[count] < 0 || percentiles[count] > 100)
			return param_fail(
				error, "%s parameters should sit between [0.0,100.0]", row->name);
		count++;
	}
	memcpy(config->percentiles, percentiles, (size_t)count * sizeof(percentiles[0]));
	config->percentile_count = count;
	return true;
}

static void percentiles_get(const struct param_row *row, const void *owner, struct buf *out)
{
	const struct observe_config *config = owner;
	char text[NUM_DOUBLE_MAX_CHARS];

	(void)row;
	for (int i = 0; i < config->percentile_count; i++) {
		if (i > 0)
			buf_add_char(out, ' ');
		buf_add(out, text, num_print_double(text, config->percentiles[i]));
	}
}

static const struct param_special percentiles_special = {
	.set = percentiles_set, .get = percentiles_get};

static bool observe_apply(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	(void)error;
	if (context != NULL)
		observe_configure(context);
	return true;
}

#define AT(field) PARAM_FIELD(struct observe_config, field)

const struct param_row observe_params[] = {
	{.type = PARAM_SECTION,
		.name = "SLOW LOG AND LATENCY",
		.help = "SLOWLOG GET shows the last calls that took long to execute, without the "
			"time their bytes "
			"travelled. LATENCY shows whatever held the server up, calls or not; INFO "
			"latencystats and "
			"LATENCY HISTOGRAM how long the calls of each command take."},
	{"slowlog-log-slower-than", PARAM_I64, AT(slowlog_slower_than_us), "10000", .min = -1,
		.max = INT64_MAX, .apply = observe_apply,
		.help = "Microseconds from which a call is logged; 0 logs all, -1 none."},
	{"slowlog-max-len", PARAM_I64, AT(slowlog_max_len), "128", .min = 0, .max = INT64_MAX,
		.apply = observe_apply,
		.help = "Entries kept, the oldest are dropped. An entry takes some hundred bytes, "
			"at most about 5 KiB."},
	{"latency-monitor-threshold", PARAM_I64, AT(latency_threshold_ms), "0", .min = 0,
		.max = INT64_MAX, .apply = observe_apply,
		.help = "Milliseconds from which an event is noted; 0 switches the monitor off."},
	{"latency-tracking", PARAM_BOOL, AT(latency_tracking), "yes", .apply = observe_apply,
		.help = "Keep a histogram of each command's durations: about a nanosecond a call, "
			"5 KiB a command."},
	{"latency-tracking-info-percentiles", PARAM_SPECIAL, 0, "50 99 99.9",
		.flags = PARAM_MULTI_ARG, .special = &percentiles_special,
		.help = "The percentiles that INFO latencystats shows."},
	{0},
};
