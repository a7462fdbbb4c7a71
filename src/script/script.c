/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The module's life, the gate of busy scripts, what others may ask of the running one, figures.
 */
#include "script/script.h"

#include "base/mem.h"
#include "script/run.h"

const char *const script_flag_names[] = {
	"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", NULL};

uint32_t script_flag_find(struct bytes name)
{
	for (int i = 0; script_flag_names[i] != NULL; i++)
		if (bytes_equal(name, bytes_text(script_flag_names[i])))
			return 1u << i;
	return 0;
}

uint32_t script_command_flags(uint32_t command_flags, uint32_t script_flags)
{
	if (script_flags & SCRIPT_UNDECLARED)
		return command_flags;
	command_flags &= ~(uint32_t)(CMD_STALE | CMD_DENY_OOM | CMD_WRITE | CMD_MAY_REPLICATE);
	if (!(script_flags & SCRIPT_NO_WRITES))
		command_flags |= CMD_WRITE;
	if (!(script_flags & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES)))
		command_flags |= CMD_DENY_OOM;
	if (script_flags & SCRIPT_ALLOW_STALE)
		command_flags |= CMD_STALE;
	return command_flags;
}

static enum gate_answer script_busy_check(struct call *call, void *context)
{
	(void)context;
	if (call->session->origin != ORIGIN_CLIENT || call->flags & CMD_ALLOW_BUSY)
		return GATE_PASS;
	call_fail(call, script_busy_error(call->exec));
	return GATE_REFUSED;
}

static bool script_busy_concerns(const struct command *command)
{
	return !(command->flags & CMD_ALLOW_BUSY);
}

void scripts_init(struct exec *exec, const struct script_config *config)
{
	struct scripts *s = mem_calloc(1, sizeof(*s));

	s->exec = exec;
	s->config = config;
	exec->scripts = s;
	session_init(&s->session, exec, ORIGIN_SCRIPT);
	eval_init(s);
	library_init(s);
	gate_register(exec, &(struct gate_row){.gate = GATE_BUSY_SCRIPT,
				    .name = "busy script",
				    .check = script_busy_check,
				    .concerns = script_busy_concerns});
}

void scripts_free(struct exec *exec)
{
	struct scripts *s = exec->scripts;

	eval_release(s);
	library_release(s);
	session_release(&s->session);
	buf_release(&s->reply);
	mem_free(s);
	exec->scripts = NULL;
}

void scripts_on_busy(struct exec *exec, void (*serve)(void *context), void *context)
{
	exec->scripts->serve = serve;
	exec->scripts->serve_context = context;
}

void scripts_on_acl(struct exec *exec, bool (*may_run)(struct call *call))
{
	exec->scripts->may_run = may_run;
}

/* --- the running script --- */

static const struct script_run *script_of(const struct exec *exec)
{
	return exec->scripts == NULL ? NULL : exec->scripts->run;
}

bool script_is_running(const struct exec *exec)
{
	return script_of(exec) != NULL;
}

bool script_is_function(const struct exec *exec)
{
	const struct script_run *run = script_of(exec);
	return run != NULL && run->job->vm->kind == VM_FUNCTIONS;
}

bool script_is_run_by(const struct session *s)
{
	const struct script_run *run = script_of(s->exec);
	return run != NULL && run->call->session == s;
}

const char *script_running_name(const struct exec *exec)
{
	return script_of(exec)->job->name;
}

const struct call *script_running_call(const struct exec *exec)
{
	return script_of(exec)->call;
}

int64_t script_running_ms(const struct exec *exec)
{
	return (exec->keyspace->clock_us() - script_of(exec)->started_us) / 1000;
}

enum error script_busy_error(const struct exec *exec)
{
	if (!script_is_running(exec))
		return E_NONE;
	return script_is_function(exec) ? E_BUSY_FUNCTION : E_BUSY_SCRIPT;
}

enum error script_kill(struct exec *exec, bool is_function)
{
	struct script_run *run = exec->scripts->run;

	if (run == NULL)
		return E_SCRIPT_NOT_BUSY;
	if (script_is_function(exec) != is_function)
		return script_busy_error(exec);
	if (run->has_written)
		return E_SCRIPT_UNKILLABLE;
	run->is_killed = true;
	return E_NONE;
}

void script_abandon(struct exec *exec)
{
	struct script_run *run = exec->scripts == NULL ? NULL : exec->scripts->run;

	if (run != NULL)
		run->is_killed = run->is_abandoned = true;
}

/* --- figures --- */

void scripts_figures(const struct exec *exec, struct script_figures *out)
{
	const struct scripts *s = exec->scripts;

	*out = (struct script_figures){
		.vm_eval_bytes = s->vms[VM_EVAL].used_bytes,
		.vm_functions_bytes = s->vms[VM_FUNCTIONS].used_bytes,
		.eval_bytes = s->eval_bytes + dict_memory_bytes(&s->by_sha) +
			      dict_memory_bytes(&s->by_text),
		.functions_bytes = s->functions_bytes + dict_memory_bytes(&s->functions),
		.scripts = s->script_count,
		.functions = dict_count(&s->functions),
		.libraries = s->library_count,
		.evicted_scripts = s->evicted_scripts,
	};
}
