/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ACL: thin words over acl/. What crosses features is here: subscribers who lost a channel are
 * closed, and refusals are logged with the line that CLIENT LIST shows.
 */
#include "acl/acl.h"

#include "base/log.h"
#include "base/rand.h"
#include "cmd/client.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/services.h"
#include "push/pubsub.h"

#include <errno.h>

#define ACL_GENPASS_BITS 256
#define ACL_GENPASS_BITS_MAX 4096
#define ACL_LOG_DEFAULT 10

static struct acl *acl_of(const struct call *call)
{
	return call->exec->services->acl;
}

/* --- users ------------------------------------------------------------------------------------ */

/* Subscribers who may not listen any more. */
struct lost {
	const struct acl_user *user;
	bool is_pattern, is_lost;
};

static void lost_visit(struct session *s, struct bytes name, void *context)
{
	struct lost *lost = context;
	(void)s;
	lost->is_lost |= !acl_user_has_channel(lost->user, name, lost->is_pattern);
}

static void close_lost_subscribers(struct call *call)
{
	const struct acl *acl = acl_of(call);

	LINK_EACH(it, after, &call->exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		struct lost lost = {.user = acl_user_of(acl, s)};
		if (s->subscriptions == NULL || lost.user->is_unrestricted)
			continue;
		pubsub_session_each(s, CHANNEL_PLAIN, lost_visit, &lost);
		pubsub_session_each(s, CHANNEL_SHARD, lost_visit, &lost);
		lost.is_pattern = true;
		pubsub_session_each(s, CHANNEL_PATTERN, lost_visit, &lost);
		if (lost.is_lost)
			session_close(s, s == call->session);
	}
}

static enum outcome acl_setuser(struct call *call)
{
	struct acl_rule_error why;

	for (int i = 2; i < call->argc; i++)
		call_redact(call, i);
	if (!acl_user_name_is_valid(call->argv[2]))
		return call_fail(call, E_ACL_USERNAME);
	if (acl_set_user(acl_of(call), call->argv[2], call->argv + 3, call->argc - 3, &why)) {
		close_lost_subscribers(call);
		reply_ok(call->reply);
		return DONE;
	}
	if (why.why == ACL_RULE_UNMATCHED)
		call_failf(call, E_ACL_UNMATCHED, buf_text(&why.rule));
	else
		call_failf(call, E_ACL_RULE, buf_text(&why.rule), acl_rule_text(why.why));
	buf_release(&why.rule);
	return FAILED;
}

static enum outcome acl_deluser(struct call *call)
{
	struct acl *acl = acl_of(call);
	int64_t deleted = 0;

	for (int i = 2; i < call->argc; i++)
		if (acl_find(acl, call->argv[i]) == acl->fallback)
			return call_fail(call, E_ACL_DELETE_DEFAULT);
	for (int i = 2; i < call->argc; i++) {
		struct acl_user *user = acl_find(acl, call->argv[i]);
		if (user == NULL)
			continue;
		acl_delete_user(acl, user);
		deleted++;
	}
	reply_i64(call->reply, deleted);
	return DONE;
}

static void reply_printed(struct reply *r, const struct acl_selector *s,
	void (*print)(const struct acl_selector *s, struct buf *out))
{
	struct buf text = {0};
	print(s, &text);
	reply_bulk(r, buf_bytes(&text));
	buf_release(&text);
}

/* Three pairs of a map. */
static void reply_selector(struct reply *r, const struct acl_selector *s)
{
	reply_bulk_text(r, "commands");
	reply_printed(r, s, acl_selector_print_commands);
	reply_bulk_text(r, "keys");
	reply_printed(r, s, acl_selector_print_keys);
	reply_bulk_text(r, "channels");
	reply_printed(r, s, acl_selector_print_channels);
}

static enum outcome acl_getuser(struct call *call)
{
	const struct acl_user *user = acl_find(acl_of(call), call->argv[2]);
	struct reply *r = call->reply;

