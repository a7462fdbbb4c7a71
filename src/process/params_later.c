/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rows of what is kept for features that are not here. Their help says what they mean in Redis.
 */
#include "process/params_later.h"

#include "base/mem_stats.h"
#include "base/num.h"

#define AT(field) PARAM_FIELD(struct later_config, field)

static const struct param_choice later_diskless_load[] = {
	{"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {NULL, 0}};
static const struct param_choice later_propagation[] = {
	{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}, {NULL, 0}};
static const struct param_choice later_endpoint[] = {
	{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}, {NULL, 0}};

/* --- checks --- */

static bool later_check_replicaof(struct bytes text, struct param_error *error)
{
	struct param_words words;
	int64_t port = 0;
	if (!param_split(text, &words))
		return param_fail(error, "wrong number of arguments");
	int count = words.argc;
	bool is_port =
		count == 2 && num_parse_i64(words.argv[1], &port) && port >= 0 && port <= 65535;
	bool is_off = count == 2 && bytes_is(words.argv[0], "no") && bytes_is(words.argv[1], "one");
	param_words_release(&words);
	if (count == 0 || is_off || is_port)
		return true;
	return param_fail(error, count == 2 ? "Invalid master port" : "wrong number of arguments");
}

static bool later_check_hostname(struct bytes text, struct param_error *error)
{
	if (text.len >= 256)
		return param_fail(error, "Hostnames must be less than 256 characters");
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return param_fail(error,
				"Hostnames may only contain alphanumeric characters, "
				"hyphens or dots");
	}
	return true;
}

static bool later_check_nodename(struct bytes text, struct param_error *error)
{
	if (text.len >= 256)
		return param_fail(error, "Hostnames must be less than 256 characters");
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '!' || text.ptr[i] > '~' ||
			strchr("=,\"'\\", text.ptr[i]) != NULL)
			return param_fail(
				error, "Announced human node name contained invalid character");
	return true;
}

/* Clients that switch it on are told; a file that says yes is taken, as all of Redis's are. */
static bool later_apply_defrag(void *owner, void *context, struct param_error *error)
{
	const struct later_config *later = owner;
	(void)context;
	return !later->defrag.enabled ||
	       param_fail(error, "Active defragmentation cannot be enabled: it requires a Redis "
				 "server compiled with a modified Jemalloc like the one shipped by "
				 "default with the Redis source distribution");
}

/* Without an allocator that can, it is taken all the same. */
static bool later_apply_bg_thread(void *owner, void *context, struct param_error *error)
{
	const struct later_config *later = owner;
	(void)context;
	(void)error;
	(void)mem_background_thread(later->defrag.jemalloc_bg_thread);
	return true;
}

