/* SPDX-License-Identifier: BSD-3-Clause
 *
 * DEBUG DIGEST: one number for the whole data, independent of where and in which encoding things
 * lie. Equal data gives equal digests on another server or after a reload.
 */
#ifndef RINGLET_STORE_DIGEST_H
#define RINGLET_STORE_DIGEST_H

#include "store/keyspace.h"
#include "store/type_ops.h"

/* Of all databases; 20 zero bytes when there is no key. */
void keyspace_digest(struct keyspace *k, unsigned char out[20]);
/* Of one value and its expiry, without its key (DEBUG DIGEST-VALUE). */
void entry_digest(const struct entry *e, unsigned char out[20]);

#endif
