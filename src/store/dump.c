/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The footer around a type's own encoding. A payload that decodes but leaves bytes over is as bad
 * as one that does not decode.
 */
#include "store/dump.h"

#include "base/crc.h"
#include "store/type_ops.h"

#define DUMP_FOOTER_BYTES 10
#define DUMP_CRC_BYTES 8

static void put_le(struct buf *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_add_char(out, (char)(value >> (8 * i)));
}

void dump_write(const struct value *v, bool compress, struct buf *out)
{
	size_t start = out->len;
	struct codec_writer w = {.out = out, .compress = compress};
	const struct type_ops *ops = type_ops_of(v);
	codec_write_u8(&w, ops->tag(v));
	ops->encode(v, &w);
	put_le(out, DUMP_RDB_VERSION, 2);
	put_le(out, crc64_update(0, out->ptr + start, out->len - start), DUMP_CRC_BYTES);
}

static uint64_t get_le(const char *at, int bytes)
{
	uint64_t value = 0;
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)(uint8_t)at[i] << (8 * i);
	return value;
}

enum dump_status dump_read(struct bytes payload, bool check_crc, struct value *out)
{
	if (payload.len < DUMP_FOOTER_BYTES)
		return DUMP_BAD_CHECKSUM;
	const char *footer = payload.ptr + payload.len - DUMP_FOOTER_BYTES;
	if (get_le(footer, 2) > DUMP_RDB_VERSION_MAX)
		return DUMP_BAD_CHECKSUM;
	uint64_t crc = get_le(footer + 2, DUMP_CRC_BYTES);
	if (check_crc && crc64_update(0, payload.ptr, payload.len - DUMP_CRC_BYTES) != crc)
		return DUMP_BAD_CHECKSUM;

	uint8_t tag;
	enum value_type type;
	struct codec_reader r =
		codec_reader_of(bytes_of(payload.ptr, payload.len - DUMP_FOOTER_BYTES));
	if (!codec_read_u8(&r, &tag))
		return DUMP_BAD_FORMAT;
	const struct type_ops *ops = type_by_tag(tag, &type);
	if (ops == NULL || !ops->decode(tag, &r, out))
		return DUMP_BAD_FORMAT;
	if (codec_left(&r) != 0) {
		value_release(out);
		return DUMP_BAD_FORMAT;
	}
	return DUMP_OK;
}
