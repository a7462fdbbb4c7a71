/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DEBUG: for tests and for those who look for faults. The subcommands are not documented by COMMAND
 * DOCS; DEBUG HELP lists them. Who may use them: enable-debug-command.
 */
#include "cmd/debug.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mem_stats.h"
#include "base/num.h"
#include "base/rand.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "net/net.h"
#include "persist/persist.h"
#include "process/config.h"
#include "process/crash.h"
#include "process/process.h"
#include "types/config.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DEBUG_LOG_MAX_BYTES 1000
#define PACKED_THRESHOLD_MAX ((uint64_t)4 << 30)
#define REPLY_PEAK_RESET (-2) /* net's own default */

static enum outcome reply_done(struct call *call)
{
	reply_ok(call->reply);
	return DONE;
}

/* As atoi: what is no number counts as 0. */
static int64_t lenient_i64(struct bytes text)
{
	int64_t value;
	return num_parse_i64(text, &value) ? value : 0;
}

/* Stops the whole server: that is what it is for. */
static enum outcome debug_sleep(struct call *call)
{
	double seconds;
	if (!num_parse_double(call->argv[2], &seconds) || !(seconds > 0))
		return reply_done(call);
	seconds = seconds < 1e6 ? seconds : 1e6;
	struct timespec left = {.tv_sec = (time_t)seconds};
	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) != 0)
		continue;
	return reply_done(call);
}

static enum outcome debug_set_active_expire(struct call *call)
{
	call->exec->keyspace->config.active_expire = lenient_i64(call->argv[2]) != 0;
	return reply_done(call);
}

static enum outcome debug_pause_cron(struct call *call)
{
	call->exec->services->cron_paused = lenient_i64(call->argv[2]) != 0;
	return reply_done(call);
}

static enum outcome debug_allow_noscript(struct call *call)
{
	call->exec->allows_noscript = lenient_i64(call->argv[2]) != 0;
	return reply_done(call);
}

static enum outcome debug_skip_checksum(struct call *call)
{
	call->exec->services->skips_dump_checksum = lenient_i64(call->argv[2]) != 0;
	return reply_done(call);
}

static enum outcome debug_packed_threshold(struct call *call)
{
	uint64_t bytes;
	if (!num_parse_size(call->argv[2], &bytes) || bytes > PACKED_THRESHOLD_MAX)
		return call_fail(call, E_DEBUG_PACKED_THRESHOLD);
	types_config.list_packed_threshold = bytes;
	return reply_done(call);
}

static enum outcome debug_reply_buffer(struct call *call)
{
	struct net *net = call->exec->services->net;
	if (call_arg_is(call, 2, "peak-reset-time")) {
		int64_t ms = lenient_i64(call->argv[3]);
		if (call_arg_is(call, 3, "never"))
			ms = -1;
		else if (call_arg_is(call, 3, "reset"))
			ms = REPLY_PEAK_RESET;
		net_set_peak_reset(net, ms);
		return reply_done(call);
	}
	if (call_arg_is(call, 2, "resizing")) {
		net_set_reply_resizing(net, lenient_i64(call->argv[3]) != 0);
		return reply_done(call);
	}
	return call_failf(call, E_DEBUG_SUBCOMMAND, bytes_clip_text(call->argv[1], 128).text);
}

static enum outcome debug_error(struct call *call)
{
	return call_fail_text(call, call->argv[2]);
}

static enum outcome debug_log(struct call *call)
{
	struct bytes text = call->argv[2];
	size_t len = text.len < DEBUG_LOG_MAX_BYTES ? text.len : DEBUG_LOG_MAX_BYTES;
	log_line(LOG_WARNING, "DEBUG LOG: %.*s", (int)len, text.ptr);
	return reply_done(call);
}

/* Lets replicas and the log have words that this server did not run. */
static enum outcome debug_replicate(struct call *call)
{
	effect_rewrite(call, call->argv + 2, call->argc - 2);
	effect_force(call);
	return reply_done(call);
}

static enum outcome debug_change_repl_id(struct call *call)
{
	rand_hex(call->exec->services->replication_id, 40);
	return reply_done(call);
}

static enum outcome debug_rewrite_all(struct call *call)
{
	int error = config_rewrite(call->exec->services->config, true);
	if (error != 0)
		return call_failf(call, E_DEBUG_REWRITE, strerror(-error));
	return reply_done(call);
}

static enum outcome debug_mallctl(struct call *call)
{
	int64_t value = 0, set = 0;
	char *name = mem_dup_bytes_text(call->argv[2].ptr, call->argv[2].len);
	bool has_set = call->argc > 3;

