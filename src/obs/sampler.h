/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which calls are looked at closely: each with the same chance of one in `period`, so that no
 * pattern of requests hides from it or stands out. The period follows the load: a server that is
 * not busy has each of its calls looked at, a busy one about SAMPLER_BUDGET in a tick of a tenth of
 * a second.
 *
 * Invariant: a call that is chosen weighs as many calls as its chance was one of, so sums of
 * weights are true on average whatever the period was.
 */
#ifndef RINGLET_OBS_SAMPLER_H
#define RINGLET_OBS_SAMPLER_H

#include <stdint.h>

#define SAMPLER_BUDGET 100 /* samples wanted in a tick */
#define SAMPLER_PERIOD_MAX (1 << 20)

struct sampler {
	uint32_t period;       /* also the weight of the next sample */
	uint32_t taken;        /* samples since the last tick */
	uint64_t calls_before; /* the executor's count at the last tick */
};

void sampler_init(struct sampler *s);
/* The weight of the sample that is just due; *left becomes the calls until the next one. */
uint32_t sampler_take(struct sampler *s, uint32_t *left);
/* About ten times a second, with the number of calls so far; *left becomes the calls until the next
 * sample (the chance of each does not depend on what was counted down before). */
void sampler_tick(struct sampler *s, uint64_t calls, uint32_t *left);

#endif
