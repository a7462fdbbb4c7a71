/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A whole keyspace into a file, at once: for SAVE, DEBUG RELOAD, the last save before the end and a
 * forked child. Clients wait meanwhile; snapshot.h makes the same file in slices.
 */
#ifndef RINGLET_PERSIST_RDB_SAVE_H
#define RINGLET_PERSIST_RDB_SAVE_H

#include "persist/rdb.h"

#define RDB_SAVE_SYNC_BYTES ((uint64_t)4 << 20)

/* A file as the drain of a writer: the writer's context. The first error sticks, as -errno: what
 * comes behind it is not written. `fd` is the owner's. */
struct rdb_save_target {
	int fd;
	int error;
	bool syncs; /* every RDB_SAVE_SYNC_BYTES */
	uint64_t synced_at;
};
void rdb_save_drain(struct rdb_writer *w);

struct rdb_save_options {
	const struct keyspace *keyspace;
	const struct rdb_functions *functions; /* may be NULL */
	bool compress, checksum;
	bool is_aof_base;
	bool incremental_fsync; /* every RDB_SAVE_SYNC_BYTES */
	/* Called for each key, before it is written: delays, a child's figures. May be NULL. */
	void (*on_key)(void *context, uint64_t keys);
	void *context;
};

/* Writes `temp_path`, syncs it, renames it to `path` and syncs the directory. 0, or -errno: it is
 * logged, and neither file is left by us (an older `path` stays). *bytes: of the file; may be NULL.
 */
int rdb_save_file(const char *temp_path, const char *path, const struct rdb_save_options *options,
	uint64_t *bytes);
/* Everything from header to end into a writer. */
void rdb_save_to(struct rdb_writer *w, const struct rdb_save_options *options);

/* rdb-key-save-delay: sleeps before a key when so many were written; a negative delay is a
 * microsecond every so many keys. */
void rdb_save_pause(int delay_us, uint64_t keys);

#endif
