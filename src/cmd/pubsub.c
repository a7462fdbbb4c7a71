/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SUBSCRIBE and its kin, PUBLISH, SPUBLISH, PUBSUB: thin words over push/pubsub.
 */
#include "push/pubsub.h"

#include "base/buf.h"
#include "base/match.h"
#include "cmd/commands.h"
#include "cmd/help.h"

/* Confirmations are messages: they go to the client even where its replies are off. */
static void confirm(struct session *s, const char *word, const struct bytes *name, int count)
{
	struct reply push = {.out = &s->out, .resp = s->reply.resp};

	reply_push(&push, 3);
	reply_bulk_text(&push, word);
	if (name == NULL)
		reply_null(&push);
	else
		reply_bulk(&push, *name);
	reply_i64(&push, count);
}

static int confirmed_count(const struct session *s, enum channel_kind kind)
{
	if (kind == CHANNEL_SHARD)
		return pubsub_session_count(s, CHANNEL_SHARD);
	return pubsub_session_count(s, CHANNEL_PLAIN) + pubsub_session_count(s, CHANNEL_PATTERN);
}

static enum outcome subscribe_all(struct call *call, enum channel_kind kind, const char *word)
{
	struct session *s = call->session;

	bool is_allowed = s->flags & SESSION_IN_EXEC && kind != CHANNEL_SHARD;
	if (s->flags & SESSION_DENY_BLOCKING && !is_allowed)
		return call_failf(call, E_SUBSCRIBE_DENIED, call->command->row->name);
	for (int i = 1; i < call->argc; i++) {
		pubsub_subscribe(s, kind, call->argv[i]);
		confirm(s, word, &call->argv[i], confirmed_count(s, kind));
	}
	return DONE;
}

struct unsubscribe_walk {
	enum channel_kind kind;
	const char *word;
};

static void unsubscribe_one(struct session *s, struct bytes name, void *context)
{
	const struct unsubscribe_walk *walk = context;
	struct buf copy = {0};

	buf_add_bytes(&copy, name); /* the name lives in what is being taken away */
	struct bytes kept = buf_bytes(&copy);
	pubsub_unsubscribe(s, walk->kind, kept);
	confirm(s, walk->word, &kept, confirmed_count(s, walk->kind));
	buf_release(&copy);
}

static enum outcome unsubscribe_all(struct call *call, enum channel_kind kind, const char *word)
{
	struct session *s = call->session;
	struct unsubscribe_walk walk = {kind, word};

	for (int i = 1; i < call->argc; i++)
		unsubscribe_one(s, call->argv[i], &walk);
	if (call->argc > 1)
		return DONE;
	if (pubsub_session_count(s, kind) == 0)
		confirm(s, word, NULL, confirmed_count(s, kind));
	else
		pubsub_session_each(s, kind, unsubscribe_one, &walk);
	return DONE;
}

static enum outcome subscribe(struct call *call)
{
	return subscribe_all(call, CHANNEL_PLAIN, "subscribe");
}

static enum outcome psubscribe(struct call *call)
{
	return subscribe_all(call, CHANNEL_PATTERN, "psubscribe");
}

static enum outcome ssubscribe(struct call *call)
{
	return subscribe_all(call, CHANNEL_SHARD, "ssubscribe");
}

static enum outcome unsubscribe(struct call *call)
{
	return unsubscribe_all(call, CHANNEL_PLAIN, "unsubscribe");
}

static enum outcome punsubscribe(struct call *call)
{
	return unsubscribe_all(call, CHANNEL_PATTERN, "punsubscribe");
}

static enum outcome sunsubscribe(struct call *call)
{
	return unsubscribe_all(call, CHANNEL_SHARD, "sunsubscribe");
}

static enum outcome publish(struct call *call)
{
	reply_i64(call->reply,
		pubsub_publish(call->exec, CHANNEL_PLAIN, call->argv[1], call->argv[2]));
	return DONE;
}

static enum outcome spublish(struct call *call)
{
	reply_i64(call->reply,
		pubsub_publish(call->exec, CHANNEL_SHARD, call->argv[1], call->argv[2]));
	return DONE;
}

/* --- PUBSUB ----------------------------------------------------------------------------------- */

struct channels_walk {
	struct reply *reply;
	const struct bytes *pattern;
	int64_t count;
};

static void channels_add(struct bytes name, size_t subscribers, void *context)
{
	struct channels_walk *walk = context;

	(void)subscribers;
	if (walk->pattern != NULL && !match_glob(*walk->pattern, name, false))
		return;
	reply_bulk(walk->reply, name);
	walk->count++;
}

static enum outcome channels_reply(struct call *call, enum channel_kind kind)
{
	struct channels_walk walk = {call->reply, call->argc == 3 ? &call->argv[2] : NULL, 0};

	if (call->argc > 3)
		return help_fail_usage(call);
	struct reply_hole hole = reply_open(call->reply);
	pubsub_each(call->exec, kind, channels_add, &walk);
	reply_close_array(call->reply, hole, walk.count);
	return DONE;
}

static enum outcome numsub_reply(struct call *call, enum channel_kind kind)
{
	reply_array(call->reply, (call->argc - 2) * 2);
	for (int i = 2; i < call->argc; i++) {
		reply_bulk(call->reply, call->argv[i]);
		reply_i64(call->reply,
			(int64_t)pubsub_channel_subscribers(call->exec, kind, call->argv[i]));
	}
	return DONE;
}

