/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Staying awake for a moment before a sleep. To sleep and to be woken costs more than a request, on
 * a virtual machine many times as much (a halted processor has to be brought back by the host); a
 * client that waits for each answer asks again within microseconds. So if those whom a turn has
 * answered are the ones who asked just before, the loop looks for news that long.
 *
 * Between two looks it yields the processor: a client on the same one gets it at once. A look that
 * found nothing, or a yield that somebody used for long, is followed by sleeps without one, twice
 * as many each time: what is spent in vain stays a small share of the time.
 */
#ifndef RINGLET_IO_SPIN_H
#define RINGLET_IO_SPIN_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

#define SPIN_ABSENCE_MAX 8    /* batches: who was away for longer is one of many */
#define SPIN_STOLEN_FACTOR 8  /* of the limit: then another program has had the processor */
#define SPIN_SKIP_MAX 1023    /* sleeps */

struct spin {
	uint32_t skip;    /* sleeps still to be slept at once */
	uint32_t penalty; /* how many there will be after the next failure */
};

/* Is it worth a look, after a turn like this one and before a sleep of `sleep_us` (< 0: until
 * something happens)? Not before one that is as short as the look. */
bool spin_is_due(const struct loop *loop, int64_t sleep_us);
/* Looks. Is there something to collect? */
bool spin_wait(struct loop *loop);

#endif
