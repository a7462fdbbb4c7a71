/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF. When and how files are written is persist/'s business; here
 * are its words.
 */
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "persist/persist.h"

static struct save *save_of(struct call *call)
{
	return call->exec->services->persist->save;
}

/* Why it failed stands in the log. */
static enum outcome save_failed(struct call *call)
{
	return call_fail_text(call, BYTES("ERR"));
}

static enum outcome save_command(struct call *call)
{
	switch (save_now(save_of(call))) {
	case SAVE_IN_PROGRESS:
		return call_fail(call, E_SAVE_IN_PROGRESS);
	case SAVE_STARTED:
		reply_ok(call->reply);
		return DONE;
	default:
		return save_failed(call);
	}
}

static enum outcome bgsave_command(struct call *call)
{
	bool may_wait = false;
	if (call->argc == 2 && call_arg_is(call, 1, "schedule"))
		may_wait = true;
	else if (call->argc > 1)
		return call_fail(call, E_SYNTAX);
	switch (save_background(save_of(call), may_wait)) {
	case SAVE_STARTED:
		reply_simple(call->reply, "Background saving started");
		return DONE;
	case SAVE_SCHEDULED:
		reply_simple(call->reply, "Background saving scheduled");
		return DONE;
	case SAVE_IN_PROGRESS:
		return call_fail(call, E_SAVE_IN_PROGRESS);
	case SAVE_BUSY:
		return call_fail(call, E_SAVE_BUSY);
	default:
		return save_failed(call);
	}
}

static enum outcome bgrewriteaof(struct call *call)
{
	switch (aof_rewrite(call->exec->services->persist->aof)) {
	case AOF_REWRITE_STARTED:
		reply_simple(call->reply, "Background append only file rewriting started");
		return DONE;
	case AOF_REWRITE_SCHEDULED:
		reply_simple(call->reply, "Background append only file rewriting scheduled");
		return DONE;
	case AOF_REWRITE_BUSY:
		return call_fail(call, E_REWRITE_IN_PROGRESS);
	default:
		return call_fail(call, E_REWRITE_FAILED);
	}
}

static enum outcome lastsave(struct call *call)
{
	reply_i64(call->reply, save_figures_get(save_of(call)).last_s);
	return DONE;
}

const struct command_row persistence_commands[] = {
	{.name = "SAVE",
		.run = save_command,
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(N) where N is the total number of keys in all databases",
		.summary = "Writes the dump at once; all clients wait.",
		.syntax = ""},
	{.name = "BGSAVE",
		.run = bgsave_command,
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(1)",
		.summary = "Writes the dump in the background.",
		.syntax = "[SCHEDULE]@3.2.2",
		.history = "3.2.2=Added the `SCHEDULE` option."},
	{.name = "BGREWRITEAOF",
		.run = bgrewriteaof,
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(1)",
		.summary = "Writes the log anew in the background, as short as can be.",
		.syntax = ""},
	{.name = "LASTSAVE",
		.categories = "admin dangerous",
		.run = lastsave,
		.flags = CMD_LOADING | CMD_STALE | CMD_FAST,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(1)",
		.summary = "When the last good dump was made, in seconds of Unix time.",
		.syntax = ""},
	{0},
};
