/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One thing at a time is under way: opening, a write, or the end (rename or unlink). Each of their
 * completions asks outfile_next what comes then; whatever failed, the end is the same job.
 */
#include "persist/outfile.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/loop.h"
#include "persist/plant.h"

#include <errno.h>
#include <unistd.h>

#define OUTFILE_IOV_MAX 64

struct block {
	struct block *next;
	struct buf bytes;
	size_t written;
};

struct outfile {
	struct loop *loop;
	char *temp_path, *path;
	void (*ended)(void *context, int error);
	void *context;
	int fd; /* -1 = none */
	int error;
	int64_t offset;
	struct block *first, *last;
	size_t pending;
	bool is_busy; /* the kernel or the offload thread has something of us */
	bool is_finishing;
	bool is_ending; /* the last job is under way: nothing can be changed any more */
	struct iovec iov[OUTFILE_IOV_MAX];
	struct disk_op op;
	struct offload job;
};

static void outfile_next(struct outfile *f);

static void blocks_drop(struct outfile *f)
{
	while (f->first != NULL) {
		struct block *gone = f->first;
		f->first = gone->next;
		buf_release(&gone->bytes);
		mem_free_sized(gone, sizeof(*gone));
	}
	f->last = NULL;
	f->pending = 0;
}

static void outfile_fail(struct outfile *f, int error)
{
	if (f->error == 0)
		f->error = error;
}

/* --- opening -------------------------------------------------------------------------------- */

static void open_work(struct offload *job)
{
	struct outfile *f = job->context;
	f->fd = file_create(f->temp_path);
}

static void open_done(struct offload *job)
{
	struct outfile *f = job->context;
	f->is_busy = false;
	if (f->fd < 0) {
		outfile_fail(f, -f->fd);
		f->fd = -1;
	}
	outfile_next(f);
}

struct outfile *outfile_open(struct loop *loop, const char *temp_path, const char *path,
	void (*ended)(void *context, int error), void *context)
{
	struct outfile *f = mem_calloc(1, sizeof(*f));
	f->loop = loop;
	f->temp_path = mem_dup_text(temp_path);
	f->path = mem_dup_text(path);
	f->ended = ended;
	f->context = context;
	f->fd = -1;
	f->is_busy = true;
	f->job = (struct offload){.work = open_work, .done = open_done, .context = f};
	offload_submit(loop, &f->job);
	return f;
}

/* --- writing -------------------------------------------------------------------------------- */

/* These bytes of the queue's beginning are in the file. */
static void blocks_consume(struct outfile *f, size_t bytes)
{
	f->offset += (int64_t)bytes;
	f->pending -= bytes;
	while (bytes > 0) {
		struct block *b = f->first;
		size_t here = b->bytes.len - b->written;
		if (bytes < here) {
			b->written += bytes;
			return;
		}
		bytes -= here;
		f->first = b->next;
		if (f->first == NULL)
			f->last = NULL;
		buf_release(&b->bytes);
		mem_free_sized(b, sizeof(*b));
	}
}

static void write_done(struct disk_op *op, ssize_t written, int synced)
{
	struct outfile *f = op->context;
	size_t asked = 0;
	for (int i = 0; i < op->iov_count; i++)
		asked += f->iov[i].iov_len;
	f->is_busy = false;
	if (written <= 0)
		outfile_fail(f, written < 0 ? (int)-written : ENOSPC);
	else if ((size_t)written == asked && synced != 0)
		outfile_fail(f, -synced);
	/* A short write (and no sync) is gone on with: the next one says what is wrong. */
	if (f->error == 0)
		blocks_consume(f, (size_t)written);
	outfile_next(f);
}

static void outfile_write(struct outfile *f)
{
	int count = 0;
	size_t bytes = 0;
	for (struct block *b = f->first; b != NULL && count < OUTFILE_IOV_MAX; b = b->next) {
		size_t left = b->bytes.len - b->written;
		size_t room = OUTFILE_GROUP_BYTES - bytes;
		size_t piece = left < room ? left : room;
		f->iov[count++] = (struct iovec){b->bytes.ptr + b->written, piece};
		bytes += piece;
		if (bytes == OUTFILE_GROUP_BYTES)
			break;
	}
	f->op = (struct disk_op){.fd = f->fd,
		.flags = PLANTED(PLANT_RENAME_FIRST) ? 0 : DISK_FSYNC,
		.iov = f->iov,
		.iov_count = count,
		.offset = f->offset,
		.done = write_done,
		.context = f};
	f->is_busy = true;
	disk_submit(f->loop, &f->op);
}

void outfile_give(struct outfile *f, struct buf *bytes)
{
	if (bytes->len == 0 || f->error != 0) {
		buf_release(bytes);
		return;
	}
	struct block *b = mem_calloc(1, sizeof(*b));
	b->bytes = *bytes;
	*bytes = (struct buf){0};
	*(f->last == NULL ? &f->first : &f->last->next) = b;
	f->last = b;
	f->pending += b->bytes.len;
	if (!f->is_busy)
		outfile_next(f);
}

/* --- the end -------------------------------------------------------------------------------- */

static void end_work(struct offload *job)
{
	struct outfile *f = job->context;
	/* What was written was synced with it; the length of an empty file is not worth a sync. */
	if (f->fd >= 0) {
		int error = file_close(f->fd);
		if (error < 0)
			outfile_fail(f, -error);
	}
	if (f->error == 0) {
		int error = file_rename_synced(f->temp_path, f->path);
		if (error < 0)
			outfile_fail(f, -error);
	}
	if (f->error != 0)
		unlink(f->temp_path);
}

static void end_done(struct offload *job)
{
	struct outfile *f = job->context;
	f->ended(f->context, f->error);
	mem_free(f->temp_path);
	mem_free(f->path);
	mem_free_sized(f, sizeof(*f));
}

static void outfile_next(struct outfile *f)
{
	if (f->is_busy)
		return;
	if (f->error != 0)
		blocks_drop(f);
	if (f->error == 0 && f->first != NULL) {
		outfile_write(f);
		return;
	}
	/* After an error nothing happens until the owner gives it up. */
	if (!f->is_finishing)
		return;
	f->is_busy = true;
	f->is_ending = true;
	f->job = (struct offload){.work = end_work, .done = end_done, .context = f};
	offload_submit(f->loop, &f->job);
}

size_t outfile_pending(const struct outfile *f)
{
	return f->pending;
}

int outfile_error(const struct outfile *f)
{
	return f->error;
}

void outfile_finish(struct outfile *f)
{
	f->is_finishing = true;
	outfile_next(f);
}

void outfile_abort(struct outfile *f)
{
	if (f->is_ending)
		return;
	outfile_fail(f, ECANCELED);
	outfile_finish(f);
}