	if (has_set)
		set = lenient_i64(call->argv[3]);
	int error = mem_knob_i64(name, &value, has_set ? &set : NULL);
	mem_free(name);
	if (error != 0)
		return call_failf(call, E_DEBUG_KNOB, strerror(error));
	reply_i64(call->reply, value);
	return DONE;
}

static enum outcome debug_mallctl_void(struct call *call)
{
	char *name = mem_dup_bytes_text(call->argv[2].ptr, call->argv[2].len);
	int error = mem_knob_call(name);

	mem_free(name);
	return error == 0 ? reply_done(call) : call_failf(call, E_DEBUG_KNOB, strerror(error));
}

static enum outcome debug_mallctl_str(struct call *call)
{
	if (call->argc > 3 && bytes_equal(call->argv[3], BYTES("VOID")))
		return debug_mallctl_void(call);
	const char *value = NULL;
	char *name = mem_dup_bytes_text(call->argv[2].ptr, call->argv[2].len);
	/* The allocator keeps the pointer, so it is never given back. */
	char *set = call->argc > 3 ? mem_dup_bytes_text(call->argv[3].ptr, call->argv[3].len)
				   : NULL;
	int error = mem_knob_text(name, &value, set);

	mem_free(name);
	if (error != 0)
		return call_failf(call, E_DEBUG_KNOB, strerror(error));
	if (value == NULL)
		reply_null(call->reply);
	else
		reply_bulk_text(call->reply, value);
	return DONE;
}

/* --- ends ------------------------------------------------------------------------------------- */

static enum outcome debug_segfault(struct call *call)
{
	(void)call;
	raise(SIGSEGV);
	return DONE;
}

static enum outcome debug_panic(struct call *call)
{
	(void)call;
	crash_panic(__FILE__, __LINE__, "called by Unit Test");
}

static enum outcome debug_assert(struct call *call)
{
	ASSERT(call == NULL);
	return DONE;
}

static enum outcome debug_oom(struct call *call)
{
	mem_free(mem_alloc(SIZE_MAX / 4));
	return reply_done(call);
}

/* A disk that does not answer, without one. */
static enum outcome debug_log_stall(struct call *call)
{
	log_writer_stall(call->exec->services->persist->log, call_arg_is(call, 2, "1"));
	return reply_done(call);
}

/* --- the table -------------------------------------------------------------------------------- */

static enum outcome debug_help(struct call *call);

