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
/* The first type byte that Redis 7.2 does not know. */
#define DUMP_TAG_PARTS 22

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
	uint8_t tag = ops->tag(v);
	codec_write_u8(&w, tag);
	ops->encode(v, &w);
	put_le(out, tag < DUMP_TAG_PARTS ? DUMP_RDB_VERSION : DUMP_RDB_VERSION_PARTS, 2);
	put_le(out, crc64_update(0, out->ptr + start, out->len - start), DUMP_CRC_BYTES);
}

static uint64_t get_le(const char *at, int bytes)
{
	uint64_t value = 0;
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)(uint8_t)at[i] << (8 * i);
	return value;
}

/* The checked payload without its footer. */
static enum dump_status dump_decode(struct bytes body, struct value *out, const char **why)
{
	uint8_t tag;
	enum value_type type;
	struct codec_reader r = codec_reader_of(body);
	*why = "it is empty";
	if (!codec_read_u8(&r, &tag))
		return DUMP_BAD_FORMAT;
	*why = "unknown type";
	const struct type_ops *ops = type_by_tag(tag, &type);
	if (ops == NULL)
		return DUMP_BAD_FORMAT;
	if (!ops->decode(tag, &r, out)) {
		*why = r.error != NULL ? r.error : "damaged";
		return DUMP_BAD_FORMAT;
	}
	if (codec_left(&r) == 0)
		return DUMP_OK;
	*why = "bytes are left over";
	value_release(out);
	return DUMP_BAD_FORMAT;
}

enum dump_status dump_read_why(
	struct bytes payload, bool check_crc, struct value *out, const char **why)
{
	*why = "";
	if (payload.len < DUMP_FOOTER_BYTES)
		return DUMP_BAD_CHECKSUM;
	const char *footer = payload.ptr + payload.len - DUMP_FOOTER_BYTES;
	if (get_le(footer, 2) > DUMP_RDB_VERSION_MAX)
		return DUMP_BAD_CHECKSUM;
	uint64_t crc = get_le(footer + 2, DUMP_CRC_BYTES);
	if (check_crc && crc64_update(0, payload.ptr, payload.len - DUMP_CRC_BYTES) != crc)
		return DUMP_BAD_CHECKSUM;
	return dump_decode(bytes_of(payload.ptr, payload.len - DUMP_FOOTER_BYTES), out, why);
}

enum dump_status dump_read(struct bytes payload, bool check_crc, struct value *out)
{
	const char *why;
	return dump_read_why(payload, check_crc, out, &why);
}
