/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An io_uring, opened with the best flags that the kernel knows, and entered directly: liburing's
 * own waits look at the queue first and may skip or repeat the system call, while a turn wants
 * exactly one. With DEFER_TASKRUN completions appear only inside an enter that asks for events.
 *
 * As with epoll, a far deadline is an operation of its own (a timeout that is moved only to become
 * earlier) and only a near one the timeout of the wait.
 *
 * Invariant: a completion's owner is alive until its last completion (no F_MORE) was taken; whoever
 * gives the owner to the kernel counts.
 */
#include "io/ring.h"

#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_US 2000
#define FLUSH_TRIES 1000
#define GATHER_MAX 16
#define DRAIN_WAITS 1000
#define DRAIN_WAIT_US 1000

/* All that is used here: timeouts of waits, no lost completions, multishot poll (5.13, which has no
 * feature bit, but RSRC_TAGS came with it). */
/* Linux 6.12: a wait has a minimal time as well. The headers of the oldest liburing that will do
 * know neither the feature nor the field (struct io_uring_getevents_arg). */
#define FEATURE_MIN_TIMEOUT (1u << 15)
struct ring_wait_arg {
	uint64_t mask;
	uint32_t mask_bytes;
	uint32_t min_wait_us;
	uint64_t timeout;
};

#define FEATURES_NEEDED                                                                            \
	(IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |                    \
	 IORING_FEAT_RSRC_TAGS)

static const struct {
	unsigned flags;
	bool is_for_reactor;
} setups[] = {
	{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG, true},
	{IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, true},
	{0, false},
	{0, true},
};

static int setup(struct ring *r, const struct ring_options *options, unsigned flags)
{
	struct io_uring_params params = {
		.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		.cq_entries = options->completions,
	};
	int rc = io_uring_queue_init_params(options->entries, &r->io, &params);
	if (rc < 0)
		return rc;
	r->can_gather = params.features & FEATURE_MIN_TIMEOUT;
	r->tells_work = flags & IORING_SETUP_TASKRUN_FLAG;
	r->is_modern = flags & IORING_SETUP_DEFER_TASKRUN;
	if ((params.features & FEATURES_NEEDED) != FEATURES_NEEDED) {
		io_uring_queue_exit(&r->io);
		return -ENOSYS;
	}
	/* A forked child that strays in here crashes instead of stealing completions. */
	io_uring_ring_dontfork(&r->io);
	return 0;
}

int ring_open(struct ring *r, const struct ring_options *options, char *why, size_t why_size)
{
	*r = (struct ring){.timer_us = INT64_MAX};
	const char *wish = getenv("RINGLET_IO_URING");
	int rc = -EPERM;
	if (wish == NULL || strcmp(wish, "off") != 0) {
		for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
			if (setups[i].is_for_reactor != options->is_reactor)
				continue;
			rc = setup(r, options, setups[i].flags);
			if (rc != -EINVAL)
				break;
		}
	}
	if (rc == 0)
		return 0;
	if (rc == -ENOSYS)
		snprintf(why, why_size, "the kernel's io_uring is missing or older than 5.13");
	else
		snprintf(why, why_size, "io_uring is refused here (%s)", strerror(-rc));
	return rc;
}

void ring_close(struct ring *r)
{
	io_uring_queue_exit(&r->io);
}

void ring_drain(struct loop *loop)
{
	for (int i = 0; i < DRAIN_WAITS && loop->ring->orphans > 0; i++) {
		ring_wait(loop->ring, DRAIN_WAIT_US, loop->before_wait_us);
		loop->backend->collect(loop);
	}
}

/* Makes what was queued visible to the kernel; how many operations that is. */
static unsigned publish(struct ring *r)
{
	struct io_uring_sq *sq = &r->io.sq;
	unsigned tail = *sq->ktail;
	unsigned count = sq->sqe_tail - sq->sqe_head;
	if (count == 0)
		return tail - __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE);
	for (; sq->sqe_head != sq->sqe_tail; sq->sqe_head++, tail++)
		sq->array[tail & sq->ring_mask] = sq->sqe_head & sq->ring_mask;
	__atomic_store_n(sq->ktail, tail, __ATOMIC_RELEASE);
	return tail - __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE);
}

void ring_flush(struct ring *r)
{
	/* The kernel takes all at once but when it is out of memory or swamped with completions;
	 * then letting it deliver them is what helps. */
	unsigned flags = 0;
	r->instant = 0; /* they may be taken before the next wait, which must not wait for them */
	for (int i = 0; i < FLUSH_TRIES; i++) {
		unsigned count = publish(r);
		if (count == 0)
			return;
		io_uring_enter(r->io.ring_fd, count, 0, flags, NULL);
		flags = IORING_ENTER_GETEVENTS;
	}
	ASSERT(publish(r) == 0);
}

