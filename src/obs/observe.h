/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The observer: told of every call that ended, it feeds the command's histogram and, where the call
 * took long, the slow log and the latency monitor. One sink and one comparison for all three.
 *
 * Invariant: threshold_ticks is the smallest duration that anyone wants to hear of.
 */
#ifndef RINGLET_OBS_OBSERVE_H
#define RINGLET_OBS_OBSERVE_H

#include "base/param.h"
#include "exec/exec.h"
#include "base/histogram.h"
#include "obs/info.h"
#include "obs/latency.h"
#include "obs/slowlog.h"

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
	uint64_t threshold_ticks;
	/* Who a session's peer is ("127.0.0.1:50000"); NULL: unknown. Set by who knows sockets. */
	void (*peer)(const struct session *s, char *text, size_t size);
};

struct observe *observe_new(struct exec *exec, struct observe_config *config);
void observe_free(struct observe *o);
/* After a change of the config. */
void observe_configure(struct observe *o);
/* CONFIG RESETSTAT: forgets the histograms. */
void observe_reset(struct observe *o);
/* INFO's latencystats; context: the struct observe. */
extern const struct info_row observe_info_rows[];

#endif
