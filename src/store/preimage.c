/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The beginning and end of a snapshot's view.
 */
#include "store/preimage.h"

void preimage_begin(struct keyspace *k, const struct preimage_sink *sink)
{
	ASSERT(k->preimage == NULL && k->generations_mixed < PREIMAGE_GENERATIONS - 1);
	k->generation = (uint8_t)(k->generation + PREIMAGE_GENERATION_STEP);
	k->generations_mixed++;
	k->preimage = sink;
	for (int i = 0; i < k->db_count; i++) {
		struct db *db = &k->dbs[i];
		db->saved_id = db->id;
		db->is_walked = false;
		db->walk_cursor = 0;
	}
}

static void mark(void *item, void *context)
{
	entry_mark_saved(context, item);
}

void preimage_end(struct keyspace *k, bool is_complete)
{
	ASSERT(k->preimage != NULL);
	k->preimage = NULL;
	if (is_complete)
		k->generations_mixed = 0;
	if (k->generations_mixed < PREIMAGE_GENERATIONS - 1)
		return;
	for (int i = 0; i < k->db_count; i++) {
		uint64_t cursor = 0;
		do {
			cursor = dict_scan(&k->dbs[i].entries, cursor, mark, k);
		} while (cursor != 0);
	}
	k->generations_mixed = 0;
}
