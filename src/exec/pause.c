/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Postponed calls: a paused session's request stays in its input and is run again when the pause is
 * over. Nothing is queued here.
 */
#include "exec/pause.h"

#include "base/mem.h"

static enum gate_answer pause_check(struct call *call, void *context)
{
	struct session *s = call->session;
	struct pause *pause = context;

	if (s->origin != ORIGIN_CLIENT || s->conn == NULL || s->flags & SESSION_DENY_BLOCKING)
		return GATE_PASS;
	if (pause->kind == PAUSE_WRITES && !(call->flags & (CMD_WRITE | CMD_MAY_REPLICATE)))
		return GATE_PASS;
	s->flags |= SESSION_PAUSED_CALL;
	pause->waiting++;
	return GATE_TAKEN;
}

static void pause_forget(struct session *s)
{
	if (!(s->flags & SESSION_PAUSED_CALL))
		return;
	s->flags &= ~(uint32_t)SESSION_PAUSED_CALL;
	s->exec->pause->waiting--;
}

void pause_init(struct exec *exec)
{
	exec->pause = mem_calloc(1, sizeof(*exec->pause));
	gate_register(exec, &(struct gate_row){.gate = GATE_PAUSED,
				    .name = "paused",
				    .check = pause_check,
				    .context = exec->pause});
	exec_sink_close(exec, pause_forget);
}

static void pause_resume_all(struct exec *exec)
{
	LINK_EACH(it, after, &exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		if (!(s->flags & SESSION_PAUSED_CALL))
			continue;
		pause_forget(s);
		if (exec->want_resume != NULL)
			exec->want_resume(s);
	}
}

static void pause_update(struct exec *exec)
{
	struct pause *pause = exec->pause;
	enum pause_kind before = pause->kind;

	pause->kind = PAUSE_NONE;
	for (int i = 0; i < PAUSE_REASONS; i++)
		if (pause->kinds[i] > pause->kind)
			pause->kind = pause->kinds[i];
	exec->keyspace->allow_expiry = pause->kind == PAUSE_NONE;
	if (pause->kind == PAUSE_NONE)
		exec->gates &= ~GATE_BIT(GATE_PAUSED);
	else
		exec->gates |= GATE_BIT(GATE_PAUSED);
	if (pause->kind < before)
		pause_resume_all(exec);
}

void pause_begin(
	struct exec *exec, enum pause_reason reason, enum pause_kind kind, int64_t until_ms)
{
	struct pause *pause = exec->pause;

	/* A second pause never weakens or shortens the first. */
	if (kind > pause->kinds[reason])
		pause->kinds[reason] = kind;
	if (until_ms > pause->until_ms[reason])
		pause->until_ms[reason] = until_ms;
	pause_update(exec);
}

void pause_end(struct exec *exec, enum pause_reason reason)
{
	exec->pause->kinds[reason] = PAUSE_NONE;
	exec->pause->until_ms[reason] = 0;
	pause_update(exec);
}

HOT int64_t pause_tick(struct exec *exec)
{
	struct pause *pause = exec->pause;
	int64_t next = -1;

	if (LIKELY(pause->kind == PAUSE_NONE))
		return -1;
	for (int i = 0; i < PAUSE_REASONS; i++) {
		if (pause->kinds[i] == PAUSE_NONE)
			continue;
		int64_t left = pause->until_ms[i] - exec->now_ms;
		if (left <= 0)
			pause_end(exec, (enum pause_reason)i);
		else if (next < 0 || left < next)
			next = left;
	}
	return next;
}
