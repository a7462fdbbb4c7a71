/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading an RDB file into a keyspace: streamed, every byte checked, entries made in bulk and
 * published to nobody. Turns go on meanwhile through struct loading (loading.h).
 */
#ifndef RINGLET_PERSIST_LOAD_H
#define RINGLET_PERSIST_LOAD_H

#include "persist/loading.h"
#include "persist/rdb.h"

#define RDB_ERROR_MAX_BYTES 512

struct rdb_load_options {
	struct keyspace *keyspace;
	/* Told of the progress, runs turns; NULL: nobody is served meanwhile. The caller has called
	 * loading_begin, and calls loading_end. */
	struct loading *loading;
	uint64_t progress_base; /* bytes of other files that were loaded before this one */
	const struct rdb_functions *functions; /* NULL: there must be none in the file */
	bool checksum;                         /* rdbchecksum: is the CRC-64 compared? */
	bool keeps_expired; /* the base of a log: what expired is deleted by what follows */
	bool overwrites;    /* keys and libraries that are there already are replaced; else
			     * they make the file a bad one */
	int key_delay_us;   /* key-load-delay; negative: one microsecond every so many keys */
};

struct rdb_load_report {
	uint64_t bytes; /* how long the RDB part of the file is: more may follow (a log) */
	uint64_t keys, expired, empty;
	int version;
	bool is_aof_base; /* aux field aof-base */
	char repl_id[41]; /* aux fields repl-*; "" = none */
	int repl_db;
	int64_t repl_offset;
	uint64_t error_at;               /* where in the file */
	char error[RDB_ERROR_MAX_BYTES]; /* what is wrong; "" = nothing */
};

enum rdb_load_status {
	RDB_LOAD_OK,
	RDB_LOAD_NO_FILE,
	RDB_LOAD_BAD_FILE, /* can't be opened or read, is damaged, or is no RDB: logged */
	RDB_LOAD_STOPPED,  /* a shutdown came meanwhile */
};

/* Loads what begins at the start of the file. After anything but OK the keyspace holds what was
 * read until then. */
enum rdb_load_status rdb_load_file(
	const char *path, const struct rdb_load_options *options, struct rdb_load_report *report);
/* The same from memory. */
enum rdb_load_status rdb_load_bytes(
	struct bytes bytes, const struct rdb_load_options *options, struct rdb_load_report *report);
/* Does the file begin as an RDB does? (a log with a preamble, a base) */
bool rdb_file_has_magic(const char *path);

#endif
