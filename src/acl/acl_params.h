/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of access control can be configured. The group's context is the struct acl, or NULL before
 * it exists.
 */
#ifndef RINGLET_ACL_ACL_PARAMS_H
#define RINGLET_ACL_ACL_PARAMS_H

#include "base/param.h"

#define ACL_LINES_MAX 65536

struct acl_config {
	struct buf requirepass; /* any bytes; empty = the default user needs no password */
	char *file;
	int64_t log_max_len;
	int pubsub_default; /* 1 = allchannels */
	/* `user` lines of the configuration, in their order; not a parameter. */
	struct acl_line {
		struct bytes *argv; /* name, rules; one allocation */
		int argc;
	} * lines;
	int line_count;
};

extern const struct param_row acl_params[];

/* Keeps a `user` line until acl_start; false: *error says why. */
bool acl_take_line(
	struct acl_config *config, const struct bytes *argv, int argc, struct param_error *error);
void acl_drop_lines(struct acl_config *config);

#endif
