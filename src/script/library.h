/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Libraries of functions: texts that were run once, registering functions for FCALL. The text is
 * what is kept (RDB, the log, FUNCTION DUMP); everything else is made of it again.
 */
#ifndef RINGLET_SCRIPT_LIBRARY_H
#define RINGLET_SCRIPT_LIBRARY_H

#include "base/list.h"
#include "script/script.h"

#define LIBRARY_LOAD_MS 500          /* a library's text may run for so long */
#define LIBRARY_FUNCTIONS_MAX 100000 /* of one library */

struct library {
	struct link all; /* in order of loading */
	char *name;
	char *source;
	size_t source_len;
	struct link functions;
	size_t function_count;
};

struct function {
	struct link of_library;
	struct library *library;
	char *name;
	char *description; /* NULL = none */
	uint32_t flags;    /* SCRIPT_* */
	int ref;           /* of the callback, in the interpreter */
};

struct library_error {
	char text[1024]; /* "ERR …" */
};

/* Loads a library from its text. False with the reason; nothing has changed then. `name` (may be
 * NULL) is set to the library's name. `is_trusted`: from a file of ours, no limit of time. */
struct library_options {
	bool replaces;
	bool is_trusted;
	bool is_restored; /* from a payload: the error of a name that is taken is another */
};
bool library_load(struct exec *exec, struct bytes source, struct library_options options,
	const char **name, struct library_error *error);
/* False: no such library. */
bool library_delete(struct exec *exec, struct bytes name);
void library_flush(struct exec *exec);
/* All libraries in order of loading: the link of `all` in struct library. */
struct link *library_list(const struct exec *exec);
/* NULL = no such function. */
struct function *function_find(const struct exec *exec, struct bytes name);
enum outcome function_run(struct call *call, bool is_read_only);

enum library_policy { LIBRARY_FLUSH, LIBRARY_APPEND, LIBRARY_REPLACE };
/* FUNCTION DUMP's payload, and back: all or nothing. */
void library_dump(const struct exec *exec, struct buf *out);
bool library_restore(struct exec *exec, struct bytes payload, enum library_policy policy,
	struct library_error *error);

/* For snapshots and logs: the text of each library; and one of them back. */
void script_functions_each(
	const struct exec *exec, void (*visit)(struct bytes source, void *context), void *context);
bool script_function_load(
	struct exec *exec, struct bytes source, bool replaces, struct library_error *error);

#endif
