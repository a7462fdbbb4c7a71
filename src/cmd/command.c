/* SPDX-License-Identifier: BSD-3-Clause
 *
 * COMMAND: what commands there are and how they are called, all of it read from the command rows
 * and their syntax lines.
 */
#include "base/match.h"
#include "cmd/command_reply.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "exec/exec.h"

/* --- one reply over all commands -------------------------------------------------------------- */

struct listing {
	struct reply *reply;
	int64_t count;
	bool with_subcommands;
	int category;          /* -1 = any */
	struct bytes pattern;  /* ptr NULL = any */
	void (*write)(struct reply *r, const struct command *c);
};

static void listing_visit(struct command *c, void *context)
{
	struct listing *l = context;
	if (c->parent != NULL && !l->with_subcommands)
		return;
	if (l->category >= 0 && !(command_categories(c) >> l->category & 1))
		return;
	if (l->pattern.ptr != NULL && !match_glob(l->pattern, bytes_of(c->name, c->name_len), true))
		return;
	l->write(l->reply, c);
	l->count++;
}

static void write_name(struct reply *r, const struct command *c)
{
	reply_bulk(r, bytes_of(c->name, c->name_len));
}

static void write_docs_pair(struct reply *r, const struct command *c)
{
	write_name(r, c);
	command_reply_docs(r, c);
}

static enum outcome reply_listing(struct call *call, struct listing *l)
{
	l->reply = call->reply;
	struct reply_hole hole = reply_open(call->reply);
	command_table_each(call->exec->commands, listing_visit, l);
	if (l->write == write_docs_pair)
		reply_close_map(call->reply, hole, l->count);
	else
		reply_close_array(call->reply, hole, l->count);
	return DONE;
}

static enum outcome command(struct call *call)
{
	struct listing all = {.category = -1, .write = command_reply_info};
	return reply_listing(call, &all);
}

static enum outcome command_count(struct call *call)
{
	reply_i64(call->reply, command_table_count(call->exec->commands));
	return DONE;
}

static enum outcome command_info(struct call *call)
{
	struct listing all = {.category = -1, .write = command_reply_info};
	if (call->argc == 2)
		return reply_listing(call, &all);
	reply_array(call->reply, call->argc - 2);
	for (int i = 2; i < call->argc; i++) {
		const struct command *c = command_find_full(call->exec->commands, call->argv[i]);
		if (c == NULL)
			reply_null(call->reply);
		else
			command_reply_info(call->reply, c);
	}
	return DONE;
}

static enum outcome command_docs(struct call *call)
{
	struct listing all = {.category = -1, .write = write_docs_pair};
	int64_t found = 0;
	if (call->argc == 2)
		return reply_listing(call, &all);
	struct reply_hole hole = reply_open(call->reply);
	for (int i = 2; i < call->argc; i++) {
		const struct command *c = command_find_full(call->exec->commands, call->argv[i]);
		if (c == NULL)
			continue;
		write_docs_pair(call->reply, c);
		found++;
	}
	reply_close_map(call->reply, hole, found);
	return DONE;
}

static enum outcome command_list(struct call *call)
{
	struct listing l = {.category = -1, .with_subcommands = true, .write = write_name};
	if (call->argc == 2)
		return reply_listing(call, &l);
	if (call->argc != 5 || !call_arg_is(call, 2, "filterby"))
		return call_fail(call, E_SYNTAX);
	if (call_arg_is(call, 3, "aclcat")) {
		l.category = category_find(call->argv[4]);
	} else if (call_arg_is(call, 3, "pattern")) {
		l.pattern = call->argv[4];
		return reply_listing(call, &l);
	} else if (!call_arg_is(call, 3, "module")) {
		return call_fail(call, E_SYNTAX);
	}
	/* No command is a module's; and no such category has none. */
	if (l.category >= 0)
		return reply_listing(call, &l);
	reply_array(call->reply, 0);
	return DONE;
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool command_has_keys(const struct command *c)
{
	for (int i = 0; i < c->syntax->key_spec_count; i++)
		if (!(c->syntax->key_specs[i].flags & KEY_NOT_KEY))
			return true;
	return c->row->find_keys != NULL;
}

static void reply_key(struct call *call, const struct key_ref *ref, bool with_flags)
{
	struct bytes key = call->argv[2 + ref->index];
	if (with_flags) {
		reply_array(call->reply, 2);
		reply_bulk(call->reply, key);
		command_reply_key_flags(
			call->reply, ref->flags & ~(uint32_t)(KEY_VARIABLE_FLAGS | KEY_INCOMPLETE));
		return;
	}
	reply_bulk(call->reply, key);
}

static enum outcome reply_keys(struct call *call, bool with_flags)
{
	const struct bytes *argv = call->argv + 2;
	int argc = call->argc - 2;
	struct key_refs refs = {0};
	const struct command *c = command_resolve(call->exec->commands, argv, argc, NULL);

