/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Values that change servers: what one dumps the other restores, both ways at once.
 */
#ifndef DIFF_CROSS_H
#define DIFF_CROSS_H

#include "peer.h"

/* Exchanges the values of a key (with their expiry), or with key.data NULL all functions. What is
 * to be compared comes back in replies[0] and [1], valid until the next call: how each server took
 * the other's payload, or what it said instead of one. */
void cross(struct peer peers[2], struct text key, struct text replies[2]);

#endif
