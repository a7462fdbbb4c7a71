/* SPDX-License-Identifier: BSD-3-Clause
 *
 * min-replicas-to-write as a gate: writes are refused while fewer replicas than that are near
 * enough. There is no replication here, so none ever is: whoever asks for one gets no write through
 * that only this machine would have.
 */
#ifndef RINGLET_EXEC_FEW_REPLICAS_H
#define RINGLET_EXEC_FEW_REPLICAS_H

#include "base/param.h"
#include "exec/exec.h"

struct few_replicas_config {
	int at_least;  /* min-replicas-to-write; 0 = never mind */
	int max_lag_s; /* min-replicas-max-lag; 0 = never mind */
};

extern const struct param_row few_replicas_params[];

/* Registers the gate. */
void few_replicas_init(struct exec *exec);
/* At start; later changes of the parameters do it by themselves (their group's context: exec). */
void few_replicas_arm(struct exec *exec, const struct few_replicas_config *config);

#endif
