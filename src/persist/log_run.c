/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One file of the log and the operations on it. At most one write and one fsync of its own are in
 * flight; each write is a frame.
 *
 * Invariant: the file's content is `size` bytes; behind it there are only zeros, up to `ahead`.
 * Zeros are written where every group is synced: overwriting them needs no journal commit of the
 * file system. Where it can, a group that is synced goes directly over zeros that are on the disk;
 * only then, and only while nothing else of the content waits for a sync. What the kernel may look
 * at lives in the run.
 */
#include "persist/log_internal.h"

#include "base/crc.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/clock.h"
#include "persist/plant.h"

#include <errno.h>
#include <unistd.h>

static const char log_zeros[LOG_ZEROS_BYTES] __attribute__((aligned(DISK_DIRECT_BYTES)));

static void run_open_direct(struct log_run *run, const struct log_file *file)
{
	struct log_writer *w = run->writer;

	run->direct.fd = -1;
	if (w->config->direct_io == LOG_DIRECT_NO)
		return;
	int error = log_direct_open(&run->direct, file->fd, file->size);
	if (w->has_told_direct && error == w->direct_error)
		return;
	w->has_told_direct = true;
	w->direct_error = error;
	if (error == 0)
		log_line(LOG_NOTICE, "Synced groups of the append only file are direct writes.");
	else
		log_line(LOG_NOTICE,
			"The append only file is written through the page cache (no direct writes "
			"here: %s).",
			strerror(error));
}

struct log_run *log_run_new(
	struct log_writer *w, const struct log_file *file, struct log_run *before)
{
	struct log_run *run = mem_calloc(1, sizeof(*run));

	run->writer = w;
	run->loop = w->loop;
	run->fd = file->fd;
	run->is_framed = file->is_framed;
	run->size = run->ahead = run->durable = file->size;
	run_open_direct(run, file);
	if (before == NULL) {
		stream_reader_open(&run->reader, w->stream);
	} else {
		run->reader = before->reader;
		before->reader = (struct stream_reader){0};
	}
	return run;
}

/* --- the end ---------------------------------------------------------------------------------- */

struct log_closing {
	struct offload job;
	int fd;
	bool cuts; /* to `size`, and syncs that */
	uint64_t size;
	int error;
	struct log_writer *writer;
	void (*done)(int error, struct log_writer *w);
};

static void closing_work(struct offload *job)
{
	struct log_closing *c = job->context;

	if (c->cuts && (ftruncate(c->fd, (off_t)c->size) != 0 || fsync(c->fd) != 0))
		c->error = errno;
	/* A file that failed: what had been written before is worth what an fsync can still do. */
	if (!c->cuts)
		(void)fdatasync(c->fd);
	if (close(c->fd) != 0 && c->error == 0)
		c->error = errno;
}

static void closing_done(struct offload *job)
{
	struct log_closing *c = job->context;

	if (c->done != NULL)
		c->done(c->error, c->writer);
	mem_free(c);
}

static void run_close(struct log_run *run, bool cuts, void (*done)(int, struct log_writer *))
{
	struct log_closing *c = mem_calloc(1, sizeof(*c));

	*c = (struct log_closing){.fd = run->fd,
		.cuts = cuts,
		.size = run->size,
		.writer = run->writer,
		.done = done};
	c->job = (struct offload){.work = closing_work, .done = closing_done, .context = c};
	if (stream_reader_is_open(&run->reader))
		stream_reader_close(&run->reader);
	log_direct_close(&run->direct);
	offload_submit(run->loop, &c->job);
	mem_free(run);
}

bool log_run_is_busy(const struct log_run *run)
{
	return run->is_writing || run->is_syncing || run->is_zeroing;
}

void log_run_abandon(struct log_run *run)
{
	run->writer = NULL;
	if (!log_run_is_busy(run))
		run_close(run, false, NULL);
}

void log_run_finish(struct log_run *run, void (*done)(int error, struct log_writer *w))
{
	ASSERT(!log_run_is_busy(run));
	run_close(run, run->ahead > run->size, done);
}

/* An operation is over. False: nobody is interested, and the run may be gone. */
static bool run_goes_on(struct log_run *run)
{
	if (run->writer != NULL)
		return true;
	if (!log_run_is_busy(run))
		run_close(run, false, NULL);
	return false;
}

