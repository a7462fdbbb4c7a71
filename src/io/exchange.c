/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A conversation with plain blocking steps, each bounded by poll. Allocates nothing; whatever the
 * peer sends, at most EXCHANGE_LINE_BYTES of a line are kept.
 */
#include "io/exchange.h"

#include "io/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_ready(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;
	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The descriptor; -1 = nobody answered, -2 = refused, which Redis finds out when it writes. */
static int connect_one(const struct addrinfo *a, int timeout_ms)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	bool is_known = errno == EINPROGRESS && is_ready(fd, POLLOUT, timeout_ms) &&
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0;
	if (is_known && error == 0)
		return fd;
	close(fd);
	return is_known ? -2 : -1;
}

static int connect_any(const struct exchange *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all;
	char port[16];
	int fd = -1;

	snprintf(port, sizeof(port), "%d", e->port);
	if (getaddrinfo(e->host, port, &hints, &all) != 0)
		return -1;
	for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_one(a, e->timeout_ms);
	freeaddrinfo(all);
	return fd;
}

/* False: nothing went on for too long. */
static bool await(struct exchange *e, int fd, short events)
{
	e->is_late = !is_ready(fd, events, e->timeout_ms);
	return !e->is_late;
}

/* Without a wire: one that is interrupted is to be tried again at once, as if the descriptor were
 * ready. */
static ssize_t plain_result(ssize_t n, short wanted, short *events)
{
	*events = n < 0 && (errno == EAGAIN || errno == EINTR) ? wanted : 0;
	return n;
}

static ssize_t send_some(const struct exchange *e, struct bytes data, short *events)
{
	if (e->wire != NULL)
		return e->wire->send(e->state, data, events);
	return plain_result(send(e->fd, data.ptr, data.len, MSG_NOSIGNAL), POLLOUT, events);
}

static ssize_t receive_some(const struct exchange *e, char *to, size_t size, short *events)
{
	if (e->wire != NULL)
		return e->wire->receive(e->state, to, size, events);
	return plain_result(recv(e->fd, to, size, 0), POLLIN, events);
}

static bool send_all(struct exchange *e)
{
	struct bytes left = e->request;
	short events;
	while (left.len > 0) {
		ssize_t n = send_some(e, left, &events);
		if (n == 0 || (n < 0 && (events == 0 || !await(e, e->fd, events))))
			return false;
		if (n > 0)
			left = bytes_of(left.ptr + n, left.len - (size_t)n);
	}
	return true;
}

/* Adds received bytes to the lines. */
static void take_bytes(struct exchange *e, struct bytes data, size_t *column)
{
	for (size_t i = 0; i < data.len && e->got < e->wanted; i++) {
		char *line = e->lines[e->got];
		char c = data.ptr[i];
		if (c == '\n') {
			line[*column] = '\0';
			*column = 0;
			e->got++;
		} else if (c != '\r' && c != '\0' && *column + 1 < EXCHANGE_LINE_BYTES) {
			line[(*column)++] = c;
		}
	}
}

static bool receive_all(struct exchange *e)
{
	char data[4096];
	size_t column = 0;
	short events;
	while (e->got < e->wanted) {
		ssize_t n = receive_some(e, data, sizeof(data), &events);
		if (n == 0 || (n < 0 && (events == 0 || !await(e, e->fd, events))))
			return false;
		if (n > 0)
			take_bytes(e, bytes_of(data, (size_t)n), &column);
	}
	return true;
}

/* From a peer that says something, or ends, without being asked nothing good is to be expected. */
static bool is_usable(int fd)
{
	return fd >= 0 && !is_ready(fd, POLLIN, 0);
}

static void drop(struct exchange *e)
{
	if (e->state != NULL)
		e->wire->close(e->state);
	e->state = NULL;
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

/* The greeting of the wire, all of it within the time of one step. */
static bool greet(struct exchange *e)
{
	int64_t until_us = clock_mono_us() + (int64_t)e->timeout_ms * 1000;
	short events;

	if (e->wire == NULL)
		return true;
	e->state = e->wire->open(e->wire_context, e->fd);
	while (e->state != NULL) {
		ssize_t n = e->wire->greet(e->state, &events);
		int64_t left_us = until_us - clock_mono_us();
		if (n > 0)
			return true;
		if (n == 0 || events == 0 || left_us <= 0 ||
			!is_ready(e->fd, events, (int)(left_us / 1000) + 1))
			return false;
	}
	return false;
}

static void talk(struct exchange *e)
{
	e->status = EXCHANGE_OK;
	if (!send_all(e))
		e->status = EXCHANGE_WRITE;
	else if (!receive_all(e))
		e->status = EXCHANGE_READ;
	if (e->status != EXCHANGE_OK)
		drop(e);
}

void exchange_run(struct exchange *e)
{
	e->got = 0;
	e->is_late = false;
	if (is_usable(e->fd)) {
		talk(e);
		if (e->status == EXCHANGE_OK || e->got > 0 || e->is_late)
			return;
	}
	/* There was none, or the peer was about to close it: it is called (again). */
	drop(e);
	int fd = connect_any(e);
	e->fd = fd < 0 ? -1 : fd;
	e->status = fd == -2 ? EXCHANGE_WRITE : EXCHANGE_CONNECT;
	if (fd < 0)
		return;
	if (greet(e))
		talk(e);
	else
		drop(e);
}

void exchange_work(struct offload *job)
{
	exchange_run((struct exchange *)(void *)job);
}
