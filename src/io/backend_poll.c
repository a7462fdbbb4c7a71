/* SPDX-License-Identifier: BSD-3-Clause
 *
 * poll: a dense table of descriptors, handed to the kernel in each turn. Level-triggered, so
 * whatever is not wanted now must be muted, or it would wake the loop again and again: a descriptor
 * of which nothing is wanted is stored as its complement, which poll skips.
 *
 * Invariant: owners[i] (a socket or, tagged, a watch) carries i as its token.
 */
#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define ROOM_MIN 64
#define TAG_WATCH ((uintptr_t)1)

struct polls {
	struct pollfd *fds;
	uintptr_t *owners;
	size_t count;
	size_t room;
	int found; /* entries with revents that collect has still to find */
};

static int poll_open(struct loop *loop, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	loop->state = mem_calloc(1, sizeof(struct polls));
	return 0;
}

static void poll_close(struct loop *loop)
{
	struct polls *p = loop->state;
	mem_free(p->fds);
	mem_free(p->owners);
	mem_free(p);
}

static bool poll_wait(struct loop *loop, int64_t timeout_us)
{
	struct polls *p = loop->state;
	struct timespec timeout = {.tv_sec = timeout_us / 1000000,
				   .tv_nsec = timeout_us % 1000000 * 1000};
	int n = ppoll(p->fds, p->count, timeout_us < 0 ? NULL : &timeout, NULL);
	p->found = n < 0 ? 0 : n;
	return n > 0;
}

static size_t entry_add(struct polls *p, int fd, short events, uintptr_t owner)
{
	if (p->count == p->room) {
		p->room = p->room == 0 ? ROOM_MIN : p->room * 2;
		p->fds = mem_realloc(p->fds, p->room * sizeof *p->fds);
		p->owners = mem_realloc(p->owners, p->room * sizeof *p->owners);
	}
	p->fds[p->count] = (struct pollfd){.fd = events == 0 ? ~fd : fd, .events = events};
	p->owners[p->count] = owner;
	return p->count++;
}

static void entry_update(struct polls *p, size_t index, int fd, short events)
{
	p->fds[index].fd = events == 0 ? ~fd : fd;
	p->fds[index].events = events;
}

/* The last entry takes the place. If collect has passed there already, its news is found in
 * the next turn: poll tells it again. */
static void entry_remove(struct polls *p, size_t index)
{
	size_t last = --p->count;
	if (index == last)
		return;
	p->fds[index] = p->fds[last];
	p->owners[index] = p->owners[last];
	uintptr_t owner = p->owners[index];
	if (owner & TAG_WATCH)
		((struct watch *)(owner & ~TAG_WATCH))->token = index;
	else
		((struct socket *)owner)->token = index;
}

static short socket_events_wanted(const struct socket *s)
{
	short events = s->flags & SOCKET_WANT_WRITE ? POLLOUT : 0;
	if (s->flags & (SOCKET_ENDED | SOCKET_CLOSED))
		return events;
	if (!(s->flags & SOCKET_PAUSED))
		events |= POLLIN;
	if (!(s->flags & (SOCKET_HUNG_UP | SOCKET_FAILED)))
		events |= POLLRDHUP;
	return events;
}

static void poll_socket_update(struct loop *loop, struct socket *s)
{
	entry_update(loop->state, s->token, s->fd, socket_events_wanted(s));
}

static void socket_event(struct loop *loop, struct socket *s, short events)
{
	unsigned marks = SOCKET_READABLE;
	if (events & (POLLOUT | POLLHUP | POLLERR))
		socket_writable(loop, s);
	if (events == POLLOUT || (s->flags & SOCKET_CLOSED))
		return;
	if (events & (POLLRDHUP | POLLHUP))
		marks |= SOCKET_HUNG_UP;
	if (events & (POLLERR | POLLNVAL))
		marks |= SOCKET_FAILED;
	socket_mark(loop, s, marks);
	if (marks != SOCKET_READABLE)
		poll_socket_update(loop, s);
}

static void watch_event(struct watch *w, short events)
{
	int ready = 0;
	if (events & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
		ready |= WATCH_READABLE;
	if (events & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
		ready |= WATCH_WRITABLE;
	ready &= w->interest;
	if (ready != 0)
		w->on_ready(w, ready);
}

static void poll_collect(struct loop *loop)
{
	struct polls *p = loop->state;
	for (size_t i = 0; i < p->count && p->found > 0; i++) {
		short events = p->fds[i].revents;
		if (events == 0)
			continue;
		p->fds[i].revents = 0;
		p->found--;
		uintptr_t owner = p->owners[i];
		if (owner & TAG_WATCH)
			watch_event((struct watch *)(owner & ~TAG_WATCH), events);
		else
			socket_event(loop, (struct socket *)owner, events);
	}
}

static int poll_socket_add(struct loop *loop, struct socket *s)
{
	s->token = entry_add(loop->state, s->fd, POLLIN | POLLRDHUP, (uintptr_t)s);
	return 0;
}

static void poll_socket_remove(struct loop *loop, struct socket *s)
{
	entry_remove(loop->state, s->token);
	socket_detached(loop, s);
}

static short watch_events(const struct watch *w)
{
	return (short)((w->interest & WATCH_READABLE ? POLLIN : 0) |
		       (w->interest & WATCH_WRITABLE ? POLLOUT : 0));
}

static int poll_watch_add(struct loop *loop, struct watch *w)
{
	w->token = entry_add(loop->state, w->fd, watch_events(w), (uintptr_t)w | TAG_WATCH);
	return 0;
}

static void poll_watch_update(struct loop *loop, struct watch *w)
{
	entry_update(loop->state, w->token, w->fd, watch_events(w));
}

static void poll_watch_remove(struct loop *loop, struct watch *w)
{
	entry_remove(loop->state, w->token);
}

const struct loop_backend backend_poll = {
	.name = "poll",
	.open = poll_open,
	.close = poll_close,
	.wait = poll_wait,
	.collect = poll_collect,
	.socket_add = poll_socket_add,
	.socket_update = poll_socket_update,
	.socket_remove = poll_socket_remove,
	.watch_add = poll_watch_add,
	.watch_update = poll_watch_update,
	.watch_remove = poll_watch_remove,
};
