/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the bitmap commands share: offsets, and a string's bytes to read from.
 */
#ifndef RINGLET_CMD_BITMAP_H
#define RINGLET_CMD_BITMAP_H

#include "base/num.h"
#include "exec/call.h"

/* The bit offset at argv[index]; `unit` > 0: "#n" means n * unit. False: the error is written. */
bool bitmap_arg_offset(struct call *call, int index, unsigned unit, uint64_t *offset);
/* The string at argv[index], nothing where there is no key; `scratch` holds NUM_I64_MAX_CHARS.
 * False: it is no string, the error is written. */
bool bitmap_read(struct call *call, int index, char *scratch, struct bytes *out);

#endif
