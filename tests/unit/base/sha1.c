/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/sha1: the standard's examples, every length around the padding's edges, pieces of any size.
 */
#include "../../../src/base/sha1.c"

#include "../unit.h"

static void check(const char *text, const char *hex)
{
	char out[SHA1_HEX_CHARS];
	sha1_hex(out, text, strlen(text));
	assert_memory_equal(out, hex, SHA1_HEX_CHARS);
}

static void test_standard_examples(void **state)
{
	(void)state;
	check("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	check("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	      "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	check("return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

static void test_million(void **state)
{
	struct sha1 s;
	char block[1000];
	uint8_t digest[SHA1_BYTES];
	static const uint8_t expected[4] = {0x34, 0xaa, 0x97, 0x3c};
	(void)state;
	memset(block, 'a', sizeof(block));
	sha1_init(&s);
	for (int i = 0; i < 1000; i++)
		sha1_update(&s, block, sizeof(block));
	sha1_finish(&s, digest);
	assert_memory_equal(digest, expected, 4);
	assert_int_equal(digest[19], 0x6f);
}

static void test_pieces(void **state)
{
	uint8_t data[300], whole[SHA1_BYTES], parts[SHA1_BYTES], before[SHA1_BYTES] = {0};
	uint64_t seed = 4;
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)unit_random(&seed);
	for (size_t len = 0; len <= sizeof(data); len++) {
		struct sha1 s;
		sha1_init(&s);
		sha1_update(&s, data, len);
		sha1_finish(&s, whole);
		sha1_init(&s);
		for (size_t at = 0; at < len;) {
			size_t take = 1 + unit_random(&seed) % 70;
			take = take > len - at ? len - at : take;
			sha1_update(&s, data + at, take);
			at += take;
		}
		sha1_finish(&s, parts);
		assert_memory_equal(whole, parts, SHA1_BYTES);
		assert_memory_not_equal(whole, before, SHA1_BYTES);
		memcpy(before, whole, SHA1_BYTES);
	}
}

UNIT_MAIN(test_standard_examples, test_million, test_pieces)
