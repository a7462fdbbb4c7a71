/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rows of scripts' parameters; the value is read when it is needed, so a change counts for the
 * script that is running.
 */
#include "script/script_params.h"

const struct param_row script_params[] = {
	{.type = PARAM_SECTION, .name = "SCRIPTS", .help = "Limits of Lua scripts and functions."},
	{"busy-reply-threshold", PARAM_I64, PARAM_FIELD(struct script_config, busy_reply_ms),
		"5000", .max = INT64_MAX, .alias = "lua-time-limit",
		.help = "Milliseconds a script may run before other clients are told BUSY and "
			"SCRIPT KILL is heard. 0: it is never interrupted."},
	{0},
};
