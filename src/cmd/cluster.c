/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLUSTER, READONLY, READWRITE and ASKING as Redis answers them where cluster-enabled is no: the
 * names, arities and rights are known, so that tools, ACL rules and scripts written for them are
 * taken, and each call is told that there is no cluster.
 */
#include "cmd/commands.h"
#include "exec/call.h"

static enum outcome no_cluster(struct call *call)
{
	return call_fail(call, E_NO_CLUSTER);
}

#define GROUP .run = no_cluster, .group = "cluster"
#define CHANGE .flags = CMD_ADMIN | CMD_STALE | CMD_NO_ASYNC_LOADING
#define LOOK .flags = CMD_STALE
#define LOOK_ADMIN .flags = CMD_ADMIN | CMD_STALE
#define LOOK_LOADING .flags = CMD_LOADING | CMD_STALE
/* Complexities are those of a cluster's node, for who plans with them. */
#define HERE .summary = "Answers that there is no cluster."
#define QUICK HERE, .complexity = "O(1)"

static const struct command_row cluster_subcommands[] = {
	{.name = "ADDSLOTS", GROUP, CHANGE, HERE, .since = "3.0.0", .syntax = "slot:integer...",
		.complexity = "O(N) where N is the total number of hash slot arguments"},
	{.name = "ADDSLOTSRANGE", GROUP, CHANGE, HERE, .since = "7.0.0",
		.syntax = "range={start-slot:integer end-slot:integer}...",
		.complexity = "O(N) where N is the total number of the slots between the start "
			      "slot and end slot arguments."},
	{.name = "BUMPEPOCH", GROUP, CHANGE, QUICK, .since = "3.0.0", .syntax = "",
		.tips = "nondeterministic_output"},
	{.name = "COUNT-FAILURE-REPORTS", GROUP, LOOK_ADMIN, HERE, .since = "3.0.0",
		.syntax = "node-id", .tips = "nondeterministic_output",
		.complexity = "O(N) where N is the number of failure reports"},
	{.name = "COUNTKEYSINSLOT", GROUP, LOOK, QUICK, .since = "3.0.0", .syntax = "slot:integer"},
	{.name = "DELSLOTS", GROUP, CHANGE, HERE, .since = "3.0.0", .syntax = "slot:integer...",
		.complexity = "O(N) where N is the total number of hash slot arguments"},
	{.name = "DELSLOTSRANGE", GROUP, CHANGE, HERE, .since = "7.0.0",
		.syntax = "range={start-slot:integer end-slot:integer}...",
		.complexity = "O(N) where N is the total number of the slots between the start "
			      "slot and end slot arguments."},
	{.name = "FAILOVER", GROUP, CHANGE, QUICK, .since = "3.0.0",
		.syntax = "options=[FORCE|TAKEOVER]"},
	{.name = "FLUSHSLOTS", GROUP, CHANGE, QUICK, .since = "3.0.0", .syntax = ""},
	{.name = "FORGET", GROUP, CHANGE, QUICK, .since = "3.0.0", .syntax = "node-id"},
	{.name = "GETKEYSINSLOT", GROUP, LOOK, HERE, .since = "3.0.0",
		.syntax = "slot:integer count:integer", .tips = "nondeterministic_output",
		.complexity = "O(N) where N is the number of requested keys"},
	{.name = "HELP", GROUP, LOOK_LOADING, QUICK, .since = "5.0.0", .syntax = ""},
	{.name = "INFO", GROUP, LOOK, QUICK, .since = "3.0.0", .syntax = "",
		.tips = "nondeterministic_output"},
	{.name = "KEYSLOT", GROUP, LOOK, HERE, .since = "3.0.0", .syntax = "key",
		.complexity = "O(N) where N is the number of bytes in the key"},
	{.name = "LINKS", GROUP, LOOK, HERE, .since = "7.0.0", .syntax = "",
		.tips = "nondeterministic_output",
		.complexity = "O(N) where N is the total number of Cluster nodes"},
	{.name = "MEET", GROUP, CHANGE, QUICK, .since = "3.0.0",
		.syntax = "ip port:integer [cluster-bus-port:integer]@4.0.0",
		.history = "4.0.0=Added the optional `cluster_bus_port` argument."},
	{.name = "MYID", GROUP, LOOK, QUICK, .since = "3.0.0", .syntax = ""},
	{.name = "MYSHARDID", GROUP, LOOK, QUICK, .since = "7.2.0", .syntax = "",
		.tips = "nondeterministic_output"},
	{.name = "NODES", GROUP, LOOK, HERE, .since = "3.0.0", .syntax = "",
		.tips = "nondeterministic_output",
		.complexity = "O(N) where N is the total number of Cluster nodes"},
	{.name = "REPLICAS", GROUP, LOOK_ADMIN, HERE, .since = "5.0.0", .syntax = "node-id",
		.tips = "nondeterministic_output",
		.complexity = "O(N) where N is the number of replicas."},
	{.name = "REPLICATE", GROUP, CHANGE, QUICK, .since = "3.0.0", .syntax = "node-id"},
	{.name = "RESET", GROUP, HERE, .flags = CMD_ADMIN | CMD_STALE | CMD_NOSCRIPT,
		.since = "3.0.0", .syntax = "reset-type=[HARD|SOFT]",
		.complexity = "O(N) where N is the number of known nodes. The command may "
			      "execute a FLUSHALL as a side effect."},
	{.name = "SAVECONFIG", GROUP, CHANGE, QUICK, .since = "3.0.0", .syntax = ""},
	{.name = "SET-CONFIG-EPOCH", GROUP, CHANGE, QUICK, .since = "3.0.0",
		.syntax = "config-epoch:integer"},
	{.name = "SETSLOT", GROUP, CHANGE, QUICK, .since = "3.0.0",
		.syntax = "slot:integer subcommand={IMPORTING importing~node-id|"
			  "MIGRATING migrating~node-id|NODE node~node-id|STABLE}"},
	{.name = "SHARDS", GROUP, LOOK_LOADING, HERE, .since = "7.0.0", .syntax = "",
		.tips = "nondeterministic_output",
		.complexity = "O(N) where N is the total number of cluster nodes"},
	{.name = "SLAVES", GROUP, LOOK_ADMIN, HERE, .since = "3.0.0", .syntax = "node-id",
		.deprecated = "5.0.0=`CLUSTER REPLICAS`", .tips = "nondeterministic_output",
		.complexity = "O(N) where N is the number of replicas."},
	{.name = "SLOTS", GROUP, LOOK_LOADING, HERE, .since = "3.0.0", .syntax = "",
		.deprecated = "7.0.0=`CLUSTER SHARDS`", .tips = "nondeterministic_output",
		.history = "4.0.0=Added node IDs.|7.0.0=Added additional networking metadata "
			   "field.",
		.complexity = "O(N) where N is the total number of Cluster nodes"},
	{0},
};

const struct command_row cluster_commands[] = {
	{.name = "ASKING", GROUP, QUICK, .flags = CMD_FAST, .since = "3.0.0", .syntax = "",
		.categories = "connection"},
	{.name = "CLUSTER", .group = "cluster", .since = "3.0.0",
		.complexity = "Depends on subcommand.", .syntax = "",
		.subcommands = cluster_subcommands,
		.summary = "A container for the commands of a cluster."},
	{.name = "READONLY", GROUP, QUICK, .flags = CMD_FAST | CMD_LOADING | CMD_STALE,
		.since = "3.0.0", .syntax = "", .categories = "connection"},
	{.name = "READWRITE", GROUP, QUICK, .flags = CMD_FAST | CMD_LOADING | CMD_STALE,
		.since = "3.0.0", .syntax = "", .categories = "connection"},
	{0},
};
