/* SPDX-License-Identifier: BSD-3-Clause
 *
 * See idle.h. Invariant: what looks spend is bounded, by the limit of one and by the sleeps that
 * follow a failure; what a gathering delays is, by idle_gather_us. It must not know what a turn
 * does, nor which back end looks.
 */
#include "io/idle.h"

#include "io/loop_internal.h"

#include <sched.h>

int idle_spin_us(const struct loop *loop)
{
	return loop->options.spin_us == NULL ? 0 : *loop->options.spin_us;
}

int idle_gather_us(const struct loop *loop)
{
	return loop->options.gather_us == NULL ? 0 : *loop->options.gather_us;
}

bool idle_look_is_due(const struct loop *loop, int64_t sleep_us)
{
	const struct idle *idle = &loop->idle;
	if (idle->delivered == 0 || idle->away_most > IDLE_FEW_BATCHES || loop->depth != 0)
		return false;
	int most_us = idle_spin_us(loop);
	return most_us > 0 && (sleep_us < 0 || sleep_us > most_us);
}

static void look_failed(struct idle *idle)
{
	idle->penalty = idle->penalty * 2 + 1;
	if (idle->penalty > IDLE_SKIP_MAX)
		idle->penalty = IDLE_SKIP_MAX;
	idle->skip = idle->penalty;
}

HOT bool idle_look(struct loop *loop)
{
	struct idle *idle = &loop->idle;
	if (idle->skip > 0) {
		idle->skip--;
		return false;
	}
	uint64_t limit = (uint64_t)(idle_spin_us(loop) / clock_us_per_tick);
	uint64_t begin = clock_ticks(), spent;
	bool is_found;
	do {
		sched_yield();
		is_found = loop->backend->wait(loop, 0);
		spent = clock_ticks() - begin;
	} while (!is_found && spent < limit);
	if (is_found && spent < limit * IDLE_STOLEN_FACTOR)
		idle->penalty = 0;
	else
		look_failed(idle);
	return is_found;
}

HOT uint32_t idle_company(struct loop *loop)
{
	struct idle *idle = &loop->idle;
	if (idle->delivered == 0)
		return 1;
	idle->in_play_sixteenths -= idle->in_play_sixteenths / 16;
	idle->in_play_sixteenths += idle->away_sum;
	uint32_t in_play = idle->in_play_sixteenths / 16;
	if (idle->delivered >= IDLE_BATCH_ENOUGH || in_play < IDLE_MANY || loop->depth != 0)
		return 1;
	/* From the turn before to this one so many came. */
	double period_us = clock_ticks_to_us(loop->wait_end_ticks - idle->turn_begin_ticks);
	if (idle->delivered * (double)idle_gather_us(loop) < period_us)
		return 1;
	uint32_t company = in_play / IDLE_COMPANY_SHARE;
	return company < IDLE_COMPANY_MAX ? company : IDLE_COMPANY_MAX;
}
