/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the list commands share.
 */
#ifndef RINGLET_CMD_LIST_H
#define RINGLET_CMD_LIST_H

#include "cmd/container.h"
#include "types/list.h"

static inline const char *list_push_event(enum list_end end)
{
	return end == LIST_LEFT ? "lpush" : "rpush";
}

static inline const char *list_pop_event(enum list_end end)
{
	return end == LIST_LEFT ? "lpop" : "rpop";
}

/* LEFT or RIGHT; false when it is neither. */
bool list_parse_end(struct bytes word, enum list_end *end);
/* Replies with an array of up to `count` elements from `end` on, deletes them and closes the edit.
 * Returns how many. */
uint64_t list_pop_many(struct call *call, struct edit *edit, enum list_end end, uint64_t count);

#endif
