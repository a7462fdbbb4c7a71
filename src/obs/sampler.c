/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The period, and the random distances: geometric, so that they may be drawn anew at any time.
 */
#include "obs/sampler.h"

#include "base/rand.h"

#include <math.h>

void sampler_init(struct sampler *s)
{
	*s = (struct sampler){.period = 1};
}

/* Calls until the first of chance 1/period: at least 1, `period` on average. */
static uint32_t sampler_distance(uint32_t period)
{
	if (period == 1)
		return 1;
	double chance = ((double)(rand_u64() >> 11) + 1) * 0x1p-53; /* in (0, 1] */
	double distance = 1 + floor(log(chance) / log1p(-1.0 / period));
	return distance < UINT32_MAX ? (uint32_t)distance : UINT32_MAX;
}

uint32_t sampler_take(struct sampler *s, uint32_t *left)
{
	uint32_t weight = s->period;

	/* A burst behind a quiet time: not each of its calls. */
	if (++s->taken % SAMPLER_BUDGET == 0 && s->period < SAMPLER_PERIOD_MAX)
		s->period *= 2;
	*left = sampler_distance(s->period);
	return weight;
}

void sampler_tick(struct sampler *s, uint64_t calls, uint32_t *left)
{
	uint64_t period = (calls - s->calls_before) / SAMPLER_BUDGET + 1;

	s->calls_before = calls;
	s->taken = 0;
	s->period = period < SAMPLER_PERIOD_MAX ? (uint32_t)period : SAMPLER_PERIOD_MAX;
	*left = sampler_distance(s->period);
}
