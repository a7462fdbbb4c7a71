/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of probes, and what becomes of them as output moves.
 */
#include "exec/probe.h"

#include "base/mem.h"
#include "base/ticks.h"

static void probe_drop_all(struct session *s)
{
	while (s->probes != NULL) {
		struct probe *p = s->probes;
		s->probes = p->next;
		p->session = NULL;
	}
}

void probe_init(
	struct exec *exec, void (*done)(const struct probe *p, void *context), void *context)
{
	exec->probes = mem_calloc(1, sizeof(*exec->probes));
	exec->probes->done = done;
	exec->probes->context = context;
	exec_sink_close(exec, probe_drop_all);
}

void probe_free(struct exec *exec)
{
	mem_free(exec->probes);
	exec->probes = NULL;
}

static struct probe **probe_end(struct session *s)
{
	struct probe **at = &s->probes;
	while (*at != NULL)
		at = &(*at)->next;
	return at;
}

static void probe_give_up(struct probe_table *t, struct probe *p)
{
	struct probe **at = &p->session->probes;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	t->given_up++;
}

void probe_add(struct exec *exec, struct session *s, const struct probe *p)
{
	struct probe_table *t = exec->probes;
	struct probe *slot = &t->slots[t->next];

	t->next = (t->next + 1) % PROBES_MAX;
	if (slot->session != NULL)
		probe_give_up(t, slot);
	*slot = *p;
	slot->next = NULL;
	slot->session = s;
	slot->before = out_pending_bytes(&s->out);
	slot->released = slot->sent = 0;
	*probe_end(s) = slot;
}

void probe_note_sent(struct session *s, size_t len)
{
	struct probe_table *t = s->exec->probes;

	while (s->probes != NULL && s->probes->before <= len) {
		struct probe *p = s->probes;
		s->probes = p->next;
		p->sent = ticks_now();
		if (p->released == 0)
			p->released = p->ended;
		t->done(p, t->context);
		p->session = NULL;
	}
	for (struct probe *p = s->probes; p != NULL; p = p->next)
		p->before -= len;
}

void probe_note_released(struct session *s, size_t held_from, size_t held_from_now)
{
	for (struct probe *p = s->probes; p != NULL; p = p->next)
		if (p->before > held_from && p->before <= held_from_now)
			p->released = ticks_now();
}
