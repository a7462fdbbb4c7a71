/* SPDX-License-Identifier: BSD-3-Clause
 *
 * XINFO: what is known of a stream, its groups and their consumers.
 */
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/stream.h"
#include "exec/exec.h"

#define FULL_COUNT_DEFAULT 10

/* The stream, or an error. */
static const struct stream_body *info_open(struct call *call)
{
	enum found found;
	const struct stream_body *s = stream_read(call, 2, &found);
	if (found == MISSING)
		call_fail(call, E_NO_KEY);
	return s;
}

static void reply_name(struct reply *r, const char *name)
{
	reply_bulk_text(r, name);
}

static void reply_number(struct reply *r, const char *name, uint64_t value)
{
	reply_bulk_text(r, name);
	reply_i64(r, (int64_t)value);
}

static void reply_named_id(struct reply *r, const char *name, struct id id)
{
	reply_bulk_text(r, name);
	stream_reply_id(r, id);
}

/* entries-read and lag. */
static void reply_progress(
	struct reply *r, const struct stream_body *s, const struct stream_group *g)
{
	uint64_t lag;
	reply_name(r, "entries-read");
	if (g->entries_read == STREAM_READ_UNKNOWN)
		reply_null(r);
	else
		reply_i64(r, g->entries_read);
	reply_name(r, "lag");
	if (stream_group_lag(s, g, &lag))
		reply_i64(r, (int64_t)lag);
	else
		reply_null(r);
}

/* --- XINFO STREAM --- */

/* A radix tree's nodes for so many keys, as a rough figure: a root, and a leaf for each. */
static uint64_t node_figure(uint64_t pieces)
{
	return pieces + 1;
}

static void reply_head(struct reply *r, const struct stream_body *s)
{
	uint64_t pieces = id_tree_count(&s->pieces);
	reply_number(r, "length", s->length);
	reply_number(r, "radix-tree-keys", pieces);
	reply_number(r, "radix-tree-nodes", node_figure(pieces));
	reply_named_id(r, "last-generated-id", s->last);
	reply_named_id(r, "max-deleted-entry-id", s->max_deleted);
	reply_number(r, "entries-added", s->added);
	reply_named_id(r, "recorded-first-entry-id", s->first);
}

static void reply_edge(
	struct reply *r, const struct stream_body *s, const char *name, bool backwards)
{
	struct stream_iter it;
	reply_name(r, name);
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, backwards);
	if (stream_next(&it))
		stream_reply_entry(r, &it.entry);
	else
		reply_null(r);
}

/* The pending entries of a group (with their owners) or of a consumer. */
static void reply_pending(
	struct reply *r, const struct id_tree *tree, uint64_t count, bool with_owner)
{
	uint64_t sent = 0;
	reply_number(r, "pel-count", tree->weight);
	reply_name(r, "pending");
	struct reply_hole hole = reply_open(r);
	for (struct id_place at = id_tree_first(tree);
		at.leaf != NULL && (count == 0 || sent < count); at = id_place_next(at)) {
		const struct stream_pending *p = id_place_item(at)->ptr;
		reply_array(r, with_owner ? 4 : 3);
		stream_reply_id(r, id_place_item(at)->id);
		if (with_owner)
			reply_bulk(r, p->consumer->name);
		reply_i64(r, p->time_ms);
		reply_i64(r, (int64_t)p->count);
		sent++;
	}
	reply_close_array(r, hole, (int64_t)sent);
}

static void reply_full_group(
	struct reply *r, const struct stream_body *s, const struct stream_group *g, uint64_t count)
{
	reply_map(r, 7);
	reply_name(r, "name");
	reply_bulk(r, g->name);
	reply_named_id(r, "last-delivered-id", g->last);
	reply_progress(r, s, g);
	reply_pending(r, &g->pending, count, true);
	reply_name(r, "consumers");
	reply_array(r, (int64_t)g->consumers.count);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		reply_map(r, 5);
		reply_name(r, "name");
		reply_bulk(r, c->name);
		reply_number(r, "seen-time", (uint64_t)c->seen_ms);
		reply_number(r, "active-time", (uint64_t)c->active_ms);
		reply_pending(r, &c->pending, count, false);
	}
}

static void reply_full(struct reply *r, const struct stream_body *s, uint64_t count)
{
	struct stream_iter it;
	reply_map(r, 9);
	reply_head(r, s);
	reply_name(r, "entries");
	stream_iter_init(&it, s, ID_LEAST, ID_GREATEST, false);
	stream_reply_range(r, &it, count);
	reply_name(r, "groups");
	reply_array(r, (int64_t)s->groups.count);
	for (size_t i = 0; i < s->groups.count; i++)
		reply_full_group(r, s, s->groups.items[i], count);
}

