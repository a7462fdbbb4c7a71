/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Readings go around in a ring; the mean is over all places, empty ones counting as zero, so that a
 * burst right after the start is not taken for the usual.
 */
#include "obs/rate.h"

void rate_sample(struct rate *r, uint64_t value, uint64_t base, double factor)
{
	double grown = 0;
	if (base > r->last_base && value >= r->last_value && r->last_base != 0)
		grown = (double)(value - r->last_value) / (double)(base - r->last_base) * factor;
	r->samples[r->next] = grown;
	r->next = (r->next + 1) % RATE_SAMPLES;
	r->last_value = value;
	r->last_base = base;
}

double rate_mean(const struct rate *r)
{
	double sum = 0;
	for (int i = 0; i < RATE_SAMPLES; i++)
		sum += r->samples[i];
	return sum / RATE_SAMPLES;
}
