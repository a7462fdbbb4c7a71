/* SPDX-License-Identifier: BSD-3-Clause
 *
 * RDB's primitives. A length begins with two bits: 00 six more bits, 01 fourteen, 10 a 32- or
 * 64-bit number behind it (big endian), 11 a special string (an integer of 1, 2 or 4 bytes, or
 * LZF).
 *
 * Both sides may be streams. Long strings pass through in pieces, so that neither a writer's buffer
 * nor a reader's allocation is larger than what really is there.
 */
#include "base/codec.h"

#include "base/assert.h"
#include "base/lzf.h"
#include "base/mem.h"
#include "base/num.h"

enum codec_length_kind {
	LENGTH_6BIT = 0x00,
	LENGTH_14BIT = 0x40,
	LENGTH_WIDE = 0x80,
	LENGTH_SPECIAL = 0xc0,
	LENGTH_KIND_MASK = 0xc0,
};

enum codec_wide { LENGTH_32BIT = 0x80, LENGTH_64BIT = 0x81 };
enum codec_special { STRING_INT8 = 0, STRING_INT16 = 1, STRING_INT32 = 2, STRING_LZF = 3 };

/* Shorter strings are never worth compressing. */
#define CODEC_COMPRESS_MIN 20
#define CODEC_COMPRESS_GAIN 4
/* Longest text that can be an int32. */
#define CODEC_INT_TEXT_MAX 11
/* What is handed on, or taken in, at once. */
#define CODEC_PIECE_BYTES ((size_t)1 << 20)
/* No three bytes of LZF make more than 264. */
#define CODEC_LZF_RATIO_MAX 264
/* Old text form of a double: these lengths stand for values. */
enum codec_text_double { TEXT_NAN = 253, TEXT_PLUS_INF = 254, TEXT_MINUS_INF = 255 };

/* --- writing -------------------------------------------------------------------------------- */

static inline void codec_maybe_flush(struct codec_writer *w)
{
	if (w->flush != NULL && w->out->len >= w->flush_at)
		w->flush(w);
}

void codec_write_u8(struct codec_writer *w, uint8_t byte)
{
	buf_add_char(w->out, (char)byte);
	codec_maybe_flush(w);
}

void codec_write_raw(struct codec_writer *w, const void *ptr, size_t len)
{
	const char *from = ptr;
	while (len > 0) {
		size_t piece =
			w->flush != NULL && len > CODEC_PIECE_BYTES ? CODEC_PIECE_BYTES : len;
		buf_add(w->out, from, piece);
		from += piece;
		len -= piece;
		codec_maybe_flush(w);
	}
}

void codec_write_u32_le(struct codec_writer *w, uint32_t value)
{
	uint8_t bytes[4];
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	codec_write_raw(w, bytes, sizeof(bytes));
}

void codec_write_u64_le(struct codec_writer *w, uint64_t value)
{
	uint8_t bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	codec_write_raw(w, bytes, sizeof(bytes));
}

