/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parameters of Redis 7.2 whose features this server does not have: accepted, kept and shown, so
 * that a redis.conf works as it is and tools read back what they set. Nothing else looks at them; a
 * row moves to its owner's file together with the feature. (jemalloc-bg-thread is no such row: it
 * stands beside those on defragmentation.)
 */
#ifndef RINGLET_PROCESS_PARAMS_LATER_H
#define RINGLET_PROCESS_PARAMS_LATER_H

#include "base/param.h"

struct later_config {
	struct {
		char *bind_source_addr;
		int io_threads;
		bool io_threads_do_reads;
		int default_resp;
		char *req_res_logfile;
	} net;
	struct {
		char *replicaof, *masterauth, *masteruser;
		bool serve_stale, read_only, announced, ignore_maxmemory, lazy_flush,
			disable_nodelay;
		bool diskless_sync, ignore_disk_errors;
		int priority, announce_port, diskless_delay_s, diskless_max_replicas, diskless_load;
		char *announce_ip;
		int ping_period_s, timeout_s, propagation_error;
		uint64_t backlog_bytes;
		int64_t backlog_ttl_s;
	} repl;
	struct {
		bool enabled, replica_migration, full_coverage, no_failover, reads_when_down,
			pubsub_when_down;
		char *config_file, *announce_ip, *announce_hostname, *announce_nodename;
		int64_t node_timeout_ms;
		int port, validity_factor, migration_barrier, ping_interval_ms;
		int announce_port, announce_tls_port, announce_bus_port, endpoint_type;
		uint64_t link_sendbuf_bytes;
	} cluster;
	struct {
		bool enabled, jemalloc_bg_thread, activerehashing;
		uint64_t ignore_bytes;
		int threshold_lower, threshold_upper, cycle_min, cycle_max;
		int64_t max_scan_fields;
	} defrag;
};

extern const struct param_row later_params[];

#endif
