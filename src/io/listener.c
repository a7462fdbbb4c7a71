/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Listeners: accepting, and how listening sockets are made. An error of one connection (it was
 * reset in the queue) is that connection's and never stops the listener; an error of the process
 * (no descriptor left) silences it for a moment, or a level-triggered back end would spin on it.
 */
#include "io/listener.h"

#include "io/loop_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BIND_RETRY_STEP_US 10000

bool listener_error_lasts(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EBADF || error == EINVAL || error == ENOTSOCK;
}

bool listener_accepted(struct listener *l, int fd)
{
	struct loop *loop = l->loop;
	struct listener *outer = loop->accepting;
	loop->accepting = l;
	l->on_accept(l, fd);
	bool is_open = loop->accepting == l;
	loop->accepting = outer == l && !is_open ? NULL : outer;
	return is_open;
}

static int listener_start(struct listener *l)
{
	if (l->loop->backend->listener_add != NULL)
		return l->loop->backend->listener_add(l->loop, l);
	watch_change(l->loop, &l->watch, WATCH_READABLE);
	return 0;
}

void listener_failed(struct listener *l, int error)
{
	struct loop *loop = l->loop;
	if (loop->backend->listener_add == NULL)
		watch_change(loop, &l->watch, 0);
	timer_arm(loop, &l->retry, LISTENER_RETRY_US);
	l->on_error(l, error);
}

static void listener_retry(struct timer *t)
{
	struct listener *l = t->context;
	int rc = listener_start(l);
	if (rc < 0)
		listener_failed(l, -rc);
}

static void listener_ready(struct watch *w, int events)
{
	struct listener *l = w->context;
	(void)events;
	for (int i = 0; i < LOOP_ACCEPT_PER_TURN; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (!listener_accepted(l, fd))
				return;
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		if (listener_error_lasts(errno)) {
			listener_failed(l, errno);
			return;
		}
	}
}

int listener_open(struct loop *loop, struct listener *l, int fd)
{
	ASSERT(l->on_accept != NULL && l->on_error != NULL);
	l->fd = fd;
	l->loop = loop;
	l->backend_data = NULL;
	timer_init(&l->retry, listener_retry, l);
	if (loop->backend->listener_add != NULL)
		return loop->backend->listener_add(loop, l);
	l->watch = (struct watch){.on_ready = listener_ready, .context = l};
	return watch_open(loop, &l->watch, fd, WATCH_READABLE);
}

void listener_close(struct loop *loop, struct listener *l)
{
	timer_disarm(loop, &l->retry);
	if (loop->accepting == l)
		loop->accepting = NULL;
	if (loop->backend->listener_remove != NULL)
		loop->backend->listener_remove(loop, l);
	else
		watch_close(loop, &l->watch);
	/* A ring may still hold an accept: shut down, no connection gets lost in it. */
	shutdown(l->fd, SHUT_RDWR);
	close(l->fd);
	l->fd = -1;
}

/* --- making them ------------------------------------------------------------------------- */

/* A ring of a process that was killed lets go of its listener only some time after the process is
 * gone, so "in use" is believed a quarter of a second later. */
static int bind_patiently(int fd, const struct sockaddr *address, socklen_t len)
{
	const struct timespec step = {.tv_nsec = BIND_RETRY_STEP_US * 1000};
	for (int waited_us = 0;; waited_us += BIND_RETRY_STEP_US) {
		if (bind(fd, address, len) == 0)
			return 0;
		if (errno != EADDRINUSE || waited_us >= LISTEN_BIND_RETRY_US)
			return -errno;
		nanosleep(&step, NULL);
	}
}

static int tcp_prepare(int fd, int family, uint32_t mark)
{
	int one = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
		return -errno;
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0)
		return -errno;
	if (mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0)
		return -errno;
	return 0;
}

static int tcp_listen_at(const struct addrinfo *at, int backlog, uint32_t mark)
{
	int type = at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(at->ai_family, type, at->ai_protocol);
	if (fd < 0)
		return -errno;
	int rc = tcp_prepare(fd, at->ai_family, mark);
	if (rc == 0)
		rc = bind_patiently(fd, at->ai_addr, at->ai_addrlen);
	if (rc == 0 && listen(fd, backlog) != 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int listen_tcp(const char *address, int port, int backlog, uint32_t mark)
{
	if (port < 0 || port > 65535)
		return -EINVAL;
	char service[8];
	snprintf(service, sizeof service, "%d", port);
	struct addrinfo hints = {.ai_family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
	bool is_any = strcmp(address, "*") == 0 || strcmp(address, "::*") == 0;
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(is_any ? NULL : address, service, &hints, &found);
	if (rc == EAI_NONAME && hints.ai_family == AF_INET) {
		/* Not an address: a name, which may cost a look-up. */
		hints.ai_flags &= ~AI_NUMERICHOST;
		rc = getaddrinfo(address, service, &hints, &found);
	}
	if (rc != 0)
		return rc == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL;
	int result = -EADDRNOTAVAIL;
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		result = tcp_listen_at(at, backlog, mark);
		if (result >= 0)
			break;
	}
	freeaddrinfo(found);
	return result;
}

/* Bound but not listening it refuses connections, so the mode is set in between. fchmod before bind
 * keeps the file from ever being more open than that. */
static int unix_bind(int fd, const struct sockaddr_un *at, unsigned mode)
{
	if (mode != 0 && fchmod(fd, mode) != 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)at, sizeof *at) != 0)
		return -errno;
	if (mode != 0 && chmod(at->sun_path, mode) != 0)
		return -errno;
	return 0;
}

int listen_unix(const char *path, unsigned mode, int backlog)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof at.sun_path)
		return -ENAMETOOLONG;
	if (mode > 0777)
		return -EINVAL;
	memcpy(at.sun_path, path, len + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	struct stat old;
	if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
		unlink(path);
	int rc = unix_bind(fd, &at, mode);
	if (rc == 0 && listen(fd, backlog) != 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}
