/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What of snapshots and of the log can be configured. One struct for the whole folder, so that one
 * group of rows is handed to the roof; each module is lent the part that is its own.
 * The group's context is the struct persist.
 */
#ifndef RINGLET_PERSIST_PERSIST_PARAMS_H
#define RINGLET_PERSIST_PERSIST_PARAMS_H

#include "base/param.h"
#include "persist/log.h"
#include "persist/snapshot.h"

#define PERSIST_SAVE_POINTS_MAX 32

/* Save after so many seconds if there were at least so many changes. */
struct save_point {
	int64_t seconds, changes;
};

struct rdb_config {
	struct save_point save[PERSIST_SAVE_POINTS_MAX];
	int save_count;
	char *filename;
	bool stop_writes_on_error, del_sync_files;
	int sanitize; /* accepted; payloads are always checked deeply */
	int key_load_delay_us;
	int loading_interval_bytes; /* between two turns while loading */
};

struct aof_config {
	bool enabled; /* what was asked for; aof_state says what is */
	char *filename, *dirname;
	int rewrite_percent;
	uint64_t rewrite_min_bytes;
	bool load_truncated, use_preamble, disable_auto_gc;
};

struct persist_config {
	struct snapshot_config snapshot;
	struct rdb_config rdb;
	struct aof_config aof;
	struct log_writer_config log;
};

extern const struct param_row persist_params[];

#endif