/* The encoded length into `out` (at most 9 bytes); how many. */
static size_t codec_encode_length(uint8_t *out, uint64_t length)
{
	int bytes = 8;
	if (length < 1 << 6) {
		out[0] = (uint8_t)(LENGTH_6BIT | length);
		return 1;
	}
	if (length < 1 << 14) {
		out[0] = (uint8_t)(LENGTH_14BIT | length >> 8);
		out[1] = (uint8_t)length;
		return 2;
	}
	out[0] = LENGTH_64BIT;
	if (length <= UINT32_MAX) {
		out[0] = LENGTH_32BIT;
		bytes = 4;
	}
	for (int i = 0; i < bytes; i++)
		out[1 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
	return 1 + (size_t)bytes;
}

void codec_write_length(struct codec_writer *w, uint64_t length)
{
	uint8_t bytes[9];
	codec_write_raw(w, bytes, codec_encode_length(bytes, length));
}

/* A number that fits 32 bits as a special string of 1 + 1, 2 or 4 bytes; false where it does not.
 */
static bool codec_write_short_int(struct codec_writer *w, int64_t value)
{
	uint8_t bytes[5];
	int width = 4;
	if (value < INT32_MIN || value > INT32_MAX)
		return false;
	bytes[0] = LENGTH_SPECIAL | STRING_INT32;
	if (value >= INT8_MIN && value <= INT8_MAX) {
		bytes[0] = LENGTH_SPECIAL | STRING_INT8;
		width = 1;
	} else if (value >= INT16_MIN && value <= INT16_MAX) {
		bytes[0] = LENGTH_SPECIAL | STRING_INT16;
		width = 2;
	}
	for (int i = 0; i < width; i++)
		bytes[1 + i] = (uint8_t)((uint64_t)value >> (8 * i));
	codec_write_raw(w, bytes, 1 + (size_t)width);
	return true;
}

void codec_write_string_i64(struct codec_writer *w, int64_t value)
{
	char text[NUM_I64_MAX_CHARS];
	if (codec_write_short_int(w, value))
		return;
	size_t len = num_print_i64(text, value);
	codec_write_length(w, len);
	codec_write_raw(w, text, len);
}

static bool codec_write_compressed(struct codec_writer *w, struct bytes bytes)
{
	uint8_t head[1 + 9 + 9];
	if (bytes.len > LZF_INPUT_MAX)
		return false;
	/* Packed behind the room for the longest head, then moved up to it. */
	char *at = buf_reserve(w->out, sizeof(head) + bytes.len);
	size_t packed = lzf_pack(bytes, at + sizeof(head), bytes.len - CODEC_COMPRESS_GAIN);
	if (packed == 0)
		return false;
	head[0] = LENGTH_SPECIAL | STRING_LZF;
	size_t len = 1 + codec_encode_length(head + 1, packed);
	len += codec_encode_length(head + len, bytes.len);
	memcpy(at, head, len);
	memmove(at + len, at + sizeof(head), packed);
	w->out->len += len + packed;
	codec_maybe_flush(w);
	return true;
}

void codec_write_string(struct codec_writer *w, struct bytes bytes)
{
	int64_t number;
	if (bytes.len <= CODEC_INT_TEXT_MAX && num_parse_i64(bytes, &number) &&
		codec_write_short_int(w, number))
		return;
	if (w->compress && bytes.len > CODEC_COMPRESS_MIN && codec_write_compressed(w, bytes))
		return;
	codec_write_length(w, bytes.len);
	codec_write_raw(w, bytes.ptr, bytes.len);
}

void codec_write_double(struct codec_writer *w, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, 8);
	codec_write_u64_le(w, bits);
}

/* --- reading -------------------------------------------------------------------------------- */

const char codec_error_empty[] = "an empty container";

bool codec_fail(struct codec_reader *r, const char *why)
{
	if (r->error == NULL)
		r->error = why;
	return false;
}

size_t codec_left(const struct codec_reader *r)
{
	return (size_t)(r->end - r->at);
}

/* Are there `need` bytes at r->at, perhaps after a refill? */
static bool codec_need(struct codec_reader *r, size_t need)
{
	if (r->error != NULL)
		return false;
	if (LIKELY(codec_left(r) >= need))
		return true;
	if (r->refill == NULL || !r->refill(r, need) || codec_left(r) < need)
		return codec_fail(r, "unexpected end of data");
	return true;
}

bool codec_read_view(struct codec_reader *r, size_t len, struct bytes *out)
{
	if (!codec_need(r, len))
		return false;
	*out = (struct bytes){r->at, len};
	r->at += len;
	return true;
}

bool codec_read_u8(struct codec_reader *r, uint8_t *out)
{
	if (!codec_need(r, 1))
		return false;
	*out = (uint8_t)*r->at++;
	return true;
}

static uint64_t load_le(const char *at, int bytes)
{
	uint64_t value = 0;
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)(uint8_t)at[i] << (8 * i);
	return value;
}

static uint64_t load_be(const char *at, int bytes)
{
	uint64_t value = 0;
	for (int i = 0; i < bytes; i++)
		value = value << 8 | (uint8_t)at[i];
	return value;
}

bool codec_read_u32_le(struct codec_reader *r, uint32_t *out)
{
	struct bytes view;
	if (!codec_read_view(r, 4, &view))
		return false;
	*out = (uint32_t)load_le(view.ptr, 4);
	return true;
}

bool codec_read_u64_le(struct codec_reader *r, uint64_t *out)
{
	struct bytes view;
	if (!codec_read_view(r, 8, &view))
		return false;
	*out = load_le(view.ptr, 8);
	return true;
}

/* A length, or the kind of a special string. */
static bool codec_read_length_or_special(struct codec_reader *r, uint64_t *length, bool *is_special)
{
	uint8_t first;
	struct bytes view;
	*is_special = false;
	if (!codec_read_u8(r, &first))
		return false;
	switch (first & LENGTH_KIND_MASK) {
	case LENGTH_6BIT:
		*length = first & 0x3f;
		return true;
	case LENGTH_14BIT:
		if (!codec_read_view(r, 1, &view))
			return false;
		*length = (uint64_t)(first & 0x3f) << 8 | (uint8_t)view.ptr[0];
		return true;
	case LENGTH_SPECIAL:
		*length = first & 0x3f;
		*is_special = true;
		return true;
	default:
		break;
	}
	if (first != LENGTH_32BIT && first != LENGTH_64BIT)
		return codec_fail(r, "unknown length encoding");
	int bytes = first == LENGTH_32BIT ? 4 : 8;
	if (!codec_read_view(r, (size_t)bytes, &view))
		return false;
	*length = load_be(view.ptr, bytes);
	return true;
}