/* --- zeros ahead ------------------------------------------------------------------------------ */

bool log_run_is_direct(const struct log_run *run)
{
	return log_direct_is_open(&run->direct) &&
	       run->writer->config->direct_io == LOG_DIRECT_AUTO;
}

static void zeros_done(struct disk_op *op, ssize_t written, int synced)
{
	struct log_run *run = op->context;

	run->is_zeroing = false;
	/* No room for zeros is no failure: what is really to be written says whether it is one. Nor
	 * is a failed sync: no group relies on them then, and what it was about will be told to the
	 * next sync of the content, whose descriptor is another. */
	if (written > 0)
		run->ahead = (uint64_t)op->offset + (uint64_t)written;
	if (run->zeros_are_direct && written > 0 && synced == 0)
		run->ready = run->ahead;
	if (!run->zeros_are_direct || !log_direct_is_refusal(&run->direct, written))
		run->refuses_zeros = written < (ssize_t)LOG_CHUNK_BYTES || synced < 0;
	run_goes_on(run);
}

/* Behind what is being written now. */
static void run_write_zeros(struct log_run *run)
{
	uint64_t end = run->size + run->write_file_bytes;
	uint64_t from = run->ahead > end ? run->ahead : end;
	int count = 0;

	if (run->is_zeroing || run->refuses_zeros || run->ahead > end + LOG_AHEAD_MIN_BYTES)
		return;
	for (; count < (int)(LOG_CHUNK_BYTES / LOG_ZEROS_BYTES); count++)
		run->zero_pieces[count] = (struct iovec){
			.iov_base = (char *)(uintptr_t)log_zeros, .iov_len = LOG_ZEROS_BYTES};
	run->zeros_are_direct = log_run_is_direct(run);
	run->zeros = (struct disk_op){.fd = run->zeros_are_direct ? run->direct.fd : run->fd,
		.flags = run->zeros_are_direct ? DISK_FSYNC : 0,
		.iov = run->zero_pieces,
		.iov_count = count,
		.offset = (int64_t)(run->zeros_are_direct ? log_direct_end(from) : from),
		.done = zeros_done,
		.context = run};
	run->is_zeroing = true;
	disk_submit(run->loop, &run->zeros);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_done(struct disk_op *op, ssize_t written, int synced);

static void run_submit(struct log_run *run)
{
	run->write = (struct disk_op){.fd = run->fd,
		.iov = run->pieces,
		.iov_count = run->write_count,
		.offset = (int64_t)run->size,
		.done = write_done,
		.context = run,
		.flags = run->write_syncs && !PLANTED(PLANT_NO_FSYNC) ? DISK_FSYNC : 0};
	run->is_writing = true;
	if (run->write_is_direct)
		log_direct_submit(&run->direct, run->loop, &run->write);
	else
		disk_submit(run->loop, &run->write);
}

/* A direct write that is refused has done nothing: the same bytes go the other way. */
static bool run_submit_again(struct log_run *run, ssize_t written)
{
	if (!run->write_is_direct || !log_direct_is_refusal(&run->direct, written) ||
		run->writer == NULL)
		return false;
	run->write_is_direct = false;
	run_submit(run);
	return true;
}

/* The kernel tells an error once for a descriptor: while another fsync is under way, which may be
 * the one that is told, a write's own proves nothing. Another one is made behind it. */
static void write_done(struct disk_op *op, ssize_t written, int synced)
{
	struct log_run *run = op->context;
	struct log_writer *w = run->writer;
	bool is_proven = run->write_syncs && !run->is_syncing;

	if (run_submit_again(run, written))
		return;
	if (run->write_is_direct)
		written = log_direct_content(run->size, run->write_file_bytes, written);
	run->is_writing = false;
	if (run->sync_error != 0)
		run->is_syncing = false;
	if (written == (ssize_t)run->write_file_bytes)
		log_direct_follow(&run->direct, run->size, run->pieces, run->write_count);
	if (written > 0)
		run->size += (uint64_t)written;
	if (run->ahead < run->size)
		run->ahead = run->size;
	stream_advance(&run->reader, run->write_stream_bytes);
	if (!run_goes_on(run))
		return;
	if (written < 0) {
		log_failed(w, (int)-written, "write");
	} else if ((size_t)written < run->write_file_bytes) {
		log_failed(w, ENOSPC, "short write");
	} else if (run->write_syncs && synced < 0) {
		log_failed(w, -synced, "fsync");
	} else {
		if (is_proven)
			run->durable = run->size;
		else if (run->write_syncs)
			log_writer_want_sync(w, w->flight_group);
		log_wrote(w, is_proven);
		if (run->sync_error != 0)
			log_failed(w, run->sync_error, "fsync");
	}
}

/* A #TS line where a new second begins. */
static size_t run_stamp(struct log_run *run)
{
	int64_t now_s = loop_wall_ms(run->loop) / 1000;

	if (!run->writer->config->timestamps || now_s == run->stamp_s)
		return 0;
	run->stamp_s = now_s;
	memcpy(run->stamp, "#TS:", 4);
	size_t len = 4 + num_print_i64(run->stamp + 4, now_s);
	memcpy(run->stamp + len, "\r\n", 2);
	return len + 2;
}

static size_t run_line(struct log_run *run, size_t length, int count)
{
	struct frame f = {.length = length,
		.offset = run->reader.offset + run->write_stream_bytes,
		.durable = run->durable,
		.time_ms = loop_wall_ms(run->loop)};

	if (!run->is_framed)
		return 0;
	for (int i = 0; i < count; i++)
		f.crc = crc32c_update(f.crc, run->pieces[i].iov_base, run->pieces[i].iov_len);
	return frame_print(&f, run->line);
}

bool log_run_can_write(const struct log_run *run, uint64_t end)
{
	uint64_t most = end - run->reader.offset + LOG_STAMP_MAX_BYTES + FRAME_LINE_MAX_BYTES;

	if (run->is_writing)
		return false;
	return !run->is_zeroing || run->size + most <= (uint64_t)run->zeros.offset;
}

/* Nothing of the content waits for a sync, and no block is touched that isn't on the disk. */
static bool run_goes_directly(const struct log_run *run)
{
	return log_run_is_direct(run) && !run->is_syncing && run->durable == run->size &&
	       log_direct_takes(&run->direct, run->size, run->write_file_bytes) &&
	       log_direct_end(run->size + run->write_file_bytes) <= run->ready;
}

void log_run_write(struct log_run *run, uint64_t end, bool syncs)
{
	int count = 0;

	ASSERT(!run->is_writing);
	size_t stamp = run_stamp(run);
	if (stamp > 0)
		run->pieces[count++] = (struct iovec){.iov_base = run->stamp, .iov_len = stamp};
	count += stream_pieces(
		&run->reader, end, run->pieces + count, LOG_PIECES_MAX, &run->write_stream_bytes);
	size_t line = run_line(run, stamp + run->write_stream_bytes, count);
	if (line > 0)
		run->pieces[count++] = (struct iovec){.iov_base = run->line, .iov_len = line};
	run->write_file_bytes = stamp + run->write_stream_bytes + line;
	run->write_count = count;
	run->write_syncs = syncs;
	run->write_is_direct = syncs && run_goes_directly(run);
	run->write_begin_us = clock_mono_us();
	run_submit(run);
	if (syncs)
		run_write_zeros(run);
}

static void sync_done(struct disk_op *op, ssize_t written, int synced)
{
	struct log_run *run = op->context;
	struct log_writer *w = run->writer;

	(void)written;
	/* Who only waits for the write in flight is to hear of it first: it may well be in the page
	 * cache. Until then nothing else is synced. */
	if (synced < 0 && run->is_writing && w != NULL) {
		run->sync_error = -synced;
		return;
	}
	run->is_syncing = false;
	if (!run_goes_on(run))
		return;
	if (synced < 0) {
		log_failed(w, -synced, "fsync");
		return;
	}
	if (run->durable < run->syncing)
		run->durable = run->syncing;
	log_synced(w);
}

void log_run_sync(struct log_run *run)
{
	ASSERT(!run->is_syncing);
	run->sync = (struct disk_op){
		.fd = run->fd, .flags = DISK_FSYNC, .done = sync_done, .context = run};
	run->is_syncing = true;
	run->sync_begin_us = clock_mono_us();
	run->sync_group = run->writer->written_group;
	run->sync_offset = run->writer->written;
	run->syncing = run->size;
	disk_submit(run->loop, &run->sync);
}