	if (user == NULL) {
		reply_null(r);
		return DONE;
	}
	reply_map(r, 6);
	reply_bulk_text(r, "flags");
	reply_set(r, 2 + user->is_nopass);
	reply_bulk_text(r, user->is_on ? "on" : "off");
	if (user->is_nopass)
		reply_bulk_text(r, "nopass");
	reply_bulk_text(r, user->skips_sanitizing ? "skip-sanitize-payload" : "sanitize-payload");
	reply_bulk_text(r, "passwords");
	reply_array(r, user->password_count);
	for (int i = 0; i < user->password_count; i++) {
		char hash[ACL_HASH_CHARS];
		acl_hash_print(user->passwords[i], hash);
		reply_bulk(r, bytes_of(hash, sizeof(hash)));
	}
	reply_selector(r, user->selectors[0]);
	reply_bulk_text(r, "selectors");
	reply_array(r, user->selector_count - 1);
	for (int i = 1; i < user->selector_count; i++) {
		reply_map(r, 3);
		reply_selector(r, user->selectors[i]);
	}
	return DONE;
}

static enum outcome acl_list(struct call *call)
{
	const struct acl *acl = acl_of(call);

	reply_array(call->reply, acl->user_count);
	for (int i = 0; i < acl->user_count; i++) {
		struct buf line = {0};
		buf_printf(&line, "user %s ", acl->users[i]->name);
		acl_user_print(acl->users[i], &line);
		reply_bulk(call->reply, buf_bytes(&line));
		buf_release(&line);
	}
	return DONE;
}

static enum outcome acl_users(struct call *call)
{
	const struct acl *acl = acl_of(call);

	reply_array(call->reply, acl->user_count);
	for (int i = 0; i < acl->user_count; i++)
		reply_bulk_text(call->reply, acl->users[i]->name);
	return DONE;
}

static enum outcome acl_whoami(struct call *call)
{
	reply_bulk_text(call->reply, acl_user_of(acl_of(call), call->session)->name);
	return DONE;
}

/* --- categories, passwords, dry runs ---------------------------------------------------------- */

struct category_walk {
	struct reply *reply;
	int category;
	int64_t count;
};

static void category_visit(struct command *c, void *context)
{
	struct category_walk *walk = context;
	if (!(command_categories(c) >> walk->category & 1))
		return;
	reply_bulk(walk->reply, bytes_of(c->name, c->name_len));
	walk->count++;
}

static enum outcome acl_cat(struct call *call)
{
	struct category_walk walk = {.reply = call->reply};

	if (call->argc > 3)
		return help_fail_usage(call);
	if (call->argc == 2) {
		reply_array(call->reply, CATEGORY_COUNT);
		for (int i = 0; i < CATEGORY_COUNT; i++)
			reply_bulk_text(call->reply, category_name((enum category)i));
		return DONE;
	}
	walk.category = category_find(call->argv[2]);
	if (walk.category < 0)
		return call_failf(call, E_ACL_CATEGORY, bytes_clip_text(call->argv[2], 128).text);
	struct reply_hole hole = reply_open(call->reply);
	command_table_each(call->exec->commands, category_visit, &walk);
	reply_close_array(call->reply, hole, walk.count);
	return DONE;
}

static enum outcome acl_genpass(struct call *call)
{
	char password[ACL_GENPASS_BITS_MAX / 4];
	int64_t bits = ACL_GENPASS_BITS;

	if (call->argc > 3)
		return help_fail_usage(call);
	if (call->argc == 3 && !call_arg_i64(call, 2, &bits))
		return FAILED;
	if (bits <= 0 || bits > ACL_GENPASS_BITS_MAX)
		return call_fail(call, E_ACL_GENPASS);
	size_t len = (size_t)(bits + 3) / 4;
	rand_hex(password, len);
	reply_bulk(call->reply, bytes_of(password, len));
	return DONE;
}

static enum outcome acl_dryrun(struct call *call)
{
	const struct acl *acl = acl_of(call);
	const struct acl_user *user = acl_find(acl, call->argv[2]);
	struct acl_query query = {.argv = call->argv + 3, .argc = call->argc - 3};
	int index;

