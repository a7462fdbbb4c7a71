/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocked calls. A handler that finds nothing to do returns wait_on_keys(…), which is BLOCKED; the
 * same call is run again (call->is_blocked_retry) when one of its keys changes, after the unit that
 * changed it, first come, first served. A retry that still finds nothing returns BLOCKED again and
 * keeps its place; a wrong type under a retry is "nothing" too.
 */
#ifndef RINGLET_EXEC_WAIT_H
#define RINGLET_EXEC_WAIT_H

#include "exec/exec.h"

#define WAIT_FOREVER 0

struct wait_spec {
	int64_t timeout_ms; /* relative; WAIT_FOREVER = none */
	/* Replies for a timeout (null, null array …). */
	void (*on_timeout)(struct reply *reply);
	/* Optional: the reply where it may not block, if it is another. */
	void (*on_denied)(struct reply *reply);
	const struct bytes *keys;
	int key_count;
	/* Woken also when a key is deleted or changes type (XREADGROUP). */
	bool wants_deletion;
};

void wait_table_init(struct exec *exec);
void wait_table_release(struct exec *exec);

/* Blocks the call's session. Inside MULTI or a script (SESSION_DENY_BLOCKING) it does not: the
 * timeout's reply is written and DONE returned. On a retry it just returns BLOCKED. */
enum outcome wait_on_keys(struct call *call, const struct wait_spec *spec);
/* Blocks without keys (WAIT, CLIENT PAUSE's postponed calls …): ended by wait_finish or the
 * timeout. */
enum outcome wait_on_event(
	struct call *call, int64_t timeout_ms, void (*on_timeout)(struct reply *));
/* Blocks until all that was deleted is freed (store/graveyard.h), then the call is run again. Not
 * where SESSION_DENY_BLOCKING. */
enum outcome wait_on_graves(struct call *call);
static inline bool wait_has_grave_waits(const struct exec *exec)
{
	return UNLIKELY(exec->grave_waits != 0);
}
/* Nothing is left to be freed: runs those calls again. */
void wait_serve_graves(struct exec *exec);
/* Ends an event wait: the caller has written the reply (to session->reply). */
void wait_finish(struct session *s);
/* CLIENT UNBLOCK: the timeout's reply, or -UNBLOCKED. False when the session is not blocked on
 * keys. */
bool wait_unblock(struct session *s, bool with_error);
bool wait_is_blocked(const struct session *s);

/* Runs what became ready; called after each outermost unit and by the turn. */
void wait_serve_ready(struct exec *exec);
static inline bool wait_has_ready(const struct exec *exec)
{
	return UNLIKELY(exec->ready_count != 0);
}
/* Microseconds until the next timeout, -1 = none; and the timeouts that have come: never one before
 * its time. */
int64_t wait_next_timeout_us(const struct exec *exec);
void wait_expire(struct exec *exec);
/* The databases change places. */
void wait_on_swap(struct exec *exec, int a, int b);

size_t wait_blocked_count(const struct exec *exec); /* blocked_clients */
size_t wait_key_count(const struct exec *exec);     /* total_blocking_keys */
size_t wait_nokey_count(const struct exec *exec);   /* total_blocking_keys_on_nokey */
size_t wait_timeout_count(const struct exec *exec); /* clients_in_timeout_table */

#endif
