/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The words a connection begins and ends with: PING, ECHO, SELECT, HELLO, AUTH, RESET, QUIT.
 */
#include "acl/acl.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/version.h"
#include "cmd/client.h"
#include "cmd/commands.h"
#include "cmd/keys.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "exec/tx.h"
#include "exec/wait.h"

static enum outcome ping(struct call *call)
{
	if (UNLIKELY(call->argc > 2))
		return call_failf(call, E_ARITY, call->command->name);
	if (UNLIKELY(call->session->flags & SESSION_PUBSUB && call->reply->resp == 2)) {
		reply_array(call->reply, 2);
		reply_bulk_text(call->reply, "pong");
		reply_bulk(call->reply, call->argc == 2 ? call->argv[1] : BYTES(""));
	} else if (call->argc == 1) {
		REPLY_CONSTANT(call->reply, "+PONG\r\n");
	} else {
		reply_bulk(call->reply, call->argv[1]);
	}
	return DONE;
}

static enum outcome echo(struct call *call)
{
	reply_bulk(call->reply, call->argv[1]);
	return DONE;
}

static enum outcome select_db(struct call *call)
{
	const struct db *db = keys_arg_db(call, 1);

	if (db == NULL)
		return FAILED;
	call->session->db = db->id;
	reply_ok(call->reply);
	return DONE;
}

static enum outcome quit(struct call *call)
{
	reply_ok(call->reply);
	session_close(call->session, true);
	return DONE;
}

static bool authenticate(struct call *call, struct bytes user, struct bytes password)
{
	if (acl_authenticate(call->exec->services->acl, call, user, password))
		return true;
	call_fail(call, E_WRONGPASS);
	return false;
}

static enum outcome auth(struct call *call)
{
	for (int i = 1; i < call->argc; i++)
		call_redact(call, i);
	if (call->argc > 3)
		return call_fail(call, E_SYNTAX);
	if (call->argc == 2 && call->exec->services->acl->fallback->is_nopass)
		return call_fail(call, E_AUTH_UNSET);
	struct bytes user = call->argc == 3 ? call->argv[1] : BYTES("default");
	if (!authenticate(call, user, call->argv[call->argc - 1]))
		return FAILED;
	reply_ok(call->reply);
	return DONE;
}

static enum gate_answer auth_check(struct call *call, void *context)
{
	(void)context;
	if (call->session->is_authenticated || call->command->flags & CMD_NO_AUTH)
		return GATE_PASS;
	call_fail(call, E_NOAUTH);
	return GATE_REFUSED;
}

static bool auth_concerns(const struct command *command)
{
	return !(command->flags & CMD_NO_AUTH);
}

void connection_init(struct exec *exec)
{
	gate_register(exec, &(struct gate_row){.gate = GATE_AUTH,
				    .name = "unauthenticated",
				    .check = auth_check,
				    .concerns = auth_concerns});
	exec->exec_run = transactions_exec;
}

static void hello_reply(struct call *call)
{
	struct reply *r = call->reply;

	reply_map(r, 7);
	reply_bulk_text(r, "server");
	reply_bulk_text(r, "redis");
	reply_bulk_text(r, "version");
	reply_bulk_text(r, REDIS_VERSION);
	reply_bulk_text(r, "proto");
	reply_i64(r, r->resp);
	reply_bulk_text(r, "id");
	reply_i64(r, (int64_t)call->session->id);
	reply_bulk_text(r, "mode");
	reply_bulk_text(r, "standalone");
	reply_bulk_text(r, "role");
	reply_bulk_text(r, "master");
	reply_bulk_text(r, "modules");
	reply_array(r, 0);
}

