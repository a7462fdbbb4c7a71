/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The keyed hash of every dictionary: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012) with a random key drawn at start, so that no client can choose keys
 * that collide. Inline: a batch of keys hashed in a row overlaps in the processor.
 */
#ifndef RINGLET_BASE_HASH_H
#define RINGLET_BASE_HASH_H

#include "base/bytes.h"

extern uint64_t hash_key[2];

/* Draws the process's key from the kernel; called once, before the first dictionary. */
void hash_seed_random(void);

static inline uint64_t hash_rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

#define HASH_SIP_ROUND(v0, v1, v2, v3)                                                             \
	do {                                                                                       \
		v0 += v1;                                                                          \
		v1 = hash_rotl(v1, 13);                                                            \
		v1 ^= v0;                                                                          \
		v0 = hash_rotl(v0, 32);                                                            \
		v2 += v3;                                                                          \
		v3 = hash_rotl(v3, 16);                                                            \
		v3 ^= v2;                                                                          \
		v0 += v3;                                                                          \
		v3 = hash_rotl(v3, 21);                                                            \
		v3 ^= v0;                                                                          \
		v2 += v1;                                                                          \
		v1 = hash_rotl(v1, 17);                                                            \
		v1 ^= v2;                                                                          \
		v2 = hash_rotl(v2, 32);                                                            \
	} while (0)

static inline uint64_t hash_load64(const char *p)
{
	uint64_t word;
	memcpy(&word, p, 8);
	return word;
}

/* The last 0..7 bytes as one little-endian word, without reading past the end. */
static inline uint64_t hash_load_tail(const char *p, size_t n)
{
	uint64_t word = 0;
	if (n >= 4) {
		uint32_t low, high;
		memcpy(&low, p, 4);
		memcpy(&high, p + n - 4, 4);
		return (uint64_t)low | ((uint64_t)high << ((n - 4) * 8));
	}
	if (n > 0) {
		word = (uint8_t)p[0];
		word |= (uint64_t)(uint8_t)p[n >> 1] << ((n >> 1) * 8);
		word |= (uint64_t)(uint8_t)p[n - 1] << ((n - 1) * 8);
	}
	return word;
}

static inline uint64_t hash_bytes(const void *ptr, size_t len)
{
	const char *p = ptr;
	uint64_t v0 = hash_key[0] ^ 0x736f6d6570736575u;
	uint64_t v1 = hash_key[1] ^ 0x646f72616e646f6du;
	uint64_t v2 = hash_key[0] ^ 0x6c7967656e657261u;
	uint64_t v3 = hash_key[1] ^ 0x7465646279746573u;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8) {
		uint64_t m = hash_load64(p);
		v3 ^= m;
		HASH_SIP_ROUND(v0, v1, v2, v3);
		v0 ^= m;
	}
	uint64_t b = ((uint64_t)len << 56) | hash_load_tail(p, left);
	v3 ^= b;
	HASH_SIP_ROUND(v0, v1, v2, v3);
	v0 ^= b;
	v2 ^= 0xff;
	HASH_SIP_ROUND(v0, v1, v2, v3);
	HASH_SIP_ROUND(v0, v1, v2, v3);
	HASH_SIP_ROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

#endif
