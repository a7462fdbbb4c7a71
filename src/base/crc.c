/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The checksums. Tables are computed once, at first use. Short input goes eight bytes a step
 * through tables; where the processor can, long input of crc64 is folded by carry-less
 * multiplication (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ",
 * 2009) and crc32c uses its own instruction.
 *
 * Folding keeps a remainder of the same residue, not the CRC itself: the last 16 folded bytes go
 * through the table like ordinary input, so no reduction constants are needed. Every fast path is
 * compared with the bit-by-bit definition in the unit test.
 */
#include "base/crc.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define CRC64_POLY 0x95ac9329ac4bc9b5u /* Jones, 0xad93d23594c935a9 bit-reversed */
#define CRC32C_POLY 0x82f63b78u        /* Castagnoli, 0x1edc6f41 bit-reversed */
#define CRC16_POLY 0x1021u
#define CRC_SLICES 8
/* Below this the tables win. */
#define CRC64_FOLD_MIN 128

static uint64_t crc64_table[CRC_SLICES][256];
static uint32_t crc32c_table[CRC_SLICES][256];
static uint16_t crc16_table[256];
static uint64_t crc64_fold_64[2];
static uint64_t crc64_fold_16[2];
static bool crc_has_clmul;
static bool crc_has_crc32;
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

/* x^n modulo the polynomial of crc64, bit-reversed like everything here. */
static uint64_t crc64_power(unsigned n)
{
	uint64_t value = (uint64_t)1 << 63;
	for (unsigned i = 0; i < n; i++)
		value = (value >> 1) ^ (value & 1 ? CRC64_POLY : 0);
	return value;
}

static void crc_build_first(unsigned i)
{
	uint64_t wide = i;
	uint32_t middle = i;
	uint16_t narrow = (uint16_t)(i << 8);
	for (int bit = 0; bit < 8; bit++) {
		wide = (wide >> 1) ^ (wide & 1 ? CRC64_POLY : 0);
		middle = (middle >> 1) ^ (middle & 1 ? CRC32C_POLY : 0);
		narrow = (uint16_t)((narrow << 1) ^ (narrow & 0x8000 ? CRC16_POLY : 0));
	}
	crc64_table[0][i] = wide;
	crc32c_table[0][i] = middle;
	crc16_table[i] = narrow;
}

static void crc_build(void)
{
	for (unsigned i = 0; i < 256; i++)
		crc_build_first(i);
	for (unsigned slice = 1; slice < CRC_SLICES; slice++) {
		for (unsigned i = 0; i < 256; i++) {
			uint64_t wide = crc64_table[slice - 1][i];
			uint32_t middle = crc32c_table[slice - 1][i];
			crc64_table[slice][i] = (wide >> 8) ^ crc64_table[0][wide & 255];
			crc32c_table[slice][i] = (middle >> 8) ^ crc32c_table[0][middle & 255];
		}
	}
	/* A reflected product is one bit short of 128, hence the -1. */
	crc64_fold_64[0] = crc64_power(64 * 8 + 64 - 1);
	crc64_fold_64[1] = crc64_power(64 * 8 - 1);
	crc64_fold_16[0] = crc64_power(16 * 8 + 64 - 1);
	crc64_fold_16[1] = crc64_power(16 * 8 - 1);
#ifdef __x86_64__
	crc_has_clmul = __builtin_cpu_supports("pclmul");
	crc_has_crc32 = __builtin_cpu_supports("sse4.2");
#endif
}

static inline uint64_t crc_load64(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, 8);
	return word;
}

static uint64_t crc64_by_table(uint64_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= crc_load64(p);
		crc = crc64_table[7][crc & 255] ^ crc64_table[6][(crc >> 8) & 255] ^
		      crc64_table[5][(crc >> 16) & 255] ^ crc64_table[4][(crc >> 24) & 255] ^
		      crc64_table[3][(crc >> 32) & 255] ^ crc64_table[2][(crc >> 40) & 255] ^
		      crc64_table[1][(crc >> 48) & 255] ^ crc64_table[0][crc >> 56];
	}
	for (; len > 0; len--, p++)
		crc = (crc >> 8) ^ crc64_table[0][(crc ^ *p) & 255];
	return crc;
}

