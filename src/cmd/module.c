/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MODULE: none is loaded, and none can be: Redis's modules are programs for Redis's own inside.
 * What asks for the list gets an empty one; who loads one is told as Redis tells of a file that it
 * can't load, and the log says why.
 */
#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "exec/call.h"

static enum outcome module_load(struct call *call)
{
	log_line(LOG_WARNING, "Module %s failed to load: this server has no interface for modules",
		bytes_clip_text(call->argv[2], 128).text);
	return call_fail(call, E_MODULE_LOAD);
}

/* CONFIG name value …, then ARGS and whatever follows. */
static bool loadex_is_well_formed(const struct call *call)
{
	for (int i = 3; i < call->argc; i += 3) {
		if (call_arg_is(call, i, "ARGS"))
			return true;
		if (!call_arg_is(call, i, "CONFIG")) {
			log_line(LOG_NOTICE, "Syntax Error from arguments to loadex around %s.",
				bytes_clip_text(call->argv[i], 128).text);
			return false;
		}
		if (i + 2 >= call->argc) {
			log_line(LOG_NOTICE, "CONFIG specified without name value pair");
			return false;
		}
	}
	return true;
}

static enum outcome module_loadex(struct call *call)
{
	return loadex_is_well_formed(call) ? module_load(call) : call_fail(call, E_MODULE_LOAD);
}

static enum outcome module_unload(struct call *call)
{
	return call_fail(call, E_MODULE_UNLOAD);
}

static enum outcome module_list(struct call *call)
{
	reply_array(call->reply, 0);
	return DONE;
}

static enum outcome module_help(struct call *call)
{
	static const char *const lines[] = {
		"LIST",
		"    Return a list of loaded modules.",
		"LOAD <path> [<arg> ...]",
		"    Load a module library from <path>, passing to it any optional arguments.",
		"LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
		"    Load a module library from <path>, while passing it module configurations and "
		"optional arguments.",
		"UNLOAD <name>",
		"    Unload a module.",
		NULL,
	};
	return help_reply(call, lines);
}

#define GROUP .group = "server"
#define CHANGE .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_PROTECTED

static const struct command_row module_subcommands[] = {
	{.name = "HELP",
		.run = module_help,
		GROUP,
		.flags = CMD_LOADING | CMD_STALE,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Shows the subcommands."},
	{.name = "LIST",
		.run = module_list,
		GROUP,
		.flags = CMD_ADMIN | CMD_NOSCRIPT,
		.since = "4.0.0",
		.syntax = "",
		.tips = "nondeterministic_output_order",
		.complexity = "O(N) where N is the number of loaded modules.",
		.summary = "Lists the loaded modules: there are none."},
	{.name = "LOAD",
		.run = module_load,
		GROUP,
		CHANGE,
		.since = "4.0.0",
		.complexity = "O(1)",
		.syntax = "path [arg...]",
		.summary = "Answers that the module can't be loaded."},
	{.name = "LOADEX",
		.run = module_loadex,
		GROUP,
		CHANGE,
		.since = "7.0.0",
		.complexity = "O(1)",
		.syntax = "path [CONFIG configs={name value}]... [ARGS args...]",
		.summary = "Answers that the module can't be loaded."},
	{.name = "UNLOAD",
		.run = module_unload,
		GROUP,
		CHANGE,
		.since = "4.0.0",
		.complexity = "O(1)",
		.syntax = "name",
		.summary = "Answers that there is no such module."},
	{0},
};

const struct command_row module_commands[] = {
	{.name = "MODULE",
		GROUP,
		.since = "4.0.0",
		.complexity = "Depends on subcommand.",
		.syntax = "",
		.subcommands = module_subcommands,
		.summary = "A container for the commands of modules."},
	{0},
};
