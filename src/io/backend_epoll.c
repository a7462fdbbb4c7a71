/* SPDX-License-Identifier: BSD-3-Clause
 *
 * epoll. A socket is registered once, edge-triggered, for input and the peer's end; writability is
 * asked for only behind a short write. Watches are level-triggered.
 *
 * Sleeping with a timeout makes the kernel program a high-resolution timer in every wait (0.15 µs
 * of a 2.5 µs request). So a far deadline goes into a timerfd that is touched only when an earlier
 * one comes up; a near one is the wait's own timeout.
 *
 * Invariant: events[next..count) are not handled yet; a wait does nothing while there are any, as
 * an edge that is overwritten is lost.
 */
#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX 512
#define NEAR_US 2000

/* In the low bits of an event's pointer. */
enum { TAG_SOCKET = 0, TAG_WATCH = 1, TAG_TIMER = 2, TAG_GONE = 3, TAG_MASK = 3 };

struct epoll {
	int fd;
	int timer_fd;
	bool lacks_pwait2;
	int64_t armed_us; /* when timer_fd fires; INT64_MAX: it doesn't */
	int next;
	int count;
	struct epoll_event events[EVENTS_MAX];
};

static uint64_t tagged(const void *ptr, unsigned tag)
{
	return (uint64_t)(uintptr_t)ptr | tag;
}

static int open_failed(struct epoll *e, const char *what, char *why, size_t why_size)
{
	int error = errno;
	snprintf(why, why_size, "%s failed (%s)", what, strerror(error));
	if (e->fd >= 0)
		close(e->fd);
	if (e->timer_fd >= 0)
		close(e->timer_fd);
	mem_free(e);
	return -error;
}

static int epoll_open(struct loop *loop, char *why, size_t why_size)
{
	struct epoll *e = mem_calloc(1, sizeof *e);
	e->timer_fd = -1;
	e->armed_us = INT64_MAX;
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->fd < 0)
		return open_failed(e, "epoll_create1", why, why_size);
	e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (e->timer_fd < 0)
		return open_failed(e, "timerfd_create", why, why_size);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = TAG_TIMER};
	if (epoll_ctl(e->fd, EPOLL_CTL_ADD, e->timer_fd, &event) != 0)
		return open_failed(e, "epoll_ctl", why, why_size);
	loop->state = e;
	return 0;
}

static void epoll_close(struct loop *loop)
{
	struct epoll *e = loop->state;
	close(e->timer_fd);
	close(e->fd);
	mem_free(e);
}

static void timer_set(struct epoll *e, int64_t deadline_us)
{
	if (deadline_us >= e->armed_us)
		return; /* it fires earlier, and the next wait sets it anew */
	struct itimerspec at = {.it_value = {.tv_sec = deadline_us / 1000000,
					     .tv_nsec = deadline_us % 1000000 * 1000}};
	timerfd_settime(e->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	e->armed_us = deadline_us;
}

static int wait_near(struct epoll *e, int64_t timeout_us)
{
	if (!e->lacks_pwait2) {
		struct timespec timeout = {.tv_sec = timeout_us / 1000000,
					   .tv_nsec = timeout_us % 1000000 * 1000};
		int n = epoll_pwait2(e->fd, e->events, EVENTS_MAX, &timeout, NULL);
		if (n >= 0 || errno != ENOSYS)
			return n;
		e->lacks_pwait2 = true;
	}
	return epoll_wait(e->fd, e->events, EVENTS_MAX, (int)((timeout_us + 999) / 1000));
}

HOT static bool epoll_sleep(struct loop *loop, int64_t timeout_us)
{
	struct epoll *e = loop->state;
	if (e->next < e->count)
		return true;
	int n;
	if (timeout_us > 0 && timeout_us <= NEAR_US) {
		n = wait_near(e, timeout_us);
	} else {
		if (timeout_us > 0)
			timer_set(e, loop->before_wait_us + timeout_us);
		n = epoll_wait(e->fd, e->events, EVENTS_MAX, timeout_us == 0 ? 0 : -1);
	}
	e->next = 0;
	e->count = n < 0 ? 0 : n; /* EINTR: as if nothing had happened */
	return n > 0;
}

static void socket_event(struct loop *loop, struct socket *s, uint32_t events)
{
	unsigned marks = 0;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		marks = SOCKET_READABLE;
	if (UNLIKELY(events & ~(uint32_t)EPOLLIN)) {
		if (events & (EPOLLRDHUP | EPOLLHUP))
			marks |= SOCKET_HUNG_UP;
		if (events & EPOLLERR)
			marks |= SOCKET_FAILED;
		if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			socket_writable(loop, s);
	}
	if (marks != 0)
		socket_mark(loop, s, marks);
}

static void watch_event(struct watch *w, uint32_t events)
{
	int ready = 0;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		ready |= WATCH_READABLE;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		ready |= WATCH_WRITABLE;
	ready &= w->interest;
	if (ready != 0)
		w->on_ready(w, ready);
}

HOT static void epoll_collect(struct loop *loop)
{
	struct epoll *e = loop->state;
	while (e->next < e->count) {
		struct epoll_event event = e->events[e->next++];
		unsigned tag = event.data.u64 & TAG_MASK;
		void *ptr = (void *)(uintptr_t)(event.data.u64 & ~(uint64_t)TAG_MASK);
		if (LIKELY(tag == TAG_SOCKET))
			socket_event(loop, ptr, event.events);
		else if (tag == TAG_WATCH)
			watch_event(ptr, event.events);
		else if (tag == TAG_TIMER)
			e->armed_us = INT64_MAX;
	}
}

static int epoll_socket_add(struct loop *loop, struct socket *s)
{
	struct epoll *e = loop->state;
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
				    .data.u64 = tagged(s, TAG_SOCKET)};
	return epoll_ctl(e->fd, EPOLL_CTL_ADD, s->fd, &event) == 0 ? 0 : -errno;
}

