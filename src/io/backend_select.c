/* SPDX-License-Identifier: BSD-3-Clause
 *
 * select: two bit sets, and a table from descriptor to owner. It can't watch a descriptor at or
 * above FD_SETSIZE: socket_open and watch_open refuse those with -EMFILE, and loop_socket_limit
 * says in advance how many fit. It sees the end of a connection only as readability, so not while
 * paused.
 *
 * Invariant: owners[fd] is 0 or a socket or a tagged watch of that descriptor; bits are set only
 * for descriptors that have an owner.
 */
#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/select.h>

#define TAG_WATCH ((uintptr_t)1)

struct selects {
	fd_set read;
	fd_set write;
	fd_set read_ready;
	fd_set write_ready;
	int top;   /* above the highest descriptor ever watched */
	int found; /* bits that collect has still to find */
	uintptr_t owners[FD_SETSIZE];
};

static int select_open(struct loop *loop, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	struct selects *t = mem_calloc(1, sizeof *t);
	FD_ZERO(&t->read);
	FD_ZERO(&t->write);
	loop->state = t;
	return 0;
}

static void select_close(struct loop *loop)
{
	mem_free(loop->state);
}

static bool select_wait(struct loop *loop, int64_t timeout_us)
{
	struct selects *t = loop->state;
	struct timespec timeout = {.tv_sec = timeout_us / 1000000,
				   .tv_nsec = timeout_us % 1000000 * 1000};
	while (t->top > 0 && t->owners[t->top - 1] == 0)
		t->top--;
	t->read_ready = t->read;
	t->write_ready = t->write;
	int n = pselect(t->top, &t->read_ready, &t->write_ready, NULL,
			timeout_us < 0 ? NULL : &timeout, NULL);
	t->found = n < 0 ? 0 : n;
	return n > 0;
}

static void bit_put(fd_set *set, int fd, bool on)
{
	if (on)
		FD_SET(fd, set);
	else
		FD_CLR(fd, set);
}

static int owner_add(struct selects *t, int fd, uintptr_t owner)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		return -EMFILE;
	ASSERT(t->owners[fd] == 0);
	t->owners[fd] = owner;
	if (fd >= t->top)
		t->top = fd + 1;
	return 0;
}

static void owner_remove(struct selects *t, int fd)
{
	t->owners[fd] = 0;
	FD_CLR(fd, &t->read);
	FD_CLR(fd, &t->write);
}

static void event(struct loop *loop, uintptr_t owner, bool readable, bool writable)
{
	if (owner & TAG_WATCH) {
		struct watch *w = (struct watch *)(owner & ~TAG_WATCH);
		int ready = (readable ? WATCH_READABLE : 0) | (writable ? WATCH_WRITABLE : 0);
		if (ready & w->interest)
			w->on_ready(w, ready & w->interest);
		return;
	}
	struct socket *s = (struct socket *)owner;
	if (writable)
		socket_writable(loop, s);
	if (readable)
		socket_mark(loop, s, SOCKET_READABLE);
}

static void select_collect(struct loop *loop)
{
	struct selects *t = loop->state;
	int top = t->top;
	for (int fd = 0; fd < top && t->found > 0; fd++) {
		bool readable = FD_ISSET(fd, &t->read_ready);
		bool writable = FD_ISSET(fd, &t->write_ready);
		if (!readable && !writable)
			continue;
		t->found -= readable + writable;
		/* Whoever was removed by an event before this one has no owner now. */
		if (t->owners[fd] != 0)
			event(loop, t->owners[fd], readable, writable);
	}
}

static void select_socket_update(struct loop *loop, struct socket *s)
{
	struct selects *t = loop->state;
	bit_put(&t->read, s->fd, !(s->flags & (SOCKET_PAUSED | SOCKET_ENDED | SOCKET_CLOSED)));
	bit_put(&t->write, s->fd, s->flags & SOCKET_WANT_WRITE);
}

static int select_socket_add(struct loop *loop, struct socket *s)
{
	int rc = owner_add(loop->state, s->fd, (uintptr_t)s);
	if (rc == 0)
		select_socket_update(loop, s);
	return rc;
}

static void select_socket_remove(struct loop *loop, struct socket *s)
{
	owner_remove(loop->state, s->fd);
	socket_detached(loop, s);
}

static void select_watch_update(struct loop *loop, struct watch *w)
{
	struct selects *t = loop->state;
	bit_put(&t->read, w->fd, w->interest & WATCH_READABLE);
	bit_put(&t->write, w->fd, w->interest & WATCH_WRITABLE);
}

static int select_watch_add(struct loop *loop, struct watch *w)
{
	int rc = owner_add(loop->state, w->fd, (uintptr_t)w | TAG_WATCH);
	if (rc == 0)
		select_watch_update(loop, w);
	return rc;
}

static void select_watch_remove(struct loop *loop, struct watch *w)
{
	owner_remove(loop->state, w->fd);
}

const struct loop_backend backend_select = {
	.name = "select",
	.socket_limit = FD_SETSIZE - LOOP_SELECT_RESERVE,
	.open = select_open,
	.close = select_close,
	.wait = select_wait,
	.collect = select_collect,
	.socket_add = select_socket_add,
	.socket_update = select_socket_update,
	.socket_remove = select_socket_remove,
	.watch_add = select_watch_add,
	.watch_update = select_watch_update,
	.watch_remove = select_watch_remove,
};
