/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Time. The loop reads the clocks once a turn; everything above uses those readings. Only durations
 * of single commands are taken from the tick counter.
 */
#ifndef RINGLET_IO_CLOCK_H
#define RINGLET_IO_CLOCK_H

#include "base/ticks.h"

#include <stdint.h>

/* Calibrates the tick counter, the first time it is called; takes 2 ms. loop_new calls it. */
void clock_init(void);
/* Wall clock. */
int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);
/* Never goes back. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

/* The tick counter of base/ticks.h and its length. */
extern double clock_us_per_tick;
static inline uint64_t clock_ticks(void)
{
	return ticks_now();
}
static inline double clock_ticks_to_us(uint64_t ticks)
{
	return (double)ticks * clock_us_per_tick;
}

/* Both clocks and the counter at one moment. Zero-initialised is a valid "never read". */
struct clock_reading {
	int64_t mono_us;
	int64_t wall_us;
	uint64_t ticks;
	uint64_t base_ticks; /* when the kernel's clocks were read last */
	int64_t base_mono_us;
	int64_t base_wall_us;
};
#define CLOCK_TRUST_US 1000 /* the counter alone is believed this long */

/* Brings `r` up to now. Where the counter is steady the kernel's clocks are read at most once a
 * CLOCK_TRUST_US; a step of the wall clock is seen that much later. */
void clock_read(struct clock_reading *r);

#endif
