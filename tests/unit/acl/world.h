/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An executor with users and two sessions, for the tests of acl/acl and acl/acl_file.
 */
#ifndef RINGLET_TESTS_UNIT_ACL_WORLD_H
#define RINGLET_TESTS_UNIT_ACL_WORLD_H

#include "commands.h"

struct world {
	struct keyspace *keyspace;
	struct exec *exec;
	struct acl_config config;
	struct acl *acl;
	struct session a, b;
	char reply[512];
};

static void world_open(struct world *w, const char *password)
{
	*w = (struct world){0};
	w->keyspace = keyspace_new(1);
	w->exec = exec_new(w->keyspace);
	command_table_add(w->exec->commands, rows);
	param_set_defaults(acl_params, &w->config);
	buf_add_text(&w->config.requirepass, password);
	w->acl = acl_new(w->exec, &w->config);
	session_init(&w->a, w->exec, ORIGIN_CLIENT);
	session_init(&w->b, w->exec, ORIGIN_CLIENT);
}

static void world_close(struct world *w)
{
	session_release(&w->a);
	session_release(&w->b);
	acl_free(w->acl);
	acl_drop_lines(&w->config);
	param_release(acl_params, &w->config);
	exec_free(w->exec);
	keyspace_free(w->keyspace);
	out_pool_release();
}

static int world_words(const char *line, struct bytes *words)
{
	int count = 0;
	for (; *line != '\0'; line += strcspn(line, " "), line += *line == ' ')
		words[count++] = bytes_of(line, strcspn(line, " "));
	return count;
}

/* The first line of the reply. */
static const char *world_run(struct world *w, struct session *s, const char *line)
{
	struct bytes argv[16];
	struct iovec iov[1];
	int argc = world_words(line, argv);
	call_run(s, argv, argc);
	int pieces = out_pieces(&s->out, iov, 1);
	size_t len = pieces == 0 ? 0 : iov[0].iov_len - 2;
	memcpy(w->reply, pieces == 0 ? "" : iov[0].iov_base, len);
	w->reply[len] = '\0';
	out_clear(&s->out);
	return w->reply;
}

static void world_user(struct world *w, const char *name, const char *rules)
{
	struct acl_rule_error error;
	struct bytes words[16];
	int count = world_words(rules, words);
	assert_true(acl_set_user(w->acl, bytes_text(name), words, count, &error));
}

#endif
