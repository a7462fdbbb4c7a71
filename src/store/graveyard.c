/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A queue of graves, oldest first. Invariant: grave_count is the number of objects (values, or keys
 * of a dictionary) that have not been freed yet. Blobs never come here: their memory goes back in
 * one call whatever their length, or later, when the last reply that borrows them is sent.
 */
#include "store/graveyard.h"

#include "base/mem.h"
#include "store/slice.h"
#include "store/preimage.h"
#include "store/type_ops.h"

/* Buckets of a dictionary freed between two looks at the clock. */
#define GRAVE_BUCKETS 8

enum grave_kind { GRAVE_VALUE, GRAVE_ENTRIES, GRAVE_TABLE };

struct grave {
	struct grave *next;
	enum grave_kind kind;
	bool is_lazy;
	union {
		struct value value;
		struct dict dict;
	};
};

static struct grave *grave_add(struct keyspace *k, enum grave_kind kind, bool lazy)
{
	struct grave *g = mem_calloc(1, sizeof(*g));
	g->kind = kind;
	g->is_lazy = lazy;
	if (k->graves == NULL)
		k->graves = g;
	else
		k->graves_last->next = g;
	k->graves_last = g;
	return g;
}

void grave_bury_value(struct keyspace *k, struct value *v, bool lazy)
{
	if (v->type == TYPE_STRING) {
		value_release(v);
		return;
	}
	/* A large value whose image is still being written is freed when that is done. */
	if (UNLIKELY(k->preimage != NULL) && image_adopt(v))
		return;
	const struct type_ops *ops = type_ops_of(v);
	if (ops->free_slice == NULL || ops->free_effort(v) <= GRAVE_EFFORT) {
		ops->free(v);
		return;
	}
	grave_add(k, GRAVE_VALUE, lazy)->value = *v;
	k->grave_count++;
}

void grave_bury_dict(struct keyspace *k, struct dict *d, bool owns_entries, bool lazy)
{
	struct grave *g = grave_add(k, owns_entries ? GRAVE_ENTRIES : GRAVE_TABLE, lazy);
	g->dict = *d;
	if (owns_entries)
		k->grave_count += dict_count(d);
	dict_init(d, d->ops);
}

/* A large value of a flushed key gets a grave of its own. */
static void grave_take_entry(void *item, void *context)
{
	struct keyspace *k = context;
	struct entry *e = item;
	struct value v = entry_value(e);
	grave_bury_value(k, &v, true);
	entry_free(e);
}

static void grave_take_nothing(void *item, void *context)
{
	(void)item;
	(void)context;
}

/* Is the grave empty now? */
static bool grave_dig_one(struct keyspace *k, struct grave *g)
{
	if (g->kind == GRAVE_VALUE) {
		if (!type_ops_of(&g->value)->free_slice(&g->value, GRAVE_EFFORT))
			return false;
		k->grave_count--;
		k->stats.lazy_freed += g->is_lazy;
		return true;
	}
	if (g->kind == GRAVE_TABLE)
		return !dict_drain(&g->dict, GRAVE_BUCKETS * 8, grave_take_nothing, NULL);
	size_t before = dict_count(&g->dict);
	bool more = dict_drain(&g->dict, GRAVE_BUCKETS, grave_take_entry, k);
	size_t freed = before - dict_count(&g->dict);
	k->grave_count -= freed;
	k->stats.lazy_freed += g->is_lazy ? freed : 0;
	return !more;
}

bool grave_dig(struct keyspace *k)
{
	struct grave *g = k->graves;
	if (g == NULL)
		return false;
	if (grave_dig_one(k, g)) {
		k->graves = g->next;
		if (k->graves == NULL)
			k->graves_last = NULL;
		mem_free_sized(g, sizeof(*g));
	}
	return k->graves != NULL;
}

bool keyspace_free_slice(struct keyspace *k, int64_t budget_us)
{
	struct slice slice = slice_begin(k, budget_us);
	while (grave_dig(k))
		if (slice_spend(&slice, GRAVE_EFFORT / 8))
			return true;
	return false;
}
