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

#define EXCHANGE_LINE_BYTES 256 /* of a reply, cut */

enum exchange_status { EXCHANGE_OK, EXCHANGE_CONNECT, EXCHANGE_WRITE, EXCHANGE_READ };

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
