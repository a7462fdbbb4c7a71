/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parameters of what is pushed to clients without being asked for.
 */
#ifndef RINGLET_PUSH_PUSH_PARAMS_H
#define RINGLET_PUSH_PUSH_PARAMS_H

#include "base/param.h"

enum notify_flag {
	NOTIFY_KEYSPACE = 1 << 0, /* K: __keyspace@<db>__:<key> */
	NOTIFY_KEYEVENT = 1 << 1, /* E: __keyevent@<db>__:<event> */
};

struct push_config {
	int notify; /* NOTIFY_* and classes of store/change.h; 0 = off */
	int64_t tracking_table_max_keys;
};

/* The rows; the group's owner is the config. */
extern const struct param_row push_params[];

/* "KEA" → flags; -1 = a letter that means nothing. And back, in the canonical order. */
int notify_parse(struct bytes letters);
void notify_print(int flags, struct buf *out);

#endif
