/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Persistence, composed: what the data are loaded from at start, who works when in a turn, and what
 * has to be over before the end. The parts do not know each other's owner: the log (log.h, hold.h,
 * aof.h), snapshots (snapshot.h, save.h), loading (load.h). Commands reach them through
 * services->persist.
 */
#ifndef RINGLET_PERSIST_PERSIST_H
#define RINGLET_PERSIST_PERSIST_H

#include "persist/aof.h"
#include "persist/hold.h"
#include "persist/loading.h"
#include "persist/log.h"
#include "persist/misconf.h"
#include "persist/persist_params.h"
#include "persist/rdb.h"
#include "persist/save.h"
#include "persist/snapshot.h"

struct persist {
	struct loop *loop;
	struct exec *exec;
	struct persist_config *config;
	struct stream *stream;
	struct log_writer *log;
	struct hold_queue *hold;
	struct local_waiters *waiters; /* WAITAOF's (cmd/durability) */
	struct snapshot *snapshot;
	struct save *save;      /* BGSAVE, save points; save.h */
	struct misconf misconf; /* why writes are refused */
	struct loading loading; /* what clients see while data are loaded */
	struct aof *aof;
	struct rdb_functions functions; /* script/ hands them in; zero = no functions */
	uint64_t recovered_offset;      /* of the stream, as the log's last frame says */
	uint64_t turn_calls;            /* exec's count when the last turn ended */
	uint64_t commit_ticks;          /* that turns spent on the log; CONFIG RESETSTAT clears */
	int64_t debug_write_delay_us;   /* DEBUG AOF-FLUSH-SLEEP */
	int end_synced;                 /* before the end: 0 = not asked, 1 = asked, 2 = done */
	bool is_ending; /* nothing begins by itself any more */
	bool is_closed;
	bool log_rests; /* no-appendfsync-on-rewrite, and something is being saved */
	struct snapshot_hooks hooks;
};

/* `config` must outlive it. Nothing is read or written yet. */
struct persist *persist_new(struct loop *loop, struct exec *exec, struct persist_config *config);

/* What those outside want to hear; also of the log ("aof-fsync-always", "aof-rename"). */
void persist_set_hooks(struct persist *p, struct snapshot_hooks hooks);
void persist_note_latency(const struct persist *p, const char *event, int64_t us);

enum persist_loaded {
	PERSIST_LOADED,  /* data and log stand */
	PERSIST_REFUSED, /* the files can't be used; log lines say why. The process is to end */
	PERSIST_STOPPED, /* a shutdown came while loading */
};
/* At start, after listening: loads the log, or the dump where there is no log, while turns go on
 * (loop_turn) and clients hear LOADING; then opens the log if appendonly says so. */
enum persist_loaded persist_load(struct persist *p);
/* DEBUG LOADAOF: empties the data set and loads the log, all at once. False: logged. */
bool persist_reload_log(struct persist *p);

/* In each turn after all calls, before replies are sent: the log's commit, a slice of a snapshot.
 * Returns how long the loop may sleep (microseconds; 0 = not at all, negative = until something
 * happens). */
int64_t persist_on_turn_end(struct persist *p);
/* About ten times a second: save points, automatic rewrite, retries. */
void persist_on_tick(struct persist *p);

struct persist_end {
	bool saves, is_nosave, is_forced;
	bool is_late; /* no more waiting: what is asked for is done at once */
};
/* A step of the shutdown: gives up what runs, syncs the log, saves the dump. */
enum save_end persist_before_end(struct persist *p, const struct persist_end *end);
/* The shutdown was called off. */
void persist_end_undone(struct persist *p);
/* Connections are closed: the log's file is ended, snapshots are given up. Runs turns. */
void persist_close(struct persist *p);
/* After the loop and the last session, before exec. */
void persist_free(struct persist *p);

/* What follows a change of the parameters; persist_params.c. */
bool persist_apply_appendonly(struct persist *p);
void persist_apply(struct persist *p);

#endif
