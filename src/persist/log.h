/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log's writer: takes the stream, group by group, into one file. One write (with the fsync
 * linked behind it where it is wanted) is in flight at a time, submitted at the end of a turn;
 * what is executed meanwhile gathers for the next. Each group is closed by a frame's line.
 *
 * Invariants: groups reach the file in order, and a group is reported only when all before it are;
 * a file that failed once is never written nor synced again: the only way out is
 * log_writer_start with a fresh one. It must not know names of files, manifests nor sessions.
 *
 * How it is used: start(file) with a file that holds nothing or what was just recovered; switch to
 * a new file while it runs (rewrite), stop when the log is switched off.
 */
#ifndef RINGLET_PERSIST_LOG_H
#define RINGLET_PERSIST_LOG_H

#include "base/histogram.h"
#include "exec/stream.h"
#include "io/loop.h"

#define LOG_ERROR_MAX_BYTES 256
#define LOG_PIECES_MAX 1000                  /* of one write */
#define LOG_WRITE_MAX_BYTES (512u << 20)     /* of one write; longer groups take several */
#define LOG_BACKLOG_MAX_BYTES (64u << 20)    /* unwritten: from here on writers wait … */
#define LOG_BACKLOG_RESUME_BYTES (16u << 20) /* … until it has shrunk to this */
#define LOG_SYNC_PERIOD_US 900000        /* everysec: what an fsync takes stays within the second */
#define LOG_CHUNK_BYTES (1u << 20)       /* zeros written at once, where groups are synced … */
#define LOG_AHEAD_MIN_BYTES (256u << 10) /* … when there are only so many left … */
#define LOG_ZEROS_BYTES (64u << 10)      /* … from a buffer of this size */

enum log_fsync { LOG_FSYNC_ALWAYS, LOG_FSYNC_EVERYSEC, LOG_FSYNC_NO };
enum log_direct_io { LOG_DIRECT_NO, LOG_DIRECT_AUTO };

struct log_writer_config {
	int fsync;       /* appendfsync, enum log_fsync */
	bool timestamps; /* aof-timestamp-enabled */
	bool frames;     /* aof-checksum: files that are begun from now on */
	bool no_fsync_on_rewrite;
	int direct_io; /* aof-direct-io, enum log_direct_io: auto, files begun from now on */
};

/* A file to write: open for reading and writing, `size` bytes of content in it (what lies behind is
 * cut). Its directory entry must be durable already. */
struct log_file {
	int fd;
	uint64_t size;
	bool is_framed; /* each group in it is closed by a frame's line, to its end */
};

struct log_writer_stats {
	uint64_t groups, group_bytes; /* written since the start */
	/* Bytes of a group; microseconds from its end until it was written, and synced where
	 * appendfsync or a client asked for that. */
	struct latency_histogram *sizes, *commits;
	uint64_t commit_longest_us, size_longest;
	uint64_t syncs;
	uint64_t sync_longest_us; /* longest fsync (with its write) */
	uint64_t delayed_syncs; /* aof_delayed_fsync: a second came before the last fsync ended */
	int64_t sync_begun_us;  /* when the last fsync outside a commit began, monotonic */
	int64_t synced_at_us;   /* when the last fsync ended */
};

struct log_writer;

struct log_writer_events {
	/* The group that gathered is taken to be written: what is executed now belongs to the next.
	 */
	void (*closed)(uint64_t group, void *context);
	/* Everything up to these groups is in the page cache, and on the disk. Only once the file
	 * is trusted. */
	void (*progress)(uint64_t written_group, uint64_t durable_group, void *context);
	/* The file failed: nothing is written any more, until log_writer_start. Called from the
	 * loop, once per failure. `reason`: "write: No space left on device". */
	void (*failed)(int error, const char *reason, void *context);
	/* An fsync that made something durable came back, with its write if it had one. */
	void (*synced)(int64_t took_us, void *context);
	/* What was appended is more than the disk takes (LOG_BACKLOG_*); it has shrunk again. */
	void (*backlog)(bool is_long, void *context);
	void *context; /* the callbacks may be NULL */
};

