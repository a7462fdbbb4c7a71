/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a turn was spent on besides calls: whoever works on the side says for how long, in ticks it
 * measured anyway or that are few beside the work. Who wants to know why a turn was long reads the
 * ledger when the turn is over and empties it (obs/turns).
 */
#ifndef RINGLET_EXEC_WORK_H
#define RINGLET_EXEC_WORK_H

#include <stdbool.h>
#include <stdint.h>

#define WORK_MIN_TICKS (1u << 14) /* some microseconds: what is shorter made no turn long */

enum work {
	WORK_EXPIRE,   /* the sweep over keys with a deadline */
	WORK_EVICT,    /* making room below maxmemory, between calls */
	WORK_FREE,     /* deleting large values in slices */
	WORK_RESIZE,   /* moving tables */
	WORK_SNAPSHOT, /* a slice of a save */
	WORK_COMMIT,   /* handing changes to the log */
	WORK_CRON,     /* what is looked at a few times a second */
	WORK_METRICS,  /* rendering a page of them */
	WORK_KINDS
};

struct work_ledger {
	uint64_t ticks[WORK_KINDS];
	bool is_used; /* something was noted in this turn, here or by whoever watches calls */
};

static inline void work_add(struct work_ledger *ledger, enum work kind, uint64_t ticks)
{
	if (ticks < WORK_MIN_TICKS)
		return;
	ledger->ticks[kind] += ticks;
	ledger->is_used = true;
}

#endif
