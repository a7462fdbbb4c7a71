/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A forked child that shares nothing with the loop: it never touches rings or sockets, reports
 * through a pipe and leaves by child_exit. Its parent looks after it by polling.
 */
#ifndef RINGLET_IO_CHILD_H
#define RINGLET_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the child says now and then; the parent keeps the latest. */
struct child_report {
	uint64_t done;          /* keys */
	uint64_t private_bytes; /* pages it does not share with its parent any more */
	int64_t error;          /* errno of what failed */
};

struct child {
	int pid;  /* of the child, in the parent; 0 = none */
	int pipe; /* this process's end */
	struct child_report report;
};

/* True in both processes: c->pid is 0 in the child. False: errno says why, there is none. In the
 * child sockets are closed and signals mean what they mean to any process (SIGINT: nothing). */
bool child_fork(struct child *c);
/* In the child: tells; measures its private pages where `measure` (which takes a while). */
void child_tell(struct child *c, bool measure);
/* Sleeps: for a child, and for who is alone in the process. */
void child_sleep_us(int64_t us);
/* Ends the child without running what the parent registered for its own end. */
void child_exit(int status) __attribute__((noreturn));

/* In the parent: takes the latest report; true when the child is gone: *status is its exit status,
 * or 256 and the signal that ended it. */
bool child_poll(struct child *c, int *status);
void child_kill(const struct child *c);

#endif
