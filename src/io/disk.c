/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Disk writes by io_uring: a write and, linked behind it, an fdatasync, so that a commit is one
 * submission. Where the reactor is a ring they travel with its next enter; beside another reactor
 * the disk has a ring of its own, whose eventfd the reactor watches; where io_uring is refused a
 * thread does the same two system calls.
 *
 * Invariant: op->waiting is the number of completions to come; `done` is called when it is zero,
 * always from the loop and never from disk_submit.
 */
#include "io/disk.h"

#include "base/mem.h"
#include "io/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ENTRIES 64
#define COMPLETIONS 512
#define CLOSE_WAIT_US 100000

struct disk {
	struct ring *ring;     /* NULL: by thread */
	bool is_ring_borrowed; /* the reactor's */
	size_t pending;
	struct watch watch; /* of a ring of its own */
};

/* An operation on the thread; the op itself has no room for the job. */
struct disk_job {
	struct offload job;
	struct disk_op *op;
};

static void own_ring_ready(struct watch *w, int events)
{
	struct disk *d = w->context;
	uint64_t count;
	(void)events;
	if (read(w->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return;
	struct io_uring_cqe cqe;
	while (ring_next(d->ring, &cqe))
		disk_completed(ring_owner_of(cqe.user_data),
			       ring_tag_of(cqe.user_data) == RING_DISK_SYNC, cqe.res);
}

static struct ring *own_ring_new(struct loop *loop, struct disk *d)
{
	const struct ring_options options = {.entries = ENTRIES, .completions = COMPLETIONS};
	char why[128];
	struct ring *r = mem_calloc_aligned(64, sizeof *r);
	if (ring_open(r, &options, why, sizeof why) < 0) {
		mem_free(r);
		return NULL;
	}
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	d->watch = (struct watch){.on_ready = own_ring_ready, .context = d};
	if (fd >= 0 && io_uring_register_eventfd(&r->io, fd) == 0 &&
	    watch_open(loop, &d->watch, fd, WATCH_READABLE) == 0)
		return r;
	if (fd >= 0)
		close(fd);
	ring_close(r);
	mem_free(r);
	return NULL;
}

static struct disk *disk_get(struct loop *loop)
{
	if (loop->disk != NULL)
		return loop->disk;
	struct disk *d = mem_calloc(1, sizeof *d);
	d->is_ring_borrowed = loop->ring != NULL;
	d->ring = d->is_ring_borrowed ? loop->ring : own_ring_new(loop, d);
	loop->disk = d;
	return d;
}

static void op_over(struct disk_op *op)
{
	op->loop->disk->pending--;
	op->done(op, op->written, op->synced);
}

void disk_completed(struct disk_op *op, bool is_sync, int result)
{
	ASSERT(op->waiting > 0);
	if (is_sync)
		op->synced = result;
	else
		op->written = result;
	if (--op->waiting == 0)
		op_over(op);
}

/* --- by ring ----------------------------------------------------------------------------- */

static void ring_submit_op(struct disk *d, struct disk_op *op)
{
	bool syncs = op->flags & DISK_FSYNC;
	/* A chain that is torn by a submission in between would not be one. */
	ring_reserve(d->ring, 2);
	if (op->iov_count > 0) {
		struct io_uring_sqe *sqe = ring_sqe(d->ring, op, RING_DISK_WRITE);
		io_uring_prep_writev(sqe, op->fd, op->iov, (unsigned)op->iov_count,
				     (uint64_t)op->offset);
		if (op->flags & DISK_DSYNC)
			sqe->rw_flags = RWF_DSYNC;
		if (op->flags & DISK_ASYNC)
			sqe->flags |= IOSQE_ASYNC;
		if (syncs)
			sqe->flags |= IOSQE_IO_LINK;
		op->waiting++;
	}
	if (syncs) {
		struct io_uring_sqe *sqe = ring_sqe(d->ring, op, RING_DISK_SYNC);
		io_uring_prep_fsync(sqe, op->fd, IORING_FSYNC_DATASYNC);
		op->waiting++;
	}
	if (!d->is_ring_borrowed)
		ring_flush(d->ring);
}

/* --- by thread --------------------------------------------------------------------------- */

static size_t iov_sum(const struct disk_op *op)
{
	size_t sum = 0;
	for (int i = 0; i < op->iov_count; i++)
		sum += op->iov[i].iov_len;
	return sum;
}

static void job_work(struct offload *job)
{
	struct disk_op *op = ((struct disk_job *)job)->op;
	if (op->iov_count > 0) {
		do {
			op->written = op->flags & DISK_DSYNC
					      ? pwritev2(op->fd, op->iov, op->iov_count,
							 op->offset, RWF_DSYNC)
					      : pwritev(op->fd, op->iov, op->iov_count, op->offset);
		} while (op->written < 0 && errno == EINTR);
		if (op->written < 0)
			op->written = -errno;
	}
	if (!(op->flags & DISK_FSYNC))
		return;
	if (op->written < 0 || (size_t)op->written < iov_sum(op))
		op->synced = -ECANCELED; /* as in a chain of the ring */
	else if (fdatasync(op->fd) != 0)
		op->synced = -errno;
}

static void job_done(struct offload *job)
{
	struct disk_op *op = ((struct disk_job *)job)->op;
	mem_free(job);
	op->waiting = 0;
	op_over(op);
}

static void thread_submit_op(struct loop *loop, struct disk_op *op)
{
	struct disk_job *dj = mem_calloc(1, sizeof *dj);
	dj->job = (struct offload){.work = job_work, .done = job_done};
	dj->op = op;
	op->waiting = 1;
	offload_thread_submit(offload_thread_get(loop, true), &dj->job);
}

/* --- direct ------------------------------------------------------------------------------ */

/* Does the file system say that it wants larger blocks? Those of old kernels say nothing. */
static bool wants_larger_blocks(int fd)
{
#ifdef STATX_DIOALIGN
	struct statx sx = {0};
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &sx) == 0 &&
	    (sx.stx_mask & STATX_DIOALIGN) != 0)
		return sx.stx_dio_offset_align == 0 || sx.stx_dio_mem_align == 0 ||
		       DISK_DIRECT_BYTES % sx.stx_dio_offset_align != 0 ||
		       DISK_DIRECT_BYTES % sx.stx_dio_mem_align != 0;
#endif
	(void)fd;
	return false;
}

