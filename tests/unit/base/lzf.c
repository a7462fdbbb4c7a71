/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/lzf: there and back, wrong lengths, and corrupt input that must stay inside its buffers.
 */
#include "../../../src/base/lzf.c"

#include "../unit.h"

#include "base/mem.h"

static void test_round_trip(void **state)
{
	uint64_t seed = 6;
	(void)state;
	for (size_t len = 1; len < 20000; len += 1 + len / 3) {
		char *data = mem_alloc(len), *packed = mem_alloc(len), *back = mem_alloc(len);
		for (size_t i = 0; i < len; i++)
			data[i] = (char)('a' + unit_random(&seed) % 3);
		size_t size = lzf_pack(bytes_of(data, len), packed, len);
		if (len > 100)
			assert_true(size > 0 && size < len);
		if (size > 0) {
			assert_true(lzf_unpack(bytes_of(packed, size), back, len));
			assert_memory_equal(back, data, len);
			assert_false(lzf_unpack(bytes_of(packed, size), back, len - 1));
			assert_false(lzf_unpack(bytes_of(packed, size - 1), back, len));
		}
		mem_free(data);
		mem_free(packed);
		mem_free(back);
	}
}

static void test_ends(void **state)
{
	char small[4] = "abc", out[64];
	(void)state;
	assert_int_equal(lzf_pack(bytes_of(NULL, 0), out, sizeof(out)), 0);
	assert_int_equal(lzf_pack(bytes_of(small, 3), out, 0), 0);
	assert_int_equal(lzf_pack(bytes_of(small, 3), out, 2), 0);
	assert_int_equal(lzf_pack(bytes_of(small, LZF_INPUT_MAX + 1), out, sizeof(out)), 0);
	assert_false(lzf_unpack(bytes_of(small, 0), out, 1));
	assert_false(lzf_unpack(bytes_of(small, 3), out, 0));
	assert_false(lzf_unpack(bytes_of(small, LZF_INPUT_MAX + 1), out, 3));
	assert_false(lzf_unpack(bytes_of(small, 3), out, LZF_INPUT_MAX + 1));
}

static void test_corrupt(void **state)
{
	uint64_t seed = 8;
	int accepted = 0;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = 1 + unit_random(&seed) % 60, out_len = 1 + unit_random(&seed) % 300;
		char *in = mem_alloc(len), *out = mem_alloc(out_len);
		for (size_t k = 0; k < len; k++)
			in[k] = (char)(unit_random(&seed) >> (unit_random(&seed) % 8));
		accepted += lzf_unpack(bytes_of(in, len), out, out_len);
		mem_free(in);
		mem_free(out);
	}
	assert_true(accepted < 20000);
}

UNIT_MAIN(test_round_trip, test_ends, test_corrupt)
