/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the world sees while data are loaded: turns go on, clients hear LOADING unless the command
 * is allowed, INFO shows the progress. For RDB files and logs alike.
 */
#ifndef RINGLET_PERSIST_LOADING_H
#define RINGLET_PERSIST_LOADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exec;
struct loop;

#define LOADING_SLICE_US 1000 /* work between two turns */
/* A line in the log says how far it is: not sooner than … behind the one before, and then where
 * another tenth is read, or after so long a time. */
#define LOADING_TELL_MIN_US 2000000
#define LOADING_TELL_MAX_US 20000000

struct loading {
	struct loop *loop;
	struct exec *exec;
	const int *interval_bytes; /* loading-process-events-interval-bytes */
	bool is_active;
	int64_t started_s;  /* wall clock */
	int64_t started_us; /* monotonic */
	uint64_t total_bytes, loaded_bytes;
	size_t rdb_used_bytes; /* aux field used-mem */
	int64_t turn_us;       /* when the last turn was */
	uint64_t turn_bytes;
	int64_t told_us; /* when the last line was … */
	uint64_t told_bytes; /* … and what was read by then */
	int64_t owed_us; /* of delays */
	uint64_t delays;
	int allow_expiry; /* the keyspace's, to be put back */
	/* Of the last RDB that was loaded. */
	uint64_t last_keys, last_expired;
};

/* Registers the gate. `interval_bytes` must outlive it. */
void loading_init(
	struct loading *l, struct loop *loop, struct exec *exec, const int *interval_bytes);
/* `total_bytes` of all files that will be read. From here to loading_end nothing expires. */
void loading_begin(struct loading *l, uint64_t total_bytes);
/* So much has been read. Runs a turn when it is time; false: a shutdown came, give up. */
bool loading_progress(struct loading *l, uint64_t loaded_bytes);
void loading_end(struct loading *l);
/* key-load-delay: another key was loaded that should take `us` longer; negative: one in -us keys
 * takes a microsecond longer. Turns go on while it waits. */
void loading_delay(struct loading *l, int us);
/* Seconds that the rest will take, as far as one can tell; never negative. */
int64_t loading_eta_s(const struct loading *l);

#endif
