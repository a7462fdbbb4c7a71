/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bounded readers and writers of RDB's primitives: lengths, strings (plain, integer, LZF), numbers.
 * Format facts: the RDB file format as published by Redis (length encodings 6/14/32/64 bit and the
 * special encodings INT8/16/32 and LZF).
 *
 * The reader never reads behind its end and never allocates from a declared length that the input
 * can't hold; the first error sticks.
 */
#ifndef RINGLET_BASE_CODEC_H
#define RINGLET_BASE_CODEC_H

#include "base/buf.h"

struct codec_writer {
	struct buf *out;          /* bytes are appended here */
	bool compress;            /* rdbcompression: LZF for strings above 20 bytes */
	/* Optional: called when out->len passes `flush_at`, to drain it (streams). */
	void (*flush)(struct codec_writer *w);
	size_t flush_at;
	void *context;
};

void codec_write_u8(struct codec_writer *w, uint8_t byte);
void codec_write_raw(struct codec_writer *w, const void *ptr, size_t len);
void codec_write_u32_le(struct codec_writer *w, uint32_t value);
void codec_write_u64_le(struct codec_writer *w, uint64_t value);
void codec_write_length(struct codec_writer *w, uint64_t length);
/* A string: as an integer where it is a short canonical one, compressed where that pays. */
void codec_write_string(struct codec_writer *w, struct bytes bytes);
void codec_write_string_i64(struct codec_writer *w, int64_t value);
void codec_write_double(struct codec_writer *w, double value);        /* binary, 8 bytes */

struct codec_reader {
	const char *at;
	const char *end;
	const char *error;        /* NULL = none; sticks */
	/* Optional: refills [at, end) with at least `need` bytes (streams); false = no more. */
	bool (*refill)(struct codec_reader *r, size_t need);
	void *context;
};

static inline struct codec_reader codec_reader_of(struct bytes bytes)
{
	return (struct codec_reader){.at = bytes.ptr, .end = bytes.ptr + bytes.len};
}
/* The error of a container without elements, which a loader may pass over: compared by address. */
extern const char codec_error_empty[];
/* Sets the error if none is set; returns false so that callers can `return codec_fail(…)`. */
bool codec_fail(struct codec_reader *r, const char *why);
size_t codec_left(const struct codec_reader *r);
bool codec_read_u8(struct codec_reader *r, uint8_t *out);
/* A view of the next `len` bytes inside the reader's buffer. */
bool codec_read_view(struct codec_reader *r, size_t len, struct bytes *out);
bool codec_read_u32_le(struct codec_reader *r, uint32_t *out);
bool codec_read_u64_le(struct codec_reader *r, uint64_t *out);
bool codec_read_length(struct codec_reader *r, uint64_t *out);
/* A string of any encoding, appended to nothing: `out` is a fresh allocation's content (release
 * with buf_release); integers are printed, LZF is unpacked with its declared size checked. */
bool codec_read_string(struct codec_reader *r, struct buf *out);
/* The same without a copy where the input allows: `out` is a view into the reader or into
 * `scratch`, valid until the next read. `scratch` may be reused; the caller releases it, also after
 * a failure. */
bool codec_read_string_view(struct codec_reader *r, struct buf *scratch, struct bytes *out);
bool codec_read_double(struct codec_reader *r, double *out);          /* binary */
bool codec_read_double_text(struct codec_reader *r, double *out); /* the old length-prefixed text */

#endif
