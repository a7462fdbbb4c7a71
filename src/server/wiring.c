/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of contents of the program: which types, commands and gates this server is made of.
 * Parameters are listed in settings.c, the rows of INFO in figures.c.
 */
#include "cmd/commands.h"
#include "cmd/durability.h"
#include "exec/few_replicas.h"
#include "exec/memory.h"
#include "exec/pause.h"
#include "exec/tx.h"
#include "push/pubsub.h"
#include "server/server.h"
#include "store/type_ops.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/string.h"
#include "types/zset.h"

void wiring_types(void)
{
	type_register(TYPE_STRING, &string_ops);
	type_register(TYPE_LIST, &list_ops);
	type_register(TYPE_SET, &set_ops);
	type_register(TYPE_HASH, &hash_ops);
	type_register(TYPE_ZSET, &zset_ops);
	type_register(TYPE_STREAM, &stream_ops);
}

void wiring_commands(struct command_table *commands)
{
	const struct command_row *const groups[] = {
		connection_commands,
		client_commands,
		acl_commands,
		cluster_commands,
		module_commands,
		migrate_commands,
		command_commands,
		transactions_commands,
		string_commands,
		string_number_commands,
		string_range_commands,
		string_lcs_commands,
		string_compare_commands,
		bitmap_commands,
		bitmap_range_commands,
		bitfield_commands,
		hll_commands,
		hll_debug_commands,
		geo_commands,
		geo_search_commands,
		sort_commands,
		generic_commands,
		expire_commands,
		durability_commands,
		scan_commands,
		dump_commands,
		object_commands,
		persistence_commands,
		keyspace_commands,
		list_commands,
		list_move_commands,
		set_commands,
		set_algebra_commands,
		hash_commands,
		hash_number_commands, hash_expire_commands, hash_ex_commands,
		zset_commands,
		zset_range_commands,
		zset_pop_commands,
		zset_algebra_commands,
		stream_commands,
		stream_trim_commands,
		stream_read_commands,
		stream_group_commands,
		stream_claim_commands,
		stream_info_commands,
		pubsub_commands,
		script_commands,
		function_commands,
		config_commands,
		info_commands,
		slowlog_commands,
		latency_commands,
		hotkeys_commands,
		memory_commands,
		monitor_commands,
		debug_commands,
		shutdown_commands,
		time_commands,
		lolwut_commands,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		command_table_add(commands, groups[i]);
}

void wiring_gates(struct exec *exec)
{
	connection_init(exec);
	protected_init(exec);
	tx_init(exec);
	memory_init(exec);
	few_replicas_init(exec);
	pause_init(exec);
	pubsub_init(exec);
	monitor_init(exec);
	durability_init(exec);
	script_commands_init(exec);
}
