/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups that bypass the page cache: written by a second descriptor (O_DIRECT) in whole blocks,
 * each write durable by itself when it is over (RWF_DSYNC). That takes one trip to the disk and no
 * thread of the kernel, where the blocks are in the file already; who calls sees to that.
 *
 * Invariant: `tail` is the content of the file's last, partial block, whichever way it was written.
 * A write begins with it and ends with zeros: over what follows the content, zeros as well. It must
 * not know groups, frames nor the writer.
 */
#ifndef RINGLET_PERSIST_LOG_DIRECT_H
#define RINGLET_PERSIST_LOG_DIRECT_H

#include "base/log.h"
#include "io/disk.h"

#include <stdbool.h>

#define LOG_DIRECT_MAX_BYTES (1u << 20) /* of one write, in whole blocks; more goes the other way */
#define LOG_DIRECT_ROOM_BYTES (64u << 10) /* the copy's room at first */

struct log_direct {
	int fd;          /* -1: the file can't be written this way */
	bool is_refused; /* it turned out so */
	char *room;      /* the copy in flight: aligned, whole blocks */
	size_t room_bytes;
	struct iovec piece;
	char tail[DISK_DIRECT_BYTES];
};

/* `fd` can be read and holds `size` bytes of content. 0, or an errno: there is no such way. */
int log_direct_open(struct log_direct *d, int fd, uint64_t size);
/* Not while a write is in flight. */
void log_direct_close(struct log_direct *d);

static inline bool log_direct_is_open(const struct log_direct *d)
{
	return d->fd >= 0 && !d->is_refused;
}

/* The end of the block that this offset lies in. */
static inline uint64_t log_direct_end(uint64_t offset)
{
	return (offset + DISK_DIRECT_BYTES - 1) / DISK_DIRECT_BYTES * DISK_DIRECT_BYTES;
}

/* So many bytes behind `size` bytes of content are a write of this kind. */
bool log_direct_takes(const struct log_direct *d, uint64_t size, uint64_t bytes);
/* Submits op, whose offset is the content's end; its pieces are copied, fd, pieces, offset and
 * flags replaced. */
void log_direct_submit(struct log_direct *d, struct loop *loop, struct disk_op *op);
/* Of what such a write of `bytes` bytes behind `size` wrote: how much is content; or the error. */
ssize_t log_direct_content(uint64_t size, size_t bytes, ssize_t written);
/* These pieces stand behind `size` bytes of content now, written this way or another. */
void log_direct_follow(struct log_direct *d, uint64_t size, const struct iovec *pieces, int count);
/* Nothing was written, and nothing will be this way: takes note and is true. */
bool log_direct_is_refusal(struct log_direct *d, ssize_t written);

#endif
