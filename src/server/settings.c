/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which module's rows belong to which struct, the directives that are no parameters, and what has
 * to follow a change across modules (the process title names the port, which is net's).
 */
#include "server/settings.h"

#include "acl/acl.h"
#include "base/log_params.h"
#include "base/mem.h"
#include "exec/memory.h"
#include "io/files_limit.h"
#include "net/net_params.h"
#include "process/title.h"
#include "store/store_params.h"
#include "types/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTINGS_RESERVED_FILES 32

/* --- directives --- */

static bool settings_take_rename(
	void *context, const struct bytes *argv, int argc, struct param_error *error)
{
	struct settings *s = context;
	(void)argc;
	if (s->rename_count == SETTINGS_RENAMES_MAX)
		return param_fail(error, "too many rename-command lines");
	s->renames = mem_realloc(s->renames, ((size_t)s->rename_count + 1) * sizeof(*s->renames));
	s->renames[s->rename_count++] = (struct settings_rename){
		.from = mem_dup_bytes_text(argv[0].ptr, argv[0].len),
		.to = mem_dup_bytes_text(argv[1].ptr, argv[1].len),
		.line = config_line_number(s->config),
	};
	return true;
}

static bool settings_take_user(
	void *context, const struct bytes *argv, int argc, struct param_error *error)
{
	struct settings *s = context;
	return acl_take_line(&s->acl, argv, argc, error);
}

/* Users are in the ACL file, if there is one. */
static void settings_rewrite_users(void *context, struct buf *lines)
{
	const struct settings *s = context;
	if (s->acl.file[0] == '\0' && s->users != NULL)
		acl_print_users(s->users, lines);
}

static bool settings_take_module(
	void *context, const struct bytes *argv, int argc, struct param_error *error)
{
	(void)context;
	(void)argc;
	return param_fail(error, "Can't load module from %.*s: this server loads no modules",
		(int)argv[0].len, argv[0].ptr);
}

/* --- changes that cross modules --- */

static bool settings_is_any(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static void settings_changed(const struct param_row *row, void *context)
{
	static const char *const in_title[] = {
		"bind", "port", "tls-port", "proc-title-template", NULL};
	static const char *const in_memory[] = {"maxmemory", "maxmemory-policy", NULL};
	struct settings *s = context;
	if (settings_is_any(row->name, in_title))
		settings_show_title(s);
	if (settings_is_any(row->name, in_memory) && s->exec != NULL)
		memory_arm(s->exec);
	if (strcmp(row->name, "notify-keyspace-events") == 0 && s->notify != NULL)
		notify_configure(s->notify);
}

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->keyspace.active_expire = true;
	const struct param_group groups[] = {
		{net_params, &s->net, NULL},
		{tls_params, &s->net.tls, NULL},
		{process_params, &s->process, NULL},
		{log_params, &s->log, NULL},
		{acl_params, &s->acl, NULL},
		{store_params, &s->keyspace, NULL},
		{types_params, &types_config, NULL},
		{observe_params, &s->observe, NULL},
		{push_params, &s->push, NULL},
		{persist_params, &s->persist, NULL},
		{script_params, &s->script, NULL},
		{few_replicas_params, &s->few_replicas, NULL},
		{later_params, &s->later, NULL},
	};
	const struct config_directive directives[] = {
		{"rename-command", 2, 2, settings_take_rename, s, NULL},
		{"user", 1, -1, settings_take_user, s, settings_rewrite_users},
		{"loadmodule", 1, -1, settings_take_module, s, NULL},
	};
	s->config = config_new(groups, (int)(sizeof(groups) / sizeof(groups[0])));
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		config_add_directive(s->config, &directives[i]);
	config_on_change(s->config, settings_changed, s);
}

void settings_release(struct settings *s)
{
	config_free(s->config);
	mem_free(s->executable);
	for (int i = 0; i < s->rename_count; i++) {
		mem_free(s->renames[i].from);
		mem_free(s->renames[i].to);
	}
	mem_free(s->renames);
	acl_drop_lines(&s->acl);
	memset(s, 0, sizeof(*s));
}

/* argv[0] as a path that stays right when the directory changes; names found by $PATH stay names.
 */
static char *settings_executable(const char *name)
{
	char cwd[PATH_MAX];
	struct buf path = {0};
	if (name[0] != '/' && strchr(name, '/') != NULL && getcwd(cwd, sizeof(cwd)) != NULL)
		buf_printf(&path, "%s/", cwd);
	buf_add_text(&path, strncmp(name, "./", 2) == 0 ? name + 2 : name);
	char *copy = mem_dup_text(buf_text(&path));
	buf_release(&path);
	return copy;
}

/* Clients need descriptors: as many as asked for, or as many as there are. */
static void settings_fit_maxclients(struct settings *s)
{
	uint64_t wanted = (uint64_t)s->net.maxclients + SETTINGS_RESERVED_FILES;
	uint64_t got = files_limit_raise(wanted);
	if (got >= wanted)
		return;
	int fitting = got > SETTINGS_RESERVED_FILES ? (int)(got - SETTINGS_RESERVED_FILES) : 1;
	log_line(LOG_WARNING,
		"You requested maxclients of %d requiring at least %llu max file descriptors.",
		s->net.maxclients, (unsigned long long)wanted);
	log_line(LOG_WARNING,
		"Current maximum open files is %llu. maxclients has been reduced to %d to "
		"compensate "
		"for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
		(unsigned long long)got, fitting);
	s->net.maxclients = fitting;
}

/* A log that can't be written is found out now, while there is somebody to tell. */
static bool settings_can_log(const struct settings *s)
{
	if (s->log.file[0] == '\0')
		return true;
	int fd = open(s->log.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	char why[128];
	snprintf(why, sizeof(why), "Can't open the log file: %s", strerror(errno));
	return config_fatal(0, bytes_text(""), why);
}

enum config_start settings_start(struct settings *s, int argc, char **argv)
{
	mem_free(s->executable);
	s->executable = settings_executable(argc > 0 ? argv[0] : "ringlet-server");
	enum config_start start = config_start(s->config, argc, argv);
	if (start != CONFIG_RUN)
		return start;
	if (!settings_can_log(s))
		return CONFIG_EXIT_BAD;
	process_config_fit(&s->process);
	settings_fit_maxclients(s);
	return CONFIG_RUN;
}

bool settings_rename_commands(struct settings *s, struct command_table *commands)
{
	for (int i = 0; i < s->rename_count; i++) {
		const struct settings_rename *r = &s->renames[i];
		if (command_table_rename(commands, bytes_text(r->from), bytes_text(r->to)))
			continue;
		bool is_known = command_find(commands, bytes_text(r->from)) != NULL;
		struct buf line = {0};
		buf_printf(&line, "rename-command \"%s\" \"%s\"", r->from, r->to);
		config_fatal(r->line, buf_bytes(&line),
			is_known ? "Target command name already exists"
				 : "No such command in rename-command");
		buf_release(&line);
		return false;
	}
	return true;
}

void settings_bind(struct settings *s, const struct settings_modules *modules)
{
	struct keyspace *keyspace = modules->exec->keyspace;
	s->exec = modules->exec;
	keyspace->config = s->keyspace;
	config_bind(s->config, &s->keyspace, &keyspace->config, keyspace);
	config_bind(s->config, &s->net, &s->net, modules->net);
	config_bind(s->config, &s->net.tls, &s->net.tls, modules->net);
	config_bind(s->config, &s->acl, &s->acl, modules->acl);
	config_bind(s->config, &s->persist, &s->persist, modules->persist);
	config_bind(s->config, &s->observe, &s->observe, modules->observe);
	s->users = modules->acl;
	config_bind(s->config, &s->few_replicas, &s->few_replicas, modules->exec);
	memory_arm(s->exec);
	few_replicas_arm(s->exec, &s->few_replicas);
	s->notify = modules->notify;
	notify_configure(s->notify);
}

static const char *settings_listen_address(const struct settings *s, struct buf *out)
{
	const char *bind = s->net.bind;
	size_t first = strcspn(bind, " ");
	if (first == 0 || s->net.port == 0)
		return s->net.unixsocket == NULL ? "" : s->net.unixsocket;
	if (bind[0] == '-') {
		bind++;
		first--;
	}
	bool is_v6 = memchr(bind, ':', first) != NULL;
	buf_printf(out, "%s%.*s%s:%d", is_v6 ? "[" : "", (int)first, bind, is_v6 ? "]" : "",
		s->net.port);
	return buf_text(out);
}

void settings_show_title(const struct settings *s)
{
	struct buf address = {0};
	const struct title_values values = {
		.title = s->executable,
		.listen_addr = settings_listen_address(s, &address),
		.server_mode = "",
		.config_file = config_file(s->config),
		.unixsocket = s->net.unixsocket == NULL ? "" : s->net.unixsocket,
		.port = s->net.port,
		.tls_port = s->net.tls.port,
	};
	if (s->process.set_title)
		(void)title_set(s->process.title_template, &values);
	buf_release(&address);
}
