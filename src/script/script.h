/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Scripts on Lua 5.1: the front door. One `struct scripts` per executor holds two interpreters (one
 * for EVAL, one for functions), the cache of scripts, the libraries, and the session for which
 * nested calls run. What a script changes is one unit; the script itself is never propagated.
 */
#ifndef RINGLET_SCRIPT_SCRIPT_H
#define RINGLET_SCRIPT_SCRIPT_H

#include "exec/call.h"
#include "script/script_params.h"

struct scripts;

#define SCRIPT_VM_BYTES_MAX                                                                        \
	((size_t)1 << 30) /* memory of one interpreter; then "not enough memory" */

/* What a script declares of itself in its first line or at registration. */
enum script_flag {
	SCRIPT_NO_WRITES = 1 << 0,
	SCRIPT_ALLOW_OOM = 1 << 1,
	SCRIPT_ALLOW_STALE = 1 << 2,
	SCRIPT_NO_CLUSTER = 1 << 3,
	SCRIPT_CROSS_SLOTS = 1 << 4,
	SCRIPT_UNDECLARED = 1 << 5, /* EVAL without a shebang: nothing is known of it */
};
/* The flag of this name; 0 = there is none. And the names by bit, ended by NULL. */
uint32_t script_flag_find(struct bytes name);
extern const char *const script_flag_names[];

/* CMD_* of EVAL or FCALL once its script's flags are known. */
uint32_t script_command_flags(uint32_t command_flags, uint32_t script_flags);

/* Creates the interpreters and hangs the module on exec->scripts; registers the busy gate. */
void scripts_init(struct exec *exec, const struct script_config *config);
void scripts_free(struct exec *exec);
/* `serve` runs one turn of the loop that waits for nothing; called from inside a long script. */
void scripts_on_busy(struct exec *exec, void (*serve)(void *context), void *context);
/* redis.acl_check_cmd: may `s` run this? Without a check everything may be run. */
void scripts_on_acl(struct exec *exec, bool (*may_run)(struct call *call));

/* --- the running script --- */

/* A script runs (busy or not), and what it is: false = EVAL, true = FCALL. */
bool script_is_running(const struct exec *exec);
bool script_is_function(const struct exec *exec);
/* The running one's caller is `s`. */
bool script_is_run_by(const struct session *s);
/* Its name (function or SHA-1), the command that runs it, how long it has run. */
const char *script_running_name(const struct exec *exec);
const struct call *script_running_call(const struct exec *exec);
int64_t script_running_ms(const struct exec *exec);
/* "BUSY …", fit for the kind that is running; E_NONE when none is. */
enum error script_busy_error(const struct exec *exec);
/* SCRIPT KILL, FUNCTION KILL: E_NONE when it will end, else why not. */
enum error script_kill(struct exec *exec, bool is_function);
/* The server ends: it is ended whatever it wrote, and what it wrote is not propagated. */
void script_abandon(struct exec *exec);

/* --- figures --- */

struct script_figures {
	size_t vm_eval_bytes, vm_functions_bytes; /* as the interpreters count */
	size_t eval_bytes;                        /* texts and rows of cached scripts */
	size_t functions_bytes;                   /* libraries and their functions */
	size_t scripts, functions, libraries;
	uint64_t evicted_scripts;
};
void scripts_figures(const struct exec *exec, struct script_figures *out);

#endif