static const struct debug_row {
	const char *name;
	int min_argc, max_argc; /* DEBUG and the name counted; 0 = any number */
	enum outcome (*run)(struct call *call);
	const char *arguments;
	const char *help; /* lines separated by \n */
} debug_rows[] = {
	{"ASSERT", 2, 2, debug_assert, "", "Crash by an assertion that fails."},
	{"CHANGE-REPL-ID", 2, 2, debug_change_repl_id, "", "Draw a new replication id."},
	{"CONFIG-REWRITE-FORCE-ALL", 2, 2, debug_rewrite_all, "",
		"Like CONFIG REWRITE, but write every parameter."},
	{"DIGEST", 2, 2, debug_digest, "", "Return a number that stands for all data."},
	{"DIGEST-VALUE", 2, 0, debug_digest_value, " <key> [<key> ...]", "The same for values."},
	{"AOF-FLUSH-SLEEP", 3, 3, debug_flush_sleep, " <microsec>",
		"Stop the server for so long before each write of the log, for tests."},
	{"ERROR", 3, 3, debug_error, " <string>", "Return <string> as an error."},
	{"HTSTATS", 3, 3, debug_htstats, " <dbid>", "Describe the tables of a database."},
	{"HTSTATS-KEY", 3, 4, debug_htstats_key, " <key>",
		"Describe the table that holds a value."},
	{"LISTPACK", 3, 3, debug_listpack, " <key>", "Describe a packed value."},
	{"LOADAOF", 2, 2, debug_loadaof, "",
		"Write what the log lacks, empty the data set and load the log."},
	{"LOG", 3, 3, debug_log, " <message>", "Write a line to the log."},
	{"LOG-STALL", 3, 3, debug_log_stall, " <0|1>",
		"Submit no writes of the append only file, as if its disk stood still, for tests."},
	{"MALLCTL", 3, 4, debug_mallctl, " <key> [<val>]", "Get or set a number of the allocator."},
	{"MALLCTL-STR", 3, 4, debug_mallctl_str, " <key> [<val>]",
		"Get or set a text of the allocator."},
	{"OBJECT", 3, 4, debug_object, " <key>", "Tell how a value is held."},
	{"OOM", 2, 2, debug_oom, "", "Crash for want of memory."},
	{"PANIC", 2, 2, debug_panic, "", "Crash by a panic."},
	{"PAUSE-CRON", 3, 3, debug_pause_cron, " <0|1>", "Stop periodic work."},
	{"POPULATE", 3, 5, debug_populate, " <count> [<prefix>] [<size>]",
		"Create <count> string keys <prefix>:<number> (default: key) where they don't "
		"exist."},
	{"PROTOCOL", 3, 3, debug_protocol, " <type>",
		"Reply with a test value of the type: string, integer, double, bignum, null,\n"
		"array, set, map, attrib, push, verbatim, true, false."},
	{"QUICKLIST-PACKED-THRESHOLD", 3, 3, debug_packed_threshold, " <size>",
		"List elements from <size> on get a node of their own; 0 is the default."},
	{"RELOAD", 2, 0, debug_reload, " [MERGE] [NOFLUSH] [NOSAVE]",
		"Save the data set, empty it and load it again. NOSAVE: load what is there;\n"
		"NOFLUSH: don't empty it; MERGE: keys of the file replace those that are there."},
	{"REPLICATE", 3, 0, debug_replicate, " <string> [<string> ...]",
		"Send a command to replicas and the log without running it."},
	{"REPLYBUFFER", 4, 4, debug_reply_buffer,
		" PEAK-RESET-TIME <NEVER|RESET|ms> | RESIZING <0|1>",
		"How the room for replies follows what is sent."},
	{"SEGFAULT", 2, 2, debug_segfault, "", "Crash by a segmentation fault."},
	{"SET-ACTIVE-EXPIRE", 3, 3, debug_set_active_expire, " <0|1>",
		"Whether expired keys are deleted before they are accessed."},
	{"SET-DISABLE-DENY-SCRIPTS", 3, 3, debug_allow_noscript, " <0|1>",
		"Whether scripts may call commands that are not for scripts, for tests."},
	{"SET-SKIP-CHECKSUM-VALIDATION", 3, 3, debug_skip_checksum, " <0|1>",
		"Whether RESTORE believes payloads without looking at their checksum."},
	{"SLEEP", 3, 3, debug_sleep, " <seconds>", "Stop the server; decimals allowed."},
	{"STRINGMATCH-LEN", 4, 4, debug_stringmatch_len, " <pattern> <string>", "Match a glob."},
	{"STRUCTSIZE", 2, 2, debug_structsize, "", "Return sizes of inner structures."},
	{"HELP", 2, 2, debug_help, "", "Prints this help."},
	{NULL, 0, 0, NULL, NULL, NULL},
};

static int64_t reply_help_row(struct reply *r, const struct debug_row *row)
{
	struct buf line = {0};
	int64_t lines = 1;

	buf_printf(&line, "%s%s", row->name, row->arguments);
	reply_simple(r, buf_text(&line));
	for (const char *at = row->help; *at != '\0'; lines++) {
		size_t len = strcspn(at, "\n");
		buf_clear(&line);
		buf_printf(&line, "    %.*s", (int)len, at);
		reply_simple(r, buf_text(&line));
		at += len + (at[len] == '\n');
	}
	buf_release(&line);
	return lines;
}

static enum outcome debug_help(struct call *call)
{
	struct reply_hole hole = reply_open(call->reply);
	int64_t lines = 1;
	reply_simple(call->reply, "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
	for (const struct debug_row *row = debug_rows; row->name != NULL; row++)
		lines += reply_help_row(call->reply, row);
	reply_close_array(call->reply, hole, lines);
	return DONE;
}

/* Its symbol is the name that Redis gives it: whoever looks for DEBUG SLEEP in the watchdog's stack
 * traces looks for that. */
enum outcome debug(struct call *call) __asm__("debugCommand");

enum outcome debug(struct call *call)
{
	for (const struct debug_row *row = debug_rows; row->name != NULL; row++) {
		if (!call_arg_is(call, 1, row->name) || call->argc < row->min_argc ||
			(row->max_argc > 0 && call->argc > row->max_argc))
			continue;
		/* No tail call: the frame must be there. */
		volatile enum outcome outcome = row->run(call);
		return outcome;
	}
	return call_failf(call, E_DEBUG_SUBCOMMAND, bytes_clip_text(call->argv[1], 128).text);
}

const struct command_row debug_commands[] = {
	{.name = "DEBUG",
		.run = debug,
		.group = "server",
		.since = "1.0.0",
		.complexity = "Depends on subcommand.",
		.syntax = "<subcommand [arg...]>",
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_PROTECTED |
			CMD_SYSCMD,
		.summary = "Looks into the server and meddles with it, for tests."},
	{.name = NULL},
};
