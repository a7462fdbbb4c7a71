/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parameters of access control. A password set at run time is asked of new connections; those that
 * are there stay what they are.
 */
#include "acl/acl_params.h"

#include "acl/acl.h"
#include "base/mem.h"

#define AT(field) PARAM_FIELD(struct acl_config, field)

static const struct param_choice acl_pubsub_choices[] = {
	{"allchannels", 1}, {"resetchannels", 0}, {NULL, 0}};

static bool acl_apply_password(void *owner, void *context, struct param_error *error)
{
	(void)owner;
	(void)error;
	if (context != NULL)
		acl_password_changed(context);
	return true;
}

/* A password may hold any bytes, NUL among them. */
static bool acl_password_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	struct acl_config *config = owner;
	(void)row;
	if (argc != 1)
		return param_fail(error, "wrong number of arguments");
	buf_clear(&config->requirepass);
	buf_add_bytes(&config->requirepass, argv[0]);
	return true;
}

static void acl_password_get(const struct param_row *row, const void *owner, struct buf *out)
{
	(void)row;
	buf_add_bytes(out, buf_bytes(&((const struct acl_config *)owner)->requirepass));
}

static void acl_password_release(const struct param_row *row, void *owner)
{
	(void)row;
	buf_release(&((struct acl_config *)owner)->requirepass);
}

static const struct param_special acl_password = {
	.set = acl_password_set, .get = acl_password_get, .release = acl_password_release};

bool acl_take_line(
	struct acl_config *config, const struct bytes *argv, int argc, struct param_error *error)
{
	for (int i = 0; i < config->line_count; i++)
		if (bytes_equal(argv[0], config->lines[i].argv[0]))
			return param_fail(error,
				"Error in user declaration '%.*s': Duplicate user found. A user "
				"can only be defined once in config files",
				(int)argv[0].len, argv[0].ptr);
	if (config->line_count == ACL_LINES_MAX)
		return param_fail(error, "too many users");
	config->lines = mem_realloc(
		config->lines, ((size_t)config->line_count + 1) * sizeof(config->lines[0]));
	config->lines[config->line_count++] =
		(struct acl_line){call_copy_argv(argv, argc, NULL), argc};
	return true;
}

void acl_drop_lines(struct acl_config *config)
{
	for (int i = 0; i < config->line_count; i++)
		mem_free(config->lines[i].argv);
	mem_free(config->lines);
	config->lines = NULL;
	config->line_count = 0;
}

const struct param_row acl_params[] = {
	{.type = PARAM_SECTION,
		.name = "SECURITY",
		.help = "Whoever can reach the server can read and delete everything in it, unless "
			"a password is "
			"set. It is compared in constant time but sent in the clear: on networks "
			"that are not "
			"trusted use TLS or a tunnel. Commands can be renamed or removed: "
			"rename-command FLUSHALL \"\"."},
	{"requirepass", PARAM_SPECIAL, 0, "", .flags = PARAM_SENSITIVE, .apply = acl_apply_password,
		.special = &acl_password, .example = "foobared",
		.help = "The password of the default user. Guesses are cheap for an attacker: take "
			"a long random "
			"one."},
	{"aclfile", PARAM_PATH, AT(file), "", .flags = PARAM_IMMUTABLE,
		.example = "/etc/ringlet/users.acl",
		.help = "File that users are read from and written to by ACL LOAD and ACL SAVE."},
	{"acllog-max-len", PARAM_I64, AT(log_max_len), "128", .max = INT64_MAX,
		.help = "Entries that ACL LOG keeps."},
	{"acl-pubsub-default", PARAM_ENUM, AT(pubsub_default), "resetchannels",
		.choices = acl_pubsub_choices,
		.help = "May a new user reach every pub/sub channel (allchannels) or none "
			"(resetchannels)?"},
	{0},
};
