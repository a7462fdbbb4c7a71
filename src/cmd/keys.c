/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lookups that leave no trace on the key, and databases by number.
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

struct db *keys_arg_db(struct call *call, int index)
{
	struct keyspace *k = call->db->keyspace;
	int64_t id;

	if (!call_arg_i64(call, index, &id))
		return NULL;
	if (id < INT32_MIN || id > INT32_MAX)
		call_failf(call, E_RANGE_BETWEEN, (long long)INT32_MIN, (long long)INT32_MAX);
	else if (id < 0 || id >= k->db_count)
		call_fail(call, E_DB_RANGE);
	else
		return &k->dbs[id];
	return NULL;
}
