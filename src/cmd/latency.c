/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LATENCY: what held the server up, and how long each command's calls take.
 */
#include "obs/latency.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/clock.h"
#include "obs/observe.h"

#define HISTOGRAM_POWERS 40 /* buckets double from a microsecond on */

static struct latency_monitor *monitor_of(struct call *call)
{
	return &call->exec->services->observe->latency;
}

static enum outcome latency_latest(struct call *call)
{
	const struct latency_monitor *m = monitor_of(call);
	reply_array(call->reply, m->count);
	for (int i = 0; i < m->count; i++) {
		const struct latency_sample *last = latency_sample_back(m->events[i], 0);
		reply_array(call->reply, 4);
		reply_bulk_text(call->reply, m->events[i]->name);
		reply_i64(call->reply, last->time_s);
		reply_i64(call->reply, last->ms);
		reply_i64(call->reply, m->events[i]->worst_ms);
	}
	return DONE;
}

static enum outcome latency_history(struct call *call)
{
	const struct latency_event *e = latency_find(monitor_of(call), call->argv[2]);
	int count = 0;
	while (e != NULL && latency_sample_back(e, count) != NULL)
		count++;
	reply_array(call->reply, count);
	while (count-- > 0) {
		const struct latency_sample *s = latency_sample_back(e, count);
		reply_array(call->reply, 2);
		reply_i64(call->reply, s->time_s);
		reply_i64(call->reply, s->ms);
	}
	return DONE;
}

static enum outcome reply_report(struct call *call, struct buf *text)
{
	reply_verbatim(call->reply, buf_bytes(text), "txt");
	buf_release(text);
	return DONE;
}

static enum outcome latency_graph_reply(struct call *call)
{
	const struct latency_event *e = latency_find(monitor_of(call), call->argv[2]);
	struct buf text = {0};
	if (e == NULL)
		return call_failf(
			call, E_LATENCY_NO_SAMPLES, bytes_clip_text(call->argv[2], 128).text);
	latency_graph(e, call->exec->now_us / 1000000, &text);
	return reply_report(call, &text);
}

static enum outcome latency_doctor(struct call *call)
{
	struct buf text = {0};
	latency_report(monitor_of(call), &text);
	return reply_report(call, &text);
}

static enum outcome latency_reset(struct call *call)
{
	struct latency_monitor *m = monitor_of(call);
	int64_t forgotten = 0;
	if (call->argc == 2)
		forgotten = latency_forget_all(m);
	for (int i = 2; i < call->argc; i++)
		forgotten += latency_forget(m, call->argv[i]);
	reply_i64(call->reply, forgotten);
	return DONE;
}

/* --- HISTOGRAM -------------------------------------------------------------------------------- */

/* Where bucket `power` of LATENCY HISTOGRAM ends, in nanoseconds. Redis counts with two significant
 * digits, so its bucket of a microsecond reaches to 1031 ns, and each further one twice as far. */
static double power_end_ns(int power)
{
	return (double)(INT64_C(1032) << power) - 1;
}

static void reply_buckets(struct reply *r, const struct latency_histogram *h)
{
	struct reply_hole hole = reply_open(r);
	uint64_t before = 0, count = histogram_count(h);
	int64_t pairs = 0;
	for (int power = 0; power < HISTOGRAM_POWERS && before < count; power++) {
		double ns = power_end_ns(power);
		bool is_last = power == HISTOGRAM_POWERS - 1;
		uint64_t ticks = (uint64_t)(ns / 1000 / clock_us_per_tick);
		uint64_t within = is_last ? count : histogram_count_within(h, ticks);
		if (within == before)
			continue;
		reply_i64(r, (int64_t)(ns / 1000));
		reply_i64(r, (int64_t)within);
		before = within;
		pairs++;
	}
	reply_close_map(r, hole, pairs);
}

struct histogram_listing {
	struct reply *reply;
	int64_t count;
};

