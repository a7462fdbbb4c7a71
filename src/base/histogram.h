/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How long the calls of one command took, or other durations and sizes: a log-linear histogram,
 * sixteen steps to each power of two (an error of at most 6 %). Adding is a shift, a mask and an
 * increment; ticks become microseconds only when somebody asks.
 *
 * One allocation, freed with mem_free. It must not know commands.
 */
#ifndef RINGLET_BASE_HISTOGRAM_H
#define RINGLET_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 4
#define HISTOGRAM_STEPS (1 << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_OCTAVES 40 /* 2^40 ticks are minutes; what is longer counts as that */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_OCTAVES - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

struct latency_histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t ticks)
{
	if (ticks < HISTOGRAM_STEPS)
		return (unsigned)ticks;
	unsigned octave = 63u - (unsigned)__builtin_clzll(ticks);
	if (octave >= HISTOGRAM_OCTAVES)
		return HISTOGRAM_BUCKETS - 1;
	unsigned shift = octave - HISTOGRAM_STEP_BITS;
	return ((shift + 1) << HISTOGRAM_STEP_BITS) +
		((unsigned)(ticks >> shift) & (HISTOGRAM_STEPS - 1));
}

static inline void histogram_add(struct latency_histogram *h, uint64_t ticks)
{
	h->buckets[histogram_bucket(ticks)]++;
}

struct latency_histogram *histogram_new(void);
/* How many calls were added. */
uint64_t histogram_count(const struct latency_histogram *h);
/* The largest number of ticks that falls into the bucket. */
uint64_t histogram_bucket_last(unsigned bucket);
/* The largest number of ticks of the bucket in which `percent` of all calls lie; 0 when empty. */
uint64_t histogram_percentile(const struct latency_histogram *h, double percent);
/* How many calls took at most `ticks`, as far as buckets tell: those whose middle is not above it.
 */
uint64_t histogram_count_within(const struct latency_histogram *h, uint64_t ticks);

#endif
