/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The memory gate: before a call runs, room is made by eviction; a call that needs memory is
 * refused when there is none to be had.
 */
#ifndef RINGLET_EXEC_MEMORY_H
#define RINGLET_EXEC_MEMORY_H

#include "exec/exec.h"

/* Registers the gate; armed while maxmemory is set. */
void memory_init(struct exec *exec);
/* maxmemory changed. */
void memory_arm(struct exec *exec);
/* Used memory that eviction looks at: all but what evicting keys can't shrink (buffers of replicas
 * and of the log: memory_not_counted). */
size_t memory_counted_bytes(const struct exec *exec);
/* Goes on with an eviction that ran out of its budget; true while more is to do. */
bool memory_slice(struct exec *exec);

#endif
