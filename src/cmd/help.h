/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The HELP subcommand that every container command has.
 */
#ifndef RINGLET_CMD_HELP_H
#define RINGLET_CMD_HELP_H

#include "exec/call.h"

/* Replies the lines (ended by NULL) between the usual first line and the usual last two. */
enum outcome help_reply(struct call *call, const char *const *lines);
/* The error of a subcommand that was given too much, and where help is to be had. */
enum outcome help_fail_usage(struct call *call);

#endif