bool codec_read_length(struct codec_reader *r, uint64_t *out)
{
	bool is_special;
	uint64_t length;
	if (!codec_read_length_or_special(r, &length, &is_special))
		return false;
	if (is_special)
		return codec_fail(r, "a special string where a length should be");
	*out = length;
	return true;
}

static bool codec_read_int_string(struct codec_reader *r, uint64_t kind, struct buf *out)
{
	struct bytes view;
	int64_t value;
	int width = kind == STRING_INT8 ? 1 : kind == STRING_INT16 ? 2 : 4;
	if (!codec_read_view(r, (size_t)width, &view))
		return false;
	uint64_t bits = load_le(view.ptr, width);
	if (width == 1)
		value = (int8_t)bits;
	else if (width == 2)
		value = (int16_t)bits;
	else
		value = (int32_t)bits;
	out->len += num_print_i64(buf_reserve(out, NUM_I64_MAX_CHARS), value);
	return true;
}

static bool codec_read_lzf_string(struct codec_reader *r, struct buf *out)
{
	uint64_t packed, len;
	struct bytes view;
	if (!codec_read_length(r, &packed) || !codec_read_length(r, &len))
		return false;
	if (packed == 0 || len == 0 || packed > LZF_INPUT_MAX || len > LZF_INPUT_MAX)
		return codec_fail(r, "impossible sizes of a compressed string");
	if (len / CODEC_LZF_RATIO_MAX > packed)
		return codec_fail(r, "a compressed string claims more than it can hold");
	if (!codec_read_view(r, packed, &view))
		return false;
	if (!lzf_unpack(view, buf_reserve(out, len), len))
		return codec_fail(r, "a compressed string is damaged");
	out->len += len;
	return true;
}

static bool codec_read_special(struct codec_reader *r, uint64_t kind, struct buf *out)
{
	if (kind <= STRING_INT32)
		return codec_read_int_string(r, kind, out);
	if (kind == STRING_LZF)
		return codec_read_lzf_string(r, out);
	return codec_fail(r, "unknown string encoding");
}

static bool codec_read_plain(struct codec_reader *r, uint64_t len, struct buf *out)
{
	struct bytes view;
	if (r->refill == NULL && len > codec_left(r))
		return codec_fail(r, "unexpected end of data");
	while (len > 0) {
		size_t piece =
			r->refill != NULL && len > CODEC_PIECE_BYTES ? CODEC_PIECE_BYTES : len;
		if (!codec_read_view(r, piece, &view))
			return false;
		buf_add_bytes(out, view);
		len -= piece;
	}
	return true;
}

bool codec_read_string(struct codec_reader *r, struct buf *out)
{
	bool is_special;
	uint64_t length;
	*out = (struct buf){0};
	if (!codec_read_length_or_special(r, &length, &is_special))
		return false;
	if (is_special ? codec_read_special(r, length, out) : codec_read_plain(r, length, out))
		return true;
	buf_release(out);
	return false;
}

bool codec_read_string_view(struct codec_reader *r, struct buf *scratch, struct bytes *out)
{
	bool is_special;
	uint64_t length;
	if (!codec_read_length_or_special(r, &length, &is_special))
		return false;
	if (!is_special && (length <= CODEC_PIECE_BYTES || r->refill == NULL))
		return codec_read_view(r, length, out);
	buf_clear(scratch);
	if (!(is_special ? codec_read_special(r, length, scratch)
			 : codec_read_plain(r, length, scratch)))
		return false;
	*out = buf_bytes(scratch);
	return true;
}

bool codec_read_double(struct codec_reader *r, double *out)
{
	uint64_t bits;
	if (!codec_read_u64_le(r, &bits))
		return false;
	memcpy(out, &bits, 8);
	return true;
}

bool codec_read_double_text(struct codec_reader *r, double *out)
{
	uint8_t len;
	struct bytes view;
	if (!codec_read_u8(r, &len))
		return false;
	switch (len) {
	case TEXT_NAN:
		*out = __builtin_nan("");
		return true;
	case TEXT_PLUS_INF:
		*out = __builtin_inf();
		return true;
	case TEXT_MINUS_INF:
		*out = -__builtin_inf();
		return true;
	default:
		break;
	}
	if (!codec_read_view(r, len, &view))
		return false;
	if (!num_parse_double(view, out))
		return codec_fail(r, "not a number where one should be");
	return true;
}