	if (user == NULL)
		return call_failf(call, E_ACL_NO_USER, bytes_clip_text(call->argv[2], 128).text);
	query.command = command_resolve(call->exec->commands, query.argv, query.argc, NULL);
	if (query.command == NULL)
		return call_failf(call, E_ACL_NO_COMMAND, bytes_clip_text(query.argv[0], 128).text);
	if (!command_arity_fits(query.command, query.argc))
		return call_failf(call, E_ARITY, query.command->name);
	enum acl_denial denial = acl_check(acl, user, &query, &index);
	if (denial == ACL_ALLOWED) {
		reply_ok(call->reply);
		return DONE;
	}
	struct bytes name = bytes_of(query.command->name, query.command->name_len);
	struct buf text = {0};
	acl_print_refusal(
		&text, user, denial, denial == ACL_DENIED_COMMAND ? name : query.argv[index], true);
	reply_bulk(call->reply, buf_bytes(&text));
	buf_release(&text);
	return DONE;
}

/* --- the log ---------------------------------------------------------------------------------- */

static void reply_entry(struct reply *r, const struct acl_log_entry *e, int64_t now_ms)
{
	reply_map(r, 10);
	reply_bulk_text(r, "count");
	reply_i64(r, (int64_t)e->count);
	reply_bulk_text(r, "reason");
	reply_bulk_text(r, acl_reason_name(e->reason));
	reply_bulk_text(r, "context");
	reply_bulk_text(r, acl_context_name(e->context));
	reply_bulk_text(r, "object");
	reply_bulk(r, buf_bytes(&e->object));
	reply_bulk_text(r, "username");
	reply_bulk(r, buf_bytes(&e->username));
	reply_bulk_text(r, "age-seconds");
	reply_double(r, (double)(now_ms - e->updated_ms) / 1000);
	reply_bulk_text(r, "client-info");
	reply_bulk(r, buf_bytes(&e->client));
	reply_bulk_text(r, "entry-id");
	reply_i64(r, (int64_t)e->id);
	reply_bulk_text(r, "timestamp-created");
	reply_i64(r, e->created_ms);
	reply_bulk_text(r, "timestamp-last-updated");
	reply_i64(r, e->updated_ms);
}

static enum outcome acl_log(struct call *call)
{
	struct acl_log *log = &acl_of(call)->log;
	int64_t count = ACL_LOG_DEFAULT;

	if (call->argc > 3)
		return help_fail_usage(call);
	if (call->argc == 3 && call_arg_is(call, 2, "reset")) {
		acl_log_reset(log);
		reply_ok(call->reply);
		return DONE;
	}
	if (call->argc == 3 && !call_arg_i64(call, 2, &count))
		return FAILED;
	if (count < 0)
		count = 0;
	if (count > log->count)
		count = log->count;
	reply_array(call->reply, count);
	LINK_EACH(it, after, &log->entries)
	{
		if (count-- == 0)
			break;
		reply_entry(call->reply, LINK_OWNER(it, struct acl_log_entry, link),
			call->exec->now_ms);
	}
	return DONE;
}

/* --- the file --------------------------------------------------------------------------------- */

static bool has_file(struct call *call)
{
	if (acl_of(call)->config->file[0] != '\0')
		return true;
	call_fail(call, E_ACL_NO_FILE);
	return false;
}

static enum outcome acl_load(struct call *call)
{
	struct buf error = {0}, text = {0};

	if (!has_file(call))
		return FAILED;
	if (acl_load_file(acl_of(call), &error)) {
		close_lost_subscribers(call);
		reply_ok(call->reply);
		return DONE;
	}
	buf_add_text(&text, "ERR ");
	buf_add_bytes(&text, buf_bytes(&error));
	call_fail_text(call, buf_bytes(&text));
	buf_release(&text);
	buf_release(&error);
	return FAILED;
}

static enum outcome acl_save(struct call *call)
{
	if (!has_file(call))
		return FAILED;
	if (acl_save_file(acl_of(call))) {
		reply_ok(call->reply);
		return DONE;
	}
	log_line(LOG_WARNING, "Saving users to the ACL file failed: %s", strerror(errno));
	return call_fail(call, E_ACL_SAVE);
}

