/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO: names of sections in, obs/info's text out.
 */
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "obs/info.h"

static enum outcome info_command(struct call *call)
{
	struct buf text = {0};
	info_render(call->exec->services->info, call->argv + 1, call->argc - 1, &text);
	reply_verbatim(call->reply, text.len == 0 ? BYTES("") : buf_bytes(&text), "txt");
	buf_release(&text);
	return DONE;
}

const struct command_row info_commands[] = {
	{.name = "INFO",
		.run = info_command,
		.flags = CMD_LOADING | CMD_STALE | CMD_DANGEROUS,
		.group = "server",
		.since = "1.0.0",
		.complexity = "O(1)",
		.summary = "Shows information and statistics about the server.",
		.syntax = "[section...]",
		.tips = "nondeterministic_output|request_policy:all_shards|response_policy:special",
		.history = "7.0.0=Added support for taking multiple section arguments."},
	{0},
};
