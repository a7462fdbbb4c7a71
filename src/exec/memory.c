/* SPDX-License-Identifier: BSD-3-Clause
 *
 * maxmemory as a gate. Which keys go is the store's business (store/evict); here is only when, and
 * who is told no.
 */
#include "exec/memory.h"

#include "base/mem.h"
#include "exec/tx.h"
#include "store/evict.h"

size_t memory_counted_bytes(const struct exec *exec)
{
	size_t used = mem_used_bytes();
	return used > exec->memory_not_counted ? used - exec->memory_not_counted : 0;
}

static enum evict_result memory_evict(struct exec *exec)
{
	struct keyspace *k = exec->keyspace;
	size_t used = memory_counted_bytes(exec);

	exec->is_evict_pending = false;
	if (LIKELY(k->config.maxmemory == 0 || used <= k->config.maxmemory))
		return EVICT_OK;
	if (!k->allow_expiry)
		return EVICT_OK; /* paused: the data set stands still */
	/* Spare buffers go before data. */
	out_pool_release();
	used = memory_counted_bytes(exec);
	if (used <= k->config.maxmemory)
		return EVICT_OK;
	enum evict_result result = evict_until(k, used, k->config.maxmemory,
		evict_budget_us(k->config.eviction_tenacity));
	exec->is_evict_pending = result == EVICT_RUNNING;
	return result;
}

/* A queue takes memory whatever is queued; what can't be is refused with its own text. */
static bool memory_is_queued(const struct call *call)
{
	return call->session->flags & SESSION_MULTI && !(call->command->flags & CMD_NO_MULTI) &&
	       !tx_ends(call->command);
}

static enum gate_answer memory_check(struct call *call, void *context)
{
	struct exec *exec = context;

	if (call->session->origin != ORIGIN_CLIENT)
		return GATE_PASS;
	enum evict_result result = memory_evict(exec);
	exec->is_out_of_memory = result == EVICT_FAIL;
	if (exec->depth == 0)
		effect_unit_close(exec, false);
	if (LIKELY(result != EVICT_FAIL))
		return GATE_PASS;
	if (!(call->flags & CMD_DENY_OOM) && !memory_is_queued(call))
		return GATE_PASS;
	call_fail(call, E_OOM);
	return GATE_REFUSED;
}

void memory_init(struct exec *exec)
{
	gate_register(exec, &(struct gate_row){.gate = GATE_MEMORY, .name = "memory",
		.check = memory_check, .context = exec});
}

void memory_arm(struct exec *exec)
{
	exec->gates &= ~GATE_BIT(GATE_MEMORY);
	exec->is_out_of_memory = false;
	if (exec->keyspace->config.maxmemory == 0)
		return;
	exec->gates |= GATE_BIT(GATE_MEMORY);
	exec->is_evict_pending = true; /* it may have been lowered: the turn looks */
}

HOT bool memory_slice(struct exec *exec)
{
	if (LIKELY(!exec->is_evict_pending))
		return false;
	memory_evict(exec);
	effect_unit_close(exec, false);
	return exec->is_evict_pending;
}
