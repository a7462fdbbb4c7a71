/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading a histogram; adding to it is inline.
 */
#include "base/histogram.h"
#include "base/mem.h"

struct latency_histogram *histogram_new(void)
{
	return mem_calloc(1, sizeof(struct latency_histogram));
}

uint64_t histogram_count(const struct latency_histogram *h)
{
	uint64_t count = 0;
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
		count += h->buckets[bucket];
	return count;
}

static uint64_t bucket_first(unsigned bucket)
{
	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
	return (uint64_t)(HISTOGRAM_STEPS + (bucket & (HISTOGRAM_STEPS - 1))) << shift;
}

uint64_t histogram_bucket_last(unsigned bucket)
{
	return bucket_first(bucket + 1) - 1;
}

uint64_t histogram_percentile(const struct latency_histogram *h, double percent)
{
	uint64_t count = histogram_count(h);
	if (count == 0)
		return 0;
	double wanted = percent / 100.0 * (double)count + 0.5;
	uint64_t rank = wanted < 1 ? 1 : (uint64_t)wanted, seen = 0;
	if (rank > count)
		rank = count;
	unsigned bucket = 0;
	for (; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
		seen += h->buckets[bucket];
		if (seen >= rank)
			break;
	}
	return histogram_bucket_last(bucket);
}

uint64_t histogram_count_within(const struct latency_histogram *h, uint64_t ticks)
{
	uint64_t count = 0;
	for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		uint64_t first = bucket_first(bucket), last = histogram_bucket_last(bucket);
		if (first + (last - first) / 2 > ticks)
			break;
		count += h->buckets[bucket];
	}
	return count;
}
