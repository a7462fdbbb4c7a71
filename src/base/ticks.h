/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The cheapest monotonic counter: the processor's TSC where there is one, else nanoseconds of the
 * monotonic clock. For durations of single calls; io/clock knows how long a tick is.
 */
#ifndef RINGLET_BASE_TICKS_H
#define RINGLET_BASE_TICKS_H

#include <stdint.h>
#include <time.h>

static inline uint64_t ticks_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

#endif
