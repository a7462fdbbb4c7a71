/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Samples of the latency monitor. How they are shown: obs/latency_report.c.
 */
#include "obs/latency.h"
#include "base/mem.h"

#include <stdio.h>

void latency_init(struct latency_monitor *m)
{
	*m = (struct latency_monitor){0};
}

void latency_release(struct latency_monitor *m)
{
	latency_forget_all(m);
}

static int find_index(const struct latency_monitor *m, struct bytes name)
{
	for (int i = 0; i < m->count; i++)
		if (bytes_equal(bytes_text(m->events[i]->name), name))
			return i;
	return -1;
}

const struct latency_event *latency_find(const struct latency_monitor *m, struct bytes name)
{
	int i = find_index(m, name);
	return i < 0 ? NULL : m->events[i];
}

static struct latency_event *find_or_make(struct latency_monitor *m, const char *name)
{
	int i = find_index(m, bytes_text(name));
	if (i >= 0)
		return m->events[i];
	if (m->count == LATENCY_EVENTS_MAX || strlen(name) >= LATENCY_NAME_MAX)
		return NULL;
	struct latency_event *e = mem_calloc(1, sizeof(*e));
	snprintf(e->name, sizeof(e->name), "%s", name);
	m->events[m->count++] = e;
	return e;
}

void latency_add(struct latency_monitor *m, const char *name, int64_t ms, int64_t now_s)
{
	if (m->threshold_ms <= 0 || ms < m->threshold_ms)
		return;
	struct latency_event *e = find_or_make(m, name);
	if (e == NULL)
		return;
	if (ms > e->worst_ms)
		e->worst_ms = ms;
	struct latency_sample
		*last = &e->samples[(e->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
	if (last->time_s == now_s) {
		if (ms > last->ms)
			last->ms = ms;
		return;
	}
	e->samples[e->next] = (struct latency_sample){now_s, ms};
	e->next = (e->next + 1) % LATENCY_SAMPLES;
}

const struct latency_sample *latency_sample_back(const struct latency_event *e, int back)
{
	if (back >= LATENCY_SAMPLES)
		return NULL;
	const struct latency_sample
		*s = &e->samples[(e->next + 2 * LATENCY_SAMPLES - 1 - back) % LATENCY_SAMPLES];
	return s->time_s != 0 ? s : NULL;
}

bool latency_forget(struct latency_monitor *m, struct bytes name)
{
	int i = find_index(m, name);
	if (i < 0)
		return false;
	mem_free(m->events[i]);
	m->events[i] = m->events[--m->count];
	return true;
}

int latency_forget_all(struct latency_monitor *m)
{
	int forgotten = m->count;
	for (int i = 0; i < m->count; i++)
		mem_free(m->events[i]);
	m->count = 0;
	return forgotten;
}
