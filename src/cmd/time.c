/* SPDX-License-Identifier: BSD-3-Clause
 *
 * TIME and ROLE: two facts about the server.
 */
#include "cmd/commands.h"
#include "exec/exec.h"
#include "io/clock.h"

static enum outcome time_now(struct call *call)
{
	/* Inside a unit time stands still, as it does for what expires there. */
	int64_t now_us = call->exec->depth > 1 ? call->exec->now_us : clock_wall_us();
	reply_array(call->reply, 2);
	reply_bulk_i64(call->reply, now_us / 1000000);
	reply_bulk_i64(call->reply, now_us % 1000000);
	return DONE;
}

/* A primary: offset and replicas. */
static enum outcome role(struct call *call)
{
	reply_array(call->reply, 3);
	reply_bulk_text(call->reply, "master");
	reply_i64(call->reply, 0);
	reply_array(call->reply, 0);
	return DONE;
}

const struct command_row time_commands[] = {
	{.name = "TIME", .run = time_now, .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
		.group = "server", .since = "2.6.0", .complexity = "O(1)", .syntax = "",
		.tips = "nondeterministic_output",
		.summary = "Tells the server's time: seconds and microseconds."},
	{.name = "ROLE", .run = role, .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
		.group = "server", .since = "2.8.12", .complexity = "O(1)", .syntax = "",
		.categories = "admin dangerous", .summary = "Tells the replication role."},
	{.name = NULL},
};
