/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A server under test: started from a command template on a free port, pinned to a core, asked for
 * its memory and processor time, and killed at the end. Nothing here depends on which server it is.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
	SERVERS_MAX = 16,
	SERVER_START_MS = 10000,
};

struct server {
	const char *name;
	const char *command;           /* with {port} and {dir} */
	pid_t pid;
	int port;
	clockid_t cpu_clock;
	char dir[64];
};

/* How the calling thread and what it starts share a core. TURN_REAL is SCHED_RR: nothing but a
 * slice of 100 ms ends a turn, so a server that never sleeps cannot lock the others out. */
enum turn_policy { TURN_REAL, TURN_BATCH, TURN_NORMAL };

/* Pins the caller to `core`. TURN_REAL falls back to TURN_BATCH without the right to it. Returns
 * the policy in force. Under both, waking the other side never interrupts the one that runs. */
enum turn_policy turn_take(int core, enum turn_policy wanted);

/* Starts the server on `core` with `policy` and waits until it takes connections. */
void server_start(struct server *server, int core, enum turn_policy policy);
void server_stop(struct server *server);

/* Processor time of all its threads, user and kernel. */
int64_t server_cpu_ns(const struct server *server);
/* From /proc, in bytes. */
int64_t server_rss(const struct server *server);
/* A number from INFO; -1 when the server has no such field. */
int64_t server_info(const struct server *server, const char *field);
/* The last core this process may run on, and the one before it (or the same when there is only
 * one). */
int core_last(void);
int core_other(int core);

#endif
