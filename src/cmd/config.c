/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CONFIG: the grammar around process/config, and RESETSTAT, which asks every module to forget its
 * figures.
 */
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "io/loop.h"
#include "net/net.h"
#include "obs/observe.h"
#include "process/config.h"
#include "process/process.h"

#include <string.h>

struct config_reply {
	struct reply *reply;
	int64_t count;
};

static void config_reply_pair(struct bytes name, struct bytes value, void *context)
{
	struct config_reply *r = context;
	reply_bulk(r->reply, name);
	reply_bulk(r->reply, value);
	r->count++;
}

static enum outcome config_get_command(struct call *call)
{
	struct config_reply r = {.reply = call->reply};
	struct reply_hole hole = reply_open(call->reply);
	config_get(call->exec->services->config, call->argv + 2, call->argc - 2, config_reply_pair,
		&r);
	reply_close_map(call->reply, hole, r.count);
	return DONE;
}

static bool config_may_set_protected(const struct call *call)
{
	const struct services *services = call->exec->services;
	int allowed = services->process == NULL ? ALLOWED_NO
						: services->process->enable_protected_configs;
	return process_allows(allowed, net_is_loopback(call->session));
}

static enum outcome config_set_command(struct call *call)
{
	struct config *config = call->exec->services->config;
	struct config_error error;
	struct config_caller caller = {
		.is_loading = call->exec->gates & GATE_BIT(GATE_LOADING),
		.may_set_protected = config_may_set_protected(call),
	};
	if (call->argc % 2 != 0)
		return call_fail(call, E_SYNTAX);
	for (int i = 2; i < call->argc; i += 2)
		if (config_is_sensitive(config, call->argv[i]))
			call_redact(call, i + 1);
	switch (config_set(config, call->argv + 2, (call->argc - 2) / 2, caller, &error)) {
	case CONFIG_OK:
		reply_ok(call->reply);
		return DONE;
	case CONFIG_UNKNOWN:
		return call_failf(call, E_CONFIG_UNKNOWN, (int)error.name.len, error.name.ptr);
	case CONFIG_LOADING:
		return call_fail(call, E_LOADING);
	case CONFIG_REFUSED:
		break;
	}
	return call_failf(call, E_CONFIG_SET, (int)error.name.len, error.name.ptr, error.text.text);
}

static enum outcome config_rewrite_command(struct call *call)
{
	struct config *config = call->exec->services->config;
	if (config_file(config)[0] == '\0')
		return call_fail(call, E_CONFIG_NO_FILE);
	int status = config_rewrite(config, false);
	if (status < 0)
		return call_failf(call, E_CONFIG_REWRITE, strerror(-status));
	reply_ok(call->reply);
	return DONE;
}

static void config_forget_calls(struct command *command, void *context)
{
	(void)context;
	command->stats = (struct command_stats){0};
}

static enum outcome config_resetstat(struct call *call)
{
	struct exec *exec = call->exec;
	struct services *services = exec->services;
	command_table_each(exec->commands, config_forget_calls, NULL);
	exec->stats = (struct exec_stats){0};
	exec->error_count = 0;
	exec->error_counts_overflowed = false;
	exec->keyspace->stats = (struct keyspace_stats){0};
	if (services->net != NULL)
		*net_stats_get(services->net) = (struct net_stats){0};
	if (services->loop != NULL)
		loop_stats_reset(services->loop);
	if (services->observe != NULL)
		observe_reset(services->observe);
	if (services->reset_stats != NULL)
		services->reset_stats(services->reset_context);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome config_help(struct call *call)
{
	static const char *const lines[] = {
		"GET <pattern>",
		"    Return parameters matching the glob-like <pattern> and their values.",
		"SET <directive> <value>",
		"    Set the configuration <directive> to <value>.",
		"RESETSTAT",
		"    Reset statistics reported by the INFO command.",
		"REWRITE",
		"    Rewrite the configuration file.",
		NULL,
	};
	return help_reply(call, lines);
}

#define CONFIG_FLAGS (CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

static const struct command_row config_subcommands[] = {
	{.name = "GET",
		.run = config_get_command,
		.flags = CONFIG_FLAGS,
		.group = "server",
		.since = "2.0.0",
		.complexity = "O(N) when N is the number of configuration parameters provided",
		.summary = "Shows parameters and their values.",
		.syntax = "parameter...",
		.history =
			"7.0.0=Added the ability to pass multiple pattern parameters in one call"},
	{.name = "HELP",
		.run = config_help,
		.flags = CMD_LOADING | CMD_STALE,
		.group = "server",
		.since = "5.0.0",
		.complexity = "O(1)",
		.summary = "Lists the subcommands.",
		.syntax = ""},
	{.name = "RESETSTAT",
		.run = config_resetstat,
		.flags = CONFIG_FLAGS,
		.group = "server",
		.since = "2.0.0",
		.complexity = "O(1)",
		.summary = "Sets the statistics of INFO back to zero.",
		.syntax = ""},
	{.name = "REWRITE",
		.run = config_rewrite_command,
		.flags = CONFIG_FLAGS,
		.group = "server",
		.since = "2.8.0",
		.complexity = "O(1)",
		.summary = "Writes the parameters that are in effect to the configuration file.",
		.syntax = ""},
	{.name = "SET",
		.run = config_set_command,
		.flags = CONFIG_FLAGS,
		.group = "server",
		.since = "2.0.0",
		.complexity = "O(N) when N is the number of configuration parameters provided",
		.summary = "Changes parameters while the server runs, all of them or none.",
		.syntax = "data={parameter value}...",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded",
		.history = "7.0.0=Added the ability to set multiple parameters in one call."},
	{0},
};

const struct command_row config_commands[] = {
	{.name = "CONFIG",
		.group = "server",
		.since = "2.0.0",
		.complexity = "Depends on subcommand.",
		.summary = "A container for server configuration commands.",
		.syntax = "",
		.subcommands = config_subcommands},
	{0},
};
