/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Prometheus' text format, with the names that redis_exporter gives to what INFO says: whoever has
 * dashboards for that finds the same figures here without it.
 *
 * The page is made of INFO's own text, so that both tell the same; it is as long as INFO is, plus a
 * line for each command and database. Keys are not on it.
 */
#ifndef RINGLET_OBS_METRICS_H
#define RINGLET_OBS_METRICS_H

#include "obs/info.h"
#include "obs/latency.h"

#define METRICS_DATABASES_MAX 1024 /* empty ones beyond are left out */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What INFO does not say. */
struct metrics_source {
	const struct info_registry *info;
	int databases;
	int64_t now_s;
	int64_t slowlog_count, slowlog_last_id, slowlog_last_us; /* 0 where there is none */
	const struct latency_monitor *latency;
};

void metrics_render(const struct metrics_source *source, struct buf *out);

#endif
