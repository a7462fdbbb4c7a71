/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How fast a counter grows lately: the mean over the last RATE_SAMPLES readings, which are taken
 * about ten times a second (INFO's instantaneous_* fields).
 */
#ifndef RINGLET_OBS_RATE_H
#define RINGLET_OBS_RATE_H

#include <stdint.h>

#define RATE_SAMPLES 16

/* All zero is a valid start. */
struct rate {
	double samples[RATE_SAMPLES];
	uint64_t last_value;
	uint64_t last_base;
	int next;
};

/* Notes that `value` grew since the last call, per unit that `base` grew by: microseconds for rates
 * per second (factor 1e6), or any other counter for a ratio (factor 1). Counters that were set back
 * begin anew. */
void rate_sample(struct rate *r, uint64_t value, uint64_t base, double factor);
double rate_mean(const struct rate *r);

#endif