	if (c == NULL)
		return call_fail(call, E_GETKEYS_COMMAND);
	if (!command_has_keys(c))
		return call_fail(call, E_GETKEYS_NONE);
	if (!command_arity_fits(c, argc))
		return call_fail(call, E_GETKEYS_ARITY);
	bool is_known = command_keys(c, argv, argc, &refs) && refs.count > 0;
	if (!is_known && !(c->flags & CMD_NO_MANDATORY_KEYS)) {
		key_refs_release(&refs);
		return call_fail(call, E_GETKEYS_ARGUMENTS);
	}
	reply_array(call->reply, refs.count);
	for (int i = 0; i < refs.count; i++)
		reply_key(call, &refs.refs[i], with_flags);
	key_refs_release(&refs);
	return DONE;
}

static enum outcome command_getkeys(struct call *call)
{
	return reply_keys(call, false);
}

static enum outcome command_getkeysandflags(struct call *call)
{
	return reply_keys(call, true);
}

static enum outcome command_help(struct call *call)
{
	static const char *const lines[] = {
		"(no subcommand)",
		"    Return details about all commands.",
		"COUNT",
		"    Return how many commands this server has.",
		"LIST [FILTERBY <MODULE|ACLCAT|PATTERN> <value>]",
		"    Return the names of the commands.",
		"INFO [<command-name> ...]",
		"    Return details about the named commands, or about all.",
		"DOCS [<command-name> ...]",
		"    Return the documentation of the named commands, or of all.",
		"GETKEYS <full-command>",
		"    Return the keys of a full command.",
		"GETKEYSANDFLAGS <full-command>",
		"    Return the keys of a full command and how each is accessed.",
		NULL,
	};
	return help_reply(call, lines);
}

/* --- rows ------------------------------------------------------------------------------------- */

#define COMMAND_FLAGS (CMD_LOADING | CMD_STALE)
#define COMMAND_ROW .group = "server", .flags = COMMAND_FLAGS, .categories = "connection"

static const struct command_row command_subcommands[] = {
	{.name = "COUNT",
		.run = command_count,
		COMMAND_ROW,
		.since = "2.8.13",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Counts the commands."},
	{.name = "DOCS",
		.run = command_docs,
		COMMAND_ROW,
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of commands to look up",
		.syntax = "[command-name...]",
		.tips = "nondeterministic_output_order",
		.summary = "Documents commands: summary, history, arguments."},
	{.name = "GETKEYS",
		.run = command_getkeys,
		COMMAND_ROW,
		.since = "2.8.13",
		.complexity = "O(N) where N is the number of arguments to the command",
		.syntax = "command [arg...]",
		.summary = "Extracts the keys from a full command."},
	{.name = "GETKEYSANDFLAGS",
		.run = command_getkeysandflags,
		COMMAND_ROW,
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of arguments to the command",
		.syntax = "command [arg...]",
		.summary = "Extracts the keys from a full command, with how each is accessed."},
	{.name = "HELP",
		.run = command_help,
		COMMAND_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "INFO",
		.run = command_info,
		COMMAND_ROW,
		.since = "2.8.13",
		.complexity = "O(N) where N is the number of commands to look up",
		.syntax = "[command-name...]",
		.tips = "nondeterministic_output_order",
		.history =
			"7.0.0=Allowed to be called with no argument to get info on all commands.",
		.summary = "Describes commands: arity, flags, keys."},
	{.name = "LIST",
		.run = command_list,
		COMMAND_ROW,
		.since = "7.0.0",
		.complexity = "O(N) where N is the total number of commands",
		.syntax = "[FILTERBY filterby={MODULE module-name|ACLCAT category|PATTERN "
			  "pattern:pattern}]",
		.tips = "nondeterministic_output_order",
		.summary = "Lists the names of the commands."},
	{.name = NULL},
};

const struct command_row command_commands[] = {
	{.name = "COMMAND", .run = command, COMMAND_ROW, .since = "2.8.13",
		.complexity = "O(N) where N is the total number of commands",
		.syntax = "<[arg...]>", .tips = "nondeterministic_output_order",
		.summary = "Describes all commands.", .subcommands = command_subcommands},
	{.name = NULL},
};
