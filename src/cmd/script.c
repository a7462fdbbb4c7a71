/* SPDX-License-Identifier: BSD-3-Clause
 *
 * EVAL and its like, and SCRIPT: words over script/eval. There is no debugger: SCRIPT DEBUG takes
 * its words and stays without effect.
 */
#include "cmd/commands.h"
#include "cmd/help.h"
#include "exec/exec.h"
#include "script/eval.h"
#include "script/library.h"

static enum outcome eval(struct call *call)
{
	call_show(call);
	return eval_run(call, EVAL_TEXT, false);
}

static enum outcome eval_ro(struct call *call)
{
	call_show(call);
	return eval_run(call, EVAL_TEXT, true);
}

static enum outcome evalsha(struct call *call)
{
	call_show(call);
	return eval_run(call, EVAL_SHA, false);
}

static enum outcome evalsha_ro(struct call *call)
{
	call_show(call);
	return eval_run(call, EVAL_SHA, true);
}

static enum outcome fcall(struct call *call)
{
	call_show(call);
	return function_run(call, false);
}

static enum outcome fcall_ro(struct call *call)
{
	call_show(call);
	return function_run(call, true);
}

static enum outcome script_exists(struct call *call)
{
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++)
		reply_i64(call->reply, eval_exists(call->exec, call->argv[i]));
	return DONE;
}

static enum outcome script_load(struct call *call)
{
	char sha[41];

	if (!eval_load(call, call->argv[2], sha))
		return FAILED;
	reply_bulk_text(call->reply, sha);
	return DONE;
}

static enum outcome script_flush(struct call *call)
{
	bool is_known = call->argc == 2 ||
			(call->argc == 3 &&
				(call_arg_is(call, 2, "sync") || call_arg_is(call, 2, "async")));