static void epoll_socket_update(struct loop *loop, struct socket *s)
{
	struct epoll *e = loop->state;
	bool wants = s->flags & SOCKET_WANT_WRITE;
	bool has = s->flags & SOCKET_OUT_ARMED;
	if (wants == has)
		return;
	/* Modifying looks at the state anew: what was writable in between is not missed. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
				    .data.u64 = tagged(s, TAG_SOCKET)};
	if (wants)
		event.events |= EPOLLOUT;
	int rc = epoll_ctl(e->fd, EPOLL_CTL_MOD, s->fd, &event);
	ASSERT(rc == 0);
	s->flags ^= SOCKET_OUT_ARMED;
}

static void forget_events(struct epoll *e, uint64_t tagged_ptr)
{
	for (int i = e->next; i < e->count; i++)
		if (e->events[i].data.u64 == tagged_ptr)
			e->events[i].data.u64 = TAG_GONE;
}

static void epoll_socket_remove(struct loop *loop, struct socket *s)
{
	struct epoll *e = loop->state;
	/* Closing alone would not do it while a forked child holds a copy of the descriptor. */
	epoll_ctl(e->fd, EPOLL_CTL_DEL, s->fd, NULL);
	forget_events(e, tagged(s, TAG_SOCKET));
	socket_detached(loop, s);
}

static uint32_t watch_events(const struct watch *w)
{
	return (w->interest & WATCH_READABLE ? EPOLLIN : 0u) |
	       (w->interest & WATCH_WRITABLE ? EPOLLOUT : 0u);
}

static int epoll_watch_add(struct loop *loop, struct watch *w)
{
	struct epoll *e = loop->state;
	/* Without interest it stays out: hang-ups are told to whoever is registered. */
	if (w->interest == 0)
		return 0;
	struct epoll_event event = {.events = watch_events(w), .data.u64 = tagged(w, TAG_WATCH)};
	return epoll_ctl(e->fd, EPOLL_CTL_ADD, w->fd, &event) == 0 ? 0 : -errno;
}

static void epoll_watch_update(struct loop *loop, struct watch *w)
{
	struct epoll *e = loop->state;
	epoll_ctl(e->fd, EPOLL_CTL_DEL, w->fd, NULL);
	int rc = epoll_watch_add(loop, w);
	ASSERT(rc == 0);
}

static void epoll_watch_remove(struct loop *loop, struct watch *w)
{
	struct epoll *e = loop->state;
	epoll_ctl(e->fd, EPOLL_CTL_DEL, w->fd, NULL);
	forget_events(e, tagged(w, TAG_WATCH));
}

const struct loop_backend backend_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.wait = epoll_sleep,
	.collect = epoll_collect,
	.socket_add = epoll_socket_add,
	.socket_update = epoll_socket_update,
	.socket_remove = epoll_socket_remove,
	.watch_add = epoll_watch_add,
	.watch_update = epoll_watch_update,
	.watch_remove = epoll_watch_remove,
};
