/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log as a directory: appendonlydir with its manifest, the base, the incr file that the log
 * writer (log.h) appends to, and how they change: at start, when the log is switched on and off,
 * by rewriting, after disk errors.
 *
 * Invariant: at every moment the manifest on disk names files that hold everything that was
 * promised: a file is complete and durable before the manifest names it, and the manifest is
 * durable before anything relies on it or deletes what it no longer names. None of this blocks
 * the loop once the server runs.
 */
#ifndef RINGLET_PERSIST_AOF_H
#define RINGLET_PERSIST_AOF_H

#include "persist/manifest.h"
#include "persist/persist_params.h"

struct persist;
struct aof;

enum aof_state {
	AOF_OFF,
	AOF_WAIT_REWRITE, /* switched on: a first base is being made, until then nothing is promised
			   */
	AOF_ON,
};

struct aof_figures {
	enum aof_state state;
	bool is_rewriting, is_rewrite_scheduled;
	int64_t last_rewrite_s, current_rewrite_s; /* -1 = none */
	bool last_rewrite_ok;
	uint64_t rewrites, consecutive_failures;
	uint64_t base_bytes, current_bytes; /* aof_base_size, aof_current_size */
	size_t last_extra_bytes;            /* aof_last_cow_size */
};

struct aof *aof_new(struct persist *p);
void aof_free(struct aof *a);

/* --- at start ------------------------------------------------------------------------------- */

/* Reads the manifest, upgrades a single file of old. False: refused, logged. */
bool aof_load_manifest(struct aof *a);
/* Are there files to be loaded? (else the dump is looked at) */
bool aof_has_files(const struct aof *a);
enum aof_load_result {
	AOF_LOAD_OK,
	AOF_LOAD_FAILED, /* logged */
	AOF_LOAD_STOPPED,
};
/* Loads all of them into the (empty) keyspace, turns go on meanwhile. `may_repair`: a torn end
 * is cut off in the file, too (not while the log is being written). */
enum aof_load_result aof_load(struct aof *a, bool may_repair);
/* DEBUG LOADAOF: the manifest and all files again, no turns meanwhile, nothing is changed. */
bool aof_reload(struct aof *a);
/* Opens the log for appending after loading; makes directory, base and manifest where there are
 * none. May block: nobody is served yet. False: logged. */
bool aof_open(struct aof *a);

/* --- at run time ---------------------------------------------------------------------------- */

/* CONFIG SET appendonly. False: it can't be (errno). */
bool aof_switch_on(struct aof *a);
void aof_switch_off(struct aof *a);
/* The log is being begun, ended or made anew: a process that ends now should wait a moment. */
bool aof_is_busy(const struct aof *a);
enum aof_rewrite_answer {
	AOF_REWRITE_STARTED,
	AOF_REWRITE_SCHEDULED,
	AOF_REWRITE_BUSY,
	AOF_REWRITE_FAILED
};
/* BGREWRITEAOF. */
enum aof_rewrite_answer aof_rewrite(struct aof *a);
bool aof_is_rewriting(const struct aof *a);
void aof_give_up_rewrite(struct aof *a);
/* The end: as aof_switch_off; then call aof_on_close_turn in each turn while aof_is_busy. */
void aof_close(struct aof *a);
void aof_on_close_turn(struct aof *a);
/* About ten times a second: what was scheduled, automatic rewrites, recovery from disk errors. */
void aof_on_tick(struct aof *a);
/* CONFIG SET aof-disable-auto-gc no. */
void aof_collect_history(struct aof *a);
struct aof_figures aof_figures_get(const struct aof *a);

#endif
