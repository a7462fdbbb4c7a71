/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The reactor. One thread runs turns; a turn takes what the kernel completed, hands bytes up, lets
 * the owner execute what arrived (on_batch), then timers and the owner's end of turn, and waits.
 *
 * The interface speaks completions ("these bytes arrived", "this much was sent"); back ends of
 * readiness emulate it. Nothing above io/ knows which back end runs, and nothing here knows
 * what the bytes mean.
 *
 * The bytes that on_bytes hands up live in a buffer of the loop and stay valid until the end of the
 * on_batch that follows; whoever needs them longer copies them. A batch ends when the arena is
 * full, when LOOP_BATCH_SOCKETS sockets have delivered, or when all ready sockets have been read. A
 * socket gets at most two reads a turn; what it has beyond waits for the next.
 *
 * This header is the front door of the floor: it brings sockets, listeners, watches, timers, the
 * offload thread and the disk with it.
 */
#ifndef RINGLET_IO_LOOP_H
#define RINGLET_IO_LOOP_H

#include "base/bytes.h"
#include "base/histogram.h"
#include "base/list.h"
#include "io/disk.h"
#include "io/listener.h"
#include "io/offload.h"
#include "io/socket.h"
#include "io/timer.h"
#include "io/watch.h"

#define LOOP_BATCH_SOCKETS 64       /* sockets read before a batch is executed */
#define LOOP_READ_BYTES (16 * 1024) /* offered to one socket in one batch */
#define LOOP_ARENA_BYTES (LOOP_BATCH_SOCKETS * LOOP_READ_BYTES)
#define LOOP_DEPTH_MAX 3            /* turns inside turns (loop_turn) */

struct loop;

enum loop_backend_kind {
	LOOP_AUTO,
	LOOP_IO_URING,          /* ring as reactor: multishot poll + recv/send */
	LOOP_IO_URING_PROACTOR, /* multishot accept and receive with provided buffers, send SQEs */
	LOOP_EPOLL,
	LOOP_POLL,
	LOOP_SELECT,
};

struct loop_options {
	enum loop_backend_kind backend;
	unsigned max_sockets; /* how many file descriptors the back end should be able to watch */
	/* Called when a batch of bytes is complete; executes requests and queues sends. */
	void (*on_batch)(void *context);
	/* Called once a turn, after sockets and timers, before waiting: flush, durable appends,
	 * background slices. Returns the microseconds the loop may sleep (0: do not sleep, more
	 * work is waiting; negative: until something happens). */
	int64_t (*on_turn_end)(void *context);
	/* Called first in each turn, after the wait: clocks are fresh. */
	void (*on_turn_begin)(void *context);
	void *context; /* the callbacks may be NULL */
	/* How long to look for news before a sleep, and to sleep on for more than one, in
	 * microseconds (idle.h), read each time; NULL or 0: not at all. */
	const int *spin_us, *gather_us;
};

/* NULL with a reason in `error` when the named back end can't run here; auto takes the best that
 * can: io_uring, epoll, poll. The environment variable RINGLET_IO_URING=off makes io_uring behave
 * as if the kernel refused it. A loop is made after daemonizing: it does not survive fork. */
struct loop *loop_new(const struct loop_options *options, char *error, size_t error_size);
/* Every socket, listener and watch must have been closed. Waits for the offload thread's jobs and
 * for disk operations in flight (their `done` is called). */
void loop_free(struct loop *loop);
/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Was loop_stop called, and loop_run has not returned yet? For long operations that run turns. */
bool loop_is_stopping(const struct loop *loop);
/* One turn from inside a long operation (loading): sockets and timers are served, at most
 * `wait_us` is slept. on_turn_end is called as well. Inside a turn, sockets whose bytes the outer
 * turn is just executing are left alone, and on_closed waits for the end of the outermost turn.
 * Deeper than LOOP_DEPTH_MAX it does nothing. */
void loop_turn(struct loop *loop, int64_t wait_us);

/* "io_uring", "io_uring-proactor", "epoll", "poll", "select"; why this one was chosen and, for
 * select, its limit. */
const char *loop_backend_name(const struct loop *loop);
const char *loop_backend_reason(const struct loop *loop);
bool loop_backend_parse(const char *name, enum loop_backend_kind *out);
/* How many sockets the back end can hold at once, 0 = no limit of its own. select watches only
 * descriptors below FD_SETSIZE; LOOP_SELECT_RESERVE of them are left to files and listeners. */
unsigned loop_socket_limit(const struct loop *loop);
#define LOOP_SELECT_RESERVE 32

/* The readings of this turn. */
int64_t loop_wall_ms(const struct loop *loop);
int64_t loop_wall_us(const struct loop *loop);
int64_t loop_mono_us(const struct loop *loop);
/* This very moment, by the tick counter. */
int64_t loop_now_us(const struct loop *loop);

struct loop_stats {
	uint64_t turns;           /* turns so far */
	uint64_t busy_us;         /* time outside the wait, summed */
	uint64_t longest_turn_us; /* the longest time between two waits */
	uint64_t waits;           /* how often the thread could have slept */
};
const struct loop_stats *loop_stats_get(struct loop *loop);
/* In ticks (base/ticks.h): when this turn began, and how long the last one was. */
uint64_t loop_turn_began(const struct loop *loop);
uint64_t loop_last_turn(const struct loop *loop);
/* How long each turn was between two waits, in ticks. */
const struct latency_histogram *loop_turn_ticks(const struct loop *loop);
void loop_stats_reset(struct loop *loop);

#endif
