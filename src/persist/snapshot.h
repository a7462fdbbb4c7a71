/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A snapshot: one file that holds all data as they were at the moment of snapshot_start, written
 * while the server goes on. BGSAVE and the rewriting of the log are one machine.
 *
 * Two methods write the same contents. `sliced` walks the keyspace in slices of the turn: what is
 * about to change before the walk has reached it is encoded first (store/preimage.h), large values
 * piece by piece. `fork` lets a child write, whose memory the kernel copies page by page.
 *
 * One at a time. It must not know commands, nor why it was asked for.
 */
#ifndef RINGLET_PERSIST_SNAPSHOT_H
#define RINGLET_PERSIST_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exec;
struct keyspace;
struct loop;
struct snapshot;

#define SNAPSHOT_ERROR_MAX_BYTES 256
#define SNAPSHOT_PATH_MAX_BYTES 4096

enum snapshot_method { SNAPSHOT_SLICED, SNAPSHOT_FORK };

enum snapshot_format {
	SNAPSHOT_RDB,      /* a dump file */
	SNAPSHOT_RDB_BASE, /* the same with the aux field that says: base of a log */
	SNAPSHOT_COMMANDS, /* commands that make the data (aof-use-rdb-preamble no) */
};

/* The owner's; read at each start (budget and delay: at each slice). */
struct snapshot_config {
	int method;            /* enum snapshot_method */
	int budget_us;         /* snapshot-budget-us: the longest slice while clients are served */
	int key_save_delay_us; /* rdb-key-save-delay; negative: a microsecond every so many keys */
	bool compress, checksum;
	/* A child syncs its file every few megabytes: of a dump, of a log's base. Sliced ones
	 * always are. */
	bool rdb_incremental_fsync, aof_incremental_fsync;
};

struct snapshot_result {
	bool is_ok;
	bool is_aborted;
	int error;                             /* errno of what failed; 0 = none */
	char reason[SNAPSHOT_ERROR_MAX_BYTES]; /* "" = it worked */
	uint64_t keys, bytes;
	int64_t took_us;
	size_t extra_bytes_peak; /* memory that there was only for the snapshot */
};

struct snapshot_request {
	/* Both are copied. "{pid}" in temp_path stands for the process that writes. The file is
	 * written as `temp_path`, fsynced, renamed to `path`, and
	 * path's directory is fsynced. After a failure neither is left by us. */
	const char *temp_path;
	const char *path;
	enum snapshot_format format;
	int64_t stamp_s; /* commands: they begin with a #TS line of this second; 0 = with none */
	/* On the loop's thread, never from inside snapshot_start; `path` is durable if is_ok. May
	 * start the next one. */
	void (*done)(void *context, const struct snapshot_result *result);
	void *context;
};

struct snapshot_figures {
	bool is_running;
	bool has_child; /* by fork */
	enum snapshot_format format;
	uint64_t keys_done, keys_total;
	uint64_t bytes_written;
	size_t extra_bytes, extra_bytes_peak; /* current_cow_size, current_cow_peak */
	int64_t extra_age_s;                  /* seconds since extra_bytes was measured */
	int64_t running_us;
	uint64_t forks;       /* total_forks */
	int64_t last_fork_us; /* latest_fork_usec */
};

/* `config` must outlive it. */
struct snapshot *snapshot_new(
	struct loop *loop, struct exec *exec, const struct snapshot_config *config);
/* Aborts what runs, of which nobody is told, and runs turns until it is over. */
void snapshot_free(struct snapshot *s);

struct rdb_functions;
/* Libraries of functions are saved with the data. May be NULL. */
void snapshot_set_functions(struct snapshot *s, const struct rdb_functions *functions);

struct snapshot_hooks {
	/* First in a child of the method fork: its cores, its oom score. */
	void (*in_child)(bool is_rewrite, void *context);
	/* Something that held the loop up: "fork", "rdb-unlink-temp-file". */
	void (*latency)(const char *event, int64_t us, void *context);
	void *context;
};
/* Both may be NULL, as they are before. */
void snapshot_set_hooks(struct snapshot *s, struct snapshot_hooks hooks);

/* This is the moment that the file will show. Call it between two calls of clients (never from
 * inside a unit whose changes are only half made). False with a reason: nothing was begun. */
bool snapshot_start(
	struct snapshot *s, const struct snapshot_request *request, char *error, size_t error_size);
bool snapshot_is_running(const struct snapshot *s);
/* Ends it at once; `done` is told later, is_aborted is set. The method fork's child is killed. */
void snapshot_abort(struct snapshot *s);

/* At each turn's end while one runs: works for a slice. `is_idle`: no client waited in this turn.
 * Returns the microseconds after which there is more to do, 0 = at once, negative = a completion
 * will say. */
int64_t snapshot_slice(struct snapshot *s, bool is_idle);

struct snapshot_figures snapshot_figures_get(const struct snapshot *s);

#endif
