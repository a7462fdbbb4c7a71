/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The settings of one server: the config structs of all modules and the table of their parameters.
 * The table of contents of redis.conf.
 */
#ifndef RINGLET_SERVER_SETTINGS_H
#define RINGLET_SERVER_SETTINGS_H

#include "acl/acl_params.h"
#include "base/log.h"
#include "exec/few_replicas.h"
#include "net/net.h"
#include "obs/observe.h"
#include "persist/persist_params.h"
#include "process/config.h"
#include "process/params_later.h"
#include "process/process.h"
#include "push/notify.h"
#include "script/script_params.h"

#define SETTINGS_RENAMES_MAX 512

struct acl;

struct settings {
	struct config *config;
	struct process_config process;
	struct log_config log;
	struct net_config net;
	struct keyspace_config
		keyspace; /* until settings_bind; then keyspace->config is the place */
	struct acl_config acl;
	struct observe_config observe;
	struct push_config push;
	struct persist_config persist;
	struct script_config script;
	struct few_replicas_config few_replicas;
	struct later_config later;

	char *executable; /* argv[0] made absolute */
	struct settings_rename {
		char *from, *to;
		int line; /* in its file, for the error */
	} * renames;
	int rename_count;
	const struct acl *users; /* NULL before settings_bind */
	struct exec *exec; /* NULL before settings_bind, as is notify */
	struct notify *notify;
};

/* All defaults. */
void settings_init(struct settings *s);
void settings_release(struct settings *s);
/* Reads file, standard input and command line, and makes the values fit each other and the machine
 * (limit of open files). */
enum config_start settings_start(struct settings *s, int argc, char **argv);
/* rename-command lines take effect; false after printing the error. All rows must be registered. */
bool settings_rename_commands(struct settings *s, struct command_table *commands);

struct settings_modules {
	struct exec *exec;
	struct acl *acl;
	struct net *net;
	struct observe *observe;
	struct notify *notify;
	struct persist *persist;
};
/* The modules exist now: from here on CONFIG SET reaches them. */
void settings_bind(struct settings *s, const struct settings_modules *modules);
/* Shows the process title as configured (after settings_start; again when an address changed). */
void settings_show_title(const struct settings *s);

#endif
