/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io_uring as reactor: the ring tells what is ready (one multishot poll per socket, armed once),
 * the bytes go through recv and send as with epoll. Never worse than epoll here, and the same enter
 * waits for the disk.
 *
 * A multishot poll tells changes, not states, and ends when the kernel runs out of room for
 * completions: each completion without F_MORE arms it again, which looks at the state anew.
 *
 * Invariant: references counts the socket's polls that have not had their last completion; the
 * socket is let go when it is closed and that is zero.
 */
#include "base/mem.h"
#include "io/ring.h"

#include <errno.h>
#include <poll.h>

#define ENTRIES 1024
#define COMPLETIONS 8192

static int uring_open(struct loop *loop, char *why, size_t why_size)
{
	const struct ring_options options = {
		.entries = ENTRIES,
		.completions = COMPLETIONS,
		.is_reactor = true,
	};
	struct ring *r = mem_calloc_aligned(64, sizeof *r);
	int rc = ring_open(r, &options, why, why_size);
	if (rc < 0) {
		mem_free(r);
		return rc;
	}
	loop->ring = r;
	return 0;
}

static void uring_close(struct loop *loop)
{
	ring_drain(loop);
	ring_close(loop->ring);
	mem_free(loop->ring);
	loop->ring = NULL;
}

HOT static bool uring_wait(struct loop *loop, int64_t timeout_us)
{
	if (loop->idle.company > 1)
		ring_expect(loop->ring, loop->idle.company, idle_gather_us(loop));
	return ring_wait(loop->ring, timeout_us, loop->before_wait_us);
}

static void arm_in(struct loop *loop, struct socket *s)
{
	struct io_uring_sqe *sqe = ring_sqe(loop->ring, s, RING_SOCKET_IN);
	io_uring_prep_poll_multishot(sqe, s->fd, POLLIN | POLLRDHUP);
	s->flags |= SOCKET_IN_ARMED;
	s->references++;
}

static void arm_out(struct loop *loop, struct socket *s)
{
	struct io_uring_sqe *sqe = ring_sqe(loop->ring, s, RING_SOCKET_OUT);
	io_uring_prep_poll_add(sqe, s->fd, POLLOUT);
	s->flags |= SOCKET_OUT_ARMED;
	s->references++;
}

/* The last completion of one of the socket's polls. */
static void poll_over(struct loop *loop, struct socket *s, unsigned armed_flag)
{
	s->flags &= (uint16_t)~armed_flag;
	s->references--;
	if (s->references == 0 && (s->flags & SOCKET_LEAVING))
		socket_detached(loop, s);
}

static unsigned marks_of(int result)
{
	if (result < 0)
		return result == -ECANCELED ? 0 : SOCKET_READABLE;
	unsigned marks = SOCKET_READABLE;
	if (result & (POLLRDHUP | POLLHUP))
		marks |= SOCKET_HUNG_UP;
	if (result & (POLLERR | POLLNVAL))
		marks |= SOCKET_FAILED;
	return marks;
}

static void in_completed(struct loop *loop, struct socket *s, const struct io_uring_cqe *cqe)
{
	unsigned marks = marks_of(cqe->res);
	if (LIKELY(marks != 0))
		socket_mark(loop, s, marks);
	if (LIKELY(cqe->flags & IORING_CQE_F_MORE))
		return;
	poll_over(loop, s, SOCKET_IN_ARMED);
	if (!(s->flags & (SOCKET_CLOSED | SOCKET_ENDED | SOCKET_HUNG_UP | SOCKET_FAILED)))
		arm_in(loop, s);
}

static void out_completed(struct loop *loop, struct socket *s)
{
	poll_over(loop, s, SOCKET_OUT_ARMED);
	socket_writable(loop, s);
}

HOT static void uring_collect(struct loop *loop)
{
	struct io_uring_cqe cqe;
	while (ring_next(loop->ring, &cqe)) {
		if (LIKELY(ring_tag_of(cqe.user_data) == RING_SOCKET_IN))
			in_completed(loop, ring_owner_of(cqe.user_data), &cqe);
		else if (ring_tag_of(cqe.user_data) == RING_SOCKET_OUT)
			out_completed(loop, ring_owner_of(cqe.user_data));
		else
			ring_dispatch(loop, &cqe);
	}
}

static int uring_socket_add(struct loop *loop, struct socket *s)
{
	arm_in(loop, s);
	return 0;
}

static void uring_socket_update(struct loop *loop, struct socket *s)
{
	if ((s->flags & (SOCKET_WANT_WRITE | SOCKET_OUT_ARMED)) == SOCKET_WANT_WRITE)
		arm_out(loop, s);
}

static void uring_socket_remove(struct loop *loop, struct socket *s)
{
	if (s->flags & SOCKET_IN_ARMED)
		ring_cancel(loop->ring, s, RING_SOCKET_IN);
	if (s->flags & SOCKET_OUT_ARMED)
		ring_cancel(loop->ring, s, RING_SOCKET_OUT);
	if (s->references == 0)
		socket_detached(loop, s);
}

const struct loop_backend backend_uring = {
	.name = "io_uring",
	.open = uring_open,
	.close = uring_close,
	.wait = uring_wait,
	.collect = uring_collect,
	.socket_add = uring_socket_add,
	.socket_update = uring_socket_update,
	.socket_remove = uring_socket_remove,
	.watch_add = ring_watch_add,
	.watch_update = ring_watch_update,
	.watch_remove = ring_watch_remove,
};
