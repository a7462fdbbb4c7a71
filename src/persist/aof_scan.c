/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One pass over the items of a file keeps the running checksum of the frame that is open, and three
 * places: the end of the last valid frame, the end of the last request outside a transaction, and
 * where a transaction began. Where the pass stops, these and one look ahead decide.
 *
 * It must not execute anything, nor change the file.
 */
#include "persist/aof_scan.h"

#include "base/crc.h"
#include "base/mem.h"
#include "persist/aof_reader.h"
#include "persist/frame.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PROGRESS_ITEMS 256
#define AHEAD_CHECKS_MAX 1000 /* lines that look like frames, when looking ahead */

struct scan {
	const struct aof_scan_request *request;
	struct aof_scan *out;
	struct aof_reader reader;
	uint64_t frame_begin; /* of the frame that is open; crc is of [frame_begin, reader.at) */
	uint32_t crc;
	uint64_t well; /* whole requests, outside transactions, end here */
	bool in_multi;
	bool is_foreign; /* behind a closing line: not ours until the next frame */
};

/* The checksum of [begin, end) of the file; false: unreadable. */
static bool file_crc(int fd, uint64_t begin, uint64_t end, uint32_t *crc)
{
	char *page = mem_alloc(AOF_READ_BYTES);
	*crc = 0;
	while (begin < end) {
		size_t want = end - begin < AOF_READ_BYTES ? (size_t)(end - begin) : AOF_READ_BYTES;
		ssize_t got = pread(fd, page, want, (off_t)begin);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*crc = crc32c_update(*crc, page, (size_t)got);
		begin += (uint64_t)got;
	}
	mem_free(page);
	return begin == end;
}

/* Does the frame that this line at `at` closes hold? Its bytes must lie behind `low`. */
static bool frame_holds(const struct scan *s, struct bytes line, uint64_t at, struct frame *f)
{
	size_t covered;
	uint32_t crc = s->crc;
	if (!frame_parse(line, f, &covered) || f->length > at - s->frame_begin)
		return false;
	if (at - f->length != s->frame_begin) {
		/* Only what is not ours may lie between two frames. */
		if (s->out->has_frames && !s->is_foreign)
			return false;
		if (!file_crc(s->request->fd, at - f->length, at, &crc))
			return false;
	}
	return crc32c_update(crc, line.ptr, covered) == f->crc;
}

static void scan_take_frame(struct scan *s, const struct frame *f)
{
	struct aof_scan *out = s->out;
	out->has_frames = true;
	out->offset = f->offset;
	out->time_ms = f->time_ms;
	s->frame_begin = s->reader.at;
	s->crc = 0;
	s->is_foreign = false;
	if (s->in_multi)
		return;
	out->frames_end = s->reader.at;
	s->well = s->reader.at;
}

static bool has_frame_prefix(struct bytes line)
{
	size_t len = sizeof(FRAME_PREFIX) - 1;
	return line.len >= len && memcmp(line.ptr, FRAME_PREFIX, len) == 0;
}

/* False: a frame that does not hold. */
static bool scan_note(struct scan *s)
{
	struct bytes raw = s->reader.raw;
	struct frame f;
	s->out->is_closed = false;
	if (bytes_equal(raw, BYTES(AOF_CLOSED_LINE))) {
		s->out->is_closed = true;
		s->out->closed_at = s->reader.at - raw.len;
		s->is_foreign = true;
		s->frame_begin = s->reader.at;
		s->crc = 0;
	} else if (has_frame_prefix(raw)) {
		if (!frame_holds(s, raw, s->reader.at - raw.len, &f))
			return false;
		scan_take_frame(s, &f);
		return true;
	} else {
		s->crc = crc32c_update(s->crc, raw.ptr, raw.len);
	}
	if (!s->in_multi)
		s->well = s->reader.at;
	return true;
}

static void scan_request(struct scan *s)
{
	const struct aof_reader *r = &s->reader;
	s->crc = crc32c_update(s->crc, r->raw.ptr, r->raw.len);
	s->out->commands++;
	s->out->is_closed = false;
	if (aof_reader_is_word(r, "MULTI"))
		s->in_multi = true;
	else if (aof_reader_is_word(r, "EXEC"))
		s->in_multi = false;
	if (!s->in_multi)
		s->well = r->at;
}