	if (!is_known)
		return call_fail(call, E_SCRIPT_FLUSH);
	eval_flush(call->exec);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome script_kill_command(struct call *call)
{
	enum error error = script_kill(call->exec, false);

	if (error != E_NONE)
		return call_fail(call, error);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome script_debug(struct call *call)
{
	if (!call_arg_is(call, 2, "yes") && !call_arg_is(call, 2, "sync") &&
		!call_arg_is(call, 2, "no"))
		return call_fail(call, E_SCRIPT_DEBUG);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome script_help(struct call *call)
{
	static const char *const lines[] = {
		"DEBUG (YES|SYNC|NO)",
		"    Set the debug mode for subsequent scripts executed.",
		"EXISTS <sha1> [<sha1> ...]",
		"    Return information about the existence of the scripts in the script cache.",
		"FLUSH [ASYNC|SYNC]",
		"    Flush the Lua scripts cache. Very dangerous on replicas.",
		"    When called without the optional mode argument, the behavior is determined "
		"by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the scripts cache.",
		"    * SYNC: Synchronously flush the scripts cache.",
		"KILL",
		"    Kill the currently executing Lua script.",
		"LOAD <script>",
		"    Load a script into the scripts cache without executing it.",
		NULL,
	};
	return help_reply(call, lines);
}

/* EVAL and FCALL are what their scripts declare; the executor asks where that matters. */
static uint32_t script_flags_of(const struct call *call)
{
	command_run *run = call->command->run;

	if (run == eval || run == eval_ro)
		return eval_command_flags(call, EVAL_TEXT);
	if (run == evalsha || run == evalsha_ro)
		return eval_command_flags(call, EVAL_SHA);
	if (run != fcall && run != fcall_ro)
		return call->command->flags;
	const struct function *f = function_find(call->exec, call->argv[1]);
	if (f == NULL)
		return call->command->flags;
	return script_command_flags(call->command->flags, f->flags);
}

void script_commands_init(struct exec *exec)
{
	exec->declared_flags = script_flags_of;
}

#define GROUP .group = "scripting"
#define EVAL_FLAGS (CMD_NOSCRIPT | CMD_SKIP_MONITOR | CMD_STALE | CMD_NO_MANDATORY_KEYS)
#define EVAL_COMPLEXITY "Depends on the script that is executed."
#define RW_KEYS "numkeys:integer [key:key:RW+access+update...] [arg...]"
#define RO_KEYS "numkeys:integer [key:key:RO+access...] [arg...]"

static const struct command_row script_subcommands[] = {
	{.name = "DEBUG",
		.run = script_debug,
		.flags = CMD_NOSCRIPT,
		GROUP,
		.since = "3.2.0",
		.complexity = "O(1)",
		.syntax = "mode={YES|SYNC|NO}",
		.summary = "Takes a mode of debugging; there is no debugger here."},
	{.name = "EXISTS",
		.run = script_exists,
		.flags = CMD_NOSCRIPT,
		GROUP,
		.since = "2.6.0",
		.complexity = "O(N) with N being the number of scripts to check (so checking a "
			      "single script is an O(1) operation).",
		.syntax = "sha1...",
		.tips = "request_policy:all_shards|response_policy:agg_logical_and",
		.summary = "Tells which scripts are in the cache."},
	{.name = "FLUSH",
		.run = script_flush,
		.flags = CMD_NOSCRIPT,
		GROUP,
		.since = "2.6.0",
		.complexity = "O(N) with N being the number of scripts in cache",
		.syntax = "flush-type=[ASYNC|SYNC]@6.2.0",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded",
		.history = "6.2.0=Added the `ASYNC` and `SYNC` flushing mode modifiers.",
		.summary = "Forgets all cached scripts."},
	{.name = "HELP",
		.run = script_help,
		.flags = CMD_LOADING | CMD_STALE,
		GROUP,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Shows the subcommands."},
	{.name = "KILL",
		.run = script_kill_command,
		.flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
		GROUP,
		.since = "2.6.0",
		.complexity = "O(1)",
		.syntax = "",
		.tips = "request_policy:all_shards|response_policy:one_succeeded",
		.summary = "Ends the running script, if it has not written yet."},
	{.name = "LOAD",
		.run = script_load,
		.flags = CMD_NOSCRIPT | CMD_STALE,
		GROUP,
		.since = "2.6.0",
		.complexity = "O(N) with N being the length in bytes of the script body.",
		.syntax = "script",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded",
		.summary = "Puts a script into the cache."},
	{0},
};

#define KEYS_NOTE "We cannot tell how the keys will be used so we assume the worst, "
#define RW_KEYS_NOTE KEYS_NOTE "RW and UPDATE"
#define RO_KEYS_NOTE KEYS_NOTE "RO and ACCESS"

const struct command_row script_commands[] = {
	{.name = "EVAL",
		.run = eval,
		.flags = EVAL_FLAGS | CMD_MAY_REPLICATE,
		GROUP,
		.since = "2.6.0",
		.complexity = EVAL_COMPLEXITY,
		.syntax = "script " RW_KEYS,
		.key_notes = RW_KEYS_NOTE,
		.summary = "Runs a Lua script."},
	{.name = "EVAL_RO",
		.run = eval_ro,
		.flags = EVAL_FLAGS | CMD_READONLY,
		GROUP,
		.since = "7.0.0",
		.complexity = EVAL_COMPLEXITY,
		.syntax = "script " RO_KEYS,
		.key_notes = RO_KEYS_NOTE,
		.summary = "Runs a Lua script that may not write."},
	{.name = "EVALSHA",
		.run = evalsha,
		.flags = EVAL_FLAGS | CMD_MAY_REPLICATE,
		GROUP,
		.since = "2.6.0",
		.complexity = EVAL_COMPLEXITY,
		.syntax = "sha1 " RW_KEYS,
		.summary = "Runs a cached Lua script by its SHA-1."},
	{.name = "EVALSHA_RO",
		.run = evalsha_ro,
		.flags = EVAL_FLAGS | CMD_READONLY,
		GROUP,
		.since = "7.0.0",
		.complexity = EVAL_COMPLEXITY,
		.syntax = "sha1 " RO_KEYS,
		.summary = "Runs a cached Lua script that may not write."},
	{.name = "FCALL",
		.run = fcall,
		.flags = EVAL_FLAGS | CMD_MAY_REPLICATE,
		GROUP,
		.since = "7.0.0",
		.complexity = "Depends on the function that is executed.",
		.syntax = "function " RW_KEYS,
		.key_notes = RW_KEYS_NOTE,
		.summary = "Runs a function of a library."},
	{.name = "FCALL_RO",
		.run = fcall_ro,
		.flags = EVAL_FLAGS | CMD_READONLY,
		GROUP,
		.since = "7.0.0",
		.complexity = "Depends on the function that is executed.",
		.syntax = "function " RO_KEYS,
		.key_notes = RO_KEYS_NOTE,
		.summary = "Runs a function of a library that may not write."},
	{.name = "SCRIPT",
		GROUP,
		.since = "2.6.0",
		.complexity = "Depends on subcommand.",
		.syntax = "",
		.subcommands = script_subcommands,
		.summary = "A container for the commands of scripts."},
	{0},
};
