/* SPDX-License-Identifier: BSD-3-Clause
 *
 * SHA-1 after the text of FIPS 180-4, sections 5 and 6.1. Whole blocks are read where they lie;
 * only a tail is copied into the context. Invariant: block holds the last len % 64 bytes.
 */
#include "base/sha1.h"

#include <string.h>

static inline uint32_t sha1_rotl(uint32_t x, int by)
{
	return (x << by) | (x >> (32 - by));
}

static inline uint32_t sha1_load(const uint8_t *p)
{
	uint32_t word;
	memcpy(&word, p, 4);
	return __builtin_bswap32(word);
}

static inline void sha1_store(uint8_t *p, uint32_t word)
{
	word = __builtin_bswap32(word);
	memcpy(p, &word, 4);
}

/* f and K of the round's quarter (section 4.1.1 and 4.2.1). */
static inline uint32_t sha1_mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
	if (round < 20)
		return ((b & c) ^ (~b & d)) + 0x5a827999u;
	if (round < 40)
		return (b ^ c ^ d) + 0x6ed9eba1u;
	if (round < 60)
		return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
	return (b ^ c ^ d) + 0xca62c1d6u;
}

static void sha1_block(uint32_t state[5], const uint8_t *p)
{
	uint32_t w[80];
	for (int i = 0; i < 16; i++)
		w[i] = sha1_load(p + i * 4);
	for (int i = 16; i < 80; i++)
		w[i] = sha1_rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (int i = 0; i < 80; i++) {
		uint32_t next = sha1_rotl(a, 5) + sha1_mix(i, b, c, d) + e + w[i];
		e = d;
		d = c;
		c = sha1_rotl(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void sha1_init(struct sha1 *s)
{
	static const uint32_t first[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u,
					  0xc3d2e1f0u};
	memcpy(s->state, first, sizeof(first));
	s->len = 0;
}

void sha1_update(struct sha1 *s, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;
	size_t held = s->len % 64;
	if (len == 0)
		return;
	s->len += len;
	if (held > 0) {
		size_t take = len < 64 - held ? len : 64 - held;
		memcpy(s->block + held, p, take);
		if (held + take < 64)
			return;
		sha1_block(s->state, s->block);
		p += take;
		len -= take;
	}
	for (; len >= 64; p += 64, len -= 64)
		sha1_block(s->state, p);
	memcpy(s->block, p, len);
}

void sha1_finish(struct sha1 *s, uint8_t out[SHA1_BYTES])
{
	uint64_t bits = s->len * 8;
	uint8_t tail[72] = {0x80};
	size_t held = s->len % 64;
	size_t pad = (held < 56 ? 56 : 120) - held;
	sha1_store(tail + pad, (uint32_t)(bits >> 32));
	sha1_store(tail + pad + 4, (uint32_t)bits);
	sha1_update(s, tail, pad + 8);
	for (int i = 0; i < 5; i++)
		sha1_store(out + i * 4, s->state[i]);
}

void sha1_hex(char out[SHA1_HEX_CHARS], const void *ptr, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA1_BYTES];
	struct sha1 s;
	sha1_init(&s);
	sha1_update(&s, ptr, len);
	sha1_finish(&s, digest);
	for (int i = 0; i < SHA1_BYTES; i++) {
		out[i * 2] = digits[digest[i] >> 4];
		out[i * 2 + 1] = digits[digest[i] & 15];
	}
}
