/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Transactions. Queueing is a gate: once every veto has passed, the request is copied and QUEUED
 * replied. EXEC runs the copies as nested calls of one unit, so they are propagated whole.
 *
 * It must not know which commands exist beyond the flag that says "not queued" (EXEC, DISCARD …).
 */
#include "exec/tx.h"

#include "base/mem.h"
#include "exec/watch.h"

struct transaction *tx_of(struct session *s)
{
	if (s->tx == NULL) {
		s->tx = mem_calloc(1, sizeof(*s->tx));
		link_init(&s->tx->watched);
	}
	return s->tx;
}

void tx_begin(struct session *s)
{
	tx_of(s);
	s->flags |= SESSION_MULTI;
	s->gates |= GATE_BIT(GATE_QUEUE);
}

static void tx_drop_queue(struct transaction *tx)
{
	for (int i = 0; i < tx->count; i++)
		mem_free(tx->calls[i].argv);
	mem_free(tx->calls);
	tx->calls = NULL;
	tx->count = tx->cap = 0;
	tx->memory_bytes = 0;
	tx->flags = tx->gates = 0;
}

void tx_discard(struct session *s)
{
	if (s->tx != NULL) {
		tx_drop_queue(s->tx);
		watch_drop(s);
	}
	s->flags &= ~(uint32_t)(SESSION_MULTI | SESSION_DIRTY_EXEC | SESSION_DIRTY_CAS);
	s->gates &= ~GATE_BIT(GATE_QUEUE);
}

void tx_release(struct session *s)
{
	if (s->tx == NULL)
		return;
	tx_discard(s);
	mem_free(s->tx);
	s->tx = NULL;
}

void tx_flag_error(struct session *s)
{
	if (s->flags & SESSION_MULTI)
		s->flags |= SESSION_DIRTY_EXEC;
}

size_t tx_memory_bytes(const struct session *s)
{
	if (s->tx == NULL)
		return 0;
	return s->tx->memory_bytes + (size_t)s->tx->cap * sizeof(struct queued_call) +
		watch_memory_bytes(s);
}

struct bytes *call_copy_argv(const struct bytes *argv, int argc, size_t *size)
{
	size_t total = (size_t)argc * sizeof(struct bytes);
	for (int i = 0; i < argc; i++)
		total += argv[i].len;
	struct bytes *copy = mem_alloc(total);
	char *at = (char *)(copy + argc);
	for (int i = 0; i < argc; i++) {
		if (argv[i].len > 0)
			memcpy(at, argv[i].ptr, argv[i].len);
		copy[i] = bytes_of(at, argv[i].len);
		at += argv[i].len;
	}
	if (size != NULL)
		*size = total;
	return copy;
}

static enum gate_answer tx_queue(struct call *call, void *context)
{
	struct transaction *tx = tx_of(call->session);
	size_t size;

	(void)context;
	if (call->command->flags & CMD_NO_MULTI) {
		call_fail(call, E_NO_MULTI);
		return GATE_REFUSED;
	}
	if (tx->count == tx->cap) {
		tx->cap = tx->cap == 0 ? 4 : tx->cap * 2;
		tx->calls = mem_realloc(tx->calls, (size_t)tx->cap * sizeof(*tx->calls));
	}
	struct bytes *argv = call_copy_argv(call->argv, call->argc, &size);
	tx->calls[tx->count++] = (struct queued_call){call->command, call->argc, argv};
	tx->memory_bytes += size;
	tx->flags |= call->flags;
	tx->gates |= call->command->gates;
	reply_simple(call->reply, "QUEUED");
	return GATE_TAKEN;
}

/* Subcommands (SLOWLOG RESET) are none of them. */
static bool tx_command_is(const struct command *command, const char *name)
{
	return command->parent == NULL && bytes_is(bytes_text(command->row->name), name);
}

bool tx_ends(const struct command *command)
{
	return tx_command_is(command, "exec") || tx_command_is(command, "discard") ||
	       tx_command_is(command, "quit") || tx_command_is(command, "reset");
}

/* Commands that act at once inside MULTI. */
static bool tx_queues(const struct command *command)
{
	return !tx_ends(command) && !tx_command_is(command, "multi") &&
	       !tx_command_is(command, "watch");
}

void tx_init(struct exec *exec)
{
	gate_register(exec, &(struct gate_row){.gate = GATE_QUEUE, .name = "queue",
		.check = tx_queue, .concerns = tx_queues});
	exec_sink_close(exec, tx_release);
}

void tx_exec(struct call *call)
{
	struct session *s = call->session;
	struct transaction queue = *s->tx;
	bool is_mute = s->reply.out != &s->out;

	/* The queue is taken away first: a queued command may be EXEC's own undoing (RESET …). */
	s->tx->calls = NULL;
	s->tx->count = s->tx->cap = 0;
	tx_discard(s);
	s->flags |= SESSION_DENY_BLOCKING | SESSION_IN_EXEC;
	reply_array(call->reply, queue.count);
	for (int i = 0; i < queue.count; i++) {
		struct call inner = {.session = s, .command = queue.calls[i].command,
			.argv = queue.calls[i].argv, .argc = queue.calls[i].argc};
		if (call_is_permitted(&inner, GATE_BIT(GATE_ACL)))
			call_run_nested(&inner);
		if (s->flags & SESSION_REPLY_OFF) /* from this one on */
			s->reply.out = &call->exec->discard;
	}
	if (s->reply.out == &call->exec->discard && !is_mute) {
		s->reply.out = &s->out;
		out_clear(&call->exec->discard);
	}
	s->flags &= ~(uint32_t)(SESSION_DENY_BLOCKING | SESSION_IN_EXEC);
	tx_drop_queue(&queue);
}
