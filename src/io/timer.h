/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Timers: a binary heap by deadline, which the loop sleeps towards. Embedded in their owner.
 */
#ifndef RINGLET_IO_TIMER_H
#define RINGLET_IO_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct timer {
	int64_t deadline_us; /* monotonic */
	size_t heap_index;   /* TIMER_IDLE when not armed */
	void (*on_timer)(struct timer *t);
	void *context;
};
#define TIMER_IDLE ((size_t)-1)

void timer_init(struct timer *t, void (*on_timer)(struct timer *t), void *context);
/* Arms or re-arms, counted from this very moment. Fires once, at the end of the first turn that
 * begins at or after the deadline; a delay <= 0 means the next turn. The owner may re-arm, disarm
 * or free any timer, this one included, inside on_timer. */
void timer_arm(struct loop *loop, struct timer *t, int64_t delay_us);
/* Nothing happens when it is not armed. */
void timer_disarm(struct loop *loop, struct timer *t);

static inline bool timer_is_armed(const struct timer *t)
{
	return t->heap_index != TIMER_IDLE;
}

#endif
