/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MISCONF: writes (and PING) are refused while what they change could not be made durable. Two
 * reasons, each told by its owner: the last background save failed, the log can't be written. The
 * gate is armed only while there is one.
 */
#ifndef RINGLET_PERSIST_MISCONF_H
#define RINGLET_PERSIST_MISCONF_H

#include "exec/exec.h"

struct misconf {
	struct exec *exec;
	bool save_failed;
	const char *log_error; /* NULL = none */
};

/* Registers the gate. `m` must outlive exec. */
void misconf_init(struct misconf *m, struct exec *exec);
/* The last save failed, and writes are to stop because of it; or not any more. */
void misconf_set_save(struct misconf *m, bool failed);
/* What is wrong with the log (kept by the caller): "No space left on device"; NULL = nothing. */
void misconf_set_log(struct misconf *m, const char *error);

#endif
