/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The gate. Who replays (a log, a primary) is not asked: what it changes is durable elsewhere.
 */
#include "persist/misconf.h"

static bool is_ping(const struct command *command)
{
	return strcmp(command->name, "ping") == 0;
}

/* A script that declares flags is a write or none as they say. */
static bool misconf_concerns(const struct command *command)
{
	return command->flags & (CMD_WRITE | CMD_MAY_REPLICATE) || is_ping(command);
}

static enum gate_answer misconf_check(struct call *call, void *context)
{
	const struct misconf *m = context;
	enum session_origin origin = call->session->origin;
	if (origin != ORIGIN_CLIENT && origin != ORIGIN_SCRIPT)
		return GATE_PASS;
	if (!(call->flags & CMD_WRITE) && !is_ping(call->command))
		return GATE_PASS;
	if (m->log_error != NULL)
		call_failf(call, E_MISCONF_LOG, m->log_error);
	else
		call_fail(call, E_MISCONF_SAVE);
	return GATE_REFUSED;
}

void misconf_init(struct misconf *m, struct exec *exec)
{
	*m = (struct misconf){.exec = exec};
	gate_register(exec, &(struct gate_row){.gate = GATE_DISK,
				    .name = "disk",
				    .check = misconf_check,
				    .concerns = misconf_concerns,
				    .context = m});
}

static void misconf_arm(struct misconf *m)
{
	if (m->save_failed || m->log_error != NULL)
		m->exec->gates |= GATE_BIT(GATE_DISK);
	else
		m->exec->gates &= ~GATE_BIT(GATE_DISK);
}

void misconf_set_save(struct misconf *m, bool failed)
{
	m->save_failed = failed;
	misconf_arm(m);
}

void misconf_set_log(struct misconf *m, const char *error)
{
	m->log_error = error;
	misconf_arm(m);
}
