/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of contents of cmd/: the rows of each group, as server/wiring.c registers them.
 */
#ifndef RINGLET_CMD_COMMANDS_H
#define RINGLET_CMD_COMMANDS_H

#include "exec/command.h"

struct exec;
struct session;

extern const struct command_row connection_commands[];
extern const struct command_row acl_commands[];
extern const struct command_row cluster_commands[];
extern const struct command_row module_commands[];
extern const struct command_row migrate_commands[];
extern const struct command_row client_commands[];
extern const struct command_row transactions_commands[];
extern const struct command_row pubsub_commands[];
extern const struct command_row command_commands[];
extern const struct command_row slowlog_commands[];
extern const struct command_row latency_commands[];
extern const struct command_row hotkeys_commands[];
extern const struct command_row memory_commands[];
extern const struct command_row monitor_commands[];
extern const struct command_row debug_commands[];
extern const struct command_row script_commands[];
extern const struct command_row function_commands[];
extern const struct command_row lolwut_commands[];
extern const struct command_row time_commands[];
extern const struct command_row config_commands[];
extern const struct command_row info_commands[];
extern const struct command_row shutdown_commands[];
extern const struct command_row string_commands[];
extern const struct command_row string_number_commands[];
extern const struct command_row string_range_commands[];
extern const struct command_row string_lcs_commands[];
extern const struct command_row string_compare_commands[];
extern const struct command_row bitmap_commands[];
extern const struct command_row bitmap_range_commands[];
extern const struct command_row bitfield_commands[];
extern const struct command_row hll_commands[];
extern const struct command_row hll_debug_commands[];
extern const struct command_row geo_commands[];
extern const struct command_row geo_search_commands[];
extern const struct command_row sort_commands[];
extern const struct command_row generic_commands[];
extern const struct command_row expire_commands[];
extern const struct command_row durability_commands[];
extern const struct command_row scan_commands[];
extern const struct command_row dump_commands[];
extern const struct command_row object_commands[];
extern const struct command_row persistence_commands[];
extern const struct command_row keyspace_commands[];
extern const struct command_row list_commands[];
extern const struct command_row list_move_commands[];
extern const struct command_row set_commands[];
extern const struct command_row set_algebra_commands[];
extern const struct command_row hash_commands[];
extern const struct command_row hash_number_commands[];
extern const struct command_row hash_expire_commands[];
extern const struct command_row hash_ex_commands[];
extern const struct command_row zset_commands[];
extern const struct command_row zset_range_commands[];
extern const struct command_row zset_pop_commands[];
extern const struct command_row zset_algebra_commands[];
extern const struct command_row stream_commands[];
extern const struct command_row stream_trim_commands[];
extern const struct command_row stream_read_commands[];
extern const struct command_row stream_group_commands[];
extern const struct command_row stream_claim_commands[];
extern const struct command_row stream_info_commands[];

/* EXEC's handler, which dispatch must know (its gates are those of what it runs). */
enum outcome transactions_exec(struct call *call);
/* A pending shutdown was called off: answers those whose SHUTDOWN waits for it. `exec`: the struct
 * exec. */
void shutdown_answer_waiting(void *exec);
/* Registers MONITOR's gate and sinks; exec->services->monitor must exist. */
void monitor_init(struct exec *exec);
/* Who a session's client is, as CLIENT LIST, SLOWLOG and MONITOR show it. */
void monitor_peer(const struct session *s, char *text, size_t size);
/* Tells the executor what scripts declare of themselves. */
void script_commands_init(struct exec *exec);
/* Registers the authentication gate, and that of commands which must be enabled. */
void connection_init(struct exec *exec);
void protected_init(struct exec *exec);

#endif
