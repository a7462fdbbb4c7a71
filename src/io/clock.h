/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Time. The loop reads the clocks once a turn; everything above uses those readings. Only durations
 * of single commands are taken from the tick counter.
 */
#ifndef RINGLET_IO_CLOCK_H
#define RINGLET_IO_CLOCK_H

#include <stdint.h>

/* Calibrates the tick counter; once at start. */
void clock_init(void);
/* Wall clock. */
int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);
/* Never goes back. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

/* The cheapest monotonic counter (TSC where it is invariant) and its length. */
extern double clock_us_per_tick;
#if defined(__x86_64__)
static inline uint64_t clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
#else
uint64_t clock_ticks(void);
#endif
static inline double clock_ticks_to_us(uint64_t ticks)
{
	return (double)ticks * clock_us_per_tick;
}

#endif
