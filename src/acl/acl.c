/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Users, their sessions, and the gate.
 *
 * Whoever changes a user ends with acl_rearm, which walks all sessions: changes are rare, checks
 * are not. It must not know what commands do; which of them take channels is the one exception, a
 * fact that no syntax line states.
 */
#include "acl/acl.h"

#include "base/mem.h"

/* Which arguments of a command are channels. */
enum { CHANNELS_NONE, CHANNELS_ONE, CHANNELS_ALL, CHANNELS_PATTERNS };

static const struct {
	const char *command;
	uint8_t kind;
} channel_commands[] = {
	{"publish", CHANNELS_ONE},
	{"spublish", CHANNELS_ONE},
	{"subscribe", CHANNELS_ALL},
	{"ssubscribe", CHANNELS_ALL},
	{"psubscribe", CHANNELS_PATTERNS},
};

/* --- users --- */

struct acl_defaults acl_defaults_of(const struct acl *acl)
{
	return (struct acl_defaults){acl->exec->commands, acl->config->pubsub_default != 0};
}

/* Where the name is or would be. */
static int user_place(const struct acl *acl, struct bytes name)
{
	int low = 0, high = acl->user_count;
	while (low < high) {
		int middle = (low + high) / 2;
		if (bytes_compare(bytes_text(acl->users[middle]->name), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct acl_user *acl_find(const struct acl *acl, struct bytes name)
{
	int i = user_place(acl, name);
	if (i == acl->user_count || !bytes_equal(bytes_text(acl->users[i]->name), name))
		return NULL;
	return acl->users[i];
}

static void user_insert(struct acl *acl, struct acl_user *user)
{
	int at = user_place(acl, bytes_text(user->name));
	acl->users = mem_realloc(acl->users, ((size_t)acl->user_count + 1) * sizeof(acl->users[0]));
	memmove(acl->users + at + 1, acl->users + at,
		(size_t)(acl->user_count - at) * sizeof(acl->users[0]));
	acl->users[at] = user;
	acl->user_count++;
}

struct acl_user *acl_user_of(const struct acl *acl, const struct session *s)
{
	return s->user == NULL ? acl->fallback : s->user;
}

static struct acl_user *fallback_new(const struct acl *acl)
{
	static const struct bytes rules[] = {
		{"on", 2}, {"nopass", 6}, {"~*", 2}, {"&*", 2}, {"+@all", 5}};
	const struct acl_defaults defaults = acl_defaults_of(acl);
	struct acl_rule_error error;
	struct acl_user *user = acl_user_new(BYTES("default"), &defaults);
	(void)acl_user_rules(
		user, &defaults, rules, (int)(sizeof(rules) / sizeof(rules[0])), &error);
	return user;
}

bool acl_set_user(struct acl *acl, struct bytes name, const struct bytes *rules, int count,
	struct acl_rule_error *error)
{
	const struct acl_defaults defaults = acl_defaults_of(acl);
	struct acl_user *old = acl_find(acl, name);
	struct acl_user *user = old == NULL ? acl_user_new(name, &defaults) : acl_user_copy(old);

	if (!acl_user_rules(user, &defaults, rules, count, error)) {
		acl_user_free(user);
		return false;
	}
	if (old == NULL)
		user_insert(acl, user);
	else
		acl_user_assign(old, user);
	acl_rearm(acl);
	return true;
}

/* --- sessions --- */

static void session_arm(const struct acl *acl, struct session *s)
{
	s->is_authenticated = s->has_logged_in || !acl->exec->has_password;
	s->gates &= ~(GATE_BIT(GATE_AUTH) | GATE_BIT(GATE_ACL));
	if (!s->is_authenticated)
		s->gates |= GATE_BIT(GATE_AUTH);
	if (!acl_user_of(acl, s)->is_unrestricted)
		s->gates |= GATE_BIT(GATE_ACL);
}

void acl_rearm(struct acl *acl)
{
	struct exec *exec = acl->exec;

	exec->has_password = !acl->fallback->is_nopass || !acl->fallback->is_on;
	exec->client_gates = acl->fallback->is_unrestricted ? 0 : GATE_BIT(GATE_ACL);
	LINK_EACH(it, after, &exec->sessions)
	session_arm(acl, LINK_OWNER(it, struct session, all));
}

void acl_login(struct acl *acl, struct session *s, struct acl_user *user)
{
	s->user = user == acl->fallback ? NULL : user;
	s->has_logged_in = true;
	session_arm(acl, s);
}

void acl_logout(struct acl *acl, struct session *s)
{
	s->user = NULL;
	s->has_logged_in = !acl->exec->has_password;
	session_arm(acl, s);
}

/* Nobody's from now on, and closed: after its reply where it runs the call that did this. */
static void session_expel(struct acl *acl, struct session *s)
{
	const struct call *current = acl->exec->current;
	s->user = NULL;
	s->has_logged_in = s->is_authenticated = false;
	s->gates |= GATE_BIT(GATE_AUTH);
	session_close(s, current != NULL && current->session == s);
}

/* `user` NULL: whoever is not the default user. */
static void sessions_expel(struct acl *acl, const struct acl_user *user)
{
	LINK_EACH(it, after, &acl->exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		if (s->user != NULL && (user == NULL || s->user == user))
			session_expel(acl, s);
	}
}

void acl_delete_user(struct acl *acl, struct acl_user *user)
{
	int at = user_place(acl, bytes_text(user->name));
	sessions_expel(acl, user);
	acl->user_count--;
	memmove(acl->users + at, acl->users + at + 1,
		(size_t)(acl->user_count - at) * sizeof(acl->users[0]));
	acl_user_free(user);
}

void acl_replace_users(struct acl *acl, struct acl_user **users, int count)
{
	struct acl_user *fallback = NULL;

	sessions_expel(acl, NULL);
	for (int i = 0; i < acl->user_count; i++)
		if (acl->users[i] != acl->fallback)
			acl_user_free(acl->users[i]);
	acl->user_count = 0;
	for (int i = 0; i < count; i++) {
		if (strcmp(users[i]->name, "default") == 0)
			fallback = users[i];
		else
			user_insert(acl, users[i]);
	}
	mem_free(users);
	acl_user_assign(acl->fallback, fallback == NULL ? fallback_new(acl) : fallback);
	user_insert(acl, acl->fallback);
	acl_rearm(acl);
}

void acl_password_changed(struct acl *acl)
{
	const struct acl_defaults defaults = acl_defaults_of(acl);
	struct bytes password = buf_bytes(&acl->config->requirepass);
	struct buf rule = {0};

	if (password.len == 0) {
		(void)acl_user_rule(acl->fallback, &defaults, BYTES("nopass"));
	} else {
		buf_add_char(&rule, '>');
		buf_add_bytes(&rule, password);
		(void)acl_user_rule(acl->fallback, &defaults, BYTES("resetpass"));
		(void)acl_user_rule(acl->fallback, &defaults, buf_bytes(&rule));
		buf_release(&rule);
	}
	acl_rearm(acl);
}

/* --- refusals --- */

static void refusal_count(struct acl *acl, enum acl_denial denial)
{
	acl->stats.denied_auth += denial == ACL_DENIED_AUTH;
	acl->stats.denied_command += denial == ACL_DENIED_COMMAND;
	acl->stats.denied_key += denial == ACL_DENIED_KEY;
	acl->stats.denied_channel += denial == ACL_DENIED_CHANNEL;
}

static void refusal_log(struct acl *acl, const struct call *call, enum acl_denial denial,
	struct bytes object, struct bytes username)
{
	const struct session *s = call->session;
	/* A script's call is logged as its client's. */
	const struct session *client = acl->exec->current != NULL ? acl->exec->current->session : s;
	struct buf text = {0};

	refusal_count(acl, denial);
	if (acl->describe != NULL)
		acl->describe(&text, client);
	const struct acl_refusal refusal = {
		.reason = denial,
		.context = s->origin == ORIGIN_SCRIPT                     ? ACL_LUA
			   : s->flags & (SESSION_MULTI | SESSION_IN_EXEC) ? ACL_MULTI
									  : ACL_TOPLEVEL,
		.object = object,
		.username = username,
		.client = buf_bytes(&text),
	};
	acl_log_add(&acl->log, &refusal, acl->exec->now_ms, acl->config->log_max_len);
	buf_release(&text);
}

bool acl_authenticate(struct acl *acl, struct call *call, struct bytes name, struct bytes password)
{
	struct acl_user *user = acl_find(acl, name);

	if (user != NULL && user->is_on && acl_user_accepts(user, password)) {
		acl_login(acl, call->session, user);
		return true;
	}
	refusal_log(acl, call, ACL_DENIED_AUTH, call->argv[0], name);
	return false;
}

void acl_print_refusal(struct buf *out, const struct acl_user *user, enum acl_denial denial,
	struct bytes object, bool shows_object)
{
	const char *what = denial == ACL_DENIED_KEY ? "key" : "channel";
	if (denial == ACL_DENIED_COMMAND)
		buf_printf(out, "User %s has no permissions to run the '%.*s' command", user->name,
			(int)object.len, object.ptr);
	else if (shows_object)
		buf_printf(out, "User %s has no permissions to access the '%.*s' %s", user->name,
			(int)object.len, object.ptr, what);
	else
		buf_printf(out, "No permissions to access a %s", what);
}

/* --- the gate --- */

static void query_channels(const struct acl *acl, struct acl_query *query)
{
	uint8_t kind = acl->channel_kinds[query->command->id];

	query->first_channel = 1;
	query->channel_count = 0;
	query->channels_are_patterns = kind == CHANNELS_PATTERNS;
	if (kind == CHANNELS_ONE)
		query->channel_count = query->argc > 1;
	else if (kind != CHANNELS_NONE)
		query->channel_count = query->argc - 1;
}

enum acl_denial acl_check(
	const struct acl *acl, const struct acl_user *user, struct acl_query *query, int *index)
{
	struct key_refs keys = {0};
	enum acl_denial worst = ACL_ALLOWED;

	*index = 0;
	if (user->is_unrestricted)
		return ACL_ALLOWED;
	/* Arguments that don't say where their keys are will be refused by the command itself. */
	(void)command_keys(query->command, query->argv, query->argc, &keys);
	query->keys = &keys;
	query_channels(acl, query);
	for (int i = 0; i < user->selector_count; i++) {
		int at;
		enum acl_denial denial = acl_selector_check(user->selectors[i], query, &at);
		if (denial == ACL_ALLOWED) {
			worst = ACL_ALLOWED;
			break;
		}
		if (denial > worst || (denial == worst && at > *index)) {
			worst = denial;
			*index = at;
		}
	}
	query->keys = NULL;
	key_refs_release(&keys);
	return worst;
}

/* The reason as a transaction is told that meets other rules than when it was queued. */
static const char *refusal_reason(enum acl_denial denial)
{
	if (denial == ACL_DENIED_COMMAND)
		return "no permission to execute the command or subcommand";
	if (denial == ACL_DENIED_KEY)
		return "no permission to touch the specified keys";
	return "no permission to access one of the channels used as arguments to the command";
}

static enum gate_answer acl_gate(struct call *call, void *context)
{
	struct acl *acl = context;
	const struct session *s = call->session;
	const struct acl_user *user = acl_user_of(acl, s);
	struct acl_query query = {.command = call->command, .argv = call->argv, .argc = call->argc};
	struct buf text = {0};
	int index;

	enum acl_denial denial = acl_check(acl, user, &query, &index);
	if (LIKELY(denial == ACL_ALLOWED))
		return GATE_PASS;
	struct bytes name = bytes_of(call->command->name, call->command->name_len);
	struct bytes object = denial == ACL_DENIED_COMMAND ? name : call->argv[index];
	refusal_log(acl, call, denial, object, bytes_text(user->name));
	acl_print_refusal(&text, user, denial, object, false);
	if (s->origin == ORIGIN_SCRIPT)
		call_failf(call, E_NOPERM_SCRIPT, buf_text(&text));
	else if (s->flags & SESSION_IN_EXEC)
		call_failf(call, E_NOPERM_EXEC, refusal_reason(denial));
	else
		call_failf(call, E_NOPERM, buf_text(&text));
	buf_release(&text);
	return GATE_REFUSED;
}

static bool acl_concerns(const struct command *command)
{
	return !(command->flags & CMD_NO_AUTH);
}

bool acl_reads_all(const struct acl *acl, const struct call *call)
{
	const struct acl_user *user = acl_user_of(acl, call->session);

	for (int i = 0; i < user->selector_count; i++)
		if (acl_selector_has_command(user->selectors[i], call->command->id) &&
			acl_selector_reads_all(user->selectors[i]))
			return true;
	return user->is_unrestricted;
}

bool acl_reads_key(const struct acl *acl, const struct call *call, struct bytes key)
{
	const struct acl_user *user = acl_user_of(acl, call->session);
	struct key_refs keys = {0};
	const struct acl_query query = {
		.command = call->command, .argv = &key, .argc = 1, .keys = &keys};
	bool may_read = user->is_unrestricted;
	int at;

	key_refs_add(&keys, 0, KEY_RO | KEY_ACCESS);
	for (int i = 0; i < user->selector_count && !may_read; i++)
		may_read = acl_selector_check(user->selectors[i], &query, &at) == ACL_ALLOWED;
	key_refs_release(&keys);
	return may_read;
}

bool acl_user_has_channel(const struct acl_user *user, struct bytes channel, bool is_pattern)
{
	for (int i = 0; i < user->selector_count; i++)
		if (acl_selector_has_channel(user->selectors[i], channel, is_pattern))
			return true;
	return false;
}

/* --- life --- */

struct acl *acl_new(struct exec *exec, struct acl_config *config)
{
	struct acl *acl = mem_calloc(1, sizeof(*acl));

	acl->exec = exec;
	acl->config = config;
	acl_log_init(&acl->log);
	for (size_t i = 0; i < sizeof(channel_commands) / sizeof(channel_commands[0]); i++)
		for (int id = 0; id < command_table_ids(exec->commands); id++)
			if (strcmp(command_by_id(exec->commands, id)->name,
				    channel_commands[i].command) == 0)
				acl->channel_kinds[id] = channel_commands[i].kind;
	acl->fallback = fallback_new(acl);
	user_insert(acl, acl->fallback);
	acl_password_changed(acl);
	gate_register(exec, &(struct gate_row){.gate = GATE_ACL,
				    .name = "acl",
				    .check = acl_gate,
				    .concerns = acl_concerns,
				    .context = acl});
	return acl;
}

void acl_free(struct acl *acl)
{
	for (int i = 0; i < acl->user_count; i++)
		acl_user_free(acl->users[i]);
	mem_free(acl->users);
	acl_log_reset(&acl->log);
	mem_free(acl);
}

void acl_print_users(const struct acl *acl, struct buf *out)
{
	for (int i = 0; i < acl->user_count; i++) {
		buf_printf(out, "user %s ", acl->users[i]->name);
		acl_user_print(acl->users[i], out);
		buf_add_char(out, '\n');
	}
}

static bool start_line(struct acl *acl, const struct acl_line *line, struct buf *error)
{
	struct acl_rule_error why;

	if (!acl_user_name_is_valid(line->argv[0])) {
		buf_add_text(error, "Username in a user line contains spaces or null characters");
		return false;
	}
	/* A line says all about its user, the default one too. */
	if (bytes_equal(line->argv[0], BYTES("default")))
		(void)acl_set_user(acl, line->argv[0], &(struct bytes){"reset", 5}, 1, &why);
	if (acl_set_user(acl, line->argv[0], line->argv + 1, line->argc - 1, &why))
		return true;
	buf_printf(error, "Error loading ACL rule '%s' for the user named '%.*s': %s",
		buf_text(&why.rule), (int)line->argv[0].len, line->argv[0].ptr,
		acl_rule_text(why.why));
	buf_release(&why.rule);
	return false;
}

bool acl_start(struct acl *acl, struct buf *error)
{
	const struct acl_config *config = acl->config;

	if (config->file[0] != '\0' && config->line_count > 0) {
		buf_add_text(error,
			"Configuring users in the configuration file and at the same time setting "
			"an ACL file path is invalid. Define either an ACL file or users in the "
			"configuration file, but not both.");
		return false;
	}
	if (config->file[0] != '\0')
		return acl_load_file(acl, error);
	for (int i = 0; i < config->line_count; i++)
		if (!start_line(acl, &config->lines[i], error))
			return false;
	return true;
}