/* --- looking ahead ---------------------------------------------------------------------------- */

/* Is there a valid frame behind `from` that says that more of the file than that was durable? */
struct ahead {
	int fd;
	uint64_t from, size, wanted;
	uint64_t budget; /* bytes that may still be read for checksums */
	int checks;
};

static bool ahead_holds(struct ahead *a, struct bytes line, uint64_t at)
{
	struct frame f;
	size_t covered;
	uint32_t crc;
	if (!frame_parse(line, &f, &covered) || f.durable <= a->wanted || f.length > at)
		return false;
	if (a->checks == 0 || f.length > a->budget)
		return false;
	a->checks--;
	a->budget -= f.length;
	return file_crc(a->fd, at - f.length, at, &crc) &&
	       crc32c_update(crc, line.ptr, covered) == f.crc;
}

/* Looks at each line of `text`, which begins at offset `at` of the file. */
static bool ahead_in(struct ahead *a, struct bytes text, uint64_t at)
{
	const char *from = text.ptr, *end = text.ptr + text.len;
	while (from < end) {
		const char *hit =
			memmem(from, (size_t)(end - from), FRAME_PREFIX, sizeof(FRAME_PREFIX) - 1);
		if (hit == NULL)
			return false;
		const char *stop = memchr(hit, '\n', (size_t)(end - hit));
		if (stop != NULL && stop - hit < FRAME_LINE_MAX_BYTES &&
			ahead_holds(a, bytes_of(hit, (size_t)(stop + 1 - hit)),
				at + (uint64_t)(hit - text.ptr)))
			return true;
		from = hit + 1;
	}
	return false;
}

/* Closing a file comes after its last fsync. */
static bool ends_closed(const struct scan *s)
{
	char end[sizeof(AOF_CLOSED_LINE) - 1];
	uint64_t size = s->out->size;
	return size >= sizeof(end) &&
	       pread(s->request->fd, end, sizeof(end), (off_t)(size - sizeof(end))) ==
		       (ssize_t)sizeof(end) &&
	       memcmp(end, AOF_CLOSED_LINE, sizeof(end)) == 0;
}

