/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The copy into whole blocks, and the tail. Blocks are of 4 KiB, those of the file systems: with
 * 512 bytes a commit is not faster, and ext4 and xfs have to ask more questions.
 */
#include "persist/log_direct.h"

#include "base/assert.h"
#include "base/mem.h"
#include "persist/plant.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static size_t tail_length(uint64_t size)
{
	return size % DISK_DIRECT_BYTES;
}

int log_direct_open(struct log_direct *d, int fd, uint64_t size)
{
	size_t tail = tail_length(size);

	*d = (struct log_direct){.fd = disk_open_direct(fd)};
	if (d->fd < 0) {
		int error = -d->fd;
		d->fd = -1;
		return error;
	}
	/* Who made the file has just written this: it comes from the page cache. */
	ssize_t got = pread(fd, d->tail, tail, (off_t)(size - tail));
	if (got == (ssize_t)tail)
		return 0;
	int error = got < 0 ? errno : EIO;
	log_direct_close(d);
	return error;
}

void log_direct_close(struct log_direct *d)
{
	if (d->fd >= 0)
		close(d->fd);
	mem_free(d->room);
	d->fd = -1;
	d->room = NULL;
	d->room_bytes = 0;
}

bool log_direct_takes(const struct log_direct *d, uint64_t size, uint64_t bytes)
{
	return log_direct_is_open(d) && bytes <= LOG_DIRECT_MAX_BYTES - DISK_DIRECT_BYTES &&
	       log_direct_end(tail_length(size) + bytes) <= LOG_DIRECT_MAX_BYTES;
}

static void room_reserve(struct log_direct *d, size_t bytes)
{
	size_t room = d->room_bytes == 0 ? LOG_DIRECT_ROOM_BYTES : d->room_bytes;

	if (bytes <= d->room_bytes)
		return;
	while (room < bytes)
		room *= 2;
	mem_free(d->room);
	d->room = mem_calloc_aligned(DISK_DIRECT_BYTES, room);
	d->room_bytes = room;
}

void log_direct_submit(struct log_direct *d, struct loop *loop, struct disk_op *op)
{
	size_t tail = tail_length((uint64_t)op->offset), len = tail;

	for (int i = 0; i < op->iov_count; i++)
		len += op->iov[i].iov_len;
	size_t whole = log_direct_end(len);
	ASSERT(log_direct_is_open(d) && whole <= LOG_DIRECT_MAX_BYTES);
	room_reserve(d, whole);
	memcpy(d->room, d->tail, tail);
	len = tail;
	for (int i = 0; i < op->iov_count; i++) {
		memcpy(d->room + len, op->iov[i].iov_base, op->iov[i].iov_len);
		len += op->iov[i].iov_len;
	}
	memset(d->room + len, 0, whole - len);
	d->piece = (struct iovec){.iov_base = d->room, .iov_len = whole};
	op->fd = d->fd;
	op->iov = &d->piece;
	op->iov_count = 1;
	op->offset -= (int64_t)tail;
	op->flags = PLANTED(PLANT_NO_DSYNC) ? 0 : DISK_DSYNC;
	disk_submit(loop, op);
}

ssize_t log_direct_content(uint64_t size, size_t bytes, ssize_t written)
{
	ssize_t tail = (ssize_t)tail_length(size);

	if (written < 0)
		return written;
	if (written <= tail)
		return 0;
	return (size_t)(written - tail) < bytes ? written - tail : (ssize_t)bytes;
}

/* The last bytes of what is behind each other: from the last piece on, back to the first. */
void log_direct_follow(struct log_direct *d, uint64_t size, const struct iovec *pieces, int count)
{
	size_t before = tail_length(size), bytes = 0;

	if (!log_direct_is_open(d))
		return;
	for (int i = 0; i < count; i++)
		bytes += pieces[i].iov_len;
	bool is_same_block = before + bytes < DISK_DIRECT_BYTES; /* what was there stays */
	size_t left = is_same_block ? bytes : tail_length(size + bytes);
	size_t from = is_same_block ? before : 0;
	for (int i = count - 1; left > 0; i--) {
		size_t take = pieces[i].iov_len < left ? pieces[i].iov_len : left;
		const char *end = (const char *)pieces[i].iov_base + pieces[i].iov_len;
		left -= take;
		memcpy(d->tail + from + left, end - take, take);
	}
}

bool log_direct_is_refusal(struct log_direct *d, ssize_t written)
{
	if (written != -EINVAL && written != -EOPNOTSUPP)
		return false;
	if (!d->is_refused)
		log_line(LOG_WARNING,
			"The file system refuses direct writes (%s): the append only file is "
			"written through the page cache.",
			strerror((int)-written));
	d->is_refused = true;
	return true;
}