static enum outcome xinfo_stream(struct call *call)
{
	int64_t count = FULL_COUNT_DEFAULT;
	bool is_full = call->argc > 3;
	const struct stream_body *s = info_open(call);
	if (s == NULL)
		return FAILED;
	bool is_right =
		!is_full ||
		(call_arg_is(call, 3, "FULL") &&
			(call->argc == 4 || (call->argc == 6 && call_arg_is(call, 4, "COUNT"))));
	if (!is_right) {
		struct bytes_clip what = bytes_clip_text(call->argv[1], SIZE_MAX);
		return call_failf(call, E_SUBCOMMAND_USAGE, what.text, "XINFO");
	}
	if (call->argc == 6) {
		if (!call_arg_i64(call, 5, &count))
			return FAILED;
		if (count < 0)
			count = FULL_COUNT_DEFAULT;
	}
	if (is_full) {
		reply_full(call->reply, s, (uint64_t)count);
		return DONE;
	}
	reply_map(call->reply, 10);
	reply_head(call->reply, s);
	reply_number(call->reply, "groups", s->groups.count);
	reply_edge(call->reply, s, "first-entry", false);
	reply_edge(call->reply, s, "last-entry", true);
	return DONE;
}

/* --- XINFO GROUPS, CONSUMERS --- */

static enum outcome xinfo_groups(struct call *call)
{
	struct reply *r = call->reply;
	const struct stream_body *s = info_open(call);
	if (s == NULL)
		return FAILED;
	reply_array(r, (int64_t)s->groups.count);
	for (size_t i = 0; i < s->groups.count; i++) {
		const struct stream_group *g = s->groups.items[i];
		reply_map(r, 6);
		reply_name(r, "name");
		reply_bulk(r, g->name);
		reply_number(r, "consumers", g->consumers.count);
		reply_number(r, "pending", g->pending.weight);
		reply_named_id(r, "last-delivered-id", g->last);
		reply_progress(r, s, g);
	}
	return DONE;
}

static enum outcome xinfo_consumers(struct call *call)
{
	struct reply *r = call->reply;
	int64_t now = call->exec->now_ms;
	const struct stream_body *s = info_open(call);
	if (s == NULL)
		return FAILED;
	const struct stream_group *g = stream_group_find(s, call->argv[3]);
	if (g == NULL)
		return stream_fail(call, E_NOGROUP_FOR_KEY, call->argv[3], call->argv[2]);
	reply_array(r, (int64_t)g->consumers.count);
	for (size_t i = 0; i < g->consumers.count; i++) {
		const struct stream_consumer *c = g->consumers.items[i];
		int64_t idle = now - c->seen_ms;
		int64_t inactive = now - c->active_ms;
		reply_map(r, 4);
		reply_name(r, "name");
		reply_bulk(r, c->name);
		reply_number(r, "pending", c->pending.weight);
		reply_number(r, "idle", (uint64_t)(idle < 0 ? 0 : idle));
		if (c->active_ms == STREAM_NEVER_ACTIVE)
			inactive = -1;
		else if (inactive < 0)
			inactive = 0;
		reply_number(r, "inactive", (uint64_t)inactive);
	}
	return DONE;
}

static enum outcome xinfo_help(struct call *call)
{
	static const char *const lines[] = {
		"CONSUMERS <key> <groupname>",
		"    Show consumers of <groupname>.",
		"GROUPS <key>",
		"    Show the stream consumer groups.",
		"STREAM <key> [FULL [COUNT <count>]",
		"    Show information about the stream.",
		NULL,
	};
	return help_reply(call, lines);
}

static const struct command_row xinfo_subcommands[] = {
	{.name = "CONSUMERS",
		.run = xinfo_consumers,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "7.2.0=Added the `inactive` field, and changed the meaning of `idle`.",
		.syntax = "key:key:RO+access group",
		.tips = "nondeterministic_output",
		.summary = "Shows the consumers of a group."},
	{.name = "GROUPS",
		.run = xinfo_groups,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "7.0.0=Added the `entries-read` and `lag` fields",
		.syntax = "key:key:RO+access",
		.summary = "Shows the groups of a stream."},
	{.name = "HELP",
		.run = xinfo_help,
		.flags = CMD_LOADING | CMD_STALE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "STREAM",
		.run = xinfo_stream,
		.flags = CMD_READONLY,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "6.0.0=Added the `FULL` modifier."
			   "|7.0.0=Added the `max-deleted-entry-id`, `entries-added`, "
			   "`recorded-first-entry-id`, `entries-read` and `lag` fields"
			   "|7.2.0=Added the `active-time` field, and changed the meaning of "
			   "`seen-time`.",
		.syntax = "key:key:RO+access full-block=[FULL [COUNT count:integer]]",
		.summary = "Shows a stream, with FULL also its entries and groups."},
	{0},
};

const struct command_row stream_info_commands[] = {
	{.name = "XINFO",
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "Depends on subcommand.",
		.summary = "Holds the commands that look into streams.",
		.subcommands = xinfo_subcommands},
	{0},
};
