/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How the loop sleeps. To sleep and to be woken costs more than a request, on a virtual machine
 * many times as much (a halted processor has to be brought back by the host), and part of it is
 * the client's to pay. Which socket delivered how many batches after its last time tells how many
 * clients are in play: added up over a turn, that is about their number (Little's law).
 *
 * With few, the ones that a turn has answered ask again within microseconds: the loop looks for
 * news that long before it sleeps. Between two looks it yields the processor: a client on the same
 * one gets it at once. A look that found nothing, or a yield that somebody used for long, is
 * followed by sleeps without one, twice as many each time: what is spent in vain stays a small
 * share of the time.
 *
 * With many that come one by one, faster than they could be woken for, the loop sleeps on for a
 * moment until several have asked: batches grow, and both sides wake each other less often.
 */
#ifndef RINGLET_IO_IDLE_H
#define RINGLET_IO_IDLE_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

#define IDLE_FEW_BATCHES 8       /* nobody was away for longer: few are in play */
#define IDLE_AWAY_MAX_BATCHES 64 /* who comes back after longer says nothing of the others */
#define IDLE_STOLEN_FACTOR 8     /* of a look's limit: then another program had the processor */
#define IDLE_SKIP_MAX 1023       /* sleeps */
#define IDLE_MANY 16             /* sockets in play, from which on it pays to wait for some */
#define IDLE_COMPANY_MAX 16      /* sockets that are waited for */
#define IDLE_COMPANY_SHARE 4     /* of those in play, one in so many */
#define IDLE_BATCH_ENOUGH 8      /* sockets in a turn that is worth its wake-up */

struct idle {
	/* Of this turn: sockets that delivered, for how many batches they had not, at most and in
	 * all. */
	uint32_t delivered, away_most, away_sum;
	uint64_t turn_begin_ticks; /* of the turn before */
	uint32_t in_play_sixteenths; /* sockets, smoothed over turns */
	uint32_t skip;             /* sleeps still to be slept without a look */
	uint32_t penalty;          /* how many there will be after the next failure */
	uint32_t company;          /* news that the next sleep waits for, for idle_gather_us */
};

/* A socket delivers that did so `away` batches ago. */
static inline void idle_note(struct idle *idle, uint32_t away)
{
	idle->delivered++;
	if (away > idle->away_most)
		idle->away_most = away;
	idle->away_sum += away < IDLE_AWAY_MAX_BATCHES ? away : IDLE_AWAY_MAX_BATCHES;
}

/* Is it worth a look, after a turn like this one and before a sleep of `sleep_us` (< 0: until
 * something happens)? Not before one that is as short as the look. */
bool idle_look_is_due(const struct loop *loop, int64_t sleep_us);
/* Looks. Is there something to collect? */
bool idle_look(struct loop *loop);
/* How many news are worth a wake-up, after a turn like this one: 1, or more where so many are
 * to be expected within idle_gather_us. Called once a turn. */
uint32_t idle_company(struct loop *loop);
/* The parameters, in microseconds; 0: not done. */
int idle_spin_us(const struct loop *loop);
int idle_gather_us(const struct loop *loop);

#endif
