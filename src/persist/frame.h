/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames: how the log's file proves itself. Each group of commands that was written at once is
 * closed by an annotation line, which Redis's loader and redis-check-aof skip:
 *
 *	#RINGLET:<length>:<offset>:<durable>:<unix time in ms>:<crc>\r\n
 *
 * `length`: bytes of the file between the end of the line before (or the file's beginning) and the
 * beginning of this line, other annotations included. `offset`: the stream's offset behind this
 * frame. `durable`: how far this file was known to be on the disk when the frame was made; damage
 * before that is no torn end. `crc`: CRC-32C, eight hex digits, over the frame's bytes and this
 * line up to and with the last colon. It must not know files.
 */
#ifndef RINGLET_PERSIST_FRAME_H
#define RINGLET_PERSIST_FRAME_H

#include "base/bytes.h"

#define FRAME_LINE_MAX_BYTES 120 /* Redis reads annotations into 128 bytes */
#define FRAME_PREFIX "#RINGLET:"

struct frame {
	uint64_t length;
	uint64_t offset;
	uint64_t durable;
	int64_t time_ms;
	uint32_t crc;
};

/* Writes the line of a frame into `line` (FRAME_LINE_MAX_BYTES); f->crc is that of the frame's
 * bytes alone and becomes that of the line. Returns the line's length. */
size_t frame_print(struct frame *f, char *line);
/* Is this a frame's line? `line` is what stands from '#' up to and with the line end. On success
 * *f holds its fields and *covered how many bytes of the line the checksum covers: it is right if
 * crc32c_update(crc of the frame's bytes, line, covered) == f->crc. */
bool frame_parse(struct bytes line, struct frame *f, size_t *covered);

#endif