void ring_reserve(struct ring *r, unsigned count)
{
	ASSERT(count <= r->io.sq.ring_entries);
	if (io_uring_sq_space_left(&r->io) < count)
		ring_flush(r);
}

struct io_uring_sqe *ring_sqe(struct ring *r, const void *owner, enum ring_tag tag)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->io);
	if (UNLIKELY(sqe == NULL)) {
		ring_flush(r);
		sqe = io_uring_get_sqe(&r->io);
		ASSERT(sqe != NULL);
	}
	sqe->user_data = (uint64_t)(uintptr_t)owner | tag;
	return sqe;
}

static void timer_set(struct ring *r, int64_t deadline_us)
{
	if (deadline_us >= r->timer_us)
		return; /* it fires earlier, and the next wait sets it anew */
	ring_reserve(r, 2);
	if (r->is_timer_armed) {
		struct io_uring_sqe *sqe = ring_sqe(r, NULL, RING_NOTHING);
		io_uring_prep_timeout_remove(sqe, (uint64_t)(uintptr_t)r | RING_TIMER, 0);
	}
	r->timer_at = (struct __kernel_timespec){.tv_sec = deadline_us / 1000000,
						 .tv_nsec = deadline_us % 1000000 * 1000};
	struct io_uring_sqe *sqe = ring_sqe(r, r, RING_TIMER);
	io_uring_prep_timeout(sqe, &r->timer_at, 0, IORING_TIMEOUT_ABS);
	r->timer_us = deadline_us;
	r->is_timer_armed = true;
}

static bool has_completions(const struct ring *r)
{
	return *r->io.cq.khead != __atomic_load_n(r->io.cq.ktail, __ATOMIC_ACQUIRE);
}

/* A look without a wait is not worth a system call if the ring itself says there is nothing. */
static bool is_enter_needless(const struct ring *r)
{
	const unsigned news = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
	return r->tells_work && r->io.sq.sqe_tail == r->io.sq.sqe_head &&
	       !(__atomic_load_n(r->io.sq.kflags, __ATOMIC_RELAXED) & news);
}

/* An enter runs only some twenty completions that were deferred, however many there are; a turn is
 * worth more the more it sees at once. */
static void gather(struct ring *r)
{
	for (int i = 0; i < GATHER_MAX; i++) {
		if (!(__atomic_load_n(r->io.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_TASKRUN))
			return;
		io_uring_enter(r->io.ring_fd, 0, 0, IORING_ENTER_GETEVENTS, NULL);
	}
}

/* Sleeps until all expected completions are there, or their time is over. */
static void enter_expecting(struct ring *r, unsigned count)
{
	struct __kernel_timespec end = {.tv_sec = 1}; /* without one it would end with nothing */
	struct ring_wait_arg arg = {
		.min_wait_us = r->expected_within_us, .timeout = (uint64_t)(uintptr_t)&end};
	const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
	unsigned wait_for = count + r->instant, queued = publish(r);
	r->instant = 0;
	io_uring_enter2(r->io.ring_fd, queued, wait_for, flags, (sigset_t *)&arg, sizeof arg);
}

static void enter(struct ring *r, int64_t timeout_us)
{
	unsigned count = publish(r);
	/* Operations that complete at once are no news to wake up for: one more is. */
	unsigned wait_for = timeout_us == 0 ? 0 : 1 + r->instant;
	r->instant = 0;
	/* Interrupted or short of memory: as if nothing had happened. */
	if (timeout_us <= 0 || timeout_us > NEAR_US) {
		io_uring_enter(r->io.ring_fd, count, wait_for, IORING_ENTER_GETEVENTS, NULL);
		return;
	}
	struct __kernel_timespec timeout = {.tv_nsec = timeout_us * 1000};
	struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&timeout};
	const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
	io_uring_enter2(r->io.ring_fd, count, wait_for, flags, (sigset_t *)&arg, sizeof arg);
}

void ring_expect(struct ring *r, unsigned count, int within_us)
{
	r->expected = r->can_gather ? count : 0;
	r->expected_within_us = (uint32_t)within_us;
}

