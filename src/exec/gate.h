/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gates: every "may this call run now?" is a bit and a check owned by the folder that knows the
 * answer. A folder arms its bit on exec or on a session when its condition can apply; dispatch
 * tests one AND. Gates are asked in the order of their bits, the first refusal wins.
 */
#ifndef RINGLET_EXEC_GATE_H
#define RINGLET_EXEC_GATE_H

#include "exec/command.h"

enum gate {
	GATE_PROTECTED, /* DEBUG, MODULE: not enabled for this connection */
	GATE_AUTH,      /* not authenticated */
	GATE_ACL,
	GATE_CLUSTER,
	GATE_MEMORY, /* maxmemory: evicts, then may veto */
	GATE_DISK,   /* MISCONF */
	GATE_FEW_REPLICAS,
	GATE_READ_ONLY,  /* read-only replica */
	GATE_SUBSCRIBER, /* RESP2 subscriber mode */
	GATE_MONITOR,    /* a watching session */
	GATE_STALE,
	GATE_LOADING,
	GATE_BUSY_SCRIPT,
	GATE_PAUSED,
	GATE_QUEUE, /* in MULTI: queue instead of run, after all vetoes */
	GATE_COUNT
};
#define GATE_BIT(gate) (1u << (gate))

enum gate_answer {
	GATE_PASS,
	GATE_REFUSED, /* the check wrote the error */
	GATE_TAKEN,   /* the check dealt with the call (queued, postponed); nothing more to do */
};

struct gate_row {
	enum gate gate;
	const char *name;
	enum gate_answer (*check)(struct call *call, void *context);
	/* Which commands it may veto; computed for each at registration. */
	bool (*concerns)(const struct command *command);
	void *context;
};

void gate_register(struct exec *exec, const struct gate_row *row);
static inline uint32_t gate_armed(
	uint32_t exec_gates, uint32_t session_gates, uint32_t command_gates)
{
	return (exec_gates | session_gates) & command_gates;
}
enum gate_answer gate_run(struct call *call, uint32_t armed);

#endif
