/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A walk over all items of a dictionary that nobody changes meanwhile. Entering a bucket starts
 * loading its items and the next bucket, so that the walk waits for memory once in nine items, not
 * at each. (dict_scan is for walks that outlive a call.)
 */
#ifndef RINGLET_DS_DICT_ITER_H
#define RINGLET_DS_DICT_ITER_H

#include "ds/dict.h"

struct dict_iter {
	const struct dict *d;
	const struct dict_bucket *node;
	unsigned units;  /* of node */
	unsigned slot;   /* the next place in node */
	int table;       /* where `bucket` counts; the new one first */
	uint32_t bucket; /* the next bucket */
};

static inline void dict_iter_init(struct dict_iter *it, const struct dict *d)
{
	*it = (struct dict_iter){.d = d, .table = 1};
}

static inline bool dict_iter_next_bucket(struct dict_iter *it)
{
	const struct dict_table *t = &it->d->tables[it->table];
	if (it->bucket >= t->count) {
		if (it->table == 0)
			return false;
		/* Buckets of the old table below `moved` are empty. */
		t = &it->d->tables[it->table = 0];
		it->bucket = it->d->moved;
		if (it->bucket >= t->count)
			return false;
	}
	it->node = &t->buckets[it->bucket++];
	it->units = DICT_UNITS_MAX;
	it->slot = 0;
	if (it->bucket < t->count)
		__builtin_prefetch(it->node + 1);
	unsigned count = it->node->state & DICT_STATE_COUNT;
	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(dict_ptr_get(it->node, i));
	return true;
}

/* The next item; NULL at the end. */
static inline void *dict_iter_next(struct dict_iter *it)
{
	for (;;) {
		if (it->node != NULL) {
			if (it->slot < (*dict_node_state(it->node, it->units) & DICT_STATE_COUNT))
				return dict_ptr_get(it->node, it->slot++);
			it->slot = 0;
			if (dict_next_node(&it->node, &it->units))
				continue;
			it->node = NULL;
		}
		if (!dict_iter_next_bucket(it))
			return NULL;
	}
}

#endif
