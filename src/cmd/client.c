/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLIENT: what a connection says about itself, and what an administrator does to connections.
 */
#include "cmd/client.h"

#include "base/mem.h"
#include "base/num.h"
#include "cmd/client_internal.h"
#include "cmd/commands.h"
#include "cmd/durability.h"
#include "cmd/help.h"
#include "cmd/timeout.h"
#include "exec/pause.h"
#include "exec/wait.h"
#include "net/net.h"

bool client_name_is_valid(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < '!' || name.ptr[i] > '~')
			return false;
	return true;
}

void client_set_text(char **field, struct bytes text)
{
	mem_free(*field);
	*field = text.len == 0 ? NULL : mem_dup_bytes_text(text.ptr, text.len);
}

static enum outcome client_id(struct call *call)
{
	reply_i64(call->reply, (int64_t)call->session->id);
	return DONE;
}

static enum outcome client_getname(struct call *call)
{
	if (call->session->name == NULL)
		reply_null(call->reply);
	else
		reply_bulk_text(call->reply, call->session->name);
	return DONE;
}

static enum outcome client_setname(struct call *call)
{
	if (!client_name_is_valid(call->argv[2]))
		return call_fail(call, E_CLIENT_NAME);
	client_set_text(&call->session->name, call->argv[2]);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome client_setinfo(struct call *call)
{
	bool is_name = call_arg_is(call, 2, "lib-name");

	if (!is_name && !call_arg_is(call, 2, "lib-ver"))
		return call_failf(
			call, E_CLIENT_INFO_ATTRIBUTE, bytes_clip_text(call->argv[2], 128).text);
	if (!client_name_is_valid(call->argv[3]))
		return call_failf(call, E_CLIENT_INFO_VALUE, is_name ? "lib-name" : "lib-ver");
	client_set_text(
		is_name ? &call->session->lib_name : &call->session->lib_version, call->argv[3]);
	reply_ok(call->reply);
	return DONE;
}

/* ON and OFF as flag words. */
static enum outcome client_switch(struct call *call, uint32_t flag)
{
	if (call_arg_is(call, 2, "on"))
		call->session->flags |= flag;
	else if (call_arg_is(call, 2, "off"))
		call->session->flags &= ~flag;
	else
		return call_fail(call, E_SYNTAX);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome client_no_evict(struct call *call)
{
	return client_switch(call, SESSION_NO_EVICT);
}

static enum outcome client_no_touch(struct call *call)
{
	return client_switch(call, SESSION_NO_TOUCH);
}

static enum outcome client_reply(struct call *call)
{
	struct session *s = call->session;

	if (call_arg_is(call, 2, "on")) {
		s->flags &= ~(
			uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT);
		s->reply.out = &s->out; /* this very reply is seen again */
		reply_ok(call->reply);
	} else if (call_arg_is(call, 2, "off")) {
		s->flags |= SESSION_REPLY_OFF;
	} else if (call_arg_is(call, 2, "skip")) {
		if (!(s->flags & SESSION_REPLY_OFF))
			s->flags |= SESSION_REPLY_SKIP_NEXT;
	} else {
		return call_fail(call, E_SYNTAX);
	}
	return DONE;
}

static enum outcome client_unblock(struct call *call)
{
	int64_t id;
	bool with_error = false;

	if (call->argc > 4)
		return help_fail_usage(call);
	if (call->argc == 4) {
		with_error = call_arg_is(call, 3, "error");
		if (!with_error && !call_arg_is(call, 3, "timeout"))
			return call_fail(call, E_UNBLOCK_REASON);
	}
	if (!call_arg_i64(call, 2, &id))
		return FAILED;
	struct session *s = id > 0 ? session_by_id(call->exec, (uint64_t)id) : NULL;
	reply_i64(call->reply, s != NULL && wait_unblock(s, with_error));
	return DONE;
}

static enum outcome client_pause(struct call *call)
{
	enum pause_kind kind = PAUSE_ALL;
	int64_t timeout_ms;

