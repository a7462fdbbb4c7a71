/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Popping from the first of several keys that has any: the words of LMPOP and ZMPOP and of the
 * forms that wait. What is popped, and how, is the type's own.
 */
#ifndef RINGLET_CMD_MPOP_H
#define RINGLET_CMD_MPOP_H

#include "cmd/container.h"

struct mpop_kind {
	enum value_type type;
	const char *ends[2]; /* LEFT RIGHT, MIN MAX */
	/* Pops up to `count` from ends[end] of the value, replies with them in an array, closes the
	 * edit and says what is propagated. `key` is its name. */
	void (*pop)(struct call *call, struct edit *edit, struct bytes key, int end, int64_t count);
};

/* The keys at argv[first … first + count - 1]. */
struct mpop_keys {
	int first, count;
};
/* Opens the first of them that holds this type; *index says which. A type that does not fit is
 * "nothing yet" to a call that waits already. */
enum found mpop_open_first(struct call *call, enum value_type type, struct mpop_keys keys,
	struct edit *edit, int *index);
/* As that for one key: it holds another type, and the call waits already. */
bool mpop_is_other_type(struct call *call, enum value_type type, int index);

/* numkeys key [key …] END [COUNT count] from argv[1] on. */
enum outcome mpop_now(struct call *call, const struct mpop_kind *kind);
/* timeout at argv[1], then the same. */
enum outcome mpop_or_wait(struct call *call, const struct mpop_kind *kind);

#endif
