/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of access control can be configured. The group's context is the struct exec, or NULL before
 * it exists.
 */
#ifndef RINGLET_ACL_ACL_PARAMS_H
#define RINGLET_ACL_ACL_PARAMS_H

#include "base/param.h"

struct acl_config {
	struct buf requirepass; /* any bytes; empty = the default user needs no password */
	char *file;
	int64_t log_max_len;
	int pubsub_default; /* 1 = allchannels */
};

extern const struct param_row acl_params[];

#endif
