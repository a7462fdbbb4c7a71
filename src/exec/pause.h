/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLIENT PAUSE: calls of clients wait until a moment; writes only, or all. While it lasts nothing
 * expires and nothing is evicted, so that the data set stands still.
 */
#ifndef RINGLET_EXEC_PAUSE_H
#define RINGLET_EXEC_PAUSE_H

#include "exec/exec.h"

enum pause_kind { PAUSE_NONE, PAUSE_WRITES, PAUSE_ALL };

/* Why there is a pause; each reason has its own end, the strongest kind counts. */
enum pause_reason { PAUSE_BY_COMMAND, PAUSE_BY_SHUTDOWN, PAUSE_BY_FAILOVER,
	PAUSE_BY_SNAPSHOT, PAUSE_BY_LOG, PAUSE_REASONS };

struct pause {
	enum pause_kind kinds[PAUSE_REASONS];
	int64_t until_ms[PAUSE_REASONS];
	enum pause_kind kind; /* the strongest now */
	size_t waiting;       /* sessions whose call is postponed */
};

/* Registers the gate. */
void pause_init(struct exec *exec);
void pause_begin(
	struct exec *exec, enum pause_reason reason, enum pause_kind kind, int64_t until_ms);
void pause_end(struct exec *exec, enum pause_reason reason);
/* Ends what is over; called by the turn. Returns milliseconds until the next end, -1 = none. */
int64_t pause_tick(struct exec *exec);

#endif