bool ring_wait(struct ring *r, int64_t timeout_us, int64_t now_us)
{
	unsigned expected = r->expected;
	r->expected = 0; /* it was said of this wait */
	if (timeout_us > NEAR_US)
		timer_set(r, now_us + timeout_us);
	if ((timeout_us == 0 || has_completions(r)) && is_enter_needless(r))
		return has_completions(r); /* nothing is queued, so `instant` is zero */
	if (expected > 1 && (timeout_us < 0 || timeout_us > NEAR_US))
		enter_expecting(r, expected);
	else
		enter(r, timeout_us);
	gather(r);
	return has_completions(r);
}

bool ring_next(struct ring *r, struct io_uring_cqe *out)
{
	unsigned head = *r->io.cq.khead;
	if (head == __atomic_load_n(r->io.cq.ktail, __ATOMIC_ACQUIRE))
		return false;
	const struct io_uring_cqe *cqe = &r->io.cq.cqes[head & r->io.cq.ring_mask];
	out->user_data = cqe->user_data;
	out->res = cqe->res;
	out->flags = cqe->flags;
	__atomic_store_n(r->io.cq.khead, head + 1, __ATOMIC_RELEASE);
	return true;
}

void ring_cancel(struct ring *r, const void *owner, enum ring_tag tag)
{
	struct io_uring_sqe *sqe = ring_sqe(r, NULL, RING_NOTHING);
	io_uring_prep_cancel64(sqe, (uint64_t)(uintptr_t)owner | tag, 0);
}

/* --- watches: a poll of one shot each, armed again when it was handled -------------------- */

/* Outlives its watch until the kernel has let go of it. */
struct ring_watch {
	struct watch *owner; /* NULL: closed */
	bool is_armed;
	bool is_handled; /* on_ready is being called */
};

static void watch_arm(struct ring *r, struct ring_watch *rw)
{
	int interest = rw->owner->interest;
	if (interest == 0 || rw->is_armed)
		return;
	unsigned events = (interest & WATCH_READABLE ? POLLIN : 0u) |
			  (interest & WATCH_WRITABLE ? POLLOUT : 0u);
	struct io_uring_sqe *sqe = ring_sqe(r, rw, RING_WATCH);
	io_uring_prep_poll_add(sqe, rw->owner->fd, events);
	rw->is_armed = true;
}

int ring_watch_add(struct loop *loop, struct watch *w)
{
	struct ring_watch *rw = mem_calloc(1, sizeof *rw);
	rw->owner = w;
	w->backend_data = rw;
	watch_arm(loop->ring, rw);
	return 0;
}

void ring_watch_update(struct loop *loop, struct watch *w)
{
	struct ring_watch *rw = w->backend_data;
	if (rw->is_armed)
		ring_cancel(loop->ring, rw, RING_WATCH); /* armed anew when it completes */
	else if (!rw->is_handled)
		watch_arm(loop->ring, rw);
}

void ring_watch_remove(struct loop *loop, struct watch *w)
{
	struct ring_watch *rw = w->backend_data;
	rw->owner = NULL;
	if (rw->is_armed) {
		loop->ring->orphans++;
		ring_cancel(loop->ring, rw, RING_WATCH);
	} else if (!rw->is_handled) {
		mem_free(rw);
	}
}

static void watch_completed(struct loop *loop, struct ring_watch *rw, int result)
{
	rw->is_armed = false;
	if (rw->owner == NULL) {
		loop->ring->orphans--;
		mem_free(rw);
		return;
	}
	if (result > 0) {
		int ready = 0;
		if (result & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
			ready |= WATCH_READABLE;
		if (result & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
			ready |= WATCH_WRITABLE;
		ready &= rw->owner->interest;
		rw->is_handled = true;
		if (ready != 0)
			rw->owner->on_ready(rw->owner, ready);
		rw->is_handled = false;
	}
	if (rw->owner != NULL)
		watch_arm(loop->ring, rw);
	else
		mem_free(rw); /* closed in its own call */
}

bool ring_dispatch(struct loop *loop, const struct io_uring_cqe *cqe)
{
	void *owner = ring_owner_of(cqe->user_data);
	switch (ring_tag_of(cqe->user_data)) {
	case RING_WATCH:
		watch_completed(loop, owner, cqe->res);
		return true;
	case RING_DISK_WRITE:
	case RING_DISK_SYNC:
		disk_completed(owner, ring_tag_of(cqe->user_data) == RING_DISK_SYNC, cqe->res);
		return true;
	case RING_TIMER:
		if (cqe->res != -ECANCELED) {
			loop->ring->is_timer_armed = false;
			loop->ring->timer_us = INT64_MAX;
		}
		return true;
	case RING_NOTHING:
		return true;
	default:
		return false;
	}
}
