/* SPDX-License-Identifier: BSD-3-Clause
 *
 * FUNCTION: words over script/library. What changes libraries is propagated as it was sent.
 */
#include "base/buf.h"
#include "base/match.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "exec/effect.h"
#include "exec/exec.h"
#include "script/library.h"

static enum outcome function_load(struct call *call)
{
	struct library_options options = {.is_trusted = call->session->origin == ORIGIN_RECOVERY};
	struct library_error error;
	const char *name;
	int at = 2;

	for (; at < call->argc - 1; at++) {
		if (!call_arg_is(call, at, "replace"))
			return call_failf(
				call, E_FUNCTION_OPTION, bytes_clip_text(call->argv[at], 128).text);
		options.replaces = true;
	}
	if (!library_load(call->exec, call->argv[at], options, &name, &error))
		return call_fail_text(call, bytes_text(error.text));
	effect_force(call);
	reply_bulk_text(call->reply, name);
	return DONE;
}

static enum outcome function_delete(struct call *call)
{
	if (!library_delete(call->exec, call->argv[2]))
		return call_fail(call, E_LIBRARY_NONE);
	effect_force(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome function_flush(struct call *call)
{
	if (call->argc > 3)
		return call_failf(call, E_FUNCTION_SUBCOMMAND,
			bytes_clip_text(call->argv[1], 128).text);
	if (call->argc == 3 && !call_arg_is(call, 2, "sync") && !call_arg_is(call, 2, "async"))
		return call_fail(call, E_FUNCTION_FLUSH);
	library_flush(call->exec);
	effect_force(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome function_dump(struct call *call)
{
	struct buf payload = {0};

	library_dump(call->exec, &payload);
	reply_bulk(call->reply, buf_bytes(&payload));
	buf_release(&payload);
	return DONE;
}

static enum outcome function_restore(struct call *call)
{
	enum library_policy policy = LIBRARY_APPEND;
	struct library_error error;

	if (call->argc > 4)
		return call_failf(call, E_FUNCTION_SUBCOMMAND,
			bytes_clip_text(call->argv[1], 128).text);
	if (call->argc == 4) {
		if (call_arg_is(call, 3, "flush"))
			policy = LIBRARY_FLUSH;
		else if (call_arg_is(call, 3, "replace"))
			policy = LIBRARY_REPLACE;
		else if (!call_arg_is(call, 3, "append"))
			return call_fail(call, E_FUNCTION_POLICY);
	}
	if (!library_restore(call->exec, call->argv[2], policy, &error))
		return call_fail_text(call, bytes_text(error.text));
	effect_force(call);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome function_kill(struct call *call)
{
	enum error error = script_kill(call->exec, true);

	if (error != E_NONE)
		return call_fail(call, error);
	reply_ok(call->reply);
	return DONE;
}

static void reply_flags(struct reply *reply, uint32_t flags)
{
	reply_set(reply, __builtin_popcount(flags));
	for (int i = 0; script_flag_names[i] != NULL; i++)
		if (flags & 1u << i)
			reply_simple(reply, script_flag_names[i]);
}

static void reply_function(struct reply *reply, const struct function *f)
{
	reply_map(reply, 3);
	reply_bulk_text(reply, "name");
	reply_bulk_text(reply, f->name);
	reply_bulk_text(reply, "description");
	if (f->description == NULL)
		reply_null(reply);
	else
		reply_bulk_text(reply, f->description);
	reply_bulk_text(reply, "flags");
	reply_flags(reply, f->flags);
}

static void reply_library(struct reply *reply, const struct library *l, bool with_code)
{
	reply_map(reply, with_code ? 4 : 3);
	reply_bulk_text(reply, "library_name");
	reply_bulk_text(reply, l->name);
	reply_bulk_text(reply, "engine");
	reply_bulk_text(reply, "LUA");
	reply_bulk_text(reply, "functions");
	reply_array(reply, (int64_t)l->function_count);
	LINK_EACH(it, after, &l->functions)
	{
		reply_function(reply, LINK_OWNER(it, struct function, of_library));
	}
	if (!with_code)
		return;
	reply_bulk_text(reply, "library_code");
	reply_bulk(reply, bytes_of(l->source, l->source_len));
}

static enum outcome function_list(struct call *call)
{
	struct bytes pattern = {NULL, 0};
	bool with_code = false;
	int64_t count = 0;

	for (int i = 2; i < call->argc; i++) {
		if (!with_code && call_arg_is(call, i, "withcode")) {
			with_code = true;
		} else if (pattern.ptr == NULL && call_arg_is(call, i, "libraryname")) {
			if (++i == call->argc)
				return call_fail(call, E_FUNCTION_PATTERN);
			pattern = call->argv[i];
		} else {
			return call_failf(call, E_FUNCTION_ARGUMENT,
				bytes_clip_text(call->argv[i], 128).text);
		}
	}
	struct reply_hole hole = reply_open(call->reply);
	LINK_EACH(it, after, library_list(call->exec))
	{
		const struct library *l = LINK_OWNER(it, struct library, all);
		if (pattern.ptr != NULL && !match_glob(pattern, bytes_text(l->name), true))
			continue;
		reply_library(call->reply, l, with_code);
		count++;
	}
	reply_close_array(call->reply, hole, count);
	return DONE;
}

static void reply_running(struct call *call)
{
	const struct exec *exec = call->exec;
	const struct call *running = script_running_call(exec);

	reply_map(call->reply, 3);
	reply_bulk_text(call->reply, "name");
	reply_bulk_text(call->reply, script_running_name(exec));
	reply_bulk_text(call->reply, "command");
	reply_array(call->reply, running->argc);
	for (int i = 0; i < running->argc; i++)
		reply_bulk(call->reply, running->argv[i]);
	reply_bulk_text(call->reply, "duration_ms");
	reply_i64(call->reply, script_running_ms(exec));
}

static enum outcome function_stats(struct call *call)
{
	struct script_figures figures;

	/* Another kind of script is running: its name is nobody's business here. */
	if (script_is_running(call->exec) && !script_is_function(call->exec))
		return call_fail(call, script_busy_error(call->exec));
	scripts_figures(call->exec, &figures);
	reply_map(call->reply, 2);
	reply_bulk_text(call->reply, "running_script");
	if (script_is_running(call->exec))
		reply_running(call);
	else
		reply_null(call->reply);
	reply_bulk_text(call->reply, "engines");
	reply_map(call->reply, 1);
	reply_bulk_text(call->reply, "LUA");
	reply_map(call->reply, 2);
	reply_bulk_text(call->reply, "libraries_count");
	reply_i64(call->reply, (int64_t)figures.libraries);
	reply_bulk_text(call->reply, "functions_count");
	reply_i64(call->reply, (int64_t)figures.functions);
	return DONE;
}

static enum outcome function_help(struct call *call)
{
	static const char *const lines[] = {
		"LOAD [REPLACE] <FUNCTION CODE>",
		"    Create a new library with the given library name and code.",
		"DELETE <LIBRARY NAME>",
		"    Delete the given library.",
		"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
		"    Return general information on all the libraries:",
		"    * Library name",
		"    * The engine used to run the Library",
		"    * Library description",
		"    * Functions list",
		"    * Library code (if WITHCODE is given)",
		"    It also possible to get only function that matches a pattern using "
		"LIBRARYNAME argument.",
		"STATS",
		"    Return information about the current function running:",
		"    * Function name",
		"    * Command used to run the function",
		"    * Duration in MS that the function is running",
		"    If no function is running, return nil",
		"    In addition, returns a list of available engines.",
		"KILL",
		"    Kill the current running function.",
		"FLUSH [ASYNC|SYNC]",
		"    Delete all the libraries.",
		"    When called without the optional mode argument, the behavior is determined "
		"by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the libraries.",
		"    * SYNC: Synchronously flush the libraries.",
		"DUMP",
		"    Return a serialized payload representing the current libraries, can be "
		"restored using FUNCTION RESTORE command",
		"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
		"    Restore the libraries represented by the given payload, it is possible to "
		"give a restore policy to",
		"    control how to handle existing libraries (default APPEND):",
		"    * FLUSH: delete all existing libraries.",
		"    * APPEND: appends the restored libraries to the existing libraries. On "
		"collision, abort.",
		"    * REPLACE: appends the restored libraries to the existing libraries, On "
		"collision, replace the old",
		"      libraries with the new libraries (notice that even on this option there is "
		"a chance of failure",
		"      in case of functions name collision with another library).",
		NULL,
	};
	return help_reply(call, lines);
}

#define GROUP .group = "scripting", .since = "7.0.0"
#define ALL_SHARDS .tips = "request_policy:all_shards|response_policy:all_succeeded"

static const struct command_row function_subcommands[] = {
	{.name = "DELETE",
		.run = function_delete,
		.flags = CMD_NOSCRIPT | CMD_WRITE,
		GROUP,
		ALL_SHARDS,
		.complexity = "O(1)",
		.syntax = "library-name",
		.summary = "Deletes a library and its functions."},
	{.name = "DUMP",
		.run = function_dump,
		.flags = CMD_NOSCRIPT,
		GROUP,
		.complexity = "O(N) where N is the number of functions",
		.syntax = "",
		.summary = "All libraries as bytes, for FUNCTION RESTORE."},
	{.name = "FLUSH",
		.run = function_flush,
		.flags = CMD_NOSCRIPT | CMD_WRITE,
		GROUP,
		ALL_SHARDS,
		.complexity = "O(N) where N is the number of functions deleted",
		.syntax = "flush-type=[ASYNC|SYNC]",
		.summary = "Deletes all libraries."},
	{.name = "HELP",
		.run = function_help,
		.flags = CMD_LOADING | CMD_STALE,
		GROUP,
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Shows the subcommands."},
	{.name = "KILL",
		.run = function_kill,
		.flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
		GROUP,
		.complexity = "O(1)",
		.syntax = "",
		.tips = "request_policy:all_shards|response_policy:one_succeeded",
		.summary = "Ends the running function, if it has not written yet."},
	{.name = "LIST",
		.run = function_list,
		.flags = CMD_NOSCRIPT,
		GROUP,
		.complexity = "O(N) where N is the number of functions",
		.tips = "nondeterministic_output_order",
		.syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
		.summary = "Describes the libraries."},
	{.name = "LOAD",
		.run = function_load,
		.flags = CMD_NOSCRIPT | CMD_WRITE | CMD_DENY_OOM,
		GROUP,
		ALL_SHARDS,
		.complexity = "O(1) (considering compilation time is redundant)",
		.syntax = "[REPLACE] function-code",
		.summary = "Makes a library from its text."},
	{.name = "RESTORE",
		.run = function_restore,
		.flags = CMD_NOSCRIPT | CMD_WRITE | CMD_DENY_OOM,
		GROUP,
		ALL_SHARDS,
		.complexity = "O(N) where N is the number of functions on the payload",
		.syntax = "serialized-value policy=[FLUSH|APPEND|REPLACE]",
		.summary = "Makes libraries from what FUNCTION DUMP gave."},
	{.name = "STATS",
		.run = function_stats,
		.flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
		GROUP,
		.complexity = "O(1)",
		.syntax = "",
		.tips = "nondeterministic_output|request_policy:all_shards|response_policy:special",
		.summary = "The running function, and how many there are."},
	{0},
};

const struct command_row function_commands[] = {
	{.name = "FUNCTION",
		GROUP,
		.complexity = "Depends on subcommand.",
		.syntax = "",
		.subcommands = function_subcommands,
		.summary = "A container for the commands of functions."},
	{0},
};