struct log_writer *log_writer_new(
	struct loop *loop, struct stream *stream, const struct log_writer_config *config);
/* Waits for nothing: log_writer_drain or log_writer_stop come first, or what is unwritten is lost.
 * Operations in flight must be over (loop_free sees to that). */
void log_writer_free(struct log_writer *w);
void log_writer_listen(struct log_writer *w, struct log_writer_events events);
void log_writer_configure(struct log_writer *w); /* the config changed: appendfsync … */

/* --- life. All while off, or on, or after a failure, as they say ------------------------------ */

/* Off or failed: begins with this file at the stream's present end: what was appended before is
 * not in it and comes from elsewhere (the base). The writer owns the descriptor from here on, in
 * this and in the other functions. Nothing is promised to anybody yet. */
void log_writer_start(struct log_writer *w, const struct log_file *file);
/* The file counts now: the manifest that names it is durable, and so is what stands before it.
 * Whoever still waits for something older (after a failure) hears that it is done. */
void log_writer_trust(struct log_writer *w);
/* On: what was appended so far ends the old file; what comes goes to `next`. `done` comes when the
 * old file is synced, cut to its size and closed; no byte goes into the new file before that. With
 * is_ok false the writer has failed. One at a time. */
void log_writer_switch(struct log_writer *w, const struct log_file *next,
	void (*done)(bool is_ok, uint64_t old_size, void *context), void *context);
/* Ends the log: what was appended is written, synced, cut and closed, then `done`. After a failure
 * the file is closed as it is, at once. */
void log_writer_stop(struct log_writer *w, void (*done)(bool is_ok, uint64_t size, void *context),
	void *context);
/* Calls `done` when everything that was appended by now is durable (maybe at once), or can't be. */
void log_writer_sync(struct log_writer *w, void (*done)(bool is_ok, void *context), void *context);
/* The turn's end: submits the next group if there is one and nothing is in flight. */
void log_writer_turn(struct log_writer *w);
/* The program's end: runs turns until everything is durable; false when it failed, or did not come
 * about in that time. */
bool log_writer_drain(struct log_writer *w, int64_t timeout_us);

/* Submits nothing while `is_stalled`: tests play a disk that stands still. */
void log_writer_stall(struct log_writer *w, bool is_stalled);

/* Under everysec nothing is synced for the policy's sake while it rests; who waits is served. */
void log_writer_rest(struct log_writer *w, bool rests);

/* --- for who holds replies -------------------------------------------------------------------- */

/* Somebody waits for the group that gathers: it is to be reported even if it stays empty. */
void log_writer_touch(struct log_writer *w);
/* This group is to be synced soon, although the policy may not ask for it. */
void log_writer_want_sync(struct log_writer *w, uint64_t group);

bool log_writer_is_on(const struct log_writer *w);
/* Trusted: replies may wait for it, and what it reports is true. */
bool log_writer_is_trusted(const struct log_writer *w);
bool log_writer_is_syncing(const struct log_writer *w);
/* The file that is being written; false when there is none. */
bool log_writer_is_framed(const struct log_writer *w);
/* Groups that are synced go by direct writes, where they fit into zeros written ahead. */
bool log_writer_is_direct(const struct log_writer *w);
bool log_writer_has_failed(const struct log_writer *w);
bool log_writer_is_busy(const struct log_writer *w);      /* a switch, stop or sync is under way */
const char *log_writer_error(const struct log_writer *w); /* "" = none */
/* The number of the group that gathers now; those in flight and reported. */
uint64_t log_writer_group(const struct log_writer *w);
uint64_t log_writer_written_group(const struct log_writer *w);
uint64_t log_writer_durable_group(const struct log_writer *w);
/* Offsets in the stream. */
uint64_t log_writer_written(const struct log_writer *w);
uint64_t log_writer_durable(const struct log_writer *w);
uint64_t log_writer_unwritten_bytes(const struct log_writer *w);
uint64_t log_writer_file_size(const struct log_writer *w); /* content, not what is preallocated */
const struct log_writer_stats *log_writer_stats_get(const struct log_writer *w);
void log_writer_stats_reset(struct log_writer *w);

#endif
