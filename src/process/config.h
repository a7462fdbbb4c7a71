/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The configuration of one server: the parameter rows of all modules as one table, and the ways in
 * and out: configuration file, standard input, command line, CONFIG GET, SET and REWRITE, and
 * redis.conf itself.
 *
 * Invariant: a CONFIG SET of many parameters happens as a whole or not at all.
 * It must not know what any parameter means. Lines that are no parameters (rename-command, user …)
 * are directives, each given to whoever owns it.
 */
#ifndef RINGLET_PROCESS_CONFIG_H
#define RINGLET_PROCESS_CONFIG_H

#include "base/param.h"

#define CONFIG_GROUPS_MAX 32
#define CONFIG_DIRECTIVES_MAX 8
#define CONFIG_INCLUDE_DEPTH_MAX 16 /* include in an included file … */
#define CONFIG_FILE_MAX_BYTES (64u << 20)

/* A line of the file that is no parameter. */
struct config_directive {
	const char *name;
	int min_args, max_args; /* words behind the name; max -1: any number */
	bool (*take)(void *context, const struct bytes *argv, int argc, struct param_error *error);
	void *context;
	/* Optional: appends the lines that CONFIG REWRITE puts in place of the file's. */
	void (*rewrite)(void *context, struct buf *lines);
};

struct config;

/* Sets all fields to their defaults. `groups` and what they point to must outlive the config. */
struct config *config_new(const struct param_group *groups, int count);
/* Frees the owners' texts as well. */
void config_free(struct config *c);
void config_add_directive(struct config *c, const struct config_directive *directive);
/* The struct that was at `old_owner` lives at `owner` from now on (the caller copied it), and its
 * module is `context`: for modules that are made only after the configuration was read. */
void config_bind(struct config *c, const void *old_owner, void *owner, void *context);
/* Called for each parameter that CONFIG SET changed, after all were applied. */
void config_on_change(struct config *c, void (*changed)(const struct param_row *row, void *context),
	void *context);

/* --- at start --- */

enum config_start {
	CONFIG_RUN,	 /* go on */
	CONFIG_EXIT_OK,	 /* something was printed (--version, --help …) and that was all */
	CONFIG_EXIT_BAD, /* the error was printed to stderr or the log */
};
/* Reads the file named by argv[1], standard input ("-") and the options, with redis-server's rules.
 */
enum config_start config_start(struct config *c, int argc, char **argv);
/* Reads text as if it were a file; false after printing the error block to stderr. */
bool config_parse(struct config *c, struct bytes text);
/* Where config_parse is, for directives that can be judged only later. */
int config_line_number(const struct config *c);
/* Prints the error block; line 0: about no line. Always false. */
bool config_fatal(int line_number, struct bytes line, const char *why);
/* Absolute path of the file, "" = none. */
const char *config_file(const struct config *c);
/* Prints redis.conf, generated from the rows, to stdout. */
void config_print_template(const struct config *c);

/* --- at run time --- */

/* Calls emit(name, value) for all parameters that the patterns name, each once, under the name
 * asked for. */
void config_get(const struct config *c, const struct bytes *patterns, int count,
	void (*emit)(struct bytes name, struct bytes value, void *context), void *context);
/* The row of a parameter or alias, NULL = none; *owner becomes its struct. */
const struct param_row *config_find(const struct config *c, struct bytes name, void **owner);
/* Is this the name of a parameter whose values are secrets? */
bool config_is_sensitive(const struct config *c, struct bytes name);

enum config_status {
	CONFIG_OK,
	CONFIG_UNKNOWN, /* no such parameter: error.name */
	CONFIG_REFUSED, /* error.name and error.text */
	CONFIG_LOADING, /* not while loading: error.name */
};
struct config_error {
	struct bytes name; /* as the caller spelled it */
	struct param_error text;
};
struct config_caller {
	bool is_loading;
	bool may_set_protected; /* enable-protected-configs allows this caller */
};
/* `pairs`: name, value, name, value …; `count` pairs. All or nothing. */
enum config_status config_set(struct config *c, const struct bytes *pairs, int count,
	struct config_caller caller, struct config_error *error);

/* Rewrites the file: keeps comments, order and unknown lines, updates what is there, appends what
 * is not the default. The new file replaces the old one at once, durably. 0 or -errno; -ENOENT when
 * the server runs without a file. `force_all` writes every parameter (DEBUG
 * CONFIG-REWRITE-FORCE-ALL). */
int config_rewrite(struct config *c, bool force_all);
/* The rewritten text of `old` (what config_rewrite writes). */
void config_rewrite_text(const struct config *c, struct bytes old, bool force_all, struct buf *out);

/* Walks all rows with their owners. */
void config_each(const struct config *c,
	void (*visit)(const struct param_row *row, const void *owner, void *context),
	void *context);

#endif
