/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thresholds of packed containers: their values, their parameter rows.
 */
#include "types/config.h"

#define AT(field) PARAM_FIELD(struct types_config, field)

struct types_config types_config = {
	.hash_max_listpack_entries = 512,
	.hash_max_listpack_value = 64,
	.set_max_intset_entries = 512,
	.set_max_listpack_entries = 128,
	.set_max_listpack_value = 64,
	.zset_max_listpack_entries = 128,
	.zset_max_listpack_value = 64,
	.list_max_listpack_size = -2,
	.hll_sparse_max_bytes = 3000,
	.stream_node_max_bytes = 4096,
	.stream_node_max_entries = 100,
};

struct quicklist_limits types_list_limits(void)
{
	return (struct quicklist_limits){
		.fill = types_config.list_max_listpack_size,
		.depth = (uint32_t)types_config.list_compress_depth,
		.plain_from = types_config.list_packed_threshold,
	};
}

const struct param_row types_params[] = {
	{.type = PARAM_SECTION,
		.name = "PACKED CONTAINERS",
		.help = "Small hashes, lists, sets and sorted sets are kept in one packed piece of "
			"memory "
			"each: a fraction of the bytes, at the price of searching it from one end. "
			"Beyond a "
			"number of elements, or with a long one among them, they change to a table "
			"or tree. "
			"Higher limits save memory and cost time."},
	{"hash-max-listpack-entries", PARAM_I64, AT(hash_max_listpack_entries), "512",
		.max = INT64_MAX, .alias = "hash-max-ziplist-entries",
		.help = "Fields of a packed hash."},
	{"hash-max-listpack-value", PARAM_MEMORY, AT(hash_max_listpack_value), "64",
		.max = INT64_MAX, .alias = "hash-max-ziplist-value",
		.help = "The longest field or value of a packed hash."},
	{"list-max-listpack-size", PARAM_INT, AT(list_max_listpack_size), "-2", .min = INT_MIN,
		.max = INT_MAX, .alias = "list-max-ziplist-size",
		.help = "The size of a list's pieces: -1 to -5 for 4, 8, 16, 32, 64 kB, or a "
			"number of "
			"elements."},
	{"list-compress-depth", PARAM_INT, AT(list_compress_depth), "0", .max = INT_MAX,
		.help = "Compresses a list's inner pieces: all but this many at either end; 0 "
			"compresses "
			"none."},
	{"set-max-intset-entries", PARAM_I64, AT(set_max_intset_entries), "512", .max = INT64_MAX,
		.help = "Members of a set of integers only, kept as a sorted array."},
	{"set-max-listpack-entries", PARAM_I64, AT(set_max_listpack_entries), "128",
		.max = INT64_MAX, .help = "Members of a packed set."},
	{"set-max-listpack-value", PARAM_MEMORY, AT(set_max_listpack_value), "64", .max = INT64_MAX,
		.help = "The longest member of a packed set."},
	{"zset-max-listpack-entries", PARAM_I64, AT(zset_max_listpack_entries), "128",
		.max = INT64_MAX, .alias = "zset-max-ziplist-entries",
		.help = "Members of a packed sorted set."},
	{"zset-max-listpack-value", PARAM_MEMORY, AT(zset_max_listpack_value), "64",
		.max = INT64_MAX, .alias = "zset-max-ziplist-value",
		.help = "The longest member of a packed sorted set."},
	{"hll-sparse-max-bytes", PARAM_MEMORY, AT(hll_sparse_max_bytes), "3000", .max = INT64_MAX,
		.help = "A HyperLogLog longer than this changes from its sparse form to the dense "
			"one of "
			"12 kB. Values above 16000 make no sense."},
	{"stream-node-max-bytes", PARAM_MEMORY, AT(stream_node_max_bytes), "4096", .max = INT64_MAX,
		.help = "The size of a stream's pieces; 0 sets no limit."},
	{"stream-node-max-entries", PARAM_I64, AT(stream_node_max_entries), "100", .max = INT64_MAX,
		.help = "The entries in one of a stream's pieces; 0 sets no limit."},
	{0},
};