const struct param_row later_params[] = {
	{.type = PARAM_SECTION,
		.name = "THREADS AND ADDRESSES",
		.help = "Kept for compatibility: one thread runs this server, and it opens no "
			"connections itself."},
	{"bind-source-addr", PARAM_STRING_OR_NULL, AT(net.bind_source_addr), "",
		.help = "Source address of outgoing connections."},
	{"io-threads", PARAM_INT, AT(net.io_threads), "1", .flags = PARAM_IMMUTABLE, .min = 1,
		.max = 128, .help = "Threads that read and write sockets."},
	{"io-threads-do-reads", PARAM_BOOL, AT(net.io_threads_do_reads), "no",
		.flags = PARAM_IMMUTABLE, .help = "Let these threads parse requests as well."},
	{"client-default-resp", PARAM_INT, AT(net.default_resp), "2",
		.flags = PARAM_IMMUTABLE | PARAM_HIDDEN, .min = 2, .max = 3, .help = ""},
	{"req-res-logfile", PARAM_STRING_OR_NULL, AT(net.req_res_logfile), "",
		.flags = PARAM_IMMUTABLE | PARAM_HIDDEN, .help = ""},
	{.type = PARAM_SECTION,
		.name = "REPLICATION",
		.help = "Copies of the data on other machines."},
	{"replicaof", PARAM_STRING_OR_NULL, AT(repl.replicaof), "",
		.flags = PARAM_IMMUTABLE | PARAM_MULTI_ARG, .alias = "slaveof",
		.check = later_check_replicaof, .example = "192.0.2.1 6379",
		.help = "Host and port of the primary."},
	{"masteruser", PARAM_STRING_OR_NULL, AT(repl.masteruser), "", .flags = PARAM_SENSITIVE,
		.help = "User to log in to the primary with."},
	{"masterauth", PARAM_STRING_OR_NULL, AT(repl.masterauth), "", .flags = PARAM_SENSITIVE,
		.help = "Password for the primary."},
	{"replica-serve-stale-data", PARAM_BOOL, AT(repl.serve_stale), "yes",
		.alias = "slave-serve-stale-data",
		.help = "Answer from old data while the link to the primary is down."},
	{"replica-read-only", PARAM_BOOL, AT(repl.read_only), "yes", .alias = "slave-read-only",
		.help = "Refuse writes on a replica."},
	{"replica-ignore-maxmemory", PARAM_BOOL, AT(repl.ignore_maxmemory), "yes",
		.alias = "slave-ignore-maxmemory", .help = "Leave eviction to the primary."},
	{"replica-lazy-flush", PARAM_BOOL, AT(repl.lazy_flush), "no", .alias = "slave-lazy-flush",
		.help = "Empty the data set in the background before a full synchronisation."},
	{"replica-priority", PARAM_INT, AT(repl.priority), "100", .max = INT_MAX,
		.alias = "slave-priority",
		.help = "Sentinel promotes the lowest; 0 is never promoted."},
	{"replica-announced", PARAM_BOOL, AT(repl.announced), "yes",
		.help = "Let Sentinel show this replica."},
	{"replica-announce-ip", PARAM_STRING_OR_NULL, AT(repl.announce_ip), "",
		.alias = "slave-announce-ip", .help = "Address to tell the primary, behind NAT."},
	{"replica-announce-port", PARAM_INT, AT(repl.announce_port), "0", .max = 65535,
		.alias = "slave-announce-port", .help = "Port to tell the primary."},
	{"repl-diskless-sync", PARAM_BOOL, AT(repl.diskless_sync), "yes",
		.help = "Send snapshots to replicas without a file."},
	{"repl-diskless-sync-delay", PARAM_INT, AT(repl.diskless_delay_s), "5", .max = INT_MAX,
		.help = "Seconds to wait for further replicas before such a transfer."},
	{"repl-diskless-sync-max-replicas", PARAM_INT, AT(repl.diskless_max_replicas), "0",
		.max = INT_MAX, .help = "Don't wait when so many are there; 0 always waits."},
	{"repl-diskless-load", PARAM_ENUM, AT(repl.diskless_load), "disabled",
		.choices = later_diskless_load, .flags = PARAM_DENY_LOADING,
		.help = "How a replica takes a snapshot: by a file (disabled), directly when it is "
			"empty "
			"(on-empty-db), or beside the old data (swapdb)."},
	{"repl-ping-replica-period", PARAM_INT, AT(repl.ping_period_s), "10", .min = 1,
		.max = INT_MAX, .alias = "repl-ping-slave-period",
		.help = "Seconds between pings to replicas."},
	{"repl-timeout", PARAM_INT, AT(repl.timeout_s), "60", .min = 1, .max = INT_MAX,
		.help = "Seconds of silence after which the link counts as dead."},
	{"repl-disable-tcp-nodelay", PARAM_BOOL, AT(repl.disable_nodelay), "no",
		.help = "Fewer, larger packets to replicas, later."},
	{"repl-backlog-size", PARAM_MEMORY, AT(repl.backlog_bytes), "1mb", .min = 1,
		.max = INT64_MAX,
		.help = "History kept for replicas that come back after a short absence."},
	{"repl-backlog-ttl", PARAM_I64, AT(repl.backlog_ttl_s), "3600", .max = INT64_MAX,
		.help = "Seconds it is kept without any replica; 0 is for ever."},
	{"propagation-error-behavior", PARAM_ENUM, AT(repl.propagation_error), "ignore",
		.choices = later_propagation,
		.help = "What an error in the replication stream means."},
	{"replica-ignore-disk-write-errors", PARAM_BOOL, AT(repl.ignore_disk_errors), "no",
		.help = "Go on as a replica when the disk fails."},
	{.type = PARAM_SECTION, .name = "CLUSTER", .help = "Data spread over several primaries."},
	{"cluster-enabled", PARAM_BOOL, AT(cluster.enabled), "no", .flags = PARAM_IMMUTABLE,
		.help = "Run as a node of a cluster."},
	{"cluster-config-file", PARAM_STRING, AT(cluster.config_file), "nodes.conf",
		.flags = PARAM_IMMUTABLE,
		.help = "File of the node's view of the cluster; written by the server."},
	{"cluster-node-timeout", PARAM_I64, AT(cluster.node_timeout_ms), "15000", .max = INT64_MAX,
		.help = "Milliseconds of silence after which a node counts as failed."},
	{"cluster-port", PARAM_INT, AT(cluster.port), "0", .flags = PARAM_IMMUTABLE, .max = 65535,
		.help = "Port of the cluster bus; 0 is port + 10000."},
	{"cluster-replica-validity-factor", PARAM_INT, AT(cluster.validity_factor), "10",
		.max = INT_MAX, .alias = "cluster-slave-validity-factor",
		.help = "How old a replica's data may be to take over."},
	{"cluster-migration-barrier", PARAM_INT, AT(cluster.migration_barrier), "1", .max = INT_MAX,
		.help = "Replicas that a primary keeps before one may move to an orphan."},
	{"cluster-allow-replica-migration", PARAM_BOOL, AT(cluster.replica_migration), "yes",
		.help = "May replicas move at all?"},
	{"cluster-require-full-coverage", PARAM_BOOL, AT(cluster.full_coverage), "yes",
		.help = "Refuse all queries while some slot has no node."},
	{"cluster-replica-no-failover", PARAM_BOOL, AT(cluster.no_failover), "no",
		.alias = "cluster-slave-no-failover", .help = "Never take over by itself."},
	{"cluster-allow-reads-when-down", PARAM_BOOL, AT(cluster.reads_when_down), "no",
		.help = "Answer reads while the cluster is down."},
	{"cluster-allow-pubsubshard-when-down", PARAM_BOOL, AT(cluster.pubsub_when_down), "yes",
		.help = "Serve sharded pub/sub while the cluster is down."},
	{"cluster-link-sendbuf-limit", PARAM_MEMORY, AT(cluster.link_sendbuf_bytes), "0",
		.help = "Bytes that may wait for one node; 0 is no limit."},
	{"cluster-announce-ip", PARAM_STRING_OR_NULL, AT(cluster.announce_ip), "",
		.help = "Address to tell other nodes, behind NAT."},
	{"cluster-announce-port", PARAM_INT, AT(cluster.announce_port), "0", .max = 65535,
		.help = "Port to tell them."},
	{"cluster-announce-tls-port", PARAM_INT, AT(cluster.announce_tls_port), "0", .max = 65535,
		.help = "TLS port to tell them."},
	{"cluster-announce-bus-port", PARAM_INT, AT(cluster.announce_bus_port), "0", .max = 65535,
		.help = "Bus port to tell them."},
	{"cluster-announce-hostname", PARAM_STRING_OR_NULL, AT(cluster.announce_hostname), "",
		.check = later_check_hostname, .help = "Host name to tell them."},
	{"cluster-announce-human-nodename", PARAM_STRING_OR_NULL, AT(cluster.announce_nodename), "",
		.check = later_check_nodename, .help = "A name for log lines."},
	{"cluster-preferred-endpoint-type", PARAM_ENUM, AT(cluster.endpoint_type), "ip",
		.choices = later_endpoint, .help = "How clients are sent elsewhere."},
	{"cluster-ping-interval", PARAM_INT, AT(cluster.ping_interval_ms), "1000",
		.flags = PARAM_HIDDEN, .max = INT_MAX, .help = ""},
	{.type = PARAM_SECTION,
		.name = "UNUSED MEMORY",
		.help = "Giving it back to the system. There is no defragmentation: moving live "
			"data together needs an allocator that tells which pages are nearly "
			"empty, as the modified one that Redis brings along does and the system's "
			"does not. What active-defrag-* say is kept, and nothing looks at it."},
	{"activedefrag", PARAM_BOOL, AT(defrag.enabled), "no", .apply = later_apply_defrag,
		.help = "Refused at run time, as by a Redis with the system's allocator; a file "
			"that says yes is taken."},
	{"active-defrag-ignore-bytes", PARAM_MEMORY, AT(defrag.ignore_bytes), "100mb", .min = 1,
		.max = INT64_MAX, .help = "Redis begins when so much is wasted …"},
	{"active-defrag-threshold-lower", PARAM_INT, AT(defrag.threshold_lower), "10", .max = 1000,
		.help = "… and so many percent."},
	{"active-defrag-threshold-upper", PARAM_INT, AT(defrag.threshold_upper), "100", .max = 1000,
		.help = "Percent from which on the full effort is made."},
	{"active-defrag-cycle-min", PARAM_INT, AT(defrag.cycle_min), "1", .min = 1, .max = 99,
		.help = "Percent of CPU at the lower threshold."},
	{"active-defrag-cycle-max", PARAM_INT, AT(defrag.cycle_max), "25", .min = 1, .max = 99,
		.help = "Percent of CPU at the upper one."},
	{"active-defrag-max-scan-fields", PARAM_I64, AT(defrag.max_scan_fields), "1000", .min = 1,
		.max = INT64_MAX, .help = "Elements of one key moved at once."},
	{"jemalloc-bg-thread", PARAM_BOOL, AT(defrag.jemalloc_bg_thread), "yes",
		.apply = later_apply_bg_thread,
		.help = "A thread of the allocator that gives unused pages back."},
	{"activerehashing", PARAM_BOOL, AT(defrag.activerehashing), "yes",
		.help = "Resize hash tables in idle time as well. This server always does."},
	{0},
};
