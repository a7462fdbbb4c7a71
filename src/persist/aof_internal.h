/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside of the log's directory: what its files share. aof_load.c reads, aof_files.c writes names,
 * aof_rewrite.c makes generations, aof.c decides.
 */
#ifndef RINGLET_PERSIST_AOF_INTERNAL_H
#define RINGLET_PERSIST_AOF_INTERNAL_H

#include "exec/exec.h"
#include "io/loop.h"
#include "persist/aof.h"
#include "persist/aof_scan.h"
#include "persist/frame.h"
#include "persist/log.h"
#include "persist/persist.h"
#include "persist/snapshot.h"

#include <limits.h>

#define AOF_PATH_MAX_BYTES (2 * PATH_MAX)
#define AOF_TEMP_BASE_PREFIX "temp-rewriteaof-bg-" /* the process id follows */
#define AOF_RETRY_FIRST_MS 1000      /* after a failure of the log; doubles … */
#define AOF_RETRY_MAX_MS 60000       /* … up to here */
#define AOF_FAILURES_MAX 3           /* from here on automatic rewrites wait … */
#define AOF_FAILURES_WAIT_MAX_MIN 60 /* … one minute, two, four, up to this */

/* A new generation's steps. Each waits for the one before. */
enum aof_phase {
	AOF_IDLE,
	AOF_PREPARING,  /* the new incr file is made */
	AOF_SNAPSHOT,   /* the base is written; the log may still be switching files */
	AOF_COMMITTING, /* the manifest names the new base; history is deleted */
	AOF_DROPPING,   /* it came to nothing; what was begun for it is removed */
};

enum aof_reason {
	AOF_BY_REWRITE, /* the log goes on: the old generation counts until the new one stands */
	AOF_BY_SWITCH,  /* the log begins: its file has a temporary name until the base stands */
	AOF_BY_FAILURE, /* the log failed: writes are refused until base and a fresh file stand */
	AOF_BY_COMMAND, /* the log is off, only a base is wanted */
};

struct aof_job;

struct aof {
	struct persist *p;
	const struct aof_config *config;
	char *directory;          /* of the files, absolute */
	struct manifest manifest; /* as it is on the disk */
	struct aof_scan last;     /* of the last incr file, as it was loaded */
	enum aof_state state;

	/* The generation that is being made. */
	enum aof_phase phase;
	enum aof_reason reason;
	struct manifest next; /* what the manifest is going to be */
	bool is_aborted;
	bool is_base_ready, is_switched;
	uint64_t next_base_bytes;

	bool is_scheduled;
	bool is_deferred; /* begins as soon as what is being ended has ended; counts as running */
	bool is_stopping; /* the log's writer is ending its file */
	bool stops_framed; /* which has frames */
	bool wants_stop;  /* … is to, as soon as it can */
	int jobs;         /* in the offload thread */

	uint64_t base_bytes;
	uint64_t older_bytes;   /* incr files that are not written any more */
	uint64_t rewrite_bytes; /* total size behind the last rewrite (or start) */
	int64_t began_ms, last_took_s;
	bool last_ok;
	uint64_t rewrites, failures;
	size_t last_extra_bytes;
	int64_t retry_at_ms, retry_ms; /* a log that failed, a first base that did */
	int64_t limit_until_ms;        /* automatic rewrites wait */
	int limit_minutes;
	uint64_t limit_failures;
};

/* --- aof_files.c --- */

/* directory/name. Returns `out`, or NULL: too long. */
const char *aof_path(const struct aof *a, const char *name, char *out);
/* The directory for what begins now: appenddirname in the working directory. */
void aof_find_directory(struct aof *a);
uint64_t aof_file_size(const struct aof *a, const char *name);
/* 0 or errno. These block: at start, and in jobs. */
int aof_make_directory(const char *directory);
int aof_write_manifest(const char *directory, const char *file, struct bytes text);
/* An incr file, with its opening line if `line_len` > 0. Returns the descriptor or -errno. */
int aof_create_file(const char *path, const char *line, size_t line_len);
int aof_sync_directory(const char *directory);
void aof_remove_leftovers(const char *directory);
/* The line that says: this file was closed by its owner. */
int aof_mark_closed(const char *path, uint64_t size);
/* The manifest's own file name. */
const char *aof_manifest_name(const struct aof *a, char *out);

/* A list of things to do in the offload thread, in this order; what is NULL or empty is left out.
 */
struct aof_job {
	struct offload offload;
	struct aof *aof;
	void (*done)(struct aof *a, struct aof_job *job);
	char *directory;                 /* made if it is not there */
	char *create;                    /* path of a file to be made … */
	char line[FRAME_LINE_MAX_BYTES]; /* … with this line in it */
	size_t line_len;
	char *rename_from, *rename_to;
	struct buf manifest; /* text to be put in place … */
	char *manifest_name;
	struct manifest_list removed; /* … then these files are deleted (names in directory) … */
	struct buf manifest_after;    /* … and this is put in place */
	char *remove;                 /* path of a file to be deleted */
	char *mark; /* path of a file that ends at mark_size: the closing line is put there */
	uint64_t mark_size;
	int fd;    /* of the created file; -1 */
	int error; /* errno of what failed; what follows was not done */
	const char *what;
	int64_t rename_us; /* what renaming took; 0 = nothing was renamed */
};
struct aof_job *aof_job_new(struct aof *a, void (*done)(struct aof *a, struct aof_job *job));
/* `at_once`: here and now, blocking. Frees it behind `done`. */
void aof_job_submit(struct aof_job *job, bool at_once);

/* --- aof.c --- */

/* Ends the file that is written, and says in it that it was. Later where it can't be done now. */
void aof_stop_log(struct aof *a);
/* The generation that fits the state. False: it could not begin. */
bool aof_begin_next(struct aof *a);
/* What was asked for while something was ending, if it has ended. */
void aof_begin_deferred(struct aof *a);

/* --- aof_rewrite.c --- */

/* False: it could not begin, logged; only while AOF_IDLE and nothing else makes a snapshot. */
bool aof_begin_generation(struct aof *a, enum aof_reason reason);
/* Gives up what is being made; it ends some turns later. */
void aof_abort_generation(struct aof *a);
/* May one begin now? */
bool aof_can_begin(const struct aof *a);
/* When a file is begun, to be proven (aof-checksum): its first line. Returns the length, maybe 0.
 */
size_t aof_first_line(const struct aof *a, char *line);

#endif