int disk_open_direct(int fd)
{
	struct statfs fs;
	char path[32];
	if (fstatfs(fd, &fs) != 0)
		return -errno;
	/* FUSE drops RWF_DSYNC on the way; of others it is not known. ext2 and ext3 say ext4's. */
	if (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_SUPER_MAGIC)
		return -EOPNOTSUPP;
	if (wants_larger_blocks(fd))
		return -EOPNOTSUPP;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	return direct < 0 ? -errno : direct;
}

/* --- both -------------------------------------------------------------------------------- */

void disk_submit(struct loop *loop, struct disk_op *op)
{
	ASSERT(op->done != NULL && op->iov_count >= 0);
	ASSERT(op->iov_count > 0 || (op->flags & DISK_FSYNC));
	struct disk *d = disk_get(loop);
	op->loop = loop;
	op->written = 0;
	op->synced = 0;
	op->waiting = 0;
	d->pending++;
	if (d->ring != NULL)
		ring_submit_op(d, op);
	else
		thread_submit_op(loop, op);
}

size_t disk_pending(const struct loop *loop)
{
	return loop->disk == NULL ? 0 : loop->disk->pending;
}

const char *disk_method(struct loop *loop)
{
	return disk_get(loop)->ring != NULL ? "io_uring" : "thread";
}

void disk_close(struct loop *loop)
{
	struct disk *d = loop->disk;
	if (d == NULL)
		return;
	/* Ends: each operation completes, and the kernel bounds how long that takes. */
	while (d->pending > 0) {
		loop->backend->wait(loop, CLOSE_WAIT_US);
		loop->backend->collect(loop);
	}
	if (d->ring != NULL && !d->is_ring_borrowed) {
		watch_close(loop, &d->watch);
		ring_close(d->ring);
		close(d->watch.fd);
		mem_free(d->ring);
	}
	mem_free(d);
	loop->disk = NULL;
}
