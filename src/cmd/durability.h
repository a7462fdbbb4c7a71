/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How safe what a client has written is: WAIT, WAITAOF, CLIENT DURABILITY.
 */
#ifndef RINGLET_CMD_DURABILITY_H
#define RINGLET_CMD_DURABILITY_H

#include "exec/call.h"

/* Between persist_new and the first call; after the last one. */
void durability_init(struct exec *exec);
void durability_free(struct exec *exec);
enum outcome client_durability(struct call *call);
/* "default", "none", "written", "fsync": what the session asked for. */
const char *durability_word(const struct session *s);

#endif
