/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Listening sockets, and how they are made.
 */
#ifndef RINGLET_IO_LISTENER_H
#define RINGLET_IO_LISTENER_H

#include "io/timer.h"
#include "io/watch.h"

#define LOOP_ACCEPT_PER_TURN 128    /* new connections taken by one listener in one turn */
#define LISTENER_RETRY_US 100000    /* after EMFILE and the like */
#define LISTEN_BIND_RETRY_US 250000 /* how long bind is tried again on EADDRINUSE */

struct listener {
	int fd;
	/* A new connection, non-blocking and close-on-exec; the callee owns fd. May close the
	 * listener. */
	void (*on_accept)(struct listener *l, int fd);
	/* Accept failed for good for now (EMFILE …): logged by the owner; the loop tries again on
	 * its own after 100 ms. Errors of one connection never stop the listener. */
	void (*on_error)(struct listener *l, int error);
	void *context;
	/* io/'s part. */
	struct loop *loop;
	void *backend_data;
	struct watch watch;
	struct timer retry;
};

/* The owner sets on_accept, on_error and context first. 0 or -errno. */
int listener_open(struct loop *loop, struct listener *l, int fd);
/* Closes fd as well. The memory is the owner's again at once. */
void listener_close(struct loop *loop, struct listener *l);

/* Opened sockets for listeners: -errno or an fd bound, listening, non-blocking. `address` is
 * numeric or a name; with a colon it is IPv6, else IPv4; "*" and "::*" are any of either. `mark` is
 * SO_MARK (0: none). A name that can't be resolved gives -EADDRNOTAVAIL. */
int listen_tcp(const char *address, int port, int backlog, uint32_t mark);
/* Removes an old socket file first (a file of another kind stays: -EADDRINUSE). Nobody can connect
 * before `mode` (0: as the umask has it) is set. */
int listen_unix(const char *path, unsigned mode, int backlog);

#endif
