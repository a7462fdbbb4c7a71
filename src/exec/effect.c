/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Collects what the calls of a unit are propagated as, and hands the unit to the sinks when it
 * closes.
 *
 * Invariant: outside a unit the list is empty. Deletions by expiry and eviction join the unit in
 * the order in which they happen.
 */
#include "exec/effect.h"

#include "base/mem.h"
#include "exec/exec.h"

enum effect_mode { EFFECT_DEFAULT, EFFECT_REWRITTEN, EFFECT_NONE, EFFECT_FORCED };

static void effect_append(struct exec *exec, uint16_t db, const struct bytes *argv, int argc)
{
	struct propagation *p = mem_alloc(sizeof(*p));

	*p = (struct propagation){.db = db, .argc = argc, .argv = call_copy_argv(argv, argc, NULL)};
	*exec->unit_last = p;
	exec->unit_last = &p->next;
}

/* Keys that vanish on their own are told as deletions. */
static void effect_on_change(const struct change *change, void *context)
{
	struct exec *exec = context;
	const struct keyspace_config *config = &exec->keyspace->config;

	if (change->is_notice_only)
		return;
	if (change->cause != CHANGE_EXPIRED && change->cause != CHANGE_EVICTED)
		return;
	if (exec->effect_sink_count == 0)
		return;
	bool is_lazy =
		change->cause == CHANGE_EXPIRED ? config->lazy_expire : config->lazy_eviction;
	struct bytes words[2] = {is_lazy ? BYTES("UNLINK") : BYTES("DEL"), change->key};
	effect_append(exec, change->db->id, words, 2);
	if (exec->depth == 0)
		effect_unit_close(exec, false);
}

/* Fields of hashes that vanish on their own. */
static void effect_on_part_gone(
	struct db *db, struct bytes key, struct bytes part, void *context)
{
	struct exec *exec = context;
	struct bytes words[3] = {BYTES("HDEL"), key, part};

	if (exec->effect_sink_count == 0)
		return;
	effect_append(exec, db->id, words, 3);
	if (exec->depth == 0)
		effect_unit_close(exec, false);
}

void effect_init(struct exec *exec)
{
	exec->keyspace->part_gone = effect_on_part_gone;
	exec->keyspace->part_gone_context = exec;
	exec->effect_change_sink = keyspace_add_sink(
		exec->keyspace, (struct change_sink){effect_on_change, exec});
	keyspace_arm_sink(exec->keyspace, exec->effect_change_sink, false);
}

void effect_add_sink(struct exec *exec, struct effect_sink sink)
{
	ASSERT(exec->effect_sink_count < EFFECT_SINKS_MAX);
	exec->effect_sinks[exec->effect_sink_count++] = sink;
	keyspace_arm_sink(exec->keyspace, exec->effect_change_sink, true);
}

bool effect_wanted(const struct call *call)
{
	return call->exec->effect_sink_count > 0 && call->session->origin != ORIGIN_RECOVERY;
}

void effect_rewrite(struct call *call, const struct bytes *argv, int argc)
{
	if (!effect_wanted(call))
		return;
	call->effect = EFFECT_REWRITTEN;
	effect_append(call->exec, call->session->db, argv, argc);
}

void effect_none(struct call *call)
{
	call->effect = EFFECT_NONE;
}

void effect_force(struct call *call)
{
	call->effect = EFFECT_FORCED;
}

void effect_call_begin(struct call *call)
{
	call->effect = EFFECT_DEFAULT;
	call->dirty_before = call->exec->keyspace->dirty;
}

void effect_call_end(struct call *call)
{
	struct exec *exec = call->exec;
	/* Expiry and eviction do not count as changes: they are told by themselves. */
	bool has_changed = exec->keyspace->dirty != call->dirty_before;

	if (!effect_wanted(call))
		return;
	if (call->effect == EFFECT_FORCED || (call->effect == EFFECT_DEFAULT && has_changed))
		effect_append(exec, call->session->db, call->argv, call->argc);
}

void effect_unit_close(struct exec *exec, bool is_transaction)
{
	struct propagation *first = exec->unit_first;

	if (LIKELY(first == NULL))
		return;
	exec->unit_first = NULL;
	exec->unit_last = &exec->unit_first;
	for (int i = 0; i < exec->effect_sink_count; i++)
		exec->effect_sinks[i].unit(first, is_transaction || first->next != NULL,
			exec->effect_sinks[i].context);
	while (first != NULL) {
		struct propagation *next = first->next;
		mem_free(first->argv);
		mem_free(first);
		first = next;
	}
}
