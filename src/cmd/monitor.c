/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MONITOR: the session becomes a watcher until it closes or RESETs.
 */
#include "obs/monitor.h"
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "net/net.h"

#include <stdio.h>

static enum outcome monitor(struct call *call)
{
	struct session *s = call->session;
	if (s->flags & SESSION_DENY_BLOCKING)
		return call_fail(call, E_MONITOR_DENIED);
	if (s->flags & SESSION_MONITOR)
		return DONE;
	reply_ok(call->reply);
	monitor_start(call->exec->services->monitor, s);
	s->gates |= GATE_BIT(GATE_MONITOR);
	return DONE;
}

static void session_leaves(struct session *s)
{
	monitor_stop(s->exec->services->monitor, s);
	s->gates &= ~GATE_BIT(GATE_MONITOR);
}

/* What a watcher reads is a stream of lines: it runs nothing that touches keys. */
static enum gate_answer keeps_off_keys(struct call *call, void *context)
{
	(void)context;
	call_fail(call, E_MONITOR_KEYSPACE);
	return GATE_REFUSED;
}

static bool touches_keys(const struct command *c)
{
	return (c->flags & (CMD_WRITE | CMD_READONLY | CMD_MAY_REPLICATE)) != 0;
}

void monitor_peer(const struct session *s, char *text, size_t size)
{
	struct net_peer peer = {0};
	if (s->conn != NULL)
		net_peer_get(s, &peer);
	snprintf(text, size, "%s%s", s->flags & SESSION_UNIX_SOCKET ? "unix:" : "",
		s->flags & SESSION_UNIX_SOCKET ? peer.laddr : peer.addr);
}

void monitor_init(struct exec *exec)
{
	const struct gate_row gate = {.gate = GATE_MONITOR,
		.name = "monitor",
		.check = keeps_off_keys,
		.concerns = touches_keys};
	gate_register(exec, &gate);
	exec_sink_close(exec, session_leaves);
	exec_sink_reset(exec, session_leaves);
}

const struct command_row monitor_commands[] = {
	{.name = "MONITOR",
		.run = monitor,
		.group = "server",
		.since = "1.0.0",
		.complexity = NULL,
		.flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
		.syntax = "",
		.history = "6.0.0=`AUTH` excluded from the command's output.|"
			   "6.2.0=`RESET` can be called to exit monitor mode.|"
			   "6.2.4=`AUTH`, `HELLO`, `EVAL`, `EVAL_RO`, `EVALSHA` and `EVALSHA_RO` "
			   "included in the "
			   "command's output.",
		.summary = "Shows every call that the server runs, as it runs."},
	{.name = NULL},
};
