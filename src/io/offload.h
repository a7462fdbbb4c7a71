/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The offload thread: what the kernel can't do asynchronously (unlink, close of a large file,
 * getaddrinfo, freeing memory). Jobs run one at a time, in the order of submission. The thread
 * starts with the first job.
 */
#ifndef RINGLET_IO_OFFLOAD_H
#define RINGLET_IO_OFFLOAD_H

#include <stddef.h>

struct loop;

struct offload {
	void (*work)(struct offload *job); /* on the offload thread */
	/* On the loop's thread; may free job. NULL: none, and `work` may free it. */
	void (*done)(struct offload *job);
	struct offload *next;
	void *context;
};

/* Called first on each thread of the loop that is begun from now on. */
void offload_on_start(struct loop *loop, void (*start)(void *context), void *context);
void offload_submit(struct loop *loop, struct offload *job);
/* Jobs submitted and not yet through (`done` included). */
size_t offload_pending(const struct loop *loop);

#endif
