/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/hash: SipHash-1-3 against a plain second writing of it, tails of every length, the key.
 */
#include "../../../src/base/hash.c"

#include "../unit.h"

#include "base/mem.h"

struct sip {
	uint64_t v[4];
};

static void sip_rounds(struct sip *s, int count)
{
	for (; count > 0; count--) {
		s->v[0] += s->v[1];
		s->v[2] += s->v[3];
		s->v[1] = (s->v[1] << 13 | s->v[1] >> 51) ^ s->v[0];
		s->v[3] = (s->v[3] << 16 | s->v[3] >> 48) ^ s->v[2];
		s->v[0] = s->v[0] << 32 | s->v[0] >> 32;
		s->v[2] += s->v[1];
		s->v[0] += s->v[3];
		s->v[1] = (s->v[1] << 17 | s->v[1] >> 47) ^ s->v[2];
		s->v[3] = (s->v[3] << 21 | s->v[3] >> 43) ^ s->v[0];
		s->v[2] = s->v[2] << 32 | s->v[2] >> 32;
	}
}

/* SipHash-c-d as the paper's section 2 defines it, byte by byte. */
static uint64_t sip_plain(const uint8_t *p, size_t len, int c, int d)
{
	struct sip s = {{hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du,
			 hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u}};
	for (size_t word = 0; word <= len / 8; word++) {
		uint64_t m = 0;
		for (size_t i = 0; i < 8; i++)
			if (word * 8 + i < len)
				m |= (uint64_t)p[word * 8 + i] << (8 * i);
		if (word == len / 8)
			m |= (uint64_t)(len & 255) << 56;
		s.v[3] ^= m;
		sip_rounds(&s, c);
		s.v[0] ^= m;
	}
	s.v[2] ^= 0xff;
	sip_rounds(&s, d);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

static void test_paper_vector(void **state)
{
	uint8_t input[15];
	(void)state;
	/* Appendix A of the paper: SipHash-2-4 of 00..0e under 00..0f, which checks the second
	 * writing. */
	for (int i = 0; i < 15; i++)
		input[i] = (uint8_t)i;
	hash_key[0] = 0x0706050403020100u;
	hash_key[1] = 0x0f0e0d0c0b0a0908u;
	assert_true(sip_plain(input, 15, 2, 4) == 0xa129ca6149be45e5u);
}

static void test_every_length(void **state)
{
	uint64_t seed = 1;
	(void)state;
	hash_seed_random();
	for (size_t len = 0; len < 300; len++) {
		/* Exactly len bytes from the heap: reading past the end is seen by the
		 * sanitizer. */
		uint8_t *input = mem_alloc(len);
		for (size_t i = 0; i < len; i++)
			input[i] = (uint8_t)unit_random(&seed);
		assert_true(hash_bytes(input, len) == sip_plain(input, len, 1, 3));
		mem_free(input);
	}
}

static void test_key_is_drawn(void **state)
{
	uint64_t before[2], hash;
	(void)state;
	memcpy(before, hash_key, sizeof(before));
	hash = hash_bytes("key", 3);
	hash_seed_random();
	assert_memory_not_equal(before, hash_key, sizeof(before));
	assert_true(hash != hash_bytes("key", 3));
}

static void test_spreads(void **state)
{
	enum { BUCKETS = 1024, KEYS = BUCKETS * 64 };
	unsigned count[BUCKETS] = {0};
	char key[32];
	(void)state;
	for (int i = 0; i < KEYS; i++) {
		int len = snprintf(key, sizeof(key), "key:%012d", i);
		count[hash_bytes(key, (size_t)len) % BUCKETS]++;
	}
	double chi = 0;
	for (int i = 0; i < BUCKETS; i++)
		chi += ((double)count[i] - 64) * ((double)count[i] - 64) / 64;
	/* 1023 degrees of freedom: mean 1023, deviation 45. */
	assert_true(chi > 1023 - 8 * 45 && chi < 1023 + 8 * 45);
}

UNIT_MAIN(test_paper_vector, test_every_length, test_key_is_drawn, test_spreads)
