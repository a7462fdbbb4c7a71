/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/hash: SipHash-1-3 against a plain second writing of it, tails of every length, the key. And
 * what the key is for: names that collide under one key are as good as any under another, as keys,
 * fields and members. What is counted is the work of finding them, which no clock can blur.
 */
#include "../../../src/base/hash.c"

#include "../unit.h"

#include "base/mem.h"
#include "store/keyspace.h"
#include "types/config.h"
#include "types/hash.h"
#include "types/set.h"
#include "types/zset.h"

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

/* --- flooding --- */

enum { NAMES = 4096, NAME_CHARS = 16, SAME_BITS = 10 };

struct names {
	char text[NAMES][NAME_CHARS];
};

static struct bytes name_of(const struct names *names, int i)
{
	return bytes_text(names->text[i]);
}

/* Names with the same high bits under the key that is set now: so tables choose their bucket. With
 * `bits` 0 any. */
static struct names *names_make(int bits)
{
	struct names *names = mem_alloc(sizeof(*names));
	for (unsigned i = 0, tried = 0; i < NAMES; tried++) {
		snprintf(names->text[i], NAME_CHARS, "n:%x", tried * 2654435761u);
		struct bytes name = name_of(names, (int)i);
		i += bits == 0 || hash_bytes(name.ptr, name.len) >> (64 - bits) == 0;
	}
	return names;
}

/* Nodes looked into and items compared until each name's place is known. */
static uint64_t work(const struct dict *d, const struct names *names)
{
	uint64_t steps = 0;
	for (int i = 0; i < NAMES; i++) {
		struct bytes name = name_of(names, i);
		uint64_t hash = hash_bytes(name.ptr, name.len);
		const struct dict_bucket *b = dict_bucket_of(d, hash);
		unsigned units = DICT_UNITS_MAX;
		do
			steps += 1 + (unsigned)__builtin_popcount(dict_tag_matches(b, units, hash));
		while (dict_next_node(&b, &units));
	}
	return steps;
}

/* The work in a keyspace, a hash, a set and a sorted set with these names in them. */
enum { PLACES = 4 };

static void work_everywhere(const struct names *names, uint64_t steps[PLACES])
{
	struct keyspace *k = keyspace_new(1);
	struct value hash = hash_empty, set = set_empty, zset = zset_empty;
	types_config.hash_max_listpack_entries = 0;
	types_config.zset_max_listpack_entries = 0;
	types_config.set_max_listpack_entries = 0;
	for (int i = 0; i < NAMES; i++) {
		struct bytes name = name_of(names, i);
		db_set_string(&k->dbs[0], key_of(name), BYTES("v"), EXPIRY_NONE);
		hash_set(&hash, 1, name, BYTES("v"));
		set_add(&set, name);
		zset_set(&zset, name, i);
	}
	steps[0] = work(&k->dbs[0].entries, names);
	/* In each of the large forms the table comes first. */
	steps[1] = work(hash.ptr, names);
	steps[2] = work(set.ptr, names);
	steps[3] = work(zset.ptr, names);
	hash_free(&hash);
	set_ops.free(&set);
	zset_ops.free(&zset);
	keyspace_free(k);
}

/* The ratio may be 1.3; where the key is known it is beyond all bounds. */
static void test_flooding(void **state)
{
	uint64_t known[PLACES], any[PLACES], flooded[PLACES];
	(void)state;
	hash_key[0] = 1;
	hash_key[1] = 2;
	struct names *colliding = names_make(SAME_BITS), *random = names_make(0);
	work_everywhere(colliding, known);
	hash_seed_random();
	work_everywhere(random, any);
	work_everywhere(colliding, flooded);
	for (int i = 0; i < PLACES; i++) {
		assert_true(known[i] > any[i] * 20);
		assert_true(flooded[i] * 10 <= any[i] * 13);
	}
	mem_free(colliding);
	mem_free(random);
}

UNIT_MAIN(test_paper_vector, test_every_length, test_key_is_drawn, test_spreads, test_flooding)
