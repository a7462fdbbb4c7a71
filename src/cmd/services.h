/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the commands may reach besides the executor: the modules of one server, hung on
 * exec->services by the roof. A pointer is NULL only where its feature is not part of the build of
 * a test.
 */
#ifndef RINGLET_CMD_SERVICES_H
#define RINGLET_CMD_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acl;
struct migrate;
struct exchange_cache;
struct loop;
struct net;
struct config;
struct info_registry;
struct observe;
struct monitor;
struct shutdown;
struct persist;
struct log_config;
struct process_config;

struct session;

/* What CLIENT LIST shows of a session's subscriptions and tracking. */
struct client_subscriptions {
	int channels, patterns, shard_channels;
	int64_t redirect; /* -1 = no tracking, 0 = not redirected */
};

struct services {
	struct loop *loop;
	struct net *net;
	struct config *config;      /* process/config: CONFIG GET/SET/REWRITE over the rows */
	struct info_registry *info; /* obs/info */
	struct observe *observe;    /* obs/observe: slow log, latency monitor, histograms */
	struct monitor *monitor;    /* obs/monitor */
	struct shutdown *shutdown;  /* process/shutdown */
	struct persist *persist;    /* persist/persist: the log, snapshots, loading */
	const struct process_config *process; /* shutdown-timeout, enable-debug-command … */
	/* CONFIG RESETSTAT's share of whoever has figures that cmd/ does not know; may be NULL. */
	void (*reset_stats)(void *context);
	void *reset_context;
	struct acl *acl; /* users and their rights */
	struct exchange_cache *connections; /* that MIGRATE keeps to other servers */
	struct migrate *migration; /* cmd/migrate: whose call goes on just now; NULL = none */
	/* Fills the counts; NULL without push/. */
	void (*count_subscriptions)(const struct session *s, struct client_subscriptions *out);
	int64_t started_ms;
	size_t startup_bytes; /* used memory when the server stood, still empty … */
	size_t startup_script_bytes; /* … and what of it the interpreters took */
	uint64_t payloads_checked;   /* by RESTORE, deeper than their checksum */
	char run_id[41];
	char replication_id[41];
	bool cron_paused;         /* DEBUG PAUSE-CRON */
	bool skips_dump_checksum; /* DEBUG SET-SKIP-CHECKSUM-VALIDATION */
};

#endif
