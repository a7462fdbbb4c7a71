/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside of the log's writer. A run is one file being written, with everything the kernel may
 * still look at: it outlives the writer's interest in it until its last operation is over.
 */
#ifndef RINGLET_PERSIST_LOG_INTERNAL_H
#define RINGLET_PERSIST_LOG_INTERNAL_H

#include "base/assert.h"
#include "persist/frame.h"
#include "persist/log.h"
#include "persist/log_direct.h"

#define LOG_LISTENERS_MAX 4
#define LOG_WAITERS_MAX 16
#define LOG_STAMP_MAX_BYTES 32

struct log_run {
	struct log_writer *writer; /* NULL: abandoned */
	struct loop *loop;
	struct stream_reader reader;
	int fd;
	bool is_framed;
	uint64_t durable, syncing; /* of the content: on the disk; covered by the fsync in flight */
	uint64_t size;   /* content written */
	uint64_t ahead;  /* the file's length, zeros included */
	uint64_t ready;  /* so far zeros are on the disk: direct writes go over them */
	int64_t stamp_s; /* of the last #TS line */
	struct log_direct direct;

	struct disk_op write;
	bool is_writing, write_syncs, write_is_direct;
	int write_count; /* of the pieces */
	size_t write_stream_bytes, write_file_bytes;
	int64_t write_begin_us;
	struct disk_op sync;
	bool is_syncing;
	int sync_error; /* it failed, and is told when the write in flight is over */
	uint64_t sync_group, sync_offset;
	int64_t sync_begin_us;
	struct disk_op zeros;
	bool is_zeroing, refuses_zeros, zeros_are_direct;
	struct iovec zero_pieces[LOG_CHUNK_BYTES / LOG_ZEROS_BYTES];

	char stamp[LOG_STAMP_MAX_BYTES];
	char line[FRAME_LINE_MAX_BYTES];
	struct iovec pieces[LOG_PIECES_MAX + 2];
};

enum log_state { WRITER_OFF, WRITER_ON, WRITER_FAILED };
enum log_ending { ENDING_NOT, ENDING_SWITCH, ENDING_STOP };

struct log_waiter {
	uint64_t offset;
	void (*done)(bool is_ok, void *context);
	void *context;
};

struct log_writer {
	struct loop *loop;
	struct stream *stream;
	const struct log_writer_config *config;
	struct log_writer_events listeners[LOG_LISTENERS_MAX];
	int listener_count;
	enum log_state state;
	bool is_trusted;
	bool is_stalled, is_resting;
	bool is_touched; /* somebody waits for the group that gathers */
	bool is_backlogged;
	bool has_told_direct; /* said whether files are written directly; the error if not */
	int direct_error;
	struct log_run *run;

	uint64_t group; /* that gathers */
	bool has_flight;
	uint64_t flight_group, flight_end;
	uint64_t flight_bytes; /* of its writes so far */
	int64_t flight_begin_us;
	uint64_t written_group, durable_group;
	uint64_t written, durable; /* offsets in the stream */
	uint64_t sync_wanted;      /* a group */
	struct timer sync_timer;

	enum log_ending ending;
	uint64_t ending_at;
	bool is_finishing; /* the old file is being cut and closed */
	uint64_t ended_size;
	struct log_file next;
	void (*ended)(bool is_ok, uint64_t size, void *context);
	void *ended_context;
	struct log_waiter waiters[LOG_WAITERS_MAX];
	int waiter_count;

	struct log_writer_stats stats;
	char error[LOG_ERROR_MAX_BYTES];
};

/* log_run.c */
/* Reads the stream from its end on, or from where `before`, whose reader it takes, has come to. */
struct log_run *log_run_new(
	struct log_writer *w, const struct log_file *file, struct log_run *before);
/* Nobody is interested any more: closed and freed when its operations are over. */
void log_run_abandon(struct log_run *run);
/* Not while a write is in flight, nor into what zeros are just being written to. */
bool log_run_can_write(const struct log_run *run, uint64_t end);
/* Writes unread bytes of the stream up to `end`, at most what one write takes; the frame's line
 * behind them. */
void log_run_write(struct log_run *run, uint64_t end, bool syncs);
/* Syncs what is written. */
void log_run_sync(struct log_run *run);
/* Commits may bypass the page cache. */
bool log_run_is_direct(const struct log_run *run);
/* Cuts the file to its content and closes it, off the loop; the run is gone. Not while it is busy.
 */
bool log_run_is_busy(const struct log_run *run);
void log_run_finish(struct log_run *run, void (*done)(int error, struct log_writer *w));

/* log.c: what a run has to tell. */
void log_wrote(struct log_writer *w, bool is_synced);
void log_synced(struct log_writer *w);
void log_failed(struct log_writer *w, int error, const char *what);

#endif