static enum outcome pubsub_channels(struct call *call)
{
	return channels_reply(call, CHANNEL_PLAIN);
}

static enum outcome pubsub_shardchannels(struct call *call)
{
	return channels_reply(call, CHANNEL_SHARD);
}

static enum outcome pubsub_numsub(struct call *call)
{
	return numsub_reply(call, CHANNEL_PLAIN);
}

static enum outcome pubsub_shardnumsub(struct call *call)
{
	return numsub_reply(call, CHANNEL_SHARD);
}

static enum outcome pubsub_numpat(struct call *call)
{
	reply_i64(call->reply, (int64_t)pubsub_count(call->exec, CHANNEL_PATTERN));
	return DONE;
}

static enum outcome pubsub_help(struct call *call)
{
	static const char *const lines[] = {
		"CHANNELS [<pattern>]",
		"    Channels with subscribers; patterns are not counted (default: all).",
		"NUMPAT",
		"    How many patterns are subscribed to.",
		"NUMSUB [<channel> ...]",
		"    Subscribers of each channel, patterns left out.",
		"SHARDCHANNELS [<pattern>]",
		"    Shard channels with subscribers.",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    Subscribers of each shard channel.",
		NULL,
	};
	return help_reply(call, lines);
}

#define PUSH_FLAGS (CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)
#define LOOK_FLAGS (CMD_PUBSUB | CMD_LOADING | CMD_STALE)

static const struct command_row pubsub_subcommands[] = {
	{.name = "CHANNELS",
		.run = pubsub_channels,
		.flags = LOOK_FLAGS,
		.group = "pubsub",
		.since = "2.8.0",
		.complexity = "O(N) where N is the number of active channels",
		.syntax = "[pattern:pattern]",
		.summary = "Lists the channels that have subscribers."},
	{.name = "HELP",
		.run = pubsub_help,
		.flags = CMD_LOADING | CMD_STALE,
		.group = "pubsub",
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Lists the subcommands."},
	{.name = "NUMPAT",
		.run = pubsub_numpat,
		.flags = LOOK_FLAGS,
		.group = "pubsub",
		.since = "2.8.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Counts the patterns that are subscribed to."},
	{.name = "NUMSUB",
		.run = pubsub_numsub,
		.flags = LOOK_FLAGS,
		.group = "pubsub",
		.since = "2.8.0",
		.complexity = "O(N) where N is the number of requested channels",
		.syntax = "[channel...]",
		.summary = "Counts the subscribers of channels."},
	{.name = "SHARDCHANNELS",
		.run = pubsub_shardchannels,
		.flags = LOOK_FLAGS,
		.group = "pubsub",
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of active shard channels",
		.syntax = "[pattern:pattern]",
		.summary = "Lists the shard channels that have subscribers."},
	{.name = "SHARDNUMSUB",
		.run = pubsub_shardnumsub,
		.flags = LOOK_FLAGS,
		.group = "pubsub",
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of requested shard channels",
		.syntax = "[shardchannel...]",
		.summary = "Counts the subscribers of shard channels."},
	{0},
};

const struct command_row pubsub_commands[] = {
	{.name = "SUBSCRIBE",
		.run = subscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of channels to subscribe to.",
		.syntax = "channel...",
		.summary = "Listens to channels."},
	{.name = "UNSUBSCRIBE",
		.run = unsubscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of channels to unsubscribe.",
		.syntax = "[channel...]",
		.summary = "Stops listening to channels."},
	{.name = "PSUBSCRIBE",
		.run = psubscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of patterns to subscribe to.",
		.syntax = "pattern:pattern...",
		.summary = "Listens to all channels that fit patterns."},
	{.name = "PUNSUBSCRIBE",
		.run = punsubscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "2.0.0",
		.complexity = "O(N) where N is the number of patterns to unsubscribe.",
		.syntax = "[pattern:pattern...]",
		.summary = "Stops listening to patterns."},
	{.name = "SSUBSCRIBE",
		.run = ssubscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of shard channels to subscribe to.",
		.syntax = "shardchannel:string:not_key...",
		.summary = "Listens to shard channels."},
	{.name = "SUNSUBSCRIBE",
		.run = sunsubscribe,
		.flags = PUSH_FLAGS,
		.group = "pubsub",
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of shard channels to unsubscribe.",
		.syntax = "[shardchannel:string:not_key...]",
		.summary = "Stops listening to shard channels."},
	{.name = "PUBLISH",
		.run = publish,
		.flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_MAY_REPLICATE,
		.group = "pubsub",
		.since = "2.0.0",
		.complexity = "O(N+M) where N is the number of clients subscribed to the receiving "
			      "channel and "
			      "M is the total number of subscribed patterns (by any client).",
		.syntax = "channel message",
		.summary = "Sends a message to a channel."},
	{.name = "SPUBLISH",
		.run = spublish,
		.flags = CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_MAY_REPLICATE,
		.group = "pubsub",
		.since = "7.0.0",
		.complexity = "O(N) where N is the number of clients subscribed to the receiving "
			      "shard channel.",
		.syntax = "shardchannel:string:not_key message",
		.summary = "Sends a message to a shard channel."},
	{.name = "PUBSUB",
		.group = "pubsub",
		.since = "2.8.0",
		.complexity = "Depends on subcommand.",
		.syntax = "",
		.summary = "A container for commands about channels.",
		.subcommands = pubsub_subcommands},
	{0},
};
