/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Space-Saving with weights. Both searches are plain loops over 1 KiB: a sample costs about as much
 * as a cache miss or two.
 */
#include "obs/hotkeys.h"

#include "base/mem.h"

_Static_assert(HOTKEYS_SLOTS <= UINT8_MAX + 1, "a slot's number is a byte");

struct hotkeys *hotkeys_new(void)
{
	return mem_calloc(1, sizeof(struct hotkeys));
}

void hotkeys_free(struct hotkeys *h)
{
	mem_free(h);
}

void hotkeys_forget(struct hotkeys *h)
{
	for (int i = 0; i < HOT_METRICS; i++)
		h->by[i].count = 0;
}

static uint64_t slot_hash(uint16_t db, uint64_t key_hash)
{
	return key_hash ^ ((uint64_t)db * 0x9e3779b97f4a7c15u);
}

static int slot_find(const struct hot_summary *s, uint64_t hash, uint16_t db, struct key key)
{
	for (int i = 0; i < s->count; i++)
		if (s->hashes[i] == hash && s->names[i].db == db && s->names[i].len == key.name.len)
			return i;
	return -1;
}

static int slot_least(const struct hot_summary *s)
{
	int least = 0;
	for (int i = 1; i < s->count; i++)
		if (s->weights[i] < s->weights[least])
			least = i;
	return least;
}

void hotkeys_add(
	struct hotkeys *h, enum hot_metric metric, uint16_t db, struct key key, uint64_t weight)
{
	struct hot_summary *s = &h->by[metric];
	uint64_t hash = slot_hash(db, key.hash);
	int slot = slot_find(s, hash, db, key);

	if (slot >= 0) {
		s->weights[slot] += weight;
		return;
	}
	if (s->count < HOTKEYS_SLOTS) {
		slot = s->count++;
		s->weights[slot] = 0;
	} else {
		slot = slot_least(s);
	}
	s->errors[slot] = s->weights[slot];
	s->weights[slot] += weight;
	s->hashes[slot] = hash;
	key_name_set(&s->names[slot], db, key);
}

static void summary_halve(struct hot_summary *s)
{
	int kept = 0;
	for (int i = 0; i < s->count; i++) {
		if (s->weights[i] < 2)
			continue;
		s->weights[kept] = s->weights[i] / 2;
		s->errors[kept] = s->errors[i] / 2;
		s->hashes[kept] = s->hashes[i];
		s->names[kept++] = s->names[i];
	}
	s->count = kept;
}

void hotkeys_tick(struct hotkeys *h, int64_t now_s)
{
	int64_t passed = now_s - h->faded_s;

	if (passed >= 0 && passed < HOTKEYS_WINDOW_S)
		return;
	/* After a step of the clock it counts from there. */
	bool is_step = h->faded_s == 0 || passed < 0 || passed > 64 * HOTKEYS_WINDOW_S;
	for (int i = 0; i < HOT_METRICS && !is_step; i++)
		summary_halve(&h->by[i]);
	h->faded_s = now_s;
}

int hotkeys_order(const struct hotkeys *h, enum hot_metric metric, uint8_t order[HOTKEYS_SLOTS])
{
	const struct hot_summary *s = &h->by[metric];

	/* By insertion: it is short, and equal ones keep their places. */
	for (int i = 0; i < s->count; i++) {
		int at = i;
		for (; at > 0 && s->weights[order[at - 1]] < s->weights[i]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
	return s->count;
}