static void reply_histogram(struct command *c, void *context)
{
	struct histogram_listing *l = context;
	if (c->latency == NULL || histogram_count(c->latency) == 0)
		return;
	reply_bulk(l->reply, bytes_of(c->name, c->name_len));
	reply_map(l->reply, 2);
	reply_bulk_text(l->reply, "calls");
	reply_i64(l->reply, (int64_t)histogram_count(c->latency));
	reply_bulk_text(l->reply, "histogram_usec");
	reply_buckets(l->reply, c->latency);
	l->count++;
}

static enum outcome latency_histogram_reply(struct call *call)
{
	struct histogram_listing l = {.reply = call->reply};
	struct reply_hole hole = reply_open(call->reply);
	if (call->argc == 2)
		command_table_each(call->exec->commands, reply_histogram, &l);
	for (int i = 2; i < call->argc; i++) {
		struct command *c = command_find_full(call->exec->commands, call->argv[i]);
		if (c == NULL)
			continue;
		reply_histogram(c, &l);
		for (int sub = 0; sub < c->subcommand_count; sub++)
			reply_histogram(&c->subcommands[sub], &l);
	}
	reply_close_map(call->reply, hole, l.count);
	return DONE;
}

static enum outcome latency_help(struct call *call)
{
	static const char *const lines[] = {
		"DOCTOR",
		"    Return a report for humans.",
		"GRAPH <event>",
		"    Return the samples of <event> as a picture of characters.",
		"HISTORY <event>",
		"    Return the samples of <event>: time and milliseconds.",
		"LATEST",
		"    Return the latest sample of each event.",
		"RESET [<event> ...]",
		"    Forget the named events (default: all).",
		"HISTOGRAM [COMMAND ...]",
		"    Return how long calls took, by command and powers of two of a microsecond.",
		NULL,
	};
	return help_reply(call, lines);
}

#define LATENCY_FLAGS (CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)
#define LATENCY_ROW                                                                                \
	.group = "server", .flags = LATENCY_FLAGS, .since = "2.8.13", .complexity = "O(1)"
#define LATENCY_TIPS "nondeterministic_output|request_policy:all_nodes|response_policy:special"

static const struct command_row latency_subcommands[] = {
	{.name = "DOCTOR",
		.run = latency_doctor,
		LATENCY_ROW,
		.syntax = "",
		.tips = LATENCY_TIPS,
		.summary = "Reports latency spikes for humans."},
	{.name = "GRAPH",
		.run = latency_graph_reply,
		LATENCY_ROW,
		.syntax = "event",
		.tips = LATENCY_TIPS,
		.summary = "Draws the latency spikes of an event."},
	{.name = "HELP",
		.run = latency_help,
		.group = "server",
		.flags = CMD_LOADING | CMD_STALE,
		.since = "2.8.13",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "HISTOGRAM",
		.run = latency_histogram_reply,
		.group = "server",
		.flags = LATENCY_FLAGS,
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of commands with latency information "
			      "being retrieved.",
		.syntax = "[command...]",
		.tips = LATENCY_TIPS,
		.summary = "Tells how long calls of commands took, cumulatively."},
	{.name = "HISTORY",
		.run = latency_history,
		LATENCY_ROW,
		.syntax = "event",
		.tips = LATENCY_TIPS,
		.summary = "Lists the latency spikes of an event."},
	{.name = "LATEST",
		.run = latency_latest,
		LATENCY_ROW,
		.syntax = "",
		.tips = LATENCY_TIPS,
		.summary = "Lists the latest spike of each event."},
	{.name = "RESET",
		.run = latency_reset,
		LATENCY_ROW,
		.syntax = "[event...]",
		.tips = "request_policy:all_nodes|response_policy:agg_sum",
		.summary = "Forgets the spikes of events."},
	{.name = NULL},
};

const struct command_row latency_commands[] = {
	{.name = "LATENCY",
		.group = "server",
		.since = "2.8.13",
		.complexity = "Depends on subcommand.",
		.summary = "Holds the commands of the latency monitor.",
		.subcommands = latency_subcommands},
	{.name = NULL},
};