static bool was_durable(const struct scan *s, uint64_t from)
{
	const struct aof_scan *out = s->out;
	struct ahead a = {s->request->fd, from, out->size, from, 4 * out->size, AHEAD_CHECKS_MAX};
	char *page = mem_alloc(AOF_READ_BYTES);
	bool is_found = ends_closed(s);
	while (!is_found && a.from < a.size) {
		ssize_t got = pread(a.fd, page, AOF_READ_BYTES, (off_t)a.from);
		if (got <= 0)
			break;
		is_found = ahead_in(&a, bytes_of(page, (size_t)got), a.from);
		/* A line may lie across the border. */
		bool is_last = (size_t)got <= FRAME_LINE_MAX_BYTES;
		a.from += (uint64_t)got - (is_last ? 0 : FRAME_LINE_MAX_BYTES);
	}
	mem_free(page);
	return is_found;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* Bytes in [begin, end) that are not zeros, up to the last one. */
static uint64_t bytes_before_zeros(int fd, uint64_t begin, uint64_t end)
{
	char *page = mem_alloc(AOF_READ_BYTES);
	uint64_t last = begin;
	for (uint64_t at = begin; at < end;) {
		ssize_t got = pread(fd, page, AOF_READ_BYTES, (off_t)at);
		if (got <= 0)
			break;
		for (ssize_t i = got; i > 0; i--)
			if (page[i - 1] != '\0') {
				last = at + (uint64_t)i;
				break;
			}
		at += (uint64_t)got;
	}
	mem_free(page);
	return (last < end ? last : end) - begin;
}

/* A page of zeros inside [begin, end): what was not written there, a crash left out. */
static bool has_hole(int fd, uint64_t begin, uint64_t end)
{
	static const char zeros[PAGE_BYTES];
	char page[PAGE_BYTES];
	uint64_t at = (begin + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	for (; at + PAGE_BYTES <= end; at += PAGE_BYTES)
		if (pread(fd, page, PAGE_BYTES, (off_t)at) == PAGE_BYTES &&
			memcmp(page, zeros, PAGE_BYTES) == 0)
			return true;
	return false;
}

static void verdict_cut(struct scan *s, enum aof_verdict verdict, uint64_t good)
{
	struct aof_scan *out = s->out;
	out->good = good;
	out->torn = bytes_before_zeros(s->request->fd, good, out->size);
	out->verdict = out->torn > 0 ? verdict : AOF_WHOLE;
}

static void verdict_bad(struct scan *s, uint64_t at, const char *reason)
{
	bool is_ours = s->out->has_frames && !s->is_foreign;
	s->out->good = is_ours ? s->out->frames_end : s->well;
	s->out->verdict = AOF_DAMAGED;
	s->out->bad_at = at;
	s->out->reason = reason;
}

/* The file can't be read on from `at`. */
static void verdict_stuck(struct scan *s, uint64_t at, const char *reason)
{
	struct aof_scan *out = s->out;
	bool is_ours = out->has_frames && !s->is_foreign;
	if (was_durable(s, is_ours ? out->frames_end : s->well)) {
		verdict_bad(s, is_ours ? out->frames_end : at,
			reason != NULL ? reason : "a frame does not hold what it should");
		return;
	}
	if (is_ours)
		verdict_cut(s, AOF_TORN, out->frames_end);
	else if (reason != NULL)
		verdict_bad(s, at, reason);
	else
		verdict_cut(s, AOF_TRUNCATED, s->well);
}

/* All items are whole. */
static void verdict_end(struct scan *s, bool has_zeros)
{
	struct aof_scan *out = s->out;
	bool is_ours = out->has_frames && !s->is_foreign;
	bool is_unproven = is_ours && s->well > out->frames_end;
	if (is_unproven && (has_zeros || s->in_multi ||
				   has_hole(s->request->fd, out->frames_end, out->size))) {
		verdict_cut(s, AOF_TORN, out->frames_end);
		return;
	}
	if (s->in_multi) {
		verdict_cut(s, is_ours ? AOF_TORN : AOF_TRUNCATED, s->well);
		return;
	}
	out->good = s->well;
	out->verdict = AOF_WHOLE;
}

static bool scan_goes_on(const struct scan *s, uint64_t items)
{
	const struct aof_scan_request *q = s->request;
	return items % PROGRESS_ITEMS != 0 || q->progress == NULL ||
	       q->progress(s->reader.at, q->context);
}

static void scan_run(struct scan *s)
{
	struct aof_reader *r = &s->reader;
	for (uint64_t items = 0;; items++) {
		enum aof_item item = aof_reader_next(r);
		if (item == AOF_FAILED || !scan_goes_on(s, items)) {
			s->out->verdict = AOF_UNREADABLE;
			s->out->error = item == AOF_FAILED ? r->error : 0;
			return;
		}
		switch (item) {
		case AOF_REQUEST:
			scan_request(s);
			continue;
		case AOF_NOTE:
			if (scan_note(s))
				continue;
			verdict_stuck(s, r->at - r->raw.len, "a frame does not hold what it says");
			return;
		case AOF_SHORT:
			verdict_stuck(s, r->at, NULL);
			return;
		case AOF_BAD:
			verdict_stuck(s, r->bad_at, r->reason);
			return;
		default:
			verdict_end(s, item == AOF_ZEROS);
			return;
		}
	}
}

void aof_scan(const struct aof_scan_request *request, struct aof_scan *out)
{
	struct scan s = {.request = request, .out = out};
	*out = (struct aof_scan){.size = request->size, .good = request->begin};
	s.frame_begin = s.well = out->frames_end = request->begin;
	aof_reader_init(&s.reader, request->fd, request->begin, request->size);
	scan_run(&s);
	out->lines = s.reader.lines;
	aof_reader_release(&s.reader);
}

size_t aof_opening_line(char *line, uint64_t offset, int64_t time_ms)
{
	struct frame f = {.offset = offset, .time_ms = time_ms};
	return frame_print(&f, line);
}
