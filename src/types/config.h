/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thresholds at which packed containers give way to large ones. They choose representations,
 * never meaning, and the types' tables (store/type_ops.h) are process-wide as well: so this is one
 * struct for the process, not one per server.
 *
 * The fields have the types that their parameter rows (types_params) need.
 */
#ifndef RINGLET_TYPES_CONFIG_H
#define RINGLET_TYPES_CONFIG_H

#include "base/param.h"
#include "ds/quicklist.h"

#define TYPES_ENTRIES_MAX ((int64_t)1 << 30) /* packed containers never hold more */

struct types_config {
	int64_t hash_max_listpack_entries;
	uint64_t hash_max_listpack_value;
	int64_t set_max_intset_entries;
	int64_t set_max_listpack_entries;
	uint64_t set_max_listpack_value;
	int64_t zset_max_listpack_entries;
	uint64_t zset_max_listpack_value;
	int list_max_listpack_size; /* > 0 elements, < 0 a size class; 0 counts as 1 */
	int list_compress_depth;
	uint64_t list_packed_threshold; /* DEBUG QUICKLIST-PACKED-THRESHOLD; 0 = by the node's size
					 */
	uint64_t hll_sparse_max_bytes;
	uint64_t stream_node_max_bytes;
	int64_t stream_node_max_entries;
};

extern struct types_config types_config;
extern const struct param_row types_params[];

/* The limits of a list made now. */
struct quicklist_limits types_list_limits(void);

#endif
