/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SLOWLOG: reading and emptying the log of slow calls.
 */
#include "obs/slowlog.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "obs/observe.h"

#define SLOWLOG_DEFAULT_COUNT 10

static void reply_entry(struct reply *r, const struct slowlog_entry *entry)
{
	reply_array(r, 6);
	reply_i64(r, entry->id);
	reply_i64(r, entry->time_s);
	reply_i64(r, entry->duration_us);
	reply_array(r, entry->argc);
	for (int i = 0; i < entry->argc; i++)
		reply_bulk(r, entry->argv[i]);
	reply_bulk(r, entry->peer);
	reply_bulk(r, entry->name);
}

static enum outcome slowlog_get(struct call *call)
{
	struct slowlog *log = &call->exec->services->observe->slowlog;
	int64_t wanted = SLOWLOG_DEFAULT_COUNT, count = 0;

	if (call->argc > 3)
		return help_fail_usage(call);
	if (call->argc == 3 && !call_arg_i64_in(call, 2, (struct i64_range){-1, INT64_MAX}, &wanted,
				       E_SLOWLOG_COUNT))
		return FAILED;
	if (wanted == -1 || wanted > log->count)
		wanted = log->count;
	reply_array(call->reply, wanted);
	LINK_EACH(it, after, &log->entries)
	{
		if (count++ == wanted)
			break;
		reply_entry(call->reply, LINK_OWNER(it, struct slowlog_entry, link));
	}
	return DONE;
}

static enum outcome slowlog_len(struct call *call)
{
	reply_i64(call->reply, call->exec->services->observe->slowlog.count);
	return DONE;
}

static enum outcome slowlog_reset(struct call *call)
{
	slowlog_trim(&call->exec->services->observe->slowlog, 0);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome slowlog_help(struct call *call)
{
	static const char *const lines[] = {
		"GET [<count>]",
		"    Return the latest <count> entries (default: 10, -1 means all).",
		"    An entry is: id, timestamp, time in microseconds, array of arguments,",
		"    client IP and port, client name.",
		"LEN",
		"    Return the number of entries.",
		"RESET",
		"    Drop all entries.",
		NULL,
	};
	return help_reply(call, lines);
}

#define SLOWLOG_ROW                                                                                \
	.group = "server", .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE, .since = "2.2.12"

static const struct command_row slowlog_subcommands[] = {
	{.name = "GET",
		.run = slowlog_get,
		SLOWLOG_ROW,
		.complexity = "O(N) where N is the number of entries returned",
		.syntax = "[count:integer]",
		.tips = "request_policy:all_nodes|nondeterministic_output",
		.history = "4.0.0=Added client IP address, port and name to the reply.",
		.summary = "Reads the latest entries of the slow log."},
	{.name = "HELP",
		.run = slowlog_help,
		.group = "server",
		.flags = CMD_LOADING | CMD_STALE,
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "LEN",
		.run = slowlog_len,
		SLOWLOG_ROW,
		.complexity = "O(1)",
		.syntax = "",
		.tips = "request_policy:all_nodes|response_policy:agg_sum|nondeterministic_output",
		.summary = "Counts the entries of the slow log."},
	{.name = "RESET",
		.run = slowlog_reset,
		SLOWLOG_ROW,
		.complexity = "O(N) where N is the number of entries in the slowlog",
		.syntax = "",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded",
		.summary = "Empties the slow log."},
	{.name = NULL},
};

const struct command_row slowlog_commands[] = {
	{.name = "SLOWLOG",
		.group = "server",
		.since = "2.2.12",
		.complexity = "Depends on subcommand.",
		.summary = "Holds the commands of the slow log.",
		.subcommands = slowlog_subcommands},
	{.name = NULL},
};
