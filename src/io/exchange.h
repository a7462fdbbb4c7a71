/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One conversation with another server, on the offload thread: connect (or go on with a connection
 * that is kept), send all, read so many one-line replies. For what is rare and may take its time
 * (MIGRATE): the loop goes on.
 */
#ifndef RINGLET_IO_EXCHANGE_H
#define RINGLET_IO_EXCHANGE_H

#include "base/bytes.h"
#include "io/offload.h"

#include <poll.h>
#include <sys/types.h>

#define EXCHANGE_LINE_BYTES 256 /* of a reply, cut */

enum exchange_status { EXCHANGE_OK, EXCHANGE_CONNECT, EXCHANGE_WRITE, EXCHANGE_READ };

/* How bytes travel where not plainly (TLS, which io/ does not know): over a connected descriptor
 * that never waits. All but `close` are called where the conversation runs. Events are those of
 * poll. */
struct exchange_wire {
	/* The state of a new connection; NULL: there is no memory for it. */
	void *(*open)(void *context, int fd);
	/* Each: bytes (1 for a greeting that is over), 0 = the end, -1 = wait for *events on the
	 * descriptor, or where that is 0: it failed. */
	ssize_t (*greet)(void *state, short *events);
	ssize_t (*send)(void *state, struct bytes data, short *events);
	ssize_t (*receive)(void *state, char *to, size_t size, short *events);
	/* Says goodbye; the descriptor stays open. */
	void (*close)(void *state);
};

struct exchange {
	struct offload job; /* job.work = exchange_work; job.done and context are the owner's */
	const char *host;
	int port;
	int timeout_ms;     /* without any progress */
	struct bytes request;
	int wanted;         /* replies */
	/* A connection to use, or -1. Behind it: the one that is open and has nothing more to say,
	 * which the owner closes or keeps; -1 = there is none. One that the peer closed
	 * before it answered anything is replaced, and all is sent again. */
	int fd;
	void *state; /* of that connection, the wire's */
	const struct exchange_wire *wire; /* NULL = plain */
	void *wire_context;
	/* What came of it. */
	enum exchange_status status;
	int got;
	bool is_late; /* nothing went on for timeout_ms */
	char (*lines)[EXCHANGE_LINE_BYTES]; /* room for `wanted`, without line ends */
};

void exchange_work(struct offload *job);
/* The same at once, on this thread. */
void exchange_run(struct exchange *e);

#endif
