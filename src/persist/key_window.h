/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A window: which keys were changed in some groups of the log, by hash. Open addressing; two keys
 * of one hash count as one, which only makes a reply wait longer than it must.
 */
#ifndef RINGLET_PERSIST_KEY_WINDOW_H
#define RINGLET_PERSIST_KEY_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_window {
	uint64_t *slots; /* 0 = free */
	size_t cap, count;
	uint64_t last_group; /* the latest whose keys stand here */
	bool is_all;         /* any key may have been changed */
};

/* Past `max` keys it becomes all of them. */
void key_window_add(struct key_window *w, uint64_t hash, size_t max);
void key_window_clear(struct key_window *w);
void key_window_release(struct key_window *w);
/* All of `from`, which becomes empty. */
void key_window_merge(struct key_window *to, struct key_window *from, size_t max);

static inline bool key_window_is_empty(const struct key_window *w)
{
	return w->count == 0 && !w->is_all;
}

static inline bool key_window_has(const struct key_window *w, uint64_t hash)
{
	if (w->is_all || w->count == 0)
		return w->is_all;
	hash |= hash == 0;
	for (size_t i = hash & (w->cap - 1);; i = (i + 1) & (w->cap - 1)) {
		if (w->slots[i] == hash)
			return true;
		if (w->slots[i] == 0)
			return false;
	}
}

#endif
