/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Judges a log file before anything of it is executed: up to where it is whole, and whether what
 * is not is the torn end that a power loss may leave, or damage.
 *
 * What this server wrote is framed (frame.h). A frame that is not valid, and all behind it, was
 * never promised to anybody, unless a later valid frame says that it had been durable: that is
 * damage. What Redis wrote has no frames: a file that ends inside a request is truncated (aof-load-
 * truncated decides), anything else that can't be read is damage. Redis may have appended to our
 * file after we closed it, which a line says (AOF_CLOSED_LINE).
 */
#ifndef RINGLET_PERSIST_AOF_SCAN_H
#define RINGLET_PERSIST_AOF_SCAN_H

#include "base/bytes.h"

#define AOF_CLOSED_LINE "#RINGLET-CLOSED\r\n"

enum aof_verdict {
	AOF_WHOLE,     /* maybe with room behind `good` that was written ahead */
	AOF_TORN,      /* what is behind `good` was never promised */
	AOF_TRUNCATED, /* ends inside a request or a transaction */
	AOF_DAMAGED,   /* at bad_at, because of `reason` */
	AOF_UNREADABLE,
};

struct aof_scan {
	enum aof_verdict verdict;
	uint64_t size;
	uint64_t good; /* what is before this may be executed */
	uint64_t torn; /* bytes behind it that are not just zeros ahead */
	uint64_t bad_at;
	const char *reason;
	int error;
	uint64_t commands;
	uint64_t lines; /* read, see aof_reader.h */
	bool has_frames;
	uint64_t frames_end; /* behind the last valid frame; what lies between here and `good` has
				none */
	uint64_t offset;     /* of the stream, at the last valid frame */
	int64_t time_ms;     /* of the last valid frame */
	bool is_closed;      /* ends with AOF_CLOSED_LINE, which begins at closed_at */
	uint64_t closed_at;
};

/* Reads the file from `begin` to its end. `progress` (may be NULL) is told how far it came; false
 * gives up, the verdict is AOF_UNREADABLE with error 0. */
struct aof_scan_request {
	int fd;
	uint64_t begin, size;
	bool (*progress)(uint64_t at, void *context);
	void *context;
};
void aof_scan(const struct aof_scan_request *request, struct aof_scan *out);

/* The empty frame by which a file says: from here on all is framed. It says nothing of what is
 * durable. Returns its length; `line`
 * holds FRAME_LINE_MAX_BYTES. */
size_t aof_opening_line(char *line, uint64_t offset, int64_t time_ms);

#endif
