/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What CLIENT, HELLO and RESET share about a session's texts.
 */
#ifndef RINGLET_CMD_CLIENT_H
#define RINGLET_CMD_CLIENT_H

#include "base/buf.h"
#include "exec/session.h"

/* Printable ASCII without blanks: the rule for names and library info. Empty is valid. */
bool client_name_is_valid(struct bytes name);
/* Replaces an owned text; empty frees it. */
void client_set_text(char **field, struct bytes text);
/* Appends the line of CLIENT LIST for a session, without line end. */
void client_print(struct buf *out, const struct session *s);

#endif
