/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random numbers. The sampling generator belongs to the thread of the turns; its state seeds
 * itself from the kernel at first use, or from rand_seed for runs that must repeat. Secrets never
 * come from it.
 */
#include "base/rand.h"

#include "base/assert.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

static uint64_t rand_state[4];
static bool rand_is_seeded;

void rand_secret(void *out, size_t len)
{
	char *to = out;
	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);
		/* Every kernel since 3.17 has it; going on without would mean guessable secrets. */
		ASSERT(got > 0 || (got < 0 && errno == EINTR));
		if (got < 0)
			continue;
		to += got;
		len -= (size_t)got;
	}
}

/* splitmix64 (Steele, Lea, Flood, 2014) spreads one word over the state, never all zero. */
void rand_seed(uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += 0x9e3779b97f4a7c15u;
		uint64_t z = seed;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		rand_state[i] = z ^ (z >> 31);
	}
	rand_is_seeded = true;
}

static inline uint64_t rand_rotl(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

uint64_t rand_u64(void)
{
	if (UNLIKELY(!rand_is_seeded)) {
		uint64_t seed;
		rand_secret(&seed, sizeof(seed));
		rand_seed(seed);
	}
	uint64_t *s = rand_state;
	uint64_t result = rand_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rand_rotl(s[3], 45);
	return result;
}

uint64_t rand_below(uint64_t limit)
{
	ASSERT(limit > 0);
	unsigned __int128 product = (unsigned __int128)rand_u64() * limit;
	uint64_t low = (uint64_t)product;
	if (low < limit) {
		/* Only here can a value be in one interval too many; redraw those. */
		uint64_t surplus = -limit % limit;
		while (low < surplus) {
			product = (unsigned __int128)rand_u64() * limit;
			low = (uint64_t)product;
		}
	}
	return (uint64_t)(product >> 64);
}

void rand_hex(char *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t chunk[32];
	for (size_t i = 0; i < len; i++) {
		if (i % sizeof(chunk) == 0)
			rand_secret(chunk, sizeof(chunk));
		out[i] = digits[chunk[i % sizeof(chunk)] & 15];
	}
}