static enum outcome acl_help(struct call *call)
{
	static const char *const lines[] = {
		"CAT [<category>]",
		"    Names of the categories, or of the commands in one.",
		"DELUSER <username> [<username> ...]",
		"    Delete users and close their connections.",
		"DRYRUN <username> <command> [<arg> ...]",
		"    May the user run this command? It is not run.",
		"GENPASS [<bits>]",
		"    A random password of 256 bits, or of as many as asked for.",
		"GETUSER <username>",
		"    All about a user.",
		"LIST",
		"    All users, each as a line of an ACL file.",
		"LOAD",
		"    Replace all users by those of the ACL file.",
		"LOG [<count> | RESET]",
		"    What was refused lately.",
		"SAVE",
		"    Write all users to the ACL file.",
		"SETUSER <username> <rule> [<rule> ...]",
		"    Create or change a user.",
		"USERS",
		"    Names of all users.",
		"WHOAMI",
		"    The user of this connection.",
		NULL,
	};
	return help_reply(call, lines);
}

/* --- rows ------------------------------------------------------------------------------------- */

#define ACL_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)
#define ACL_ADMIN (ACL_FLAGS | CMD_ADMIN)
#define ACL_ROW(NAME, handler, FLAGS, SINCE, COMPLEXITY, SYNTAX, SUMMARY, ...)                     \
	{                                                                                          \
		.name = NAME, .run = handler, .flags = FLAGS, .group = "server", .since = SINCE,   \
		.complexity = COMPLEXITY, .syntax = SYNTAX, .summary = SUMMARY, __VA_ARGS__        \
	}

static const struct command_row acl_subcommands[] = {
	ACL_ROW("CAT", acl_cat, ACL_FLAGS, "6.0.0",
		"O(1) since the categories and commands are a fixed set.", "[category]",
		"Lists the categories, or the commands in one.", ),
	ACL_ROW("DELUSER", acl_deluser, ACL_ADMIN, "6.0.0",
		"O(1) amortized time considering the typical user.", "username...",
		"Deletes users and closes their connections.",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded"),
	ACL_ROW("DRYRUN", acl_dryrun, ACL_ADMIN, "7.0.0", "O(1).", "username command [arg...]",
		"Says whether a user may run a command.", ),
	ACL_ROW("GENPASS", acl_genpass, ACL_FLAGS, "6.0.0", "O(1)", "[bits:integer]",
		"Makes a random password.", ),
	ACL_ROW("GETUSER", acl_getuser, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of password, command and pattern rules that the user "
		"has.",
		"username", "Describes a user.",
		.history = "6.2.0=Added Pub/Sub channel patterns.|7.0.0=Added selectors and "
			   "changed the format of key and channel patterns from a list to their "
			   "rule representation."),
	ACL_ROW("HELP", acl_help, CMD_LOADING | CMD_STALE, "6.0.0", "O(1)", "",
		"Explains the subcommands.", ),
	ACL_ROW("LIST", acl_list, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of configured users.", "",
		"Lists all users as lines of an ACL file.", ),
	ACL_ROW("LOAD", acl_load, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of configured users.", "",
		"Replaces all users by those of the ACL file.", ),
	ACL_ROW("LOG", acl_log, ACL_ADMIN, "6.0.0",
		"O(N) with N being the number of entries shown.", "operation=[count:integer|RESET]",
		"Lists what was refused lately.",
		.history = "7.2.0=Added entry ID, timestamp created, and timestamp last updated."),
	ACL_ROW("SAVE", acl_save, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of configured users.", "",
		"Writes all users to the ACL file.",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded"),
	ACL_ROW("SETUSER", acl_setuser, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of rules provided.", "username [rule...]",
		"Creates or changes a user.",
		.history = "6.2.0=Added Pub/Sub channel patterns.|7.0.0=Added selectors and key "
			   "based permissions.",
		.tips = "request_policy:all_nodes|response_policy:all_succeeded"),
	ACL_ROW("USERS", acl_users, ACL_ADMIN, "6.0.0",
		"O(N). Where N is the number of configured users.", "",
		"Lists the users' names.", ),
	ACL_ROW("WHOAMI", acl_whoami, ACL_FLAGS, "6.0.0", "O(1)", "",
		"Names the user of the connection.", ),
	{0},
};

const struct command_row acl_commands[] = {
	{.name = "ACL",
		.group = "server",
		.since = "6.0.0",
		.complexity = "Depends on subcommand.",
		.summary = "A container for Access List Control commands.",
		.syntax = "",
		.subcommands = acl_subcommands},
	{0},
};
