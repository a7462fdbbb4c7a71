/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Clocks. A busy loop turns hundreds of thousands of times a second, and two clock readings in each
 * turn would cost more than a percent of it. So a reading is the kernel's clock plus the ticks
 * since; the kernel is asked again after a millisecond, which bounds every error of the counter.
 *
 * Invariant: mono_us of one reading never goes back, whatever counter and calibration say.
 */
#include "io/clock.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATION_NS 2000000
#define CALIBRATION_TRIES 8

double clock_us_per_tick = 0.001;
static int is_calibrated;
static uint64_t trust_ticks; /* 0: the counter is not steady, always ask the kernel */

static int64_t kernel_clock_ns(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_us(void)
{
	return kernel_clock_ns(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_ms(void)
{
	return kernel_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_us(void)
{
	return kernel_clock_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_ms(void)
{
	return kernel_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

#if defined(__x86_64__)

static int ticks_are_steady(void)
{
	unsigned a, b, c, d;
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

/* The pair that was read with the least in between: an interrupt falls out. */
static void sample(uint64_t *ticks, int64_t *ns)
{
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < CALIBRATION_TRIES; i++) {
		uint64_t before = clock_ticks();
		int64_t now = kernel_clock_ns(CLOCK_MONOTONIC);
		uint64_t after = clock_ticks();
		if (after - before >= best)
			continue;
		best = after - before;
		*ticks = before + best / 2;
		*ns = now;
	}
}

void clock_init(void)
{
	if (is_calibrated)
		return;
	is_calibrated = 1;
	uint64_t ticks[2] = {0, 0};
	int64_t ns[2] = {0, 0};
	sample(&ticks[0], &ns[0]);
	while (kernel_clock_ns(CLOCK_MONOTONIC) - ns[0] < CALIBRATION_NS)
		;
	sample(&ticks[1], &ns[1]);
	if (ticks[1] <= ticks[0] || ns[1] <= ns[0])
		return;
	clock_us_per_tick = (double)(ns[1] - ns[0]) / 1000.0 / (double)(ticks[1] - ticks[0]);
	trust_ticks = ticks_are_steady() ? (uint64_t)(CLOCK_TRUST_US / clock_us_per_tick) : 0;
}

#else

void clock_init(void)
{
	is_calibrated = 1;
}

#endif

void clock_read(struct clock_reading *r)
{
	uint64_t ticks = clock_ticks();
	uint64_t since = ticks - r->base_ticks;
	int64_t mono_us;
	if (since < trust_ticks) {
		int64_t since_us = (int64_t)clock_ticks_to_us(since);
		mono_us = r->base_mono_us + since_us;
		r->wall_us = r->base_wall_us + since_us;
	} else {
		r->base_ticks = ticks;
		r->base_mono_us = mono_us = clock_mono_us();
		r->base_wall_us = r->wall_us = clock_wall_us();
	}
	r->ticks = ticks;
	if (mono_us > r->mono_us)
		r->mono_us = mono_us;
}
