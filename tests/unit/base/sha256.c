/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/sha256: the examples of FIPS 180-4 and every length around the ends of blocks.
 */
#include "../../../src/base/sha256.c"

#include "../unit.h"

static void expect(const char *text, size_t len, const char *hex)
{
	uint8_t digest[SHA256_BYTES];
	char got[2 * SHA256_BYTES + 1];
	sha256(digest, text, len);
	for (int i = 0; i < SHA256_BYTES; i++)
		snprintf(got + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(got, hex);
}

static void test_examples(void **state)
{
	static char million[1000000];
	(void)state;
	expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	expect(million, sizeof(million),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* All lengths around two blocks: the digest of all digests, which was computed with
 * coreutils' sha256sum over the same bytes. */
static void test_lengths(void **state)
{
	uint8_t text[200] = {0};
	char all[200 * SHA256_BYTES];
	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		for (size_t i = 0; i < len; i++)
			text[i] = (uint8_t)(i * 7 + len);
		sha256((uint8_t *)all + len * SHA256_BYTES, text, len);
	}
	expect(all, sizeof(all),
		"8c7c9ff69da76fc28823a1cb97268672663e628e1ea955868b16db46bab0545d");
}

UNIT_MAIN(test_examples, test_lengths)
