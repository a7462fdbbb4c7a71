/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The cache of scripts: texts compiled once, found by their SHA-1 (EVALSHA) or by the text itself
 * (EVAL). Those that only EVAL brought are bounded in number, least recently used first out.
 */
#ifndef RINGLET_SCRIPT_EVAL_H
#define RINGLET_SCRIPT_EVAL_H

#include "script/script.h"

#define EVAL_SCRIPTS_MAX 500 /* kept of those that were never loaded by SCRIPT LOAD */

enum eval_source { EVAL_TEXT, EVAL_SHA };

/* EVAL, EVALSHA and their _RO forms: argv[1] numkeys key... arg... */
enum outcome eval_run(struct call *call, enum eval_source source, bool is_read_only);
/* SCRIPT LOAD; false: the error is written. `sha` gets 40 digits and a NUL. */
bool eval_load(struct call *call, struct bytes text, char sha[41]);
bool eval_exists(const struct exec *exec, struct bytes sha);
void eval_flush(struct exec *exec);
/* CMD_* of EVAL and EVALSHA as this script's first line makes them; those of the row where it says
 * nothing. */
uint32_t eval_command_flags(const struct call *call, enum eval_source source);

#endif
