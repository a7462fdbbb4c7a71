/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A budget for background work. The store does not read clocks: it is lent one (keyspace.clock_us),
 * and without it counts units of work instead, which makes tests and simulations repeatable.
 */
#ifndef RINGLET_STORE_SLICE_H
#define RINGLET_STORE_SLICE_H

#include "store/keyspace.h"

#define SLICE_BUDGET_MAX_US ((int64_t)1 << 50)

struct slice {
	int64_t (*clock_us)(void);
	int64_t end; /* of time, or units left */
};

static inline struct slice slice_begin(const struct keyspace *k, int64_t budget_us)
{
	if (budget_us > SLICE_BUDGET_MAX_US)
		budget_us = SLICE_BUDGET_MAX_US;
	return (struct slice){k->clock_us, k->clock_us ? k->clock_us() + budget_us : budget_us};
}

/* Notes `units` of work; true when the budget is used up. */
static inline bool slice_spend(struct slice *s, int64_t units)
{
	if (s->clock_us != NULL)
		return s->clock_us() >= s->end;
	s->end -= units;
	return s->end <= 0;
}

#endif
