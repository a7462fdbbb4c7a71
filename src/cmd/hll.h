/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the HyperLogLog commands share.
 */
#ifndef RINGLET_CMD_HLL_H
#define RINGLET_CMD_HLL_H

#include "exec/call.h"
#include "types/hll.h"

/* The bytes of a HyperLogLog with a valid header; false: it is none, the error is written. */
bool hll_entry_bytes(struct call *call, const struct entry *e, struct bytes *out);
/* Sets the key to it; a lifetime stays. Publishes nothing. */
void hll_store(struct call *call, struct key key, const struct hll *h);

#endif
