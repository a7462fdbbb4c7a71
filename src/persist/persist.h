/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Persistence, composed: what the data are loaded from at start, and who works when in a turn. The
 * parts do not know each other's owner: the log (log.h, aof.h), snapshots (snapshot.h), loading
 * (load.h). Commands reach them through services->persist.
 */
#ifndef RINGLET_PERSIST_PERSIST_H
#define RINGLET_PERSIST_PERSIST_H

#include "persist/aof.h"
#include "persist/loading.h"
#include "persist/misconf.h"
#include "persist/persist_params.h"
#include "persist/rdb.h"
#include "persist/save.h"
#include "persist/snapshot.h"

struct info_out;
struct log_writer; /* log.h */

struct persist {
	struct loop *loop;
	struct exec *exec;
	struct persist_config *config;
	struct snapshot *snapshot;
	struct save *save;      /* BGSAVE, save points; save.h */
	struct misconf misconf; /* why writes are refused; first of all: misconf_init */
	struct loading loading; /* what clients see while data are loaded */
	struct aof *aof;
	struct rdb_functions functions; /* script/ hands them in; zero = no functions */
};

/* `config` must outlive it. Nothing is read or written yet. */
struct persist *persist_new(struct loop *loop, struct exec *exec, struct persist_config *config);
/* Ends what runs; the loop must still be there. */
void persist_free(struct persist *p);

enum persist_loaded {
	PERSIST_LOADED,  /* the data are there (or there were none), and the log stands if it should
			  */
	PERSIST_REFUSED, /* the files can't be used; the log lines say why. The process is to end */
	PERSIST_STOPPED, /* a shutdown came while loading */
};
/* At start, after listening: loads the log, or the dump where there is no log, while turns go on
 * (loop_turn) and clients hear LOADING; then opens the log if appendonly says so. */
enum persist_loaded persist_load(struct persist *p);

/* In each turn after all calls, before replies are sent: the log's commit, the hold queue, a slice
 * of a snapshot. `is_idle`: no client was served in this turn. Returns how long the loop may sleep
 * (microseconds; 0 = not at all, negative = until something happens). */
int64_t persist_on_turn_end(struct persist *p, bool is_idle);
/* About ten times a second: save points, automatic rewrite, retries. */
void persist_on_tick(struct persist *p);

#endif
