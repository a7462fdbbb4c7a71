/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The latency monitor: for each kind of event that took too long ("command", "expire-cycle" …) the
 * last samples, at most one a second, and the worst of all times.
 *
 * Invariant: at most LATENCY_EVENTS_MAX events, each with LATENCY_SAMPLES samples, oldest
 * overwritten. It must not know what an event means, except in latency_report's advice.
 */
#ifndef RINGLET_OBS_LATENCY_H
#define RINGLET_OBS_LATENCY_H

#include "base/buf.h"

#define LATENCY_EVENTS_MAX 64
#define LATENCY_SAMPLES 160
#define LATENCY_NAME_MAX 32

struct latency_sample {
	int64_t time_s;  /* wall clock; 0 = none */
	int64_t ms;
};

struct latency_event {
	char name[LATENCY_NAME_MAX];
	int next;        /* where the next sample goes */
	int64_t worst_ms;
	struct latency_sample samples[LATENCY_SAMPLES];
};

struct latency_monitor {
	int64_t threshold_ms; /* 0 = off */
	struct latency_event *events[LATENCY_EVENTS_MAX];
	int count;
};

void latency_init(struct latency_monitor *m);
void latency_release(struct latency_monitor *m);
/* Notes that `name` took `ms`, where the monitor is on and that is too long. Two samples of one
 * second become the longer of them. */
void latency_add(struct latency_monitor *m, const char *name, int64_t ms, int64_t now_s);
/* NULL = no such event. */
const struct latency_event *latency_find(const struct latency_monitor *m, struct bytes name);
/* The sample `back` places behind the latest, 0 = the latest; NULL = there are not so many. */
const struct latency_sample *latency_sample_back(const struct latency_event *e, int back);
/* Forgets one event; false = no such event. */
bool latency_forget(struct latency_monitor *m, struct bytes name);
int latency_forget_all(struct latency_monitor *m);

/* LATENCY GRAPH: title, rows of a picture, ages below. */
void latency_graph(const struct latency_event *e, int64_t now_s, struct buf *out);
/* LATENCY DOCTOR: what was seen, and what may help. */
void latency_report(const struct latency_monitor *m, struct buf *out);

#endif
