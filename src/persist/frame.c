/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The text of a frame's line, and back. Strict: what was not printed here is not a frame.
 */
#include "persist/frame.h"

#include "base/crc.h"
#include "base/num.h"

#define CRC_DIGITS 8

static char *put_number(char *at, uint64_t number)
{
	at += num_print_u64(at, number);
	*at++ = ':';
	return at;
}

size_t frame_print(struct frame *f, char *line)
{
	static const char digits[] = "0123456789abcdef";
	char *at = line + sizeof(FRAME_PREFIX) - 1;

	memcpy(line, FRAME_PREFIX, sizeof(FRAME_PREFIX) - 1);
	at = put_number(at, f->length);
	at = put_number(at, f->offset);
	at = put_number(at, f->durable);
	at = put_number(at, (uint64_t)f->time_ms);
	f->crc = crc32c_update(f->crc, line, (size_t)(at - line));
	for (int i = CRC_DIGITS - 1; i >= 0; i--)
		*at++ = digits[f->crc >> (i * 4) & 15];
	*at++ = '\r';
	*at++ = '\n';
	return (size_t)(at - line);
}

/* The number up to the next colon; moves behind it. */
static bool take_number(struct bytes *rest, uint64_t *out)
{
	const char *colon = rest->len == 0 ? NULL : memchr(rest->ptr, ':', rest->len);

	if (colon == NULL)
		return false;
	size_t len = (size_t)(colon - rest->ptr);
	if (!num_parse_u64(bytes_of(rest->ptr, len), out))
		return false;
	*rest = bytes_of(colon + 1, rest->len - len - 1);
	return true;
}

static bool take_crc(struct bytes rest, uint32_t *out)
{
	if (rest.len != CRC_DIGITS + 2 || memcmp(rest.ptr + CRC_DIGITS, "\r\n", 2) != 0)
		return false;
	*out = 0;
	for (int i = 0; i < CRC_DIGITS; i++) {
		char c = rest.ptr[i];
		bool is_digit = c >= '0' && c <= '9';
		if (!is_digit && (c < 'a' || c > 'f'))
			return false;
		*out = *out << 4 | (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
	}
	return true;
}

bool frame_parse(struct bytes line, struct frame *f, size_t *covered)
{
	size_t prefix = sizeof(FRAME_PREFIX) - 1;
	uint64_t time_ms;

	if (line.len < prefix || memcmp(line.ptr, FRAME_PREFIX, prefix) != 0)
		return false;
	struct bytes rest = bytes_of(line.ptr + prefix, line.len - prefix);
	if (!take_number(&rest, &f->length) || !take_number(&rest, &f->offset) ||
		!take_number(&rest, &f->durable) || !take_number(&rest, &time_ms) ||
		time_ms > INT64_MAX)
		return false;
	f->time_ms = (int64_t)time_ms;
	*covered = line.len - rest.len;
	return take_crc(rest, &f->crc);
}
