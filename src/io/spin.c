/* SPDX-License-Identifier: BSD-3-Clause
 *
 * See spin.h. Invariant: what it spends is bounded, by the limit of one look and by the sleeps that
 * follow a failure. It must not know what a turn does, nor which back end looks.
 */
#include "io/spin.h"

#include "io/loop_internal.h"

#include <sched.h>

bool spin_is_due(const struct loop *loop, int64_t sleep_us)
{
	if (loop->absence == 0 || loop->absence > SPIN_ABSENCE_MAX || loop->depth != 0)
		return false;
	int most_us = loop->options.spin_us == NULL ? 0 : *loop->options.spin_us;
	return most_us > 0 && (sleep_us < 0 || sleep_us > most_us);
}

static void spin_failed(struct spin *spin)
{
	spin->penalty = spin->penalty * 2 + 1;
	if (spin->penalty > SPIN_SKIP_MAX)
		spin->penalty = SPIN_SKIP_MAX;
	spin->skip = spin->penalty;
}

HOT bool spin_wait(struct loop *loop)
{
	struct spin *spin = &loop->spin;
	if (spin->skip > 0) {
		spin->skip--;
		return false;
	}
	uint64_t limit = (uint64_t)(*loop->options.spin_us / clock_us_per_tick);
	uint64_t begin = clock_ticks(), spent;
	bool is_found;
	do {
		sched_yield();
		is_found = loop->backend->wait(loop, 0);
		spent = clock_ticks() - begin;
	} while (!is_found && spent < limit);
	if (is_found && spent < limit * SPIN_STOLEN_FACTOR)
		spin->penalty = 0;
	else
		spin_failed(spin);
	return is_found;
}
