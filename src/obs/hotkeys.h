/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keys that are asked for most: by operations, by bytes received and replied, by time in the
 * handler. Three summaries of HOTKEYS_SLOTS keys each (Space-Saving, Metwally et al. 2005), in sets
 * of HOTKEYS_WAYS by the key's hash, as a processor's cache has them: a key that is not in its set
 * takes the place of the least one there and inherits its count as its possible error. So whoever
 * has more than 1/HOTKEYS_WAYS of what falls into its set, 1/HOTKEYS_SLOTS of the whole on average,
 * is in, and only one set is looked at (a search through all slots cost 1,700 instructions).
 *
 * Counts fade: they are halved once a HOTKEYS_WINDOW_S, so they tell of the last minutes.
 *
 * Invariant: fixed memory; a slot of weight 0 is free. It must not know calls.
 */
#ifndef RINGLET_OBS_HOTKEYS_H
#define RINGLET_OBS_HOTKEYS_H

#include "obs/key_name.h"

#define HOTKEYS_WAYS 8
#define HOTKEYS_SETS 16
#define HOTKEYS_SLOTS (HOTKEYS_SETS * HOTKEYS_WAYS)
#define HOTKEYS_WINDOW_S 60

enum hot_metric { HOT_OPS, HOT_BYTES, HOT_TICKS, HOT_METRICS };

struct hot_summary {
	uint64_t hashes[HOTKEYS_SLOTS]; /* of name and database */
	uint64_t weights[HOTKEYS_SLOTS];
	uint64_t errors[HOTKEYS_SLOTS]; /* at most so much of the weight is another's */
	struct key_name names[HOTKEYS_SLOTS];
};

struct hotkeys {
	struct hot_summary by[HOT_METRICS];
	int64_t faded_s; /* when counts were halved last */
};

struct hotkeys *hotkeys_new(void);
void hotkeys_free(struct hotkeys *h);
void hotkeys_forget(struct hotkeys *h);
void hotkeys_add(struct hotkeys *h, enum hot_metric metric, uint16_t db, struct key key,
	uint64_t weight);
/* Halves where it is time to; a few times a second. */
void hotkeys_tick(struct hotkeys *h, int64_t now_s);
/* Slots of the metric, heaviest first; returns how many. */
int hotkeys_order(const struct hotkeys *h, enum hot_metric metric, uint8_t order[HOTKEYS_SLOTS]);

#endif