/* The options of HELLO; false after an error reply. */
static bool hello_options(struct call *call, struct bytes *name)
{
	struct bytes user = {NULL, 0}, password = {NULL, 0};

	for (int i = 2; i < call->argc; i++) {
		int more = call->argc - i - 1;
		if (call_arg_is(call, i, "auth") && more >= 2) {
			call_redact(call, i + 1);
			call_redact(call, i + 2);
			user = call->argv[++i];
			password = call->argv[++i];
		} else if (call_arg_is(call, i, "setname") && more >= 1) {
			*name = call->argv[++i];
			if (!client_name_is_valid(*name)) {
				call_fail(call, E_CLIENT_NAME);
				return false;
			}
		} else {
			call_failf(call, E_HELLO_OPTION, bytes_clip_text(call->argv[i], 128).text);
			return false;
		}
	}
	if (user.ptr != NULL && !authenticate(call, user, password))
		return false;
	if (call->session->is_authenticated)
		return true;
	call_fail(call, E_HELLO_NOAUTH);
	return false;
}

static enum outcome hello(struct call *call)
{
	int64_t version = 0;
	struct bytes name = {NULL, 0};

	if (call->argc >= 2) {
		if (!num_parse_i64(call->argv[1], &version))
			return call_fail(call, E_PROTO_VERSION);
		if (version < 2 || version > 3)
			return call_fail(call, E_NOPROTO);
	}
	if (!hello_options(call, &name))
		return FAILED;
	if (name.ptr != NULL)
		client_set_text(&call->session->name, name);
	if (version != 0)
		call->reply->resp = (uint8_t)version;
	hello_reply(call);
	return DONE;
}

static enum outcome reset(struct call *call)
{
	struct session *s = call->session;
	struct exec *exec = call->exec;

	tx_discard(s);
	for (int i = 0; i < exec->on_session_reset_count; i++)
		exec->on_session_reset[i](s);
	s->db = 0;
	s->reply.resp = 2;
	s->flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT |
				SESSION_NO_EVICT | SESSION_NO_TOUCH | SESSION_READONLY);
	client_set_text(&s->name, (struct bytes){NULL, 0});
	acl_logout(exec->services->acl, s);
	reply_simple(call->reply, "RESET");
	return DONE;
}

#define CONNECTION_FLAGS                                                                           \
	(CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY)

const struct command_row connection_commands[] = {
	{.name = "PING",
		.run = ping,
		.flags = CMD_FAST,
		.group = "connection",
		.since = "1.0.0",
		.tips = "request_policy:all_shards|response_policy:all_succeeded",
		.complexity = "O(1)",
		.syntax = "[message]",
		.summary = "Answers PONG, or the message."},
	{.name = "ECHO",
		.run = echo,
		.flags = CMD_FAST | CMD_LOADING | CMD_STALE,
		.group = "connection",
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "message",
		.summary = "Answers the message."},
	{.name = "SELECT",
		.run = select_db,
		.flags = CMD_FAST | CMD_LOADING | CMD_STALE,
		.group = "connection",
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "index:integer",
		.summary = "Changes the connection's database."},
	{.name = "QUIT",
		.run = quit,
		.flags = CONNECTION_FLAGS,
		.group = "connection",
		.since = "1.0.0",
		.complexity = "O(1)",
		.syntax = "<[arg...]>",
		.summary = "Closes the connection.",
		.deprecated = "7.2.0=just closing the connection"},
	{.name = "AUTH",
		.run = auth,
		.flags = CONNECTION_FLAGS,
		.group = "connection",
		.since = "1.0.0",
		.complexity = "O(N) where N is the number of passwords defined for the user",
		.syntax = "[username]@6.0.0 password",
		.summary = "Authenticates the connection.",
		.history = "6.0.0=Added ACL style (username and password)."},
	{.name = "HELLO",
		.run = hello,
		.flags = CONNECTION_FLAGS,
		.group = "connection",
		.since = "6.0.0",
		.complexity = "O(1)",
		.syntax = "arguments=[protover:integer [AUTH auth={username password}] [SETNAME "
			  "clientname]]",
		.summary = "Chooses the protocol and introduces the client.",
		.history =
			"6.2.0=`protover` made optional; when called without arguments reports the "
			"connection's context."},
	{.name = "RESET",
		.run = reset,
		.flags = CONNECTION_FLAGS,
		.group = "connection",
		.since = "6.2.0",
		.complexity = "O(1)",
		.syntax = "",
		.summary = "Puts the connection back to its first state."},
	{0},
};
