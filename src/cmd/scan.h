/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What SCAN and the scans of containers share.
 */
#ifndef RINGLET_CMD_SCAN_H
#define RINGLET_CMD_SCAN_H

#include "base/bytes.h"

/* A cursor as strtoul reads it but for leading blanks: a sign is allowed, and wraps. */
bool scan_parse_cursor(struct bytes text, uint64_t *cursor);

#endif
