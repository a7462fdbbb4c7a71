/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parameters of scripts: how long one may keep all others waiting.
 */
#ifndef RINGLET_SCRIPT_SCRIPT_PARAMS_H
#define RINGLET_SCRIPT_SCRIPT_PARAMS_H

#include "base/param.h"

struct script_config {
	int64_t busy_reply_ms; /* 0 = a script is never interrupted */
};

extern const struct param_row script_params[];

#endif
