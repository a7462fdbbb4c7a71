/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Connected stream sockets. The interface speaks completions ("these bytes arrived", "this much was
 * sent"); which back end runs can't be seen from here.
 */
#ifndef RINGLET_IO_SOCKET_H
#define RINGLET_IO_SOCKET_H

#include "base/bytes.h"
#include "base/list.h"

#include <sys/types.h>
#include <sys/uio.h>

struct loop;
struct socket;
struct socket_output;

#define LOOP_SEND_IOV 64 /* pieces of one send */

struct socket_events {
	/* `data.len` > 0: bytes arrived. At most once per socket and batch. `data` stays valid
	 * until the end of the on_batch that follows. Must not free the socket (use
	 * socket_close). */
	void (*on_bytes)(struct socket *s, struct bytes data);
	/* The peer closed its side (error 0) or the socket failed (errno). Called once, never
	 * in the turn in which on_bytes was called for this socket: what the last bytes asked
	 * for has been executed and the answer handed to the kernel. The owner calls
	 * socket_close when it is ready to; it may still send. */
	void (*on_end)(struct socket *s, int error);
	/* A send ended: all the bytes were taken (`result` is their sum), or it failed
	 * (-errno). May be called from inside socket_send. */
	void (*on_sent)(struct socket *s, ssize_t result);
	/* The kernel is through with this socket; the owner may free its memory now. Called at the
	 * end of a turn and never from inside another callback. */
	void (*on_closed)(struct socket *s);
	/* Optional (NULL: never): where to receive next, for large payloads straight into their
	 * final buffer. Returns the room, 0 = use the loop's buffer; with *into left as it was: so
	 * much of the loop's buffer, as far as there is. The on_bytes that follows has
	 * data.ptr == *into. */
	size_t (*on_room)(struct socket *s, char **into);
};

/* Embedded in its owner (a connection). All fields belong to io/. */
struct socket {
	int fd;
	uint16_t flags;      /* SOCKET_* of loop_internal.h */
	uint16_t references; /* operations in the kernel that name this socket */
	uint32_t batch;      /* the last batch that it delivered in */
	int error;           /* of the end that is still to be reported */
	const struct socket_events *events;
	struct link ready;            /* in one of the loop's lists */
	struct socket_output *output; /* what is left of a send */
	uint64_t token;               /* the back end's own */
};

/* Takes over a connected, non-blocking fd and starts receiving. 0 or -errno (-EMFILE where the
 * back end can't watch this descriptor, as select above FD_SETSIZE). On failure fd stays the
 * caller's. */
int socket_open(struct loop *loop, struct socket *s, int fd, const struct socket_events *events);
/* Sends 1..LOOP_SEND_IOV pieces; one send in flight at a time. Ends in on_sent, possibly before
 * this returns. The bytes must live until on_sent or on_closed; the array `pieces` itself only
 * until this returns. From inside on_sent it may be called again, without recursion, though it is
 * cheaper to loop around socket_send than to chain sends through on_sent. */
void socket_send(struct loop *loop, struct socket *s, const struct iovec *pieces, int count);
bool socket_is_sending(const struct socket *s);
/* Stops and restarts receiving (back-pressure, blocked or paused client). Idempotent. While paused
 * the end of the connection is still reported if nothing unread lies before it and the back end can
 * see it (not select); unread bytes are delivered after the resume, the end behind them. */
void socket_pause(struct loop *loop, struct socket *s);
void socket_resume(struct loop *loop, struct socket *s);
bool socket_is_paused(const struct socket *s);
/* For turns inside a turn. Held: they leave it alone, as they do where its bytes are known to be
 * under execution. Released: what it delivered is done with, they may read it. */
void socket_hold(struct socket *s);
void socket_release(struct socket *s);
/* Shuts the socket down and closes it; a send in flight is cut off. on_closed follows at the end of
 * a turn; nothing else is called for it any more. */
void socket_close(struct loop *loop, struct socket *s);
bool socket_is_closed(const struct socket *s);

#endif
