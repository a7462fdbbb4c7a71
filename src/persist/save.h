/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When the dump is written: BGSAVE, save points, SAVE, the last one before the end; and what is
 * told of it afterwards. How it is written: snapshot.h, rdb_save.h.
 */
#ifndef RINGLET_PERSIST_SAVE_H
#define RINGLET_PERSIST_SAVE_H

#include "persist/misconf.h"
#include "persist/persist_params.h"
#include "persist/rdb.h"

struct save;
struct loop;

struct save_parts {
	struct loop *loop;
	struct exec *exec;
	struct snapshot *snapshot;
	const struct persist_config *config;
	const struct rdb_functions *functions;
	struct misconf *misconf;
};

/* All of `parts` must outlive it. */
struct save *save_new(const struct save_parts *parts);
void save_free(struct save *s);

enum save_answer {
	SAVE_STARTED,
	SAVE_SCHEDULED,
	SAVE_IN_PROGRESS, /* one is being written already */
	SAVE_BUSY,        /* a snapshot for somebody else is */
	SAVE_FAILED,      /* logged */
};
/* BGSAVE. `may_wait`: begins later where it can't now. */
enum save_answer save_background(struct save *s, bool may_wait);
/* SAVE: clients wait. Not while one runs in the background (SAVE_IN_PROGRESS). */
enum save_answer save_now(struct save *s);
/* About ten times a second: save points, what was scheduled. */
void save_on_tick(struct save *s);
/* FLUSHALL: what is being saved is not wanted any more; the empty set is, where there are save
 * points. Called behind the flush. */
void save_on_flush(struct save *s);
/* rdb_changes_since_last_save. */
uint64_t save_changes(const struct save *s);
/* save or stop-writes-on-bgsave-error changed. */
void save_on_config(struct save *s);

enum save_end { SAVE_END_DONE, SAVE_END_WAIT, SAVE_END_REFUSE };
/* A step of the shutdown: gives up what runs, then saves if there are save points (and not
 * `nosave`) or if `save` asks for it. WAIT: ask again. */
enum save_end save_before_end(struct save *s, bool save, bool nosave);

struct save_figures {
	int64_t last_s; /* wall clock of the last good one (or of the start) */
	bool last_ok, is_running, is_scheduled;
	int64_t last_took_s, running_s; /* -1 = none */
	uint64_t saves;                 /* since the start, SAVE included */
	size_t last_extra_bytes;        /* rdb_last_cow_size */
};
struct save_figures save_figures_get(const struct save *s);

#endif
