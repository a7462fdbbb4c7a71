/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the quicklist's two halves (nodes, walk) share. Nobody else includes this.
 */
#ifndef RINGLET_DS_QUICKLIST_INTERNAL_H
#define RINGLET_DS_QUICKLIST_INTERNAL_H

#include "ds/quicklist.h"

/* Unlinks and frees a node. */
void quicklist_node_remove(struct quicklist *ql, struct quicklist_node *n);
/* Takes over a packed node's changed listpack. */
void quicklist_node_update(struct quicklist *ql, struct quicklist_node *n, unsigned char *lp);
/* Makes the node's data plain to read and change, in place. */
void quicklist_node_unpack(struct quicklist_node *n);
/* Restores the rule of compression at both ends and for `changed` (NULL: none). */
void quicklist_settle(struct quicklist *ql, struct quicklist_node *changed);
/* The node of the element `index`, from the nearer end; *inside is its index in the node. */
struct quicklist_node *quicklist_node_at(
	const struct quicklist *ql, uint64_t index, uint64_t *inside);

#endif
