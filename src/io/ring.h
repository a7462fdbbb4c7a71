/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An io_uring and what its users share: the two back ends of rings, and the disk of those that have
 * none. Operations are queued by ring_sqe and go to the kernel with the next wait, many at once;
 * one system call a turn both submits and waits, for sockets, the timer and the disk alike.
 *
 * One thread only; a forked child must never touch it.
 */
#ifndef RINGLET_IO_RING_H
#define RINGLET_IO_RING_H

#include "io/loop_internal.h"

#include <liburing.h>

/* What an operation's user_data points to, in its low three bits. */
enum ring_tag {
	RING_NOTHING,     /* nobody wants to know */
	RING_SOCKET_IN,   /* struct socket: poll or receive */
	RING_SOCKET_OUT,  /* struct socket: poll or send */
	RING_WATCH,       /* struct ring_watch */
	RING_LISTENER,    /* the back end's */
	RING_DISK_WRITE,  /* struct disk_op */
	RING_DISK_SYNC,   /* struct disk_op */
	RING_TIMER,       /* the ring's own deadline */
	RING_TAG_MASK = 7
};

struct ring {
	struct io_uring io;
	bool can_gather; /* IORING_FEAT_MIN_TIMEOUT */
	unsigned expected; /* ring_expect */
	uint32_t expected_within_us;
	bool tells_work; /* IORING_SETUP_TASKRUN_FLAG: the flags say when an enter is of use */
	bool is_modern;  /* SINGLE_ISSUER + DEFER_TASKRUN: kernel 6.1 */
	bool is_timer_armed;
	unsigned instant; /* queued operations that complete while they are submitted */
	unsigned orphans; /* objects without owner that wait for their last completion */
	int64_t timer_us; /* when it fires */
	struct __kernel_timespec timer_at;
};

struct ring_options {
	unsigned entries;     /* operations queued between two enters */
	unsigned completions; /* room for completions; more are kept by the kernel */
	bool is_reactor;      /* entered each turn: completions may wait for that */
};

/* 0, or -errno with the reason in `why`: refused, too old … */
int ring_open(struct ring *r, const struct ring_options *options, char *why, size_t why_size);
void ring_close(struct ring *r);
/* Waits for the last completions of what has no owner any more; before ring_close. */
void ring_drain(struct loop *loop);

/* A place for an operation, its user_data set (liburing's io_uring_prep_* keep it); submits what
 * is queued when there is no room. */
struct io_uring_sqe *ring_sqe(struct ring *r, const void *owner, enum ring_tag tag);
/* Makes sure that the next `count` places can be had without a submission in between (a chain). */
void ring_reserve(struct ring *r, unsigned count);
/* Submits and does not wait. */
void ring_flush(struct ring *r);
/* Submits and waits until a completion is there, as loop_backend's wait(). */
bool ring_wait(struct ring *r, int64_t timeout_us, int64_t now_us);
/* The next wait, if it is one without a near end, goes on until `count` completions are there, for
 * at most `within_us`; then one is enough, or none. Where the kernel can't, one is at once. */
void ring_expect(struct ring *r, unsigned count, int within_us);
/* The next completion, or false. */
bool ring_next(struct ring *r, struct io_uring_cqe *out);
/* Asks for the end of the operation queued with this owner and tag. It completes by itself. */
void ring_cancel(struct ring *r, const void *owner, enum ring_tag tag);

static inline enum ring_tag ring_tag_of(uint64_t user_data)
{
	return (enum ring_tag)(user_data & RING_TAG_MASK);
}

static inline void *ring_owner_of(uint64_t user_data)
{
	return (void *)(uintptr_t)(user_data & ~(uint64_t)RING_TAG_MASK);
}

/* Completions of watches, the disk and the timer; false for those of sockets and listeners. */
bool ring_dispatch(struct loop *loop, const struct io_uring_cqe *cqe);

/* The watches of both ring back ends. */
int ring_watch_add(struct loop *loop, struct watch *w);
void ring_watch_update(struct loop *loop, struct watch *w);
void ring_watch_remove(struct loop *loop, struct watch *w);

#endif
