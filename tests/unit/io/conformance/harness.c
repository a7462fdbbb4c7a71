/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of io/ share: a loop of a given back end, connections whose callbacks are counted
 * and checked, and turns run until something has become true. Loop and peers live in one thread, so
 * peers never block: their descriptors are non-blocking, and turns are run in between.
 */
#ifndef RINGLET_TEST_IO_HARNESS_H
#define RINGLET_TEST_IO_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "io/loop_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US 3000000

/* The loop under test and what its callbacks saw. */
static struct {
	enum loop_backend_kind kind;
	struct loop *loop;
	unsigned batches;
	unsigned turn_begins;
	unsigned turn_ends;
	unsigned batch_calls; /* on_bytes since the last on_batch */
	unsigned batch_most;
	int64_t idle_us;
	void (*on_batch)(void);
} world;

struct conn {
	struct socket socket; /* first: a socket is its conn */
	int peer;
	bool echoes;       /* in on_batch */
	bool closes_at_end;
	void (*hook)(struct conn *c); /* in on_bytes */
	void (*sent_hook)(struct conn *c, ssize_t result);
	char *room;
	size_t room_size;
	char *got;
	size_t got_len, got_room;
	struct bytes view; /* of the batch, as on_bytes gave it */
	struct conn *next_in_batch;
	unsigned bytes_calls, end_calls, sent_calls, closed_calls;
	unsigned bytes_turn; /* the turn of the last on_bytes */
	int end_error;
	ssize_t sent;
};

static struct conn *batch_conns; /* delivered since the last on_batch */

static void conn_on_bytes(struct socket *s, struct bytes data)
{
	struct conn *c = (struct conn *)s;
	assert_true(data.len > 0);
	assert_false(socket_is_closed(s));
	assert_int_equal(c->end_calls + c->closed_calls, 0);
	assert_null(c->view.ptr); /* at most once in a batch */
	c->bytes_calls++;
	c->bytes_turn = world.turn_begins;
	c->view = data;
	c->next_in_batch = batch_conns;
	batch_conns = c;
	world.batch_calls++;
	if (c->room != NULL)
		assert_ptr_equal(data.ptr, c->room);
	if (c->hook != NULL)
		c->hook(c);
}

static void conn_on_end(struct socket *s, int error)
{
	struct conn *c = (struct conn *)s;
	assert_false(socket_is_closed(s));
	assert_true(c->bytes_calls == 0 || c->bytes_turn != world.turn_begins);
	c->end_calls++;
	c->end_error = error;
	assert_int_equal(c->end_calls, 1);
	if (c->closes_at_end)
		socket_close(world.loop, s);
}

static void conn_on_sent(struct socket *s, ssize_t result)
{
	struct conn *c = (struct conn *)s;
	assert_false(socket_is_closed(s));
	assert_false(socket_is_sending(s));
	c->sent_calls++;
	c->sent = result;
	if (c->sent_hook != NULL)
		c->sent_hook(c, result);
}

static void conn_on_closed(struct socket *s)
{
	struct conn *c = (struct conn *)s;
	assert_int_equal(s->fd, -1);
	c->closed_calls++;
	assert_int_equal(c->closed_calls, 1);
	assert_int_equal(world.loop->depth, 0);
}

static size_t conn_on_room(struct socket *s, char **into)
{
	struct conn *c = (struct conn *)s;
	if (c->room == NULL)
		return 0;
	*into = c->room;
	return c->room_size;
}

static const struct socket_events conn_events = {
	.on_bytes = conn_on_bytes,
	.on_end = conn_on_end,
	.on_sent = conn_on_sent,
	.on_closed = conn_on_closed,
	.on_room = conn_on_room,
};

static void conn_send(struct conn *c, const void *ptr, size_t len)
{
	struct iovec piece = {(void *)(uintptr_t)ptr, len};
	socket_send(world.loop, &c->socket, &piece, 1);
}

/* The bytes are looked at only here: they must have stayed valid. */
static void conn_take(struct conn *c)
{
	if (c->got_len + c->view.len > c->got_room) {
		c->got_room = (c->got_len + c->view.len) * 2;
		c->got = realloc(c->got, c->got_room);
		assert_non_null(c->got);
	}
	size_t at = c->got_len;
	memcpy(c->got + at, c->view.ptr, c->view.len);
	c->got_len += c->view.len;
	size_t len = c->view.len;
	c->view = (struct bytes){NULL, 0};
	if (c->echoes && !socket_is_closed(&c->socket) && !socket_is_sending(&c->socket))
		conn_send(c, c->got + at, len);
}

