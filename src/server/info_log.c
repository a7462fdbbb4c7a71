/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's rows of refused writes, commits, held replies and turns: ours, not Redis's. Those of
 * commits and replies only where there is a log.
 */
#include "io/clock.h"
#include "persist/persist.h"
#include "server/figures.h"

static const struct persist *persist_of(const void *context)
{
	return ((const struct figures *)context)->services->persist;
}

/* As exact as the buckets, but never above what was seen. */
static unsigned long long percentile(
	const struct latency_histogram *h, double percent, uint64_t longest)
{
	uint64_t value = histogram_percentile(h, percent);
	return value < longest ? value : longest;
}

/* Why writes get -MISCONF; empty: they do not. */
static void refusal(struct info_out *out, void *context)
{
	const struct misconf *m = &persist_of(context)->misconf;

	if (m->log_error != NULL)
		info_line(out, "writes_refused_reason:append only file: %s", m->log_error);
	else
		info_line(out, "writes_refused_reason:%s",
			m->save_failed ? "the last background save failed" : "");
}

/* From a reply's end until it could leave. */
static double held_us(const struct hold_stats *hold, double percent)
{
	return clock_ticks_to_us(percentile(hold->ticks, percent, hold->longest_ticks));
}

static void log_lines(struct info_out *out, void *context)
{
	const struct persist *p = persist_of(context);
	const struct log_writer_stats *s = log_writer_stats_get(p->log);
	const struct hold_stats hold = hold_stats_get(p->hold);
	const char *error = log_writer_error(p->log);

	if (!log_writer_is_on(p->log) && error[0] == '\0')
		return;
	info_line(out, "log_error:%s", error);
	info_line(out, "log_offset:%llu", (unsigned long long)p->stream->appended);
	info_line(out, "log_not_written_bytes:%llu",
		(unsigned long long)log_writer_unwritten_bytes(p->log));
	info_line(out, "log_not_durable_bytes:%llu",
		(unsigned long long)(p->stream->appended - log_writer_durable(p->log)));
	info_line(out, "log_commits:%llu", (unsigned long long)s->groups);
	info_line(out, "log_fsyncs:%llu", (unsigned long long)s->syncs);
	info_line(out, "log_commit_bytes:p50=%llu,p99=%llu,max=%llu",
		percentile(s->sizes, 50, s->size_longest),
		percentile(s->sizes, 99, s->size_longest), (unsigned long long)s->size_longest);
	info_line(out, "log_commit_usec:p50=%llu,p99=%llu,p99.9=%llu,max=%llu",
		percentile(s->commits, 50, s->commit_longest_us),
		percentile(s->commits, 99, s->commit_longest_us),
		percentile(s->commits, 99.9, s->commit_longest_us),
		(unsigned long long)s->commit_longest_us);
	info_line(out, "log_longest_fsync_usec:%llu", (unsigned long long)s->sync_longest_us);
	info_line(out, "held_clients:%zu", hold.waiting);
	info_line(out, "held_bytes:%zu", hold.waiting_bytes);
	info_line(out, "held_keys:%zu", hold.keys);
	info_line(out, "held_replies_total:%llu", (unsigned long long)hold.held);
	info_line(out, "held_reads_total:%llu", (unsigned long long)hold.held_reads);
	info_line(out, "held_usec:p50=%.0f,p99=%.0f,p99.9=%.0f,max=%.0f", held_us(&hold, 50),
		held_us(&hold, 99), held_us(&hold, 99.9), clock_ticks_to_us(hold.longest_ticks));
	info_line(out, "held_dropped_clients:%llu", (unsigned long long)hold.dropped);
	info_line(out, "durability_none_clients:%llu",
		(unsigned long long)hold.sessions[DURABILITY_NONE]);
	info_line(out, "durability_written_clients:%llu",
		(unsigned long long)hold.sessions[DURABILITY_WRITTEN]);
	info_line(out, "durability_fsync_clients:%llu",
		(unsigned long long)hold.sessions[DURABILITY_FSYNC]);
}

static double turn_us(const struct figures *f, double percent)
{
	return clock_ticks_to_us(histogram_percentile(loop_turn_ticks(f->loop), percent));
}

static void turn_lines(struct info_out *out, void *context)
{
	const struct figures *f = context;

	info_line(out, "eventloop_duration_usec:p50=%.0f,p99=%.0f,p99.9=%.0f,max=%llu",
		turn_us(f, 50), turn_us(f, 99), turn_us(f, 99.9),
		(unsigned long long)loop_stats_get(f->loop)->longest_turn_us);
}

const struct info_row info_log_rows[] = {
	{"Persistence", NULL, refusal},
	{"Persistence", NULL, log_lines},
	{"Stats", NULL, turn_lines},
	{NULL, NULL, NULL},
};
