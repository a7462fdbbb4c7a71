/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Timeouts as arguments of commands: whole milliseconds (CLIENT PAUSE, WAIT) or seconds with
 * fractions (the blocking commands). Errors are written to the call.
 */
#ifndef RINGLET_CMD_TIMEOUT_H
#define RINGLET_CMD_TIMEOUT_H

#include "exec/call.h"

/* Whole milliseconds, not negative. Writes the error and returns false otherwise. */
bool timeout_parse_ms(struct call *call, int index, int64_t *out_ms);
/* Seconds with fractions, rounded up to milliseconds: the blocking commands' form. 0 = forever. */
bool timeout_parse_seconds(struct call *call, int index, int64_t *out_ms);

#endif
