/* SPDX-License-Identifier: BSD-3-Clause
 *
 * XGROUP, and XACK. What groups change is no modification of the key to watchers; only what wakes
 * readers (a new key, a group that is gone) is published as one.
 */
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/stream.h"
#include "exec/effect.h"
#include "exec/exec.h"

/* Options may not come twice as often as they like. */
#define CREATE_WORDS_MAX 8
#define SETID_WORDS_MAX 7

/* XGROUP <what> key group …: the stream is open, the group looked for. */
struct xgroup {
	struct edit edit;
	struct stream_body *s; /* NULL: the key is to be made */
	struct stream_group *g;
	bool make_stream;
	int64_t entries_read;
};

static enum outcome wrong_usage(struct call *call)
{
	struct bytes_clip what = bytes_clip_text(call->argv[1], SIZE_MAX);
	return call_failf(call, E_SUBCOMMAND_USAGE, what.text, "XGROUP");
}

static bool xgroup_options(struct call *call, struct xgroup *x, bool knows_mkstream)
{
	for (int i = 5; i < call->argc; i++) {
		if (knows_mkstream && call_arg_is(call, i, "MKSTREAM")) {
			x->make_stream = true;
		} else if (i + 1 < call->argc && call_arg_is(call, i, "ENTRIESREAD")) {
			if (!call_arg_i64(call, ++i, &x->entries_read))
				return false;
			if (x->entries_read < STREAM_READ_UNKNOWN)
				return call_fail(call, E_ENTRIES_READ), false;
		} else {
			return wrong_usage(call), false;
		}
	}
	return true;
}

static bool xgroup_open(struct call *call, struct xgroup *x, bool needs_group)
{
	enum found found = container_open(
		call, 2, TYPE_STREAM, x->make_stream ? &stream_empty : NULL, &x->edit);
	if (found == REFUSED)
		return false;
	if (found == MISSING)
		return call_fail(call, E_XGROUP_NO_KEY), false;
	x->s = x->edit.value.ptr;
	if (x->s != NULL)
		x->g = stream_group_find(x->s, call->argv[3]);
	if (x->g != NULL || !needs_group)
		return true;
	stream_fail(call, E_NOGROUP_FOR_KEY, call->argv[3], call->argv[2]);
	return false;
}

/* An id, or `$` for the last one; for SETID also `-` and `+`. */
static bool arg_place(struct call *call, const struct xgroup *x, bool is_setid, struct id *id)
{
	struct bytes text = call->argv[4];
	if (bytes_equal(text, BYTES("$")))
		*id = x->s == NULL ? ID_LEAST : x->s->last;
	else if (is_setid && bytes_equal(text, BYTES("-")))
		*id = ID_LEAST;
	else if (is_setid && bytes_equal(text, BYTES("+")))
		*id = ID_GREATEST;
	else
		return stream_arg_id(call, 4, 0, id);
	return true;
}

/* `$` is said as the id that it was. */
static void place_effect(struct call *call, struct id id)
{
	struct bytes before = call->argv[4];
	struct stream_text text = stream_text_id(id);
	if (!effect_wanted(call) || !bytes_equal(before, BYTES("$")))
		return;
	call->argv[4] = stream_text_bytes(&text);
	effect_rewrite(call, call->argv, call->argc);
	call->argv[4] = before;
}

