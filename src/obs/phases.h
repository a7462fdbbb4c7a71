/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where the time of a call goes, per command: queue (from the turn in which its bytes came to its
 * execution), durability (its reply held back by the log), send (from there until the kernel has
 * the reply's last byte), and all of it from the first to the last, execution included. How long
 * execution takes is counted for each call anyway (obs/observe); these are counted for calls that
 * are sampled, each standing for as many as its weight says.
 *
 * Invariant: a command that was sampled owns one block of counts, by powers of two of a
 * microsecond; it goes with CONFIG RESETSTAT. Nothing here reads a clock.
 */
#ifndef RINGLET_OBS_PHASES_H
#define RINGLET_OBS_PHASES_H

#include "exec/probe.h"

#define PHASE_POWERS 40 /* buckets; the last one has all that is longer */

enum phase { PHASE_QUEUE, PHASE_DURABILITY, PHASE_SEND, PHASE_TOTAL, PHASE_COUNT };

struct phase_histograms {
	uint64_t counts[PHASE_COUNT][PHASE_POWERS];
};

/* Where bucket `power` ends, in nanoseconds. Redis counts with two significant digits, so its
 * bucket of a microsecond reaches to 1031 ns, and each further one twice as far. */
static inline double phase_power_end_ns(int power)
{
	return (double)(INT64_C(1032) << power) - 1;
}

void phases_add(struct command *c, enum phase phase, uint64_t ticks, uint32_t weight);
/* A probe's reply was sent: it has all phases. For probe_init. */
void phases_on_probe(const struct probe *p, void *context);
uint64_t phases_count(const struct command *c, enum phase phase);
void phases_forget(struct command *c);

#endif
