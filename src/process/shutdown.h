/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The end of a server: SHUTDOWN and the signals that mean it. A shutdown may have to wait (for
 * replicas, later), may be refused (a save fails) and may be called off (SHUTDOWN ABORT).
 *
 * Invariant: once the last step is done the loop stops in the same turn; until then nothing has
 * been given up that an abort could not give back. It must not know what is saved nor how: steps
 * are handed in by their owners.
 */
#ifndef RINGLET_PROCESS_SHUTDOWN_H
#define RINGLET_PROCESS_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#define SHUTDOWN_STEPS_MAX 8

enum shutdown_flag {
	SHUTDOWN_SAVE = 1 << 0, /* save even without save points */
	SHUTDOWN_NOSAVE = 1 << 1,
	SHUTDOWN_NOW = 1 << 2,	 /* don't wait for replicas */
	SHUTDOWN_FORCE = 1 << 3, /* errors don't keep the server alive */
};

enum shutdown_answer {
	SHUTDOWN_DONE,
	SHUTDOWN_WAIT,	 /* ask again in a later turn */
	SHUTDOWN_REFUSE, /* the step logged why; ignored with FORCE */
};

struct shutdown_step {
	const char *name;
	/* `flags`: SHUTDOWN_*. `is_late`: the time for waiting is over. */
	enum shutdown_answer (*run)(unsigned flags, bool is_late, void *context);
	/* The shutdown was called off or refused: undo. May be NULL. */
	void (*undo)(void *context);
	void *context;
};

struct shutdown;

/* `stop` ends the loop; `ended` is told the outcome of a pending shutdown that a SHUTDOWN command
 * waits for: false = refused or aborted. Both are called on the loop's thread. */
struct shutdown *shutdown_new(void (*stop)(void *context), void *context);
void shutdown_free(struct shutdown *s);
void shutdown_add_step(struct shutdown *s, struct shutdown_step step);
void shutdown_on_failed(struct shutdown *s, void (*failed)(void *context), void *context);

enum shutdown_status { SHUTDOWN_EXITING, SHUTDOWN_PENDING, SHUTDOWN_FAILED };
/* Starts (or, when one is pending, joins it). `timeout_ms`: how long steps may wait. */
enum shutdown_status shutdown_begin(
	struct shutdown *s, unsigned flags, int64_t timeout_ms, int64_t now_ms);
/* Goes on with a pending one; called once a turn or tick. */
void shutdown_tick(struct shutdown *s, int64_t now_ms);
/* False: none is under way. */
bool shutdown_abort(struct shutdown *s);
bool shutdown_is_pending(const struct shutdown *s);
/* Milliseconds left of a pending one's waiting (INFO shutdown_in_milliseconds); -1 = none. */
int64_t shutdown_left_ms(const struct shutdown *s, int64_t now_ms);
/* A signal's way: logs; the shutdown begins with the next tick, with the flags of shutdown-on-sig*.
 * A second SIGINT before the end ends the process at once. */
void shutdown_on_signal(struct shutdown *s, int signal, unsigned flags, int64_t timeout_ms);

#endif
