/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Registration and asking of gates. What a gate means is known only by the folder that registered
 * it.
 */
#include "exec/exec.h"

static void gate_concern(struct command *command, void *context)
{
	const struct gate_row *row = context;
	if (row->concerns == NULL || row->concerns(command))
		command->gates |= GATE_BIT(row->gate);
}

void gate_register(struct exec *exec, const struct gate_row *row)
{
	exec->gate_rows[row->gate] = *row;
	command_table_each(exec->commands, gate_concern, (void *)(uintptr_t)row);
}

enum gate_answer gate_run(struct call *call, uint32_t armed)
{
	for (; armed != 0; armed &= armed - 1) {
		const struct gate_row *row = &call->exec->gate_rows[__builtin_ctz(armed)];
		enum gate_answer answer = row->check(call, row->context);
		if (answer != GATE_PASS)
			return answer;
	}
	return GATE_PASS;
}
