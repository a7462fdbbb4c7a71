/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The observer: told of every call that ended, it feeds the command's histogram and, where the call
 * took long, the slow log, the latency monitor and the list of slow turns. One sink and one
 * comparison for all of them, and for the ends of calls that were sampled (obs/sample).
 *
 * Invariant: limit_ticks is the smallest duration that anyone wants to hear of; threshold_ticks is
 * the same, or 0 while a sampled call runs.
 */
#ifndef RINGLET_OBS_OBSERVE_H
#define RINGLET_OBS_OBSERVE_H

#include "base/param.h"
#include "exec/exec.h"
#include "base/histogram.h"
#include "obs/bigkeys.h"
#include "obs/hotkeys.h"
#include "obs/info.h"
#include "obs/latency.h"
#include "obs/sampler.h"
#include "obs/slowlog.h"
#include "obs/turns.h"

#define OBSERVE_PERCENTILES_MAX 32

struct observe_config {
	int64_t slowlog_slower_than_us; /* negative = off */
	int64_t slowlog_max_len;
	int64_t latency_threshold_ms;   /* 0 = off */
	bool latency_tracking;
	double percentiles[OBSERVE_PERCENTILES_MAX];
	int percentile_count;
};
/* The rows; the group's owner is the config, its context the struct observe. */
extern const struct param_row observe_params[];

struct observe {
	struct exec *exec;
	struct observe_config *config;
	struct slowlog slowlog;
	struct latency_monitor latency;
	uint64_t threshold_ticks, limit_ticks;
	struct sampler sampler;
	struct hotkeys *hotkeys;
	struct bigkeys *bigkeys;
	struct turns turns;
	/* Who a session's peer is ("127.0.0.1:50000"); NULL: unknown. Set by who knows sockets. */
	void (*peer)(const struct session *s, char *text, size_t size);
};

struct observe *observe_new(struct exec *exec, struct observe_config *config);
void observe_free(struct observe *o);
/* After a change of the config. */
void observe_configure(struct observe *o);
/* CONFIG RESETSTAT: forgets the histograms. */
void observe_reset(struct observe *o);
/* About ten times a second, between calls. `walks`: the keyspace may be looked at. */
void observe_tick(struct observe *o, bool walks);
/* First in each turn, while exec has the clock of the turn that is over: it took `took` ticks, and
 * ended in the course of the call `running` if that is not NULL. */
void observe_turn_over(
	struct observe *o, uint64_t took, const struct call *running, bool is_loading);
/* Whether that is to be called; else the turn is forgotten. */
static inline bool observe_minds_turn(struct observe *o, uint64_t took)
{
	if (turns_concern(&o->turns, o->exec, took))
		return true;
	o->turns.calls_before = o->exec->stats.calls;
	return false;
}
/* INFO's latencystats; context: the struct observe. */
extern const struct info_row observe_info_rows[];

#endif
