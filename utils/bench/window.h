/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The measuring heart: batches in lockstep with one server on one core, for the time of one window.
 *
 *   client   | write to all | sleeps              | read all replies |
 *   server   |              | runs until it waits |                  |
 *
 * Both threads share a core and a policy under which a wake-up never interrupts the one that runs
 * (server.h), so the server sees the whole batch at once and the client wakes once. Two figures:
 *   server   processor time charged to the server's threads, user and kernel, per request
 *   round    wall time from the first byte written to the last reply read, per request
 * Of a window's batches the low percentile counts: what the host steals makes a batch slower, never
 * faster.
 */
#ifndef BENCH_WINDOW_H
#define BENCH_WINDOW_H

#include "client.h"
#include "server.h"

enum {
	BATCHES_MAX = 100000,
	BATCHES_MIN = 20,
	BATCHES_WARM = 3,
};

struct window {
	const struct server *server;
	const struct request *request;
	struct client *clients;
	int client_count, pipeline;
	int next;                      /* the client that the next batch begins with */
	uint64_t random;
	long window_ms, batch, percent;
};

struct figures {
	double server_us, round_us;
	int batches, disturbed;        /* disturbed: the client was interrupted; not counted */
};

/* Opens the connections and makes room for their batches. */
void window_open(struct window *window);
void window_close(struct window *window);
struct figures window_run(struct window *window);

#endif
