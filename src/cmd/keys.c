/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lookups that leave no trace on the key.
 */
#include "cmd/keys.h"

#include "exec/exec.h"

struct entry *keys_find_untouched(struct call *call, struct key key)
{
	struct entry *e = db_find(call->db, key);
	if (e == NULL) {
		call->exec->stats.keyspace_misses++;
		db_notice(call->db, key, EVENT_KEY_MISS, "keymiss");
		return NULL;
	}
	call->exec->stats.keyspace_hits++;
	return e;
}
