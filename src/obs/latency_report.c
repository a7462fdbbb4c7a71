/* SPDX-License-Identifier: BSD-3-Clause
 *
 * LATENCY GRAPH and LATENCY DOCTOR: the samples for human eyes.
 */
#include "obs/latency.h"

#include <stdio.h>

#define GRAPH_COLUMNS 80
#define GRAPH_ROWS 4
#define LABEL_MAX_BYTES 24

struct graph {
	int columns;
	int64_t low, high;
	int64_t values[GRAPH_COLUMNS];
	char labels[GRAPH_COLUMNS][LABEL_MAX_BYTES];
};

static void print_age(char *out, int64_t seconds)
{
	if (seconds < 60)
		snprintf(out, LABEL_MAX_BYTES, "%ds", (int)seconds);
	else if (seconds < 3600)
		snprintf(out, LABEL_MAX_BYTES, "%dm", (int)(seconds / 60));
	else if (seconds < 86400)
		snprintf(out, LABEL_MAX_BYTES, "%dh", (int)(seconds / 3600));
	else
		snprintf(out, LABEL_MAX_BYTES, "%lldd", (long long)(seconds / 86400));
}

static void graph_fill(struct graph *g, const struct latency_event *e, int64_t now_s)
{
	int count = 0;
	while (count < GRAPH_COLUMNS && latency_sample_back(e, count) != NULL)
		count++;
	g->columns = count;
	for (int i = 0; i < count; i++) {
		const struct latency_sample *s = latency_sample_back(e, count - 1 - i);
		int64_t age = now_s > s->time_s ? now_s - s->time_s : 0;
		g->values[i] = s->ms;
		g->low = i == 0 || s->ms < g->low ? s->ms : g->low;
		g->high = i == 0 || s->ms > g->high ? s->ms : g->high;
		print_age(g->labels[i], age);
	}
}

/* The character of a column in a row; each row has three heights: _ o # */
static char graph_char(const struct graph *g, int column, int row)
{
	int64_t range = g->high > g->low ? g->high - g->low : 1;
	int steps = GRAPH_ROWS * 3;
	int height = (int)((double)(g->values[column] - g->low) / (double)range * (steps - 1));
	int base = row * 3;
	if (height < base)
		return ' ';
	return height >= base + 3 ? '|' : "_o#"[height - base];
}

void latency_graph(const struct latency_event *e, int64_t now_s, struct buf *out)
{
	struct graph g = {0};
	size_t longest = 0;

	graph_fill(&g, e, now_s);
	buf_printf(out, "%s - high %lld ms, low %lld ms (all time high %lld ms)\n", e->name,
		(long long)g.high, (long long)g.low, (long long)e->worst_ms);
	for (int i = 0; i < GRAPH_COLUMNS; i++)
		buf_add_char(out, '-');
	buf_add_char(out, '\n');
	for (int row = GRAPH_ROWS - 1; row >= 0; row--) {
		for (int i = 0; i < g.columns; i++)
			buf_add_char(out, graph_char(&g, i, row));
		buf_add_char(out, '\n');
	}
	for (int i = 0; i < g.columns; i++)
		buf_add_char(out, ' ');
	buf_add_char(out, '\n');
	for (int i = 0; i < g.columns; i++)
		longest = strlen(g.labels[i]) > longest ? strlen(g.labels[i]) : longest;
	for (size_t line = 0; line < longest; line++) {
		for (int i = 0; i < g.columns; i++)
			buf_add_char(out, line < strlen(g.labels[i]) ? g.labels[i][line] : ' ');
		buf_add_char(out, '\n');
	}
}

struct summary {
	int count;
	int64_t average_ms, deviation_ms;
	double period_s;
};

static struct summary summarize(const struct latency_event *e)
{
	struct summary s = {0};
	int64_t sum = 0, spread = 0, newest = 0, oldest = 0;
	const struct latency_sample *sample;

	for (; (sample = latency_sample_back(e, s.count)) != NULL; s.count++) {
		sum += sample->ms;
		oldest = sample->time_s;
		newest = s.count == 0 ? sample->time_s : newest;
	}
	if (s.count == 0)
		return s;
	s.average_ms = sum / s.count;
	for (int i = 0; i < s.count; i++) {
		int64_t difference = latency_sample_back(e, i)->ms - s.average_ms;
		spread += difference < 0 ? -difference : difference;
	}
	s.deviation_ms = spread / s.count;
	s.period_s = s.count > 1 ? (double)(newest - oldest) / (s.count - 1) : 0;
	return s;
}

static const struct {
	const char *prefix; /* of the event's name */
	const char *advice;
} advices[] = {
	{"command",
		"SLOWLOG GET names the commands that are slow. O(N) commands on large values, and "
		"deleting or "
		"expiring them at once, are the usual cause: split such values, use UNLINK, page "
		"with SCAN."},
	{"fast-command",
		"Commands that are fast by nature were slow: the machine stood still. Look for "
		"swapping "
		"(vmstat), a busy host (steal time), and huge pages being assembled."},
	{"fork",
		"Forking copies page tables, in proportion to memory. The default snapshot method "
		"does not fork."},
	{"aof",
		"The disk is slow. Look for other writers to it; a device of its own for the log, "
		"or "
		"appendfsync everysec, helps."},
	{"rdb", "The disk is slow while a snapshot is written."},
	{"expire-cycle",
		"Many keys expire in the same moment. Add a random part to their times to live."},
	{"eviction",
		"Values that are evicted are large. lazyfree-lazy-eviction yes frees them in "
		"slices."},
};

static void add_advices(const struct latency_monitor *m, struct buf *out)
{
	for (size_t a = 0; a < sizeof(advices) / sizeof(advices[0]); a++) {
		size_t len = strlen(advices[a].prefix);
		for (int i = 0; i < m->count; i++) {
			if (strncmp(m->events[i]->name, advices[a].prefix, len) != 0)
				continue;
			buf_printf(out, "- %s: %s\n", advices[a].prefix, advices[a].advice);
			break;
		}
	}
}

void latency_report(const struct latency_monitor *m, struct buf *out)
{
	if (m->threshold_ms <= 0) {
		buf_add_text(out,
			"The latency monitor is off. \"CONFIG SET latency-monitor-threshold "
			"<milliseconds>\" switches it on: events that take longer are noted from "
			"then on.\n");
		return;
	}
	if (m->count == 0) {
		buf_printf(out, "No latency spike was seen: nothing took %lld ms or more.\n",
			(long long)m->threshold_ms);
		return;
	}
	buf_add_text(out, "Latency spikes were seen in this instance:\n\n");
	for (int i = 0; i < m->count; i++) {
		struct summary s = summarize(m->events[i]);
		buf_printf(out,
			"%d. %s: %d latency spikes (average %lldms, mean deviation %lldms, period "
			"%.2f sec). Worst all time event %lldms.\n",
			i + 1, m->events[i]->name, s.count, (long long)s.average_ms,
			(long long)s.deviation_ms, s.period_s, (long long)m->events[i]->worst_ms);
	}
	buf_add_text(out, "\nWhat may help:\n\n");
	add_advices(m, out);
}
