/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What commands over several keys share: hashing and prefetching them in batches, so that their
 * cache misses overlap, and lookups that leave the access clock alone; databases by number.
 */
#ifndef RINGLET_CMD_KEYS_H
#define RINGLET_CMD_KEYS_H

#include "exec/call.h"

#define KEYS_BATCH 16

/* Hashes up to KEYS_BATCH keys at argv[first], argv[first + step] … and starts loading where they
 * lie; returns how many. */
static inline int keys_prefetch(const struct call *call, int first, int step, struct key *keys)
{
	const struct dict *entries = &call->db->entries;
	int count = 0;
	for (int i = first; i < call->argc && count < KEYS_BATCH; i += step) {
		keys[count] = call_key(call, i);
		dict_prefetch(entries, keys[count].hash);
		count++;
	}
	for (int i = 0; i < count; i++)
		dict_prefetch_item(entries, keys[i].hash);
	return count;
}

/* As call_find_read without the touch: EXISTS, TYPE, TTL look without using. */
struct entry *keys_find_untouched(struct call *call, struct key key);

/* The database whose number is argv[index]; NULL: the error is written. */
struct db *keys_arg_db(struct call *call, int index);

#endif
