/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counts of phases by powers of two, and the parts of a probe's way.
 */
#include "obs/phases.h"

#include "base/mem.h"
#include "io/clock.h"

static int phase_power(uint64_t ticks)
{
	double ns = clock_ticks_to_us(ticks) * 1000;
	int power = 0;

	while (power < PHASE_POWERS - 1 && ns > phase_power_end_ns(power))
		power++;
	return power;
}

void phases_add(struct command *c, enum phase phase, uint64_t ticks, uint32_t weight)
{
	if (c->phases == NULL)
		c->phases = mem_calloc(1, sizeof(*c->phases));
	c->phases->counts[phase][phase_power(ticks)] += weight;
}

/* Counters of two processors may differ by a little. */
static uint64_t ticks_between(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

void phases_on_probe(const struct probe *p, void *context)
{
	struct command *c = p->command;

	(void)context;
	phases_add(c, PHASE_QUEUE, ticks_between(p->received, p->begun), p->weight);
	if (p->may_hold)
		phases_add(c, PHASE_DURABILITY, ticks_between(p->ended, p->released), p->weight);
	phases_add(c, PHASE_SEND, ticks_between(p->released, p->sent), p->weight);
	phases_add(c, PHASE_TOTAL, ticks_between(p->received, p->sent), p->weight);
}

uint64_t phases_count(const struct command *c, enum phase phase)
{
	uint64_t count = 0;

	for (int power = 0; c->phases != NULL && power < PHASE_POWERS; power++)
		count += c->phases->counts[phase][power];
	return count;
}

void phases_forget(struct command *c)
{
	mem_free(c->phases);
	c->phases = NULL;
}
