/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The executor's life, its clocks, its sinks and the count of errors by code.
 *
 * It composes what exec/ offers and must not know who registers gates and sinks.
 */
#include "exec/exec.h"

#include "base/mem.h"
#include "exec/wait.h"
#include "exec/watch.h"

struct exec *exec_new(struct keyspace *keyspace)
{
	struct exec *exec = mem_calloc(1, sizeof(*exec));

	exec->keyspace = keyspace;
	exec->commands = command_table_new();
	exec->next_session_id = 1;
	exec->latency_tracking = true;
	exec->sample_left = UINT32_MAX;
	exec->unit_last = &exec->unit_first;
	link_init(&exec->sessions);
	dict_init(&exec->sessions_by_id, &session_dict_ops);
	out_init(&exec->discard);
	out_init(&exec->pushes);
	effect_init(exec);
	watch_table_init(exec);
	wait_table_init(exec);
	return exec;
}

void exec_free(struct exec *exec)
{
	wait_table_release(exec);
	watch_table_release(exec);
	mem_free(exec->pause);
	out_clear(&exec->discard);
	out_clear(&exec->pushes);
	dict_release(&exec->sessions_by_id);
	command_table_free(exec->commands);
	mem_free(exec);
}

HOT void exec_set_time(struct exec *exec, int64_t now_us)
{
	exec->now_us = now_us;
	exec->now_ms = now_us / 1000;
	keyspace_set_time(exec->keyspace, exec->now_ms);
}

void exec_sink_seen(struct exec *exec, struct call_sink sink)
{
	ASSERT(exec->seen_count < EXEC_CALL_SINKS_MAX);
	exec->seen[exec->seen_count++] = sink;
}

void exec_unsink_seen(struct exec *exec, struct call_sink sink)
{
	for (int i = 0; i < exec->seen_count; i++)
		if (exec->seen[i].called == sink.called && exec->seen[i].context == sink.context)
			exec->seen[i] = exec->seen[--exec->seen_count];
}

int exec_sink_after(struct exec *exec, struct call_sink sink)
{
	ASSERT(exec->after_count < EXEC_CALL_SINKS_MAX);
	exec->after[exec->after_count] = sink;
	exec_arm_after(exec, exec->after_count, true);
	return exec->after_count++;
}

void exec_sink_close(struct exec *exec, void (*on_close)(struct session *s))
{
	ASSERT(exec->on_session_close_count < EXEC_CLOSE_SINKS_MAX);
	exec->on_session_close[exec->on_session_close_count++] = on_close;
}

void exec_sink_reset(struct exec *exec, void (*on_reset)(struct session *s))
{
	ASSERT(exec->on_session_reset_count < EXEC_CLOSE_SINKS_MAX);
	exec->on_session_reset[exec->on_session_reset_count++] = on_reset;
}

struct out *exec_push_out(struct exec *exec, struct session *s)
{
	if (LIKELY(exec->current == NULL || session_principal(exec->current->session) != s)) {
		exec_hold_message(exec, s);
		return &s->out;
	}
	exec->pushes_for = s;
	return &exec->pushes;
}

void exec_send_pushes(struct exec *exec)
{
	struct session *s = exec->pushes_for;

	exec->pushes_for = NULL;
	out_move(&s->out, &exec->pushes);
}

void exec_count_error(struct exec *exec, struct bytes text)
{
	struct bytes code = error_code(text);

	if (code.len == text.len)
		code = BYTES("ERR"); /* one word, made by a script, is no code */
	exec->stats.errors++;
	if (exec->error_counts_overflowed)
		return;
	if (code.len >= sizeof(exec->error_counts[0].code))
		code.len = sizeof(exec->error_counts[0].code) - 1;
	for (int i = 0; i < exec->error_count; i++) {
		if (bytes_equal(bytes_text(exec->error_counts[i].code), code)) {
			exec->error_counts[i].count++;
			return;
		}
	}
	if (exec->error_count == EXEC_ERROR_CODES_MAX) {
		exec->error_counts_overflowed = true;
		exec->error_count = 0;
		return;
	}
	struct error_count *row = &exec->error_counts[exec->error_count++];
	memcpy(row->code, code.ptr, code.len);
	row->code[code.len] = '\0';
	row->count = 1;
}
