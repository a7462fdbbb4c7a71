/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The disk: the log's and the snapshot's writes, none of which may hold the loop.
 */
#ifndef RINGLET_IO_DISK_H
#define RINGLET_IO_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct loop;

#define DISK_FSYNC 1 /* fdatasync linked behind the write */
#define DISK_ASYNC 2 /* never inline (O_DIRECT): IOSQE_ASYNC */
#define DISK_DSYNC 4 /* durable when the write is over (RWF_DSYNC): its own error is the sync's */

#define DISK_DIRECT_BYTES 4096 /* what direct writes are made of: in memory and in the file */

struct disk_op {
	/* The owner's part. */
	int fd;
	int flags; /* DISK_* */
	int iov_count;
	int64_t offset;
	const struct iovec *iov;
	/* Result of the write (bytes, or -errno; 0 if there was none) and of the fsync (0 or
	 * -errno; 0 if there was none). An fsync behind a failed or short write is not tried:
	 * -ECANCELED. Called on the loop's thread, never from inside disk_submit; may free or
	 * resubmit the op. */
	void (*done)(struct disk_op *op, ssize_t written, int synced);
	void *context;
	/* io/'s part. */
	ssize_t written;
	int synced;
	int waiting; /* completions to come */
	struct loop *loop;
	struct disk_op *next;
};

/* Writes `iov` (kept by the caller until done, the array too) at `offset`; iov_count 0 with
 * DISK_FSYNC = only the fsync. By io_uring where the kernel has it, else by a thread of its own.
 * Operations in flight at the same time are not ordered with respect to each other. */
void disk_submit(struct loop *loop, struct disk_op *op);
size_t disk_pending(const struct loop *loop);
/* A second descriptor of the file that `fd` is, for direct writes (O_DIRECT), to be closed by the
 * caller; or -errno, -EOPNOTSUPP where it is not known that the file system honours DISK_DSYNC, or
 * where its blocks are larger. */
int disk_open_direct(int fd);
/* "io_uring" or "thread"; what disk_submit uses here. */
const char *disk_method(struct loop *loop);

#endif
