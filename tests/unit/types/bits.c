/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bits against models that look at one bit at a time; integers of a width against 128-bit sums.
 */
#include "../../../src/types/bits.c"

#include "../unit.h"
#include "base/rand.h"

#define WORLD 200 /* bytes */

static bool bit_at(const uint8_t *data, size_t len, uint64_t at)
{
	return at / 8 < len && (data[at / 8] >> (7 - at % 8) & 1) != 0;
}

static void fill(uint8_t *data, size_t len)
{
	uint64_t mood = rand_below(4);
	for (size_t i = 0; i < len; i++)
		data[i] = mood == 0 ? 0 : mood == 1 ? 0xff : (uint8_t)rand_u64();
	if (len > 0 && mood < 2)
		data[rand_below(len)] ^= (uint8_t)(1u << rand_below(8));
}

static void test_count_and_find(void **state)
{
	uint8_t data[WORLD];
	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = rand_below(WORLD) + 1;
		struct bit_range range = {rand_below(len * 8 + 1), rand_below(len * 8 + 1)};
		int64_t first[2] = {-1, -1};
		uint64_t count = 0;
		fill(data, len);
		for (uint64_t i = range.first; i < range.behind; i++) {
			bool bit = bit_at(data, len, i);
			count += bit;
			if (first[bit] < 0)
				first[bit] = (int64_t)i;
		}
		struct bytes bytes = bytes_of(data, len);
		assert_int_equal(bits_count(bytes, range), count);
		assert_int_equal(bits_find(bytes, range, false), first[0]);
		assert_int_equal(bits_find(bytes, range, true), first[1]);
		assert_int_equal(count_bytes_plain(bytes.ptr, len), count_bytes(bytes.ptr, len));
	}
}

static bool model_combine(enum bits_operation operation, const bool *bits, size_t count)
{
	size_t ones = 0;
	for (size_t i = 0; i < count; i++)
		ones += bits[i];
	bool others = ones > bits[0];
	switch (operation) {
	case BITS_AND:
		return ones == count;
	case BITS_OR:
		return ones > 0;
	case BITS_XOR:
		return ones & 1;
	case BITS_NOT:
		return !bits[0];
	case BITS_DIFF:
		return bits[0] && !others;
	case BITS_DIFF1:
		return !bits[0] && others;
	case BITS_ANDOR:
		return bits[0] && others;
	default:
		return ones == 1;
	}
}

static void test_combine(void **state)
{
	static uint8_t data[4][COMBINE_BLOCK + 100], out[COMBINE_BLOCK + 101];
	struct bytes sources[4];
	(void)state;
	for (int round = 0; round < 64; round++) {
		enum bits_operation operation = (enum bits_operation)(round % 8);
		size_t count = operation == BITS_NOT ? 1 : rand_below(3) + 2, longest = 0;
		for (size_t i = 0; i < count; i++) {
			size_t limit = round % 3 == 0 ? sizeof(data[i]) : 60;
			sources[i] = bytes_of(data[i], rand_below(limit));
			fill(data[i], sources[i].len);
			longest = sources[i].len > longest ? sources[i].len : longest;
		}
		out[longest] = 0xa5;
		bits_combine(operation, sources, count, out);
		for (uint64_t at = 0; at < longest * 8; at++) {
			bool bits[4];
			for (size_t i = 0; i < count; i++)
				bits[i] = bit_at(data[i], sources[i].len, at);
			assert_int_equal(bit_at(out, longest, at),
				model_combine(operation, bits, count));
		}
		assert_int_equal(out[longest], 0xa5);
	}
}

static void test_fields(void **state)
{
	uint8_t data[32], before[32];
	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned width = (unsigned)rand_below(64) + 1;
		uint64_t offset = rand_below(sizeof(data) * 8 - width + 1);
		uint64_t field = rand_u64(), want = 0;
		fill(data, sizeof(data));
		memcpy(before, data, sizeof(data));
		bits_write(data, offset, width, field);
		for (uint64_t i = 0; i < sizeof(data) * 8; i++) {
			bool inside = i >= offset && i < offset + width;
			bool bit = inside ? field >> (offset + width - 1 - i) & 1
					  : bit_at(before, sizeof(before), i);
			assert_int_equal(bit_at(data, sizeof(data), i), bit);
		}
		size_t len = rand_below(sizeof(data) + 1);
		for (unsigned i = 0; i < width; i++)
			want = want << 1 | bit_at(data, len, offset + i);
		assert_true(bits_read(bytes_of(data, len), offset, width) == want);
	}
	assert_true(bits_read(bytes_of(data, 32), UINT64_C(1) << 40, 64) == 0);
}

static void test_types(void **state)
{
	static const char *const wrong[] = {"", "u", "i", "u0", "u64", "i65", "x8", "u-1", "U8",
		"u08", "u 8", "i99999999999999999999"};
	struct bits_type type;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(bits_type_parse(bytes_text(wrong[i]), &type));
	assert_true(bits_type_parse(BYTES("i64"), &type));
	assert_true(type.is_signed && type.width == 64);
	assert_true(bits_type_parse(BYTES("u63"), &type));
	assert_true(!type.is_signed && type.width == 63);
	assert_int_equal(bits_value((struct bits_type){true, 5}, 0x1f), -1);
	assert_int_equal(bits_value((struct bits_type){false, 5}, 0x1f), 31);
	assert_int_equal(bits_value((struct bits_type){true, 64}, UINT64_MAX), -1);
}

static void test_add(void **state)
{
	const struct bits_type i64 = {true, 64}, u63 = {false, 63}, i8 = {true, 8}, u8 = {false, 8};
	uint64_t field = 0;
	(void)state;
	assert_true(bits_add(i8, 100, 27, BITS_FAIL, &field) && field == 127);
	assert_false(bits_add(i8, 100, 28, BITS_FAIL, &field));
	assert_true(bits_add(i8, 100, 28, BITS_WRAP, &field) && field == 128);
	assert_true(bits_add(i8, -100, -100, BITS_SAT, &field) && field == 128);
	assert_true(bits_add(u8, 5, -6, BITS_SAT, &field) && field == 0);
	assert_true(bits_add(u8, 5, -6, BITS_WRAP, &field) && field == 255);
	assert_true(bits_add(u8, -1, 0, BITS_SAT, &field) && field == 255);
	assert_true(bits_add(i64, INT64_MAX, 1, BITS_WRAP, &field) &&
		field == (uint64_t)INT64_MIN);
	assert_true(bits_add(i64, INT64_MIN, INT64_MIN, BITS_SAT, &field) &&
		field == (uint64_t)INT64_MIN);
	assert_true(bits_add(u63, INT64_MAX, INT64_MAX, BITS_SAT, &field) && field == INT64_MAX);
}

UNIT_MAIN(test_count_and_find, test_combine, test_fields, test_types, test_add)
