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
	int sink; /* armed while any class is wanted */
};

/* `n` must outlive the keyspace. */
void notify_init(struct notify *n, struct exec *exec, const struct push_config *config);
/* The classes that are wanted have changed. Events without a change (new, keymiss) are made only
 * where they are. */
void notify_configure(struct notify *n);

#endif
