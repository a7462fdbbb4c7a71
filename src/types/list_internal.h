/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of lists share; nobody else includes this.
 */
#ifndef RINGLET_TYPES_LIST_INTERNAL_H
#define RINGLET_TYPES_LIST_INTERNAL_H

#include "types/list.h"

/* Changes a packed list to a quicklist. */
void list_to_quicklist(struct value *v);
/* Changes a quicklist of one packed node to a listpack if it is within the limit, or half of it. */
void list_shrink_if_within(struct value *v, bool half);

#endif
