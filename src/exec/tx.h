/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Transactions: what MULTI queues and EXEC runs as one unit.
 */
#ifndef RINGLET_EXEC_TX_H
#define RINGLET_EXEC_TX_H

#include "exec/exec.h"

struct queued_call {
	struct command *command;
	int argc;
	struct bytes *argv; /* one allocation with the bytes behind the views */
};

struct transaction {
	struct queued_call *calls;
	int count, cap;
	size_t memory_bytes; /* of the queued arguments */
	uint32_t flags;      /* CMD_* of all queued commands, or-ed */
	uint32_t gates;      /* gates that may veto any of them */
	struct link watched; /* exec/watch's */
};

/* Registers the queueing gate. */
void tx_init(struct exec *exec);
/* The session's state, allocated at first use. */
struct transaction *tx_of(struct session *s);
void tx_begin(struct session *s);
/* Leaves MULTI: drops the queue, the dirty flags and all watches. */
void tx_discard(struct session *s);
/* Runs the queue: writes the array reply. Call only when nothing forbids it. */
void tx_exec(struct call *call);
/* EXEC, DISCARD, QUIT, RESET: whatever forbids others to be queued, these end the transaction. */
bool tx_ends(const struct command *command);
/* A command in MULTI was refused: EXEC will abort. */
void tx_flag_error(struct session *s);
size_t tx_memory_bytes(const struct session *s);
void tx_release(struct session *s);

#endif
