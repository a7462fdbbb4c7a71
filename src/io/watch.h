/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Readiness of other file descriptors: an eventfd, a pipe, an outgoing connect. Level-triggered on
 * every back end. Failure and hang-up are reported as the readiness that was asked for.
 */
#ifndef RINGLET_IO_WATCH_H
#define RINGLET_IO_WATCH_H

#include <stdint.h>

struct loop;

#define WATCH_READABLE 1
#define WATCH_WRITABLE 2

struct watch {
	int fd;
	int interest; /* WATCH_*; 0 = nothing for now */
	/* May change or close any watch, this one included. */
	void (*on_ready)(struct watch *w, int events);
	void *context;
	/* io/'s part. */
	void *backend_data;
	uint64_t token;
};

/* The owner sets on_ready and context first. 0 or -errno (-EMFILE as in socket_open). */
int watch_open(struct loop *loop, struct watch *w, int fd, int interest);
void watch_change(struct loop *loop, struct watch *w, int interest);
/* Does not close fd; do that afterwards. The memory is the owner's again at once. */
void watch_close(struct loop *loop, struct watch *w);

#endif
