/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adding, merging, emptying. At most half of the slots are used, so that a search is short; what
 * was once large is given back when it was hardly used for long enough to be emptied.
 */
#include "persist/key_window.h"

#include "base/mem.h"

#include <string.h>

#define WINDOW_CAP_MIN 64
#define WINDOW_KEEP_CAP 8192 /* slots that an empty window keeps however few were used */

static bool window_put(struct key_window *w, uint64_t hash)
{
	size_t i = hash & (w->cap - 1);

	while (w->slots[i] != 0) {
		if (w->slots[i] == hash)
			return false;
		i = (i + 1) & (w->cap - 1);
	}
	w->slots[i] = hash;
	return true;
}

static void window_grow(struct key_window *w)
{
	uint64_t *old = w->slots;
	size_t old_cap = w->cap;

	w->cap = old_cap == 0 ? WINDOW_CAP_MIN : old_cap * 2;
	w->slots = mem_calloc(w->cap, sizeof(*w->slots));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i] != 0)
			window_put(w, old[i]);
	mem_free(old);
}

void key_window_add(struct key_window *w, uint64_t hash, size_t max)
{
	if (w->is_all)
		return;
	if (w->count >= max) {
		key_window_clear(w);
		w->is_all = true;
		return;
	}
	if (w->count * 2 >= w->cap)
		window_grow(w);
	w->count += window_put(w, hash | (hash == 0));
}

void key_window_clear(struct key_window *w)
{
	if (w->count > 0 && w->cap > WINDOW_KEEP_CAP && w->count < w->cap / 16) {
		key_window_release(w);
		return;
	}
	if (w->count > 0)
		memset(w->slots, 0, w->cap * sizeof(*w->slots));
	w->count = 0;
	w->is_all = false;
}

void key_window_release(struct key_window *w)
{
	mem_free(w->slots);
	*w = (struct key_window){.last_group = w->last_group};
}

void key_window_merge(struct key_window *to, struct key_window *from, size_t max)
{
	if (from->is_all) {
		key_window_clear(to);
		to->is_all = true;
	}
	for (size_t i = 0; from->count > 0 && i < from->cap; i++)
		if (from->slots[i] != 0)
			key_window_add(to, from->slots[i], max);
	if (from->last_group > to->last_group)
		to->last_group = from->last_group;
	key_window_clear(from);
}
