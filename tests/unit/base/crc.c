/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/crc: check values of the catalogue, every fast path against the bit-by-bit definition, and
 * that pieces give what the whole gives.
 */
#include "../../../src/base/crc.c"

#include "../unit.h"

#define LEN 1500

static uint64_t plain64(uint64_t crc, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC64_POLY : 0);
	}
	return crc;
}

static uint32_t plain32c(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC32C_POLY : 0);
	}
	return ~crc;
}

static uint16_t plain16(const uint8_t *p, size_t len)
{
	uint32_t crc = 0;
	for (size_t i = 0; i < len; i++) {
		crc ^= (uint32_t)p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ (crc & 0x8000 ? CRC16_POLY : 0);
		crc &= 0xffff;
	}
	return (uint16_t)crc;
}

static void test_check_values(void **state)
{
	(void)state;
	assert_true(crc64_update(0, "123456789", 9) == 0xe9c6d914c4b8d9cau);
	assert_int_equal(crc16("123456789", 9), 0x31c3);
	assert_int_equal(crc32c_update(0, "123456789", 9), 0xe3069283u);
	assert_true(crc64_update(7, "", 0) == 7);
	assert_int_equal(crc32c_update(7, "", 0), 7);
	assert_int_equal(crc16(NULL, 0), 0);
}

static void test_every_length(void **state)
{
	uint8_t data[LEN + 8];
	uint64_t seed = 2;
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)unit_random(&seed);
	for (size_t len = 0; len <= LEN; len += len < 400 ? 1 : 37) {
		const uint8_t *p = data + len % 8;
		uint64_t start = unit_random(&seed);
		uint64_t expected = plain64(start, p, len);
		assert_true(crc64_update(start, p, len) == expected);
		assert_true(crc64_by_table(start, p, len) == expected);
		uint32_t expected32 = plain32c((uint32_t)start, p, len);
		assert_int_equal(crc32c_update((uint32_t)start, p, len), expected32);
		assert_int_equal(~crc32c_by_table(~(uint32_t)start, p, len), expected32);
		assert_int_equal(crc16(p, len), plain16(p, len));
	}
}

static void test_pieces(void **state)
{
	static uint8_t data[100000];
	uint64_t seed = 9, whole = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)unit_random(&seed);
	uint32_t whole32 = 0;
	for (size_t at = 0; at < sizeof(data);) {
		size_t len = unit_random(&seed) % 3000;
		if (len > sizeof(data) - at)
			len = sizeof(data) - at;
		whole = crc64_update(whole, data + at, len);
		whole32 = crc32c_update(whole32, data + at, len);
		at += len;
	}
	assert_true(whole == crc64_update(0, data, sizeof(data)));
	assert_int_equal(whole32, crc32c_update(0, data, sizeof(data)));
	data[50000] ^= 4;
	assert_true(whole != crc64_update(0, data, sizeof(data)));
	assert_int_not_equal(whole32, crc32c_update(0, data, sizeof(data)));
}

UNIT_MAIN(test_check_values, test_every_length, test_pieces)
