/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SHUTDOWN. Who asked hears nothing when it works: the connection closes with the server. While a
 * shutdown waits the caller waits with it; a refusal or an abort answers them all.
 */
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "exec/wait.h"
#include "process/process.h"
#include "process/shutdown.h"
#include "script/script.h"

struct shutdown_words {
	unsigned flags;
	bool is_abort;
};

static bool shutdown_parse(struct call *call, struct shutdown_words *out)
{
	*out = (struct shutdown_words){0};
	for (int i = 1; i < call->argc; i++) {
		if (call_arg_is(call, i, "nosave"))
			out->flags |= SHUTDOWN_NOSAVE;
		else if (call_arg_is(call, i, "save"))
			out->flags |= SHUTDOWN_SAVE;
		else if (call_arg_is(call, i, "now"))
			out->flags |= SHUTDOWN_NOW;
		else if (call_arg_is(call, i, "force"))
			out->flags |= SHUTDOWN_FORCE;
		else if (call_arg_is(call, i, "abort"))
			out->is_abort = true;
		else
			return false;
	}
	if (out->is_abort && call->argc != 2)
		return false;
	return !((out->flags & SHUTDOWN_SAVE) && (out->flags & SHUTDOWN_NOSAVE));
}

static void shutdown_reply_failed(struct reply *reply)
{
	reply_error_text(reply, bytes_text(error_text(E_SHUTDOWN_FAILED)));
}

static enum outcome shutdown_command(struct call *call)
{
	const struct services *services = call->exec->services;
	struct shutdown_words words;
	if (!shutdown_parse(call, &words))
		return call_fail(call, E_SYNTAX);
	if (words.is_abort) {
		if (!shutdown_abort(services->shutdown))
			return call_fail(call, E_SHUTDOWN_NONE);
		reply_ok(call->reply);
		return DONE;
	}
	if (call->session->flags & SESSION_DENY_BLOCKING && !(words.flags & SHUTDOWN_NOW))
		words.flags |= SHUTDOWN_NOW;
	/* In the middle of a script nothing can be saved. */
	if (script_is_running(call->exec) && !(words.flags & SHUTDOWN_NOSAVE))
		return call_fail(call, script_busy_error(call->exec));
	int64_t timeout_ms = (int64_t)services->process->shutdown_timeout_s * 1000;
	switch (shutdown_begin(services->shutdown, words.flags, timeout_ms, call->exec->now_ms)) {
	case SHUTDOWN_EXITING:
		session_close(call->session, false);
		return DONE;
	case SHUTDOWN_PENDING:
		script_abandon(call->exec);
		return wait_on_event(call, WAIT_FOREVER, shutdown_reply_failed);
	case SHUTDOWN_FAILED:
		break;
	}
	return call_fail(call, E_SHUTDOWN_FAILED);
}

void shutdown_answer_waiting(void *context)
{
	struct exec *exec = context;
	LINK_EACH(it, after, &exec->sessions) {
		struct session *s = LINK_OWNER(it, struct session, all);
		if (!wait_is_blocked(s) || s->last_command == NULL ||
			s->last_command->run != shutdown_command)
			continue;
		shutdown_reply_failed(&s->reply);
		wait_finish(s);
	}
}

const struct command_row shutdown_commands[] = {
	{.name = "SHUTDOWN",
		.run = shutdown_command,
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI |
			CMD_ALLOW_BUSY,
		.group = "server",
		.since = "1.0.0",
		.complexity =
			"O(N) when saving, where N is the total number of keys in all databases "
			"when saving data, otherwise O(1)",
		.summary = "Ends the server, saving first where that is configured or asked for.",
		.syntax = "save-selector=[NOSAVE|SAVE] [NOW]@7.0.0 [FORCE]@7.0.0 [ABORT]@7.0.0",
		.history = "7.0.0=Added the `NOW`, `FORCE` and `ABORT` modifiers."},
	{0},
};