	if (call->argc > 4)
		return help_fail_usage(call);
	if (call->argc == 4) {
		if (call_arg_is(call, 3, "write"))
			kind = PAUSE_WRITES;
		else if (!call_arg_is(call, 3, "all"))
			return call_fail(call, E_PAUSE_MODE);
	}
	if (!timeout_parse_ms(call, 2, &timeout_ms))
		return FAILED;
	pause_begin(call->exec, PAUSE_BY_COMMAND, kind, call->exec->now_ms + timeout_ms);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome client_unpause(struct call *call)
{
	pause_end(call->exec, PAUSE_BY_COMMAND);
	reply_ok(call->reply);
	return DONE;
}

static enum outcome client_help(struct call *call)
{
	static const char *const lines[] = {
		"CACHING (YES|NO)",
		"    Decide for the next command whether its keys are tracked (OPTIN and OPTOUT).",
		"DURABILITY (DEFAULT|NONE|WRITTEN|FSYNC)",
		"    Replies wait for nothing, for the log in the page cache, or on the disk.",
		"GETNAME",
		"    Name of this connection.",
		"GETREDIR",
		"    Id of the client that gets the invalidation messages of this one.",
		"ID",
		"    Id of this connection.",
		"INFO",
		"    The line of CLIENT LIST for this connection.",
		"KILL <ip:port>",
		"    Close the connection from that address.",
		"KILL <option> <value> [<option> <value> [...]]",
		"    Close all connections that fit. Options:",
		"    * ID <client-id>, ADDR <ip:port>, LADDR <ip:port>, USER <username>, MAXAGE "
		"<seconds>",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
		"    * SKIPME (YES|NO): spare this connection (default: yes).",
		"LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> [...]]",
		"    One line per connection.",
		"NO-EVICT (ON|OFF)",
		"    Protect this connection from client eviction.",
		"NO-TOUCH (ON|OFF)",
		"    Let this connection's commands not count as use of keys (LRU, LFU).",
		"PAUSE <timeout> [WRITE|ALL]",
		"    Hold back all commands, or writes, for that many milliseconds.",
		"REPLY (ON|OFF|SKIP)",
		"    Switch the replies to this connection.",
		"SETINFO <attribute> <value>",
		"    Say which library this is: LIB-NAME or LIB-VER.",
		"SETNAME <name>",
		"    Name this connection.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] "
		"[OPTOUT] [NOLOOP]",
		"    Send invalidation messages for keys that this connection has read.",
		"TRACKINGINFO",
		"    How tracking is set for this connection.",
		"UNBLOCK <client-id> [TIMEOUT|ERROR]",
		"    End the blocking command of that connection.",
		"UNPAUSE",
		"    End a pause at once.",
		NULL,
	};
	return help_reply(call, lines);
}

#define CLIENT_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)
#define CLIENT_ADMIN (CLIENT_FLAGS | CMD_ADMIN)
#define CLIENT_ROW(NAME, handler, FLAGS, SINCE, COMPLEXITY, SYNTAX, SUMMARY, ...)                  \
	{                                                                                          \
		.name = NAME, .run = handler, .flags = FLAGS, .group = "connection",               \
		.since = SINCE, .complexity = COMPLEXITY, .syntax = SYNTAX, .summary = SUMMARY,    \
		__VA_ARGS__                                                                        \
	}

#define CLIENT_TYPES "{NORMAL@5.0.0|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB}"

static const struct command_row client_subcommands[] = {
	CLIENT_ROW("CACHING", client_caching, CLIENT_FLAGS, "6.0.0", "O(1)", "mode={YES|NO}",
		"Decides whether the next command's keys are tracked.", ),
	CLIENT_ROW("DURABILITY", client_durability, CLIENT_FLAGS, "7.2.0", "O(1)",
		"level={DEFAULT|NONE|WRITTEN|FSYNC}",
		"How safe what this connection sees must be before it is told.", ),
	CLIENT_ROW("GETNAME", client_getname, CLIENT_FLAGS, "2.6.9", "O(1)", "",
		"Name of the connection.", ),
	CLIENT_ROW("GETREDIR", client_getredir, CLIENT_FLAGS, "6.0.0", "O(1)", "",
		"Id of the client that gets the invalidation messages.", ),
	CLIENT_ROW("HELP", client_help, CMD_LOADING | CMD_STALE, "5.0.0", "O(1)", "",
		"Lists the subcommands.", ),
	CLIENT_ROW("ID", client_id, CLIENT_FLAGS, "5.0.0", "O(1)", "", "Id of the connection.", ),
	CLIENT_ROW("INFO", client_info, CLIENT_FLAGS, "6.2.0", "O(1)", "",
		"Describes the connection.", .tips = "nondeterministic_output"),
	CLIENT_ROW("KILL", client_kill, CLIENT_ADMIN, "2.4.0",
		"O(N) where N is the number of client connections",
		"filter={old-format~ip:port!2.8.12|new-format={[ID client-id:integer]@2.8.12|[TYPE "
		"client-type={NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB}]@2.8.12|[USER "
		"username]|[ADDR "
		"addr~ip:port]|[LADDR laddr~ip:port]@6.2.0|[SKIPME skipme={YES|NO}]|[MAXAGE "
		"maxage:integer]@7.4.0}...}",
		"Closes connections.",
		.history = "2.8.12=Added new filter format.|2.8.12=`ID` option.|3.2.0=Added "
			   "`master` type in for "
			   "`TYPE` option.|5.0.0=Replaced `slave` `TYPE` with `replica`. `slave` "
			   "still supported for "
			   "backward compatibility.|6.2.0=`LADDR` option."),
	CLIENT_ROW("LIST", client_list, CLIENT_ADMIN, "2.4.0",
		"O(N) where N is the number of client connections",
		"[TYPE client-type={NORMAL|MASTER|REPLICA|PUBSUB}]@5.0.0 [ID "
		"client-id:integer...]@6.2.0",
		"Lists the connections.", .tips = "nondeterministic_output",
		.history = "2.8.12=Added unique client `id` field.|5.0.0=Added optional `TYPE` "
			   "filter.|6.0.0=Added "
			   "`user` field.|6.2.0=Added `argv-mem`, `tot-mem`, `laddr` and `redir` "
			   "fields and the optional "
			   "`ID` filter.|7.0.0=Added `resp`, `multi-mem`, `rbs` and `rbp` "
			   "fields.|7.0.3=Added `ssub` field."),
	CLIENT_ROW("NO-EVICT", client_no_evict, CLIENT_ADMIN, "7.0.0", "O(1)", "enabled={ON|OFF}",
		"Protects the connection from client eviction.", ),
	CLIENT_ROW("NO-TOUCH", client_no_touch, CLIENT_FLAGS, "7.2.0", "O(1)", "enabled={ON|OFF}",
		"Lets the connection's commands leave LRU and LFU alone.", ),
	CLIENT_ROW("PAUSE", client_pause, CLIENT_ADMIN, "3.0.0", "O(1)",
		"timeout:integer mode=[WRITE|ALL]@6.2.0", "Holds back commands for a while.",
		.history = "6.2.0=`CLIENT PAUSE WRITE` mode added along with the `mode` option."),
	CLIENT_ROW("REPLY", client_reply, CLIENT_FLAGS, "3.2.0", "O(1)", "action={ON|OFF|SKIP}",
		"Switches the replies to the connection.", ),
	CLIENT_ROW("SETINFO", client_setinfo, CLIENT_FLAGS, "7.2.0", "O(1)",
		"attr={LIB-NAME libname|LIB-VER libver}", "Names the client library.",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded"),
	CLIENT_ROW("SETNAME", client_setname, CLIENT_FLAGS, "2.6.9", "O(1)", "connection-name",
		"Names the connection.", ),
	CLIENT_ROW("TRACKING", client_tracking, CLIENT_FLAGS, "6.0.0",
		"O(1). Some options may introduce additional complexity.",
		"status={ON|OFF} [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] [OPTIN] "
		"[OPTOUT] [NOLOOP]",
		"Switches invalidation messages for keys that this connection has read.", ),
	CLIENT_ROW("TRACKINGINFO", client_trackinginfo, CLIENT_FLAGS, "6.2.0", "O(1)", "",
		"How tracking is set for the connection.", ),
	CLIENT_ROW("UNBLOCK", client_unblock, CLIENT_ADMIN, "5.0.0",
		"O(log N) where N is the number of client connections",
		"client-id:integer unblock-type=[TIMEOUT|ERROR]",
		"Ends another connection's blocking command.", ),
	CLIENT_ROW("UNPAUSE", client_unpause, CLIENT_ADMIN, "6.2.0",
		"O(N) Where N is the number of paused clients", "", "Ends a pause.", ),
	{0},
};

const struct command_row client_commands[] = {
	{.name = "CLIENT",
		.group = "connection",
		.since = "2.4.0",
		.complexity = "Depends on subcommand.",
		.summary = "A container for client connection commands.",
		.syntax = "",
		.subcommands = client_subcommands},
	{0},
};
