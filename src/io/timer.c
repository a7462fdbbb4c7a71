/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Timers as a binary heap of pointers, each element knowing its own place, so that disarming is as
 * cheap as arming. The kernel is told only of the earliest (see the back ends).
 *
 * Invariant: heap[parent(i)]->deadline_us <= heap[i]->deadline_us, and heap[i]->heap_index == i.
 */
#include "base/mem.h"
#include "io/loop_internal.h"

static void place(struct loop *loop, size_t index, struct timer *t)
{
	loop->timers[index] = t;
	t->heap_index = index;
}

static void sift_up(struct loop *loop, size_t index, struct timer *t)
{
	while (index > 0) {
		size_t parent = (index - 1) / 2;
		if (loop->timers[parent]->deadline_us <= t->deadline_us)
			break;
		place(loop, index, loop->timers[parent]);
		index = parent;
	}
	place(loop, index, t);
}

static void sift_down(struct loop *loop, size_t index, struct timer *t)
{
	for (;;) {
		size_t child = index * 2 + 1;
		if (child >= loop->timer_count)
			break;
		if (child + 1 < loop->timer_count &&
		    loop->timers[child + 1]->deadline_us < loop->timers[child]->deadline_us)
			child++;
		if (t->deadline_us <= loop->timers[child]->deadline_us)
			break;
		place(loop, index, loop->timers[child]);
		index = child;
	}
	place(loop, index, t);
}

static void settle(struct loop *loop, size_t index, struct timer *t)
{
	if (index > 0 && loop->timers[(index - 1) / 2]->deadline_us > t->deadline_us)
		sift_up(loop, index, t);
	else
		sift_down(loop, index, t);
}

void timer_init(struct timer *t, void (*on_timer)(struct timer *t), void *context)
{
	ASSERT(on_timer != NULL);
	*t = (struct timer){.heap_index = TIMER_IDLE, .on_timer = on_timer, .context = context};
}

void timer_arm(struct loop *loop, struct timer *t, int64_t delay_us)
{
	int64_t now_us = loop_now_us(loop);
	/* Later than the clock of this turn: a timer that re-arms itself can't hold the turn. */
	if (now_us <= loop->clock.mono_us)
		now_us = loop->clock.mono_us + 1;
	if (delay_us < 0)
		delay_us = 0;
	if (__builtin_add_overflow(now_us, delay_us, &t->deadline_us))
		t->deadline_us = INT64_MAX;
	if (timer_is_armed(t)) {
		ASSERT(t->heap_index < loop->timer_count && loop->timers[t->heap_index] == t);
		settle(loop, t->heap_index, t);
		return;
	}
	if (loop->timer_count == loop->timer_room) {
		loop->timer_room = loop->timer_room == 0 ? 16 : loop->timer_room * 2;
		loop->timers = mem_realloc(loop->timers, loop->timer_room * sizeof *loop->timers);
	}
	loop->timer_count++;
	sift_up(loop, loop->timer_count - 1, t);
}

void timer_disarm(struct loop *loop, struct timer *t)
{
	if (!timer_is_armed(t))
		return;
	size_t index = t->heap_index;
	ASSERT(index < loop->timer_count && loop->timers[index] == t);
	t->heap_index = TIMER_IDLE;
	struct timer *last = loop->timers[--loop->timer_count];
	if (last != t)
		settle(loop, index, last);
}

void timers_run(struct loop *loop)
{
	/* By this turn's clock, read once: what a callback arms is due later than that. */
	int64_t now_us = loop->clock.mono_us;
	while (loop->timer_count > 0 && loop->timers[0]->deadline_us <= now_us) {
		struct timer *t = loop->timers[0];
		timer_disarm(loop, t);
		t->on_timer(t);
	}
}

int64_t timers_next_us(const struct loop *loop)
{
	return loop->timer_count == 0 ? INT64_MAX : loop->timers[0]->deadline_us;
}
