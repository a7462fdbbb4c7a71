/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How one command is described to a client: COMMAND INFO's and COMMAND DOCS' shapes.
 */
#ifndef RINGLET_CMD_COMMAND_REPLY_H
#define RINGLET_CMD_COMMAND_REPLY_H

#include "exec/command.h"
#include "exec/syntax.h"
#include "proto/reply.h"

/* COMMAND INFO's ten elements, subcommands included. */
void command_reply_info(struct reply *r, const struct command *c);
/* COMMAND DOCS' map (without the name before it). */
void command_reply_docs(struct reply *r, const struct command *c);
/* KEY_* as a set of words. */
void command_reply_key_flags(struct reply *r, uint32_t flags);

#endif
