/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/dump: payloads byte for byte as Redis 7.2 makes them, and what is refused.
 */
#include "../../../src/store/dump.c"

#include "fixture.h"

#include "types/string.h"

static void register_types(void)
{
	type_register(TYPE_LIST, &pile_ops);
	type_register(TYPE_STRING, &string_ops);
}

static void dump_text(const char *text, struct buf *out)
{
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE, .string = bytes_text(text)};
	dump_write(&v, true, out);
}

static void test_known(void **state)
{
	struct buf b = {0};
	(void)state;
	register_types();
	/* Type 0, length 5, "hello", version 11, CRC-64 of all that. */
	dump_text("hello", &b);
	assert_int_equal(b.len, 17);
	assert_memory_equal(b.ptr, "\x00\x05hello\x0b\x00", 9);
	uint64_t crc = crc64_update(0, b.ptr, 9);
	assert_memory_equal(b.ptr + 9, &crc, 8);
	buf_clear(&b);
	dump_text("-129", &b);
	assert_memory_equal(b.ptr, "\x00\xc1\x7f\xff\x0b\x00", 6);
	buf_release(&b);
}

static void test_older_version(void **state)
{
	/* `DUMP k` of redis-server 7.0.15 (RDB version 10) where k is "10". */
	static const char payload[] = "\x00\xc0\x0a\x0a\x00\x6e\x9f\x57\x45\x0e\xae\x63\xbb";
	struct value v;
	(void)state;
	register_types();
	struct bytes text = bytes_of(payload, sizeof(payload) - 1);
	assert_int_equal(dump_read(text, true, &v), DUMP_OK);
	assert_int_equal(v.encoding, ENC_INT);
	assert_int_equal(v.integer, 10);
}

/* Any flipped bit is a wrong checksum, any cut too. */
static void test_damage(void **state)
{
	struct buf b = {0};
	struct value v;
	size_t before = mem_used_bytes();
	(void)state;
	register_types();
	dump_text("a text of some length, long enough for lzf: aaaaaaaaaaaaaaaaaaaaaaaaaaa", &b);
	for (size_t i = 0; i < b.len * 8; i++) {
		b.ptr[i / 8] ^= (char)(1 << (i % 8));
		assert_int_equal(dump_read(buf_bytes(&b), true, &v), DUMP_BAD_CHECKSUM);
		/* Without the checksum: refused or some value, but never a crash or a leak. */
		if (dump_read(buf_bytes(&b), false, &v) == DUMP_OK)
			value_release(&v);
		b.ptr[i / 8] ^= (char)(1 << (i % 8));
	}
	for (size_t len = 0; len < b.len; len++) {
		assert_int_equal(dump_read(bytes_of(b.ptr, len), true, &v), DUMP_BAD_CHECKSUM);
		if (dump_read(bytes_of(b.ptr, len), false, &v) == DUMP_OK)
			value_release(&v);
	}
	assert_int_equal(dump_read(buf_bytes(&b), true, &v), DUMP_OK);
	value_release(&v);
	buf_release(&b);
	assert_int_equal(mem_used_bytes(), before);
}

/* Sound checksums around nonsense. */
static enum dump_status read_body(const void *body, size_t len, uint16_t version)
{
	struct buf b = {0};
	struct value v;
	buf_add(&b, body, len);
	put_le(&b, version, 2);
	put_le(&b, crc64_update(0, b.ptr, b.len), 8);
	enum dump_status status = dump_read(buf_bytes(&b), true, &v);
	if (status == DUMP_OK)
		value_release(&v);
	buf_release(&b);
	return status;
}

static void test_bad_bodies(void **state)
{
	(void)state;
	register_types();
	assert_int_equal(read_body("\x00\x01x", 3, 11), DUMP_OK);
	assert_int_equal(read_body("\x00\x01x", 3, 1), DUMP_OK);
	assert_int_equal(read_body("\x00\x01x", 3, 12), DUMP_OK);
	assert_int_equal(read_body("\x00\x01x", 3, 13), DUMP_BAD_CHECKSUM);
	assert_int_equal(read_body("", 0, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x00", 1, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x00\x02x", 3, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x00\x01xy", 4, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x63\x01x", 3, 11), DUMP_BAD_FORMAT);
	assert_int_equal(
		read_body("\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff", 10, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x01\x05", 2, 11), DUMP_OK);
	assert_int_equal(read_body("\x07\x05", 2, 11), DUMP_BAD_FORMAT);
	assert_int_equal(read_body("\x01\x05\x05", 3, 11), DUMP_BAD_FORMAT);
	assert_int_equal(piles_alive, 0);
}

UNIT_MAIN(test_known, test_older_version, test_damage, test_bad_bodies)