static enum outcome xgroup_create(struct call *call)
{
	struct xgroup x = {.entries_read = STREAM_READ_UNKNOWN};
	struct id id;
	if (!xgroup_options(call, &x, true) || !xgroup_open(call, &x, false))
		return FAILED;
	if (call->argc > CREATE_WORDS_MAX)
		return wrong_usage(call);
	if (!arg_place(call, &x, false, &id))
		return FAILED;
	if (x.g != NULL)
		return call_fail(call, E_BUSYGROUP);
	bool is_new = x.s == NULL;
	stream_group_create(stream_of(&x.edit.value), call->argv[3], id, x.entries_read);
	place_effect(call, id);
	if (is_new)
		edit_close(&x.edit, EVENT_STREAM, "xgroup-create", 1);
	else
		stream_close_noting(&x.edit, "xgroup-create", 1);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome xgroup_setid(struct call *call)
{
	struct xgroup x = {.entries_read = STREAM_READ_UNKNOWN};
	struct id id;
	if (!xgroup_options(call, &x, false) || !xgroup_open(call, &x, true))
		return FAILED;
	if (call->argc > SETID_WORDS_MAX)
		return wrong_usage(call);
	if (!arg_place(call, &x, true, &id))
		return FAILED;
	x.g->last = id;
	x.g->entries_read = x.entries_read;
	place_effect(call, id);
	stream_close_noting(&x.edit, "xgroup-setid", 1);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome xgroup_destroy(struct call *call)
{
	struct xgroup x = {0};
	struct value gone;
	if (!xgroup_open(call, &x, false))
		return FAILED;
	if (x.g != NULL) {
		stream_group_destroy(x.s, call->argv[3], &gone);
		/* Its waiting readers are told. */
		edit_close(&x.edit, EVENT_STREAM, "xgroup-destroy", 1);
		stream_bury(call, &gone);
	}
	reply_i64(call->reply, x.g != NULL);
	return DONE;
}

static enum outcome xgroup_createconsumer(struct call *call)
{
	struct xgroup x = {0};
	bool created;
	if (!xgroup_open(call, &x, true))
		return FAILED;
	stream_consumer_get(x.g, call->argv[4], call->exec->now_ms, &created);
	stream_close_noting(&x.edit, "xgroup-createconsumer", created);
	reply_i64(call->reply, created);
	return DONE;
}

static enum outcome xgroup_delconsumer(struct call *call)
{
	struct xgroup x = {0};
	struct value gone;
	if (!xgroup_open(call, &x, true))
		return FAILED;
	int64_t pending = stream_consumer_delete(x.g, call->argv[4], &gone);
	stream_close_noting(&x.edit, "xgroup-delconsumer", pending >= 0);
	stream_bury(call, &gone);
	reply_i64(call->reply, pending < 0 ? 0 : pending);
	return DONE;
}

static enum outcome xgroup_help(struct call *call)
{
	static const char *const lines[] = {
		"CREATE <key> <groupname> <id|$> [option]",
		"    Create a new consumer group. Options are:",
		"    * MKSTREAM",
		"      Create the empty stream if it does not exist.",
		"    * ENTRIESREAD entries_read",
		"      Set the group's entries_read counter (internal use).",
		"CREATECONSUMER <key> <groupname> <consumer>",
		"    Create a new consumer in the specified group.",
		"DELCONSUMER <key> <groupname> <consumer>",
		"    Remove the specified consumer.",
		"DESTROY <key> <groupname>",
		"    Remove the specified group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
		"    Set the current group ID and entries_read counter.",
		NULL,
	};
	return help_reply(call, lines);
}

/* --- XACK --- */

static enum outcome xack(struct call *call)
{
	struct edit edit;
	struct id id;
	uint64_t acked = 0;
	enum found found = container_open(call, 1, TYPE_STREAM, NULL, &edit);
	if (found == REFUSED)
		return FAILED;
	struct stream_group *g =
		found == FOUND ? stream_group_find(edit.value.ptr, call->argv[2]) : NULL;
	if (g != NULL) {
		for (int i = 3; i < call->argc; i++)
			if (!stream_arg_id(call, i, 0, &id))
				return FAILED;
		for (int i = 3; i < call->argc; i++) {
			stream_parse_id(call->argv[i], 0, &id);
			acked += stream_pending_delete(g, id);
		}
		stream_close_quietly(&edit, acked);
	}
	reply_i64(call->reply, (int64_t)acked);
	return DONE;
}

#define PLACE "id-selector={id|new-id='$'} "

static const struct command_row xgroup_subcommands[] = {
	{.name = "CREATE",
		.run = xgroup_create,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "7.0.0=Added the `entries_read` named argument.",
		.syntax = "key:key:RW+insert group " PLACE
			  "[MKSTREAM] [ENTRIESREAD entries-read:integer]",
		.summary = "Makes a group of a stream."},
	{.name = "CREATECONSUMER",
		.run = xgroup_createconsumer,
		.flags = CMD_WRITE | CMD_DENY_OOM,
		STREAM_ROW,
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+insert group consumer",
		.summary = "Makes a consumer of a group."},
	{.name = "DELCONSUMER",
		.run = xgroup_delconsumer,
		.flags = CMD_WRITE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "key:key:RW+delete group consumer",
		.summary = "Deletes a consumer with what it has pending."},
	{.name = "DESTROY",
		.run = xgroup_destroy,
		.flags = CMD_WRITE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(N) where N is the number of entries in the group's pending "
			      "entries list (PEL).",
		.syntax = "key:key:RW+delete group",
		.summary = "Deletes a group."},
	{.name = "HELP",
		.run = xgroup_help,
		.flags = CMD_LOADING | CMD_STALE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Explains the subcommands."},
	{.name = "SETID",
		.run = xgroup_setid,
		.flags = CMD_WRITE,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1)",
		.history = "7.0.0=Added the optional `entries_read` argument.",
		.syntax = "key:key:RW+update group " PLACE
			  "[ENTRIESREAD entriesread:integer]~entries-read",
		.summary = "Sets how far a group has read."},
	{0},
};

const struct command_row stream_group_commands[] = {
	{.name = "XGROUP",
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "Depends on subcommand.",
		.summary = "Holds the commands of a stream's groups.",
		.subcommands = xgroup_subcommands},
	{.name = "XACK",
		.run = xack,
		.flags = CMD_WRITE | CMD_FAST,
		STREAM_ROW,
		.since = "5.0.0",
		.complexity = "O(1) for each message ID processed.",
		.syntax = "key:key:RW+update group id...",
		.summary = "Acknowledges entries that a group was given."},
	{0},
};
