/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Whether a turn is kept, and why it was long.
 */
#include "obs/turns.h"

#include <stdio.h>

static const char *const work_names[WORK_KINDS] = {
	[WORK_EXPIRE] = "expire",
	[WORK_EVICT] = "evict",
	[WORK_FREE] = "delete",
	[WORK_RESIZE] = "rehash",
	[WORK_SNAPSHOT] = "snapshot",
	[WORK_COMMIT] = "commit",
	[WORK_CRON] = "cron",
	[WORK_METRICS] = "metrics",
};

static uint64_t keys_of(const struct call *call)
{
	struct key_refs refs = {0};
	uint64_t count = 0;

	if (command_keys(call->command, call->argv, call->argc, &refs))
		count = (uint64_t)refs.count;
	key_refs_release(&refs);
	return count;
}

static void turn_call_set(struct turn_call *c, const struct call *call, uint64_t ticks)
{
	*c = (struct turn_call){.ticks = ticks,
		.keys = keys_of(call),
		.client_id = session_principal(call->session)->id};
	for (int i = 0; i < call->argc; i++)
		c->bytes += call->argv[i].len;
	snprintf(c->command, sizeof(c->command), "%s", call->command->name);
}

void turns_note_call(struct turns *t, struct call *call, uint64_t ticks)
{
	/* Of a call inside another the outer one is told, which took longer. */
	if (ticks <= t->longest.ticks)
		return;
	turn_call_set(&t->longest, call, ticks);
	call->exec->work.is_used = true;
}

static struct turn_record *turns_least(struct turns *t)
{
	struct turn_record *least = &t->kept[0];
	for (int i = 1; i < t->count; i++)
		if (t->kept[i].ticks < least->ticks)
			least = &t->kept[i];
	return least;
}

struct cause {
	const char *name;
	uint64_t ticks;
};

static void cause_consider(struct cause *best, const char *name, uint64_t ticks)
{
	if (ticks > best->ticks)
		*best = (struct cause){name, ticks};
}

/* One thing alone. */
static struct cause cause_single(
	const struct turns *t, const struct exec *exec, const struct turn_end *end)
{
	struct cause best = {"command", t->longest.ticks};

	for (int i = 0; i < WORK_KINDS; i++)
		cause_consider(&best, work_names[i], exec->work.ticks[i]);
	if (end->running != NULL)
		return (struct cause){"command", end->ticks};
	if (end->is_loading && best.ticks < end->ticks / 2)
		return (struct cause){"load", end->ticks};
	return best;
}

static struct cause cause_of(
	const struct turns *t, const struct exec *exec, const struct turn_end *end)
{
	struct cause best = cause_single(t, exec, end);
	uint64_t calls = exec->stats.calls - t->calls_before, known = 0;

	if (best.ticks >= end->ticks / 2)
		return best;
	/* Calls stand in the turn's first part; what was sent between them counts as theirs. */
	uint64_t calling = calls > 0 && exec->ticks > exec->turn_ticks
		? exec->ticks - exec->turn_ticks
		: 0;
	for (int i = 0; i < WORK_KINDS; i++)
		known += exec->work.ticks[i];
	known += calling;
	cause_consider(&best, "commands", calling);
	cause_consider(&best, "other", end->ticks > known ? end->ticks - known : 0);
	return best;
}

static struct turn_record *turns_keep(
	struct turns *t, const struct exec *exec, const struct turn_end *end)
{
	struct turn_record *r = t->count < TURNS_KEPT ? &t->kept[t->count++] : turns_least(t);
	struct cause cause = cause_of(t, exec, end);

	*r = (struct turn_record){.time_ms = exec->now_ms,
		.ticks = end->ticks,
		.cause = cause.name,
		.cause_ticks = cause.ticks < end->ticks ? cause.ticks : end->ticks,
		.calls = exec->stats.calls - t->calls_before};
	if (end->running != NULL)
		turn_call_set(&r->call, end->running, end->ticks);
	else if (strcmp(cause.name, "command") == 0)
		r->call = t->longest;
	if (t->count == TURNS_KEPT)
		t->threshold_ticks = turns_least(t)->ticks;
	return r;
}

struct turn_record *turns_close(
	struct turns *t, struct exec *exec, const struct turn_end *end)
{
	struct turn_record *kept =
		end->ticks > t->threshold_ticks ? turns_keep(t, exec, end) : NULL;
	memset(&exec->work, 0, sizeof(exec->work));
	t->longest.ticks = 0;
	return kept;
}

int turns_forget(struct turns *t)
{
	int count = t->count;

	t->count = 0;
	t->threshold_ticks = 0;
	return count;
}

int turns_order(const struct turns *t, uint8_t order[TURNS_KEPT])
{
	for (int i = 0; i < t->count; i++) {
		int at = i;
		for (; at > 0 && t->kept[order[at - 1]].ticks < t->kept[i].ticks; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
	return t->count;
}