static void world_on_batch(void *context)
{
	(void)context;
	world.batches++;
	if (world.batch_calls > world.batch_most)
		world.batch_most = world.batch_calls;
	assert_true(world.batch_calls > 0);
	world.batch_calls = 0;
	struct conn *c = batch_conns;
	batch_conns = NULL;
	if (world.on_batch != NULL)
		world.on_batch();
	while (c != NULL) {
		struct conn *next = c->next_in_batch;
		conn_take(c);
		c = next;
	}
}

static void world_on_turn_begin(void *context)
{
	(void)context;
	world.turn_begins++;
}

static int64_t world_on_turn_end(void *context)
{
	(void)context;
	world.turn_ends++;
	return world.idle_us;
}

static struct loop *loop_of_kind(enum loop_backend_kind kind)
{
	struct loop_options options = {
		.backend = kind,
		.max_sockets = 100,
		.on_batch = world_on_batch,
		.on_turn_begin = world_on_turn_begin,
		.on_turn_end = world_on_turn_end,
	};
	char error[256] = "";
	struct loop *loop = loop_new(&options, error, sizeof error);
	if (loop == NULL)
		print_message("loop_new: %s\n", error);
	return loop;
}

static int world_setup(void **state)
{
	enum loop_backend_kind kind = world.kind;
	(void)state;
	memset(&world, 0, sizeof world);
	world.kind = kind;
	world.idle_us = -1;
	batch_conns = NULL;
	world.loop = loop_of_kind(kind);
	return world.loop == NULL ? -1 : 0;
}

static int world_teardown(void **state)
{
	(void)state;
	loop_free(world.loop);
	return 0;
}

static bool is_select(void)
{
	return world.kind == LOOP_SELECT;
}

/* Turns until *value has reached `wanted`; fails when that takes too long. */
static void turns_until_unsigned(const unsigned *value, unsigned wanted)
{
	int64_t limit_us = clock_mono_us() + PATIENCE_US;
	while (*value < wanted) {
		loop_turn(world.loop, 1000);
		assert_true(clock_mono_us() < limit_us);
	}
}

static void turns_until_size(const size_t *value, size_t wanted)
{
	int64_t limit_us = clock_mono_us() + PATIENCE_US;
	while (*value < wanted) {
		loop_turn(world.loop, 1000);
		assert_true(clock_mono_us() < limit_us);
	}
}

static void turns(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		loop_turn(world.loop, 200);
}

static void set_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

static void tcp_pair(int fds[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	int l = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(l, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&at, &size), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&at, sizeof at), 0);
	fds[0] = accept(l, NULL, NULL);
	assert_true(fds[0] >= 0);
	close(l);
	set_nonblocking(fds[0]);
	set_nonblocking(fds[1]);
}

static void conn_open_fds(struct conn *c, const int fds[2])
{
	memset(c, 0, sizeof *c);
	c->peer = fds[1];
	assert_int_equal(socket_open(world.loop, &c->socket, fds[0], &conn_events), 0);
}

static void conn_open(struct conn *c)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_open_fds(c, fds);
}

static void conn_open_tcp(struct conn *c)
{
	int fds[2];
	tcp_pair(fds);
	conn_open_fds(c, fds);
}

/* Closes both sides and waits until the kernel is through. */
static void conn_finish(struct conn *c)
{
	if (!socket_is_closed(&c->socket))
		socket_close(world.loop, &c->socket);
	turns_until_unsigned(&c->closed_calls, 1);
	if (c->peer >= 0)
		close(c->peer);
	free(c->got);
	c->got = NULL;
}

static void peer_write(struct conn *c, const void *ptr, size_t len)
{
	assert_int_equal(write(c->peer, ptr, len), (ssize_t)len);
}

/* Reads exactly `len` bytes from the peer's side, running turns. */
static void peer_read(struct conn *c, char *into, size_t len)
{
	int64_t limit_us = clock_mono_us() + PATIENCE_US;
	size_t have = 0;
	while (have < len) {
		ssize_t n = read(c->peer, into + have, len - have);
		if (n > 0)
			have += (size_t)n;
		else
			loop_turn(world.loop, 1000);
		assert_true(n != 0 && clock_mono_us() < limit_us);
	}
}

/* A pattern in which a lost, doubled or displaced byte shows. */
static void pattern_fill(char *ptr, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		ptr[i] = (char)(x >> 24);
	}
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

#endif
