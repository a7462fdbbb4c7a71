/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Space-Saving with weights, set by set.
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
		memset(h->by[i].weights, 0, sizeof(h->by[i].weights));
}

static uint64_t slot_hash(uint16_t db, uint64_t key_hash)
{
	return key_hash ^ ((uint64_t)db * 0x9e3779b97f4a7c15u);
}

static bool slot_is_of(const struct hot_summary *s, int slot, uint16_t db, struct key key)
{
	const struct key_name *n = &s->names[slot];
	return s->weights[slot] != 0 && n->db == db && n->len == key.name.len;
}

void hotkeys_add(
	struct hotkeys *h, enum hot_metric metric, uint16_t db, struct key key, uint64_t weight)
{
	struct hot_summary *s = &h->by[metric];
	uint64_t hash = slot_hash(db, key.hash);
	int first = (int)((hash >> 32) % HOTKEYS_SETS) * HOTKEYS_WAYS, least = first;

	for (int i = first; i < first + HOTKEYS_WAYS; i++) {
		if (s->hashes[i] == hash && slot_is_of(s, i, db, key)) {
			s->weights[i] += weight;
			return;
		}
		if (s->weights[i] < s->weights[least])
			least = i;
	}
	if (weight == 0)
		return;
	s->errors[least] = s->weights[least];
	s->weights[least] += weight;
	s->hashes[least] = hash;
	key_name_set(&s->names[least], db, key);
}

static void summary_halve(struct hot_summary *s)
{
	for (int i = 0; i < HOTKEYS_SLOTS; i++) {
		s->weights[i] /= 2;
		s->errors[i] /= 2;
	}
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
	int count = 0;

	/* By insertion: it is short, and equal ones keep their places. */
	for (int i = 0; i < HOTKEYS_SLOTS; i++) {
		int at = count;
		if (s->weights[i] == 0)
			continue;
		for (; at > 0 && s->weights[order[at - 1]] < s->weights[i]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
		count++;
	}
	return count;
}
