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

	exec->effect_count++;
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
	if (exec->effects_armed == 0)
		return;
	bool is_lazy =
		change->cause == CHANGE_EXPIRED ? config->lazy_expire : config->lazy_eviction;
	struct bytes words[2] = {is_lazy ? BYTES("UNLINK") : BYTES("DEL"), change->key};
	effect_append(exec, change->db->id, words, 2);
	if (exec->depth == 0)
		effect_unit_close(exec, false);
}

/* Fields of hashes that vanish on their own. */
static void effect_on_part_gone(struct db *db, struct bytes key, struct bytes part, void *context)
{
	struct exec *exec = context;
	struct bytes words[3] = {BYTES("HDEL"), key, part};

	if (exec->effects_armed == 0)
		return;
	effect_append(exec, db->id, words, 3);
	if (exec->depth == 0)
		effect_unit_close(exec, false);
}

void effect_init(struct exec *exec)
{
	exec->keyspace->part_gone = effect_on_part_gone;
	exec->keyspace->part_gone_context = exec;
	exec->effect_change_sink =
		keyspace_add_sink(exec->keyspace, (struct change_sink){effect_on_change, exec});
	keyspace_arm_sink(exec->keyspace, exec->effect_change_sink, false);
}

void effect_arm_sink(struct exec *exec, int sink, bool armed)
{
	uint32_t bit = 1u << sink;
	exec->effects_armed = armed ? exec->effects_armed | bit : exec->effects_armed & ~bit;
	keyspace_arm_sink(exec->keyspace, exec->effect_change_sink, exec->effects_armed != 0);
}

int effect_add_sink(struct exec *exec, struct effect_sink sink)
{
	ASSERT(exec->effect_sink_count < EFFECT_SINKS_MAX);
	exec->effect_sinks[exec->effect_sink_count] = sink;
	effect_arm_sink(exec, exec->effect_sink_count, true);
	return exec->effect_sink_count++;
}

bool effect_wanted(const struct call *call)
{
	return call->exec->effects_armed != 0 && call->session->origin != ORIGIN_RECOVERY &&
	       !call->exec->is_effect_muted;
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

static void effect_tell(struct exec *exec, const struct propagation *first, bool is_transaction)
{
	for (uint32_t armed = exec->effects_armed; armed != 0; armed &= armed - 1) {
		const struct effect_sink *sink = &exec->effect_sinks[__builtin_ctz(armed)];
		sink->unit(first, is_transaction, sink->context);
	}
}

HOT void effect_call_end(struct call *call)
{
	struct exec *exec = call->exec;
	/* Expiry and eviction do not count as changes: they are told by themselves. */
	bool has_changed = exec->keyspace->dirty != call->dirty_before;

	if (!effect_wanted(call))
		return;
	if (call->effect != EFFECT_FORCED && (call->effect != EFFECT_DEFAULT || !has_changed))
		return;
	/* The whole unit is this one request: it is told as it lies there, without a copy. */
	if (LIKELY(exec->depth == 1 && exec->unit_first == NULL)) {
		exec->effect_count++;
		effect_tell(exec,
			&(struct propagation){
				.db = call->session->db, .argc = call->argc, .argv = call->argv},
			false);
		return;
	}
	effect_append(exec, call->session->db, call->argv, call->argc);
}

static void effect_free(struct propagation *first)
{
	while (first != NULL) {
		struct propagation *next = first->next;
		mem_free((struct bytes *)(uintptr_t)first->argv);
		mem_free(first);
		first = next;
	}
}

/* Takes the open unit's list away. */
static struct propagation *effect_take(struct exec *exec)
{
	struct propagation *first = exec->unit_first;
	exec->unit_first = NULL;
	exec->unit_last = &exec->unit_first;
	return first;
}

HOT void effect_unit_close(struct exec *exec, bool is_transaction)
{
	if (LIKELY(exec->unit_first == NULL))
		return;
	struct propagation *first = effect_take(exec);
	effect_tell(exec, first, is_transaction || first->next != NULL);
	effect_free(first);
}

void effect_unit_drop(struct exec *exec)
{
	effect_free(effect_take(exec));
}
