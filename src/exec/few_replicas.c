/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The gate of min-replicas-to-write. Who replays (a log, a primary) is not asked: what it changes
 * was let through before.
 */
#include "exec/few_replicas.h"

#define AT(field) PARAM_FIELD(struct few_replicas_config, field)

/* A script that declares flags is a write or none as they say. */
static bool few_replicas_concerns(const struct command *command)
{
	return (command->flags & (CMD_WRITE | CMD_MAY_REPLICATE)) != 0;
}

static enum gate_answer few_replicas_check(struct call *call, void *context)
{
	enum session_origin origin = call->session->origin;

	(void)context;
	if (!(call->flags & CMD_WRITE) || (origin != ORIGIN_CLIENT && origin != ORIGIN_SCRIPT))
		return GATE_PASS;
	call_fail(call, E_NOREPLICAS);
	return GATE_REFUSED;
}

void few_replicas_init(struct exec *exec)
{
	gate_register(exec, &(struct gate_row){.gate = GATE_FEW_REPLICAS,
				    .name = "few replicas",
				    .check = few_replicas_check,
				    .concerns = few_replicas_concerns});
}

void few_replicas_arm(struct exec *exec, const struct few_replicas_config *config)
{
	exec->gates &= ~GATE_BIT(GATE_FEW_REPLICAS);
	if (config->at_least > 0 && config->max_lag_s > 0)
		exec->gates |= GATE_BIT(GATE_FEW_REPLICAS);
}

static bool few_replicas_apply(void *owner, void *context, struct param_error *error)
{
	(void)error;
	if (context != NULL)
		few_replicas_arm(context, owner);
	return true;
}

const struct param_row few_replicas_params[] = {
	{.type = PARAM_SECTION,
		.name = "WRITES WITHOUT REPLICAS",
		.help = "This server has no replicas, so that a number above 0 refuses all "
			"writes."},
	{"min-replicas-to-write", PARAM_INT, AT(at_least), "0", .max = INT_MAX,
		.alias = "min-slaves-to-write", .apply = few_replicas_apply,
		.help = "Refuse writes with fewer good replicas."},
	{"min-replicas-max-lag", PARAM_INT, AT(max_lag_s), "10", .max = INT_MAX,
		.alias = "min-slaves-max-lag", .apply = few_replicas_apply,
		.help = "Seconds of lag up to which a replica is good."},
	{0},
};
