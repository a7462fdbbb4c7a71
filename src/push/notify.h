/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Keyspace notifications: changes of keys, published as messages.
 */
#ifndef RINGLET_PUSH_NOTIFY_H
#define RINGLET_PUSH_NOTIFY_H

#include "exec/exec.h"
#include "push/push_params.h"

struct notify {
	struct exec *exec;
	const struct push_config *config;
};

/* `n` must outlive the keyspace. */
void notify_init(struct notify *n, struct exec *exec, const struct push_config *config);

#endif
