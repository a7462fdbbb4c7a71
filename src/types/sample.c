/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Samples: what was drawn already is remembered in an open-addressing table of pointers, at most
 * half full, which lives for one call.
 */
#include "types/sample.h"

#include "base/mem.h"

/* False when the pointer was there already. */
static bool remember(uintptr_t *slots, size_t mask, uintptr_t ptr)
{
	size_t at = (size_t)(ptr * 0x9e3779b97f4a7c15u >> 20) & mask;
	for (; slots[at] != 0; at = (at + 1) & mask)
		if (slots[at] == ptr)
			return false;
	slots[at] = ptr;
	return true;
}

void sample_distinct(const struct sample_source *source, size_t count,
	void (*visit)(void *item, void *context), void *context)
{
	size_t slots_count = 16;
	while (slots_count < count * 2)
		slots_count *= 2;
	uintptr_t *slots = mem_calloc(slots_count, sizeof(*slots));
	while (count > 0) {
		void *item = source->draw(source->context);
		if (!remember(slots, slots_count - 1, (uintptr_t)item))
			continue;
		visit(item, context);
		count--;
	}
	mem_free_sized(slots, slots_count * sizeof(*slots));
}

static void *draw_dict(const void *context)
{
	return dict_random(context);
}

void sample_dict(
	const struct dict *d, size_t count, void (*visit)(void *item, void *context), void *context)
{
	struct sample_source source = {draw_dict, d};
	ASSERT(count < dict_count(d));
	sample_distinct(&source, count, visit, context);
}

struct counted_visit {
	void (*visit)(void *item, void *context);
	void *context;
	size_t seen;
};

static void visit_counted(void *item, void *context)
{
	struct counted_visit *c = context;
	c->seen++;
	c->visit(item, c->context);
}

uint64_t sample_scan(struct dict *d, uint64_t cursor, size_t count,
	void (*visit)(void *item, void *context), void *context)
{
	struct counted_visit c = {visit, context, 0};
	size_t steps = count < SIZE_MAX / SAMPLE_SCAN_BUCKETS_PER_COUNT
		? count * SAMPLE_SCAN_BUCKETS_PER_COUNT
		: SIZE_MAX;
	do
		cursor = dict_scan(d, cursor, visit_counted, &c);
	while (cursor != 0 && c.seen < count && --steps > 0);
	return cursor;
}