static uint32_t crc32c_by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8) {
		uint64_t word = crc_load64(p) ^ crc;
		crc = crc32c_table[7][word & 255] ^ crc32c_table[6][(word >> 8) & 255] ^
		      crc32c_table[5][(word >> 16) & 255] ^ crc32c_table[4][(word >> 24) & 255] ^
		      crc32c_table[3][(word >> 32) & 255] ^ crc32c_table[2][(word >> 40) & 255] ^
		      crc32c_table[1][(word >> 48) & 255] ^ crc32c_table[0][word >> 56];
	}
	for (; len > 0; len--, p++)
		crc = (crc >> 8) ^ crc32c_table[0][(crc ^ *p) & 255];
	return crc;
}

#ifdef __x86_64__

#define CRC_CLMUL __attribute__((target("pclmul,sse2")))
#define CRC_SSE42 __attribute__((target("sse4.2")))

/* value * x^distance, congruent modulo the polynomial, plus the data found there. */
CRC_CLMUL static inline __m128i crc64_fold(__m128i value, __m128i by, __m128i data)
{
	__m128i high = _mm_clmulepi64_si128(value, by, 0x00);
	__m128i low = _mm_clmulepi64_si128(value, by, 0x11);
	return _mm_xor_si128(_mm_xor_si128(high, low), data);
}

CRC_CLMUL static uint64_t crc64_by_folding(uint64_t crc, const uint8_t *p, size_t len)
{
	const __m128i *in = (const __m128i *)(const void *)p;
	__m128i by_64 = _mm_loadu_si128((const __m128i *)(const void *)crc64_fold_64);
	__m128i by_16 = _mm_loadu_si128((const __m128i *)(const void *)crc64_fold_16);
	__m128i lane[4];
	uint8_t rest[16];

	for (int i = 0; i < 4; i++)
		lane[i] = _mm_loadu_si128(in + i);
	lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi64_si128((long long)crc));
	for (in += 4, len -= 64; len >= 64; in += 4, len -= 64)
		for (int i = 0; i < 4; i++)
			lane[i] = crc64_fold(lane[i], by_64, _mm_loadu_si128(in + i));
	for (int i = 1; i < 4; i++)
		lane[i] = crc64_fold(lane[i - 1], by_16, lane[i]);
	for (; len >= 16; in++, len -= 16)
		lane[3] = crc64_fold(lane[3], by_16, _mm_loadu_si128(in));
	_mm_storeu_si128((__m128i *)(void *)rest, lane[3]);
	crc = crc64_by_table(0, rest, sizeof(rest));
	return crc64_by_table(crc, (const uint8_t *)in, len);
}

CRC_SSE42 static uint32_t crc32c_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t wide = crc;
	for (; len >= 8; len -= 8, p += 8)
		wide = _mm_crc32_u64(wide, crc_load64(p));
	crc = (uint32_t)wide;
	for (; len > 0; len--, p++)
		crc = _mm_crc32_u8(crc, *p);
	return crc;
}

#endif

uint64_t crc64_update(uint64_t crc, const void *ptr, size_t len)
{
	pthread_once(&crc_once, crc_build);
#ifdef __x86_64__
	if (len >= CRC64_FOLD_MIN && crc_has_clmul)
		return crc64_by_folding(crc, ptr, len);
#endif
	return crc64_by_table(crc, ptr, len);
}

uint16_t crc16(const void *ptr, size_t len)
{
	const uint8_t *p = ptr;
	uint16_t crc = 0;
	pthread_once(&crc_once, crc_build);
	for (size_t i = 0; i < len; i++)
		crc = (uint16_t)((crc << 8) ^ crc16_table[(crc >> 8) ^ p[i]]);
	return crc;
}

uint32_t crc32c_update(uint32_t crc, const void *ptr, size_t len)
{
	pthread_once(&crc_once, crc_build);
#ifdef __x86_64__
	if (crc_has_crc32)
		return ~crc32c_by_instruction(~crc, ptr, len);
#endif
	return ~crc32c_by_table(~crc, ptr, len);
}
