/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the halves of the snapshot share: its life (snapshot.c), the walk of the method `sliced`
 * (snapshot_walk.c), the child of the method `fork` (snapshot_fork.c). Nobody else includes this.
 */
#ifndef RINGLET_PERSIST_SNAPSHOT_INTERNAL_H
#define RINGLET_PERSIST_SNAPSHOT_INTERNAL_H

#include "exec/exec.h"
#include "io/child.h"
#include "persist/outfile.h"
#include "persist/rdb.h"
#include "persist/snapshot.h"
#include "store/preimage.h"

#define SNAPSHOT_NO_DB (-1)

enum snapshot_phase {
	SNAPSHOT_IDLE,
	SNAPSHOT_WALKING, /* sliced: entries are being saved */
	SNAPSHOT_CLOSING, /* sliced: all are; the file is being completed */
	SNAPSHOT_CHILD,   /* fork */
};

/* Where encoded entries go: bytes for a file, and the database that they are in so far. */
struct snapshot_stream {
	struct rdb_writer writer;
	int db; /* SNAPSHOT_NO_DB: unknown */
};

/* A large value on its way: what comes before and behind it (its name; its expiry), encoded, and
 * its image. */
struct snapshot_large {
	struct snapshot_large *next;
	struct image *image;
	struct buf head, tail;
	int db;
};

/* A database that was emptied before it was walked. */
struct snapshot_orphan {
	struct snapshot_orphan *next;
	struct dict entries;
	int db;
	uint64_t cursor;
};

struct snapshot {
	struct loop *loop;
	struct exec *exec;
	struct keyspace *keyspace;
	const struct snapshot_config *config;
	const struct rdb_functions *functions;
	struct snapshot_hooks hooks;

	enum snapshot_phase phase;
	enum snapshot_format format;
	int64_t stamp_s;
	void (*done)(void *context, const struct snapshot_result *result);
	void *context;
	char *temp_path, *path;
	int64_t began_us;
	uint64_t keys_total, keys_done;
	bool is_aborted;
	bool is_unsound; /* what was written is not what was there: a defect of ours */

	/* sliced */
	struct outfile *file;
	struct preimage_sink sink;
	struct snapshot_stream main; /* the file's end */
	struct snapshot_stream side; /* behind the large value that is being written */
	struct snapshot_large *current;
	struct snapshot_large *larges, *larges_last;
	size_t large_count;
	struct snapshot_orphan *orphans;
	int walk_db;
	int64_t delay_until_us, measured_us, rest_until_us;
	int64_t busy_us;    /* when a client was served last */
	int64_t delay_keys; /* keys since the last rest of a negative delay */
	size_t extra, extra_peak;
	bool is_pausing; /* writers wait until memory is given back */

	/* fork */
	struct child child;
	int64_t polled_us;
	uint64_t forks;
	int64_t last_fork_us;
};

/* Puts the writing process into temp_path. */
void snapshot_name_writer(struct snapshot *s, int pid);
/* What SNAPSHOT_COMMANDS writes for an entry; for RDB persist/rdb.h. And its parts. */
void snapshot_write_commands(struct snapshot_stream *to, int db, const struct entry *e);
void snapshot_write_select(struct snapshot_stream *to, int db);
void snapshot_write_expiry(struct codec_writer *w, const struct entry *e);
/* Opens the contents: header, functions, sizes of databases. */
void snapshot_write_begin(struct snapshot *s, struct snapshot_stream *to);

/* --- sliced */
void snapshot_walk_begin(struct snapshot *s);
/* Works until loop_now_us passes `until_us`. True: all is written, the file may be completed. */
bool snapshot_walk(struct snapshot *s, int64_t until_us);
/* Frees what is left, done or not. */
void snapshot_walk_end(struct snapshot *s, bool is_complete);
size_t snapshot_walk_extra(const struct snapshot *s);

/* --- fork */
bool snapshot_fork(struct snapshot *s, char *error, size_t error_size);
/* Looks after the child; true: it has ended, *error is errno, 0 or ECANCELED. */
bool snapshot_fork_poll(struct snapshot *s, int *error);
void snapshot_fork_kill(struct snapshot *s);

#endif
