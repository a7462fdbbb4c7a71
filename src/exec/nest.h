/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A turn of the loop inside a call that is not over (a long script): calls that run in it are
 * outermost ones again, and must find the executor as if nothing else ran.
 */
#ifndef RINGLET_EXEC_NEST_H
#define RINGLET_EXEC_NEST_H

#include "exec/exec.h"

struct exec_nest {
	struct call *current;
	struct blob *big_argument;
	struct propagation *unit_first, **unit_last;
	struct session *pushes_for;
	struct out pushes;
	uint64_t ticks;
	int64_t now_us;
	int depth;
};

/* Puts the running call aside; meanwhile exec->is_nested says so. */
void exec_nest_begin(struct exec *exec, struct exec_nest *saved);
/* Takes it up again, with the clock it had: for a script time stands still. */
void exec_nest_end(struct exec *exec, const struct exec_nest *saved);

#endif
