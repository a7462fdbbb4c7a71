/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DEBUG and MODULE, which can do harm, run only where enable-debug-command and
 * enable-module-command allow them. A gate asks, so that a transaction does not queue them either.
 */
#include "cmd/commands.h"
#include "cmd/services.h"
#include "exec/exec.h"
#include "net/net.h"
#include "process/process.h"

static bool is_module(const struct command *command)
{
	const struct command *top = command->parent != NULL ? command->parent : command;
	return bytes_is(bytes_text(top->row->name), "module");
}

static enum gate_answer protected_check(struct call *call, void *context)
{
	const struct process_config *process = call->exec->services->process;
	bool module = is_module(call->command);

	(void)context;
	/* EXEC is asked for what it runs: that was allowed when it was queued. */
	if (process == NULL || !(call->command->flags & CMD_PROTECTED))
		return GATE_PASS;
	if (process_allows(module ? process->enable_module_command : process->enable_debug_command,
		    call->session->conn != NULL && net_is_loopback(call->session)))
		return GATE_PASS;
	call_fail(call, module ? E_MODULE_DENIED : E_DEBUG_DENIED);
	return GATE_REFUSED;
}

static bool is_protected(const struct command *command)
{
	return (command->flags & CMD_PROTECTED) != 0;
}

void protected_init(struct exec *exec)
{
	gate_register(exec, &(struct gate_row){.gate = GATE_PROTECTED,
				    .name = "protected",
				    .check = protected_check,
				    .concerns = is_protected});
	exec->gates |= GATE_BIT(GATE_PROTECTED);
}
