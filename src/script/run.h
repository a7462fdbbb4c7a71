/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Running: what the files of script/ know of the module and of the script under way. Used inside
 * script/ only.
 */
#ifndef RINGLET_SCRIPT_RUN_H
#define RINGLET_SCRIPT_RUN_H

#include "exec/exec.h"
#include "script/eval.h"
#include "script/library.h"
#include "script/vm.h"

/* What is to be run. */
struct script_job {
	struct script_vm *vm;
	const char *name;
	uint32_t flags; /* SCRIPT_* */
	int ref;        /* the function */
	bool is_read_only;
	const struct bytes *keys;
	const struct bytes *args;
	int key_count, arg_count;
};

struct script_run {
	const struct script_job *job;
	struct call *call; /* EVAL's or FCALL's */
	int64_t started_us;
	bool is_oom; /* there was no memory left when it began */
	bool has_written;
	bool is_busy; /* others are being told BUSY */
	bool is_killed;
	bool is_abandoned;
	/* Where its reply begins, from when it is written on: no turn of the loop comes between. */
	bool has_mark;
	struct out_mark mark;
	/* The error that ended it, as text, and where it came from. */
	struct buf error;
	struct buf source;
	int line;        /* -1 = unknown */
	bool is_counted; /* errorstats have it already */
};

struct script; /* eval.c */

struct scripts {
	struct exec *exec;
	const struct script_config *config;
	struct script_vm vms[2]; /* by enum vm_kind */
	struct session session;  /* nested calls run for it */
	struct script_run *run;  /* NULL = none */
	struct buf reply;        /* a nested call's reply that is in pieces */
	int64_t load_until_us; /* a library's text is running: until then; 0 = none, or no limit */
	struct library *loading;
	void (*serve)(void *context);
	void *serve_context;
	bool (*may_run)(struct call *call);
	/* eval.c */
	struct dict by_text, by_sha;
	struct link eval_lru; /* scripts that only EVAL brought, oldest first */
	size_t eval_lru_count;
	size_t script_count;
	size_t eval_bytes;
	uint64_t evicted_scripts;
	/* library.c */
	struct dict functions;
	struct link libraries;
	size_t library_count;
	size_t functions_bytes;
};

/* numkeys at argv[2], keys and arguments behind it, into the job. False: the error is written. */
bool script_job_words(struct call *call, struct script_job *job, enum error not_a_number);
/* Runs it and writes the reply. */
enum outcome script_run(struct call *call, const struct script_job *job);
/* redis.call and redis.pcall: the words are on the Lua stack. */
int script_call(lua_State *lua, bool raises);

/* Raises {err = the error's text}. */
int script_raise(lua_State *lua, enum error error);
/* Pushes {err = text}; `is_counted`: the script's own reply won't count it again. */
void script_push_error(lua_State *lua, struct bytes text, bool is_counted);
/* The hook of all interpreters, also for C functions that may loop long (then without a place). */
void script_hook(lua_State *lua, lua_Debug *where);
/* Was the script told to end? Then nothing of it may run any more. */
static inline bool script_is_killed(lua_State *lua)
{
	const struct script_run *run = vm_of(lua)->scripts->run;
	return run != NULL && run->is_killed;
}
#define SCRIPT_HOOK_INSTRUCTIONS 100000
/* C functions that lua_pcall runs: the body of a job, and the error handler. */
int script_body(lua_State *lua);
int script_on_error(lua_State *lua);

/* library.c: redis.register_function */
int library_register(lua_State *lua);

/* eval.c and library.c: their share of the module's life. */
void eval_init(struct scripts *s);
void eval_release(struct scripts *s);
void library_init(struct scripts *s);
void library_release(struct scripts *s);

/* convert.c: a reply as bytes into a Lua value on the stack; and a Lua value (popped) into a
 * reply. */
void convert_to_lua(lua_State *lua, struct bytes reply);
void convert_from_lua(lua_State *lua, struct reply *reply, int resp);

#endif
