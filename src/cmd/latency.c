/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LATENCY: what held the server up, how long each command's calls take and where that time goes,
 * and which turns of the loop were the slowest.
 */
#include "obs/latency.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/clock.h"
#include "obs/observe.h"
#include "obs/phases.h"

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
	struct turns *turns = &call->exec->services->observe->turns;
	if (call->argc == 2) {
		forgotten = latency_forget_all(m);
		turns_forget(turns);
	}
	for (int i = 2; i < call->argc; i++) {
		/* No event has this name. */
		if (call_arg_is(call, i, "turns"))
			forgotten += turns_forget(turns) > 0;
		else
			forgotten += latency_forget(m, call->argv[i]);
	}
	reply_i64(call->reply, forgotten);
	return DONE;
}

/* --- HISTOGRAM -------------------------------------------------------------------------------- */

/* What is asked for: how long execution takes, of each call, or one of obs/phases. */
#define PHASE_EXECUTION PHASE_COUNT

static const struct {
	const char *word;
	int phase;
} phase_words[] = {
	{"queue", PHASE_QUEUE},
	{"execution", PHASE_EXECUTION},
	{"durability", PHASE_DURABILITY},
	{"send", PHASE_SEND},
	{"total", PHASE_TOTAL},
};
#define PHASE_WORDS (sizeof(phase_words) / sizeof(phase_words[0]))

static void reply_buckets(struct reply *r, const struct latency_histogram *h)
{
	struct reply_hole hole = reply_open(r);
	uint64_t before = 0, count = histogram_count(h);
	int64_t pairs = 0;
	for (int power = 0; power < PHASE_POWERS && before < count; power++) {
		double ns = phase_power_end_ns(power);
		bool is_last = power == PHASE_POWERS - 1;
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

static void reply_phase_buckets(struct reply *r, const uint64_t counts[PHASE_POWERS])
{
	struct reply_hole hole = reply_open(r);
	uint64_t within = 0;
	int64_t pairs = 0;
	for (int power = 0; power < PHASE_POWERS; power++) {
		if (counts[power] == 0)
			continue;
		within += counts[power];
		reply_i64(r, (int64_t)(phase_power_end_ns(power) / 1000));
		reply_i64(r, (int64_t)within);
		pairs++;
	}
	reply_close_map(r, hole, pairs);
}

struct histogram_listing {
	struct reply *reply;
	int64_t count;
	int phase;
};

static uint64_t count_of(const struct command *c, int phase)
{
	if (phase != PHASE_EXECUTION)
		return phases_count(c, (enum phase)phase);
	return c->latency == NULL ? 0 : histogram_count(c->latency);
}

static void reply_histogram(struct command *c, void *context)
{
	struct histogram_listing *l = context;
	uint64_t count = count_of(c, l->phase);
	if (count == 0)
		return;
	reply_bulk(l->reply, bytes_of(c->name, c->name_len));
	reply_map(l->reply, 2);
	reply_bulk_text(l->reply, "calls");
	reply_i64(l->reply, (int64_t)count);
	reply_bulk_text(l->reply, "histogram_usec");
	if (l->phase == PHASE_EXECUTION)
		reply_buckets(l->reply, c->latency);
	else
		reply_phase_buckets(l->reply, c->phases->counts[l->phase]);
	l->count++;
}

/* PHASE and its word, if that is what it begins with; false: not a phase. */
static bool take_phase(struct call *call, int *first, int *phase)
{
	*first = 2;
	*phase = PHASE_EXECUTION;
	if (call->argc < 3 || !call_arg_is(call, 2, "phase"))
		return true;
	*first = 4;
	for (size_t i = 0; call->argc > 3 && i < PHASE_WORDS; i++) {
		*phase = phase_words[i].phase;
		if (call_arg_is(call, 3, phase_words[i].word))
			return true;
	}
	return false;
}

static enum outcome latency_histogram_reply(struct call *call)
{
	struct histogram_listing l = {.reply = call->reply};
	int first;
	if (!take_phase(call, &first, &l.phase))
		return call_fail(call, E_SYNTAX);
	struct reply_hole hole = reply_open(call->reply);
	if (call->argc == first)
		command_table_each(call->exec->commands, reply_histogram, &l);
	for (int i = first; i < call->argc; i++) {
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

/* --- TURNS ------------------------------------------------------------------------------------ */

static void reply_turn(struct reply *r, const struct turn_record *t)
{
	reply_map(r, 10);
	reply_bulk_text(r, "time-msec");
	reply_i64(r, t->time_ms);
	reply_bulk_text(r, "duration-usec");
	reply_i64(r, (int64_t)clock_ticks_to_us(t->ticks));
	reply_bulk_text(r, "cause");
	reply_bulk_text(r, t->cause);
	reply_bulk_text(r, "cause-usec");
	reply_i64(r, (int64_t)clock_ticks_to_us(t->cause_ticks));
	reply_bulk_text(r, "calls");
	reply_i64(r, (int64_t)t->calls);
	reply_bulk_text(r, "command");
	reply_bulk_text(r, t->call.command);
	reply_bulk_text(r, "keys");
	reply_i64(r, (int64_t)t->call.keys);
	reply_bulk_text(r, "bytes");
	reply_i64(r, (int64_t)t->call.bytes);
	reply_bulk_text(r, "client-id");
	reply_i64(r, (int64_t)t->call.client_id);
	reply_bulk_text(r, "client-addr");
	reply_bulk_text(r, t->call.peer);
}

static enum outcome latency_turns(struct call *call)
{
	const struct turns *turns = &call->exec->services->observe->turns;
	uint8_t order[TURNS_KEPT];
	int64_t wanted = TURNS_KEPT;
	int count = turns_order(turns, order);

	if (call->argc > 3)
		return call_failf(call, E_ARITY, call->command->name);
	if (call->argc == 3 && !call_arg_i64_in(call, 2, (struct i64_range){0, INT64_MAX}, &wanted,
				       E_MUST_BE_POSITIVE))
		return FAILED;
	if (count > wanted)
		count = (int)wanted;
	reply_array(call->reply, count);
	for (int i = 0; i < count; i++)
		reply_turn(call->reply, &turns->kept[order[i]]);
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
		"    Forget the named events, \"turns\" the slowest turns (default: all).",
		"HISTOGRAM [PHASE queue|execution|durability|send|total] [COMMAND ...]",
		"    Return how long calls took, by command and powers of two of a microsecond.",
		"    PHASE queue: from the arrival of a request to its execution; durability: its",
		"    reply held back by the log; send: from there to its last byte taken by the",
		"    kernel. All but execution are estimates from calls picked at random.",
		"TURNS [<count>]",
		"    Return the slowest turns of the loop, slowest first, with what caused them.",
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
		.syntax = "<[PHASE phase={QUEUE|EXECUTION|DURABILITY|SEND|TOTAL}]> [command...]",
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
	{.name = "TURNS",
		.run = latency_turns,
		.group = "server",
		.flags = LATENCY_FLAGS,
		.since = "7.2.0",
		.complexity = "O(1)",
		.syntax = "[count:integer]",
		.tips = LATENCY_TIPS,
		.summary = "Lists the slowest turns of the event loop with what caused them, as "
			   "maps: time-msec, duration-usec, cause, cause-usec, calls, and of the "
			   "call that was the cause command, keys, bytes, client-id, client-addr."},
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
