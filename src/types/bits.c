/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bits in memory, eight bytes at a time. Invariant: nothing outside the given bytes is read or
 * written, whatever offset and width say.
 */
#include "types/bits.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/num.h"

#define FIELD_BYTES_MAX 9 /* 64 bits that begin inside a byte */

typedef unsigned __int128 u128;
typedef __int128 i128;

/* --- counting --- */

static inline unsigned count_word(uint64_t word)
{
	word -= word >> 1 & 0x5555555555555555;
	word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(word * 0x0101010101010101 >> 56);
}

static uint64_t count_bytes_plain(const char *p, size_t len)
{
	uint64_t sum = 0;
	for (; len >= 8; p += 8, len -= 8)
		sum += count_word(hash_load64(p));
	for (; len > 0; p++, len--)
		sum += count_word((uint8_t)*p);
	return sum;
}

#ifdef __x86_64__
/* Four sums, because on many processors POPCNT waits for what was in its target before. */
__attribute__((target("popcnt"))) static uint64_t count_bytes_fast(const char *p, size_t len)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	for (; len >= 32; p += 32, len -= 32) {
		a += (unsigned)__builtin_popcountll(hash_load64(p));
		b += (unsigned)__builtin_popcountll(hash_load64(p + 8));
		c += (unsigned)__builtin_popcountll(hash_load64(p + 16));
		d += (unsigned)__builtin_popcountll(hash_load64(p + 24));
	}
	for (; len > 0; p++, len--)
		a += (unsigned)__builtin_popcountll((uint8_t)*p);
	return a + b + c + d;
}
#endif

static uint64_t count_bytes(const char *p, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("popcnt"))
		return count_bytes_fast(p, len);
#endif
	return count_bytes_plain(p, len);
}

/* The bits of one byte from `first` up to `behind` (0 … 8). */
static inline uint8_t byte_mask(unsigned first, unsigned behind)
{
	return (uint8_t)(0xffu >> first & ~(0xffu >> behind));
}

uint64_t bits_count(struct bytes bytes, struct bit_range range)
{
	if (range.first >= range.behind)
		return 0;
	size_t from = range.first / 8, to = range.behind / 8;
	unsigned head = range.first & 7, tail = range.behind & 7;
	if (from == to)
		return count_word((uint8_t)bytes.ptr[from] & byte_mask(head, tail));
	uint64_t sum = 0;
	if (head != 0)
		sum += count_word((uint8_t)bytes.ptr[from++] & byte_mask(head, 8));
	sum += count_bytes(bytes.ptr + from, to - from);
	if (tail != 0)
		sum += count_word((uint8_t)bytes.ptr[to] & byte_mask(0, tail));
	return sum;
}

/* --- searching --- */

/* In one byte under a mask; -1 = none. */
static int64_t find_in_byte(uint8_t byte, uint8_t mask, size_t index, uint8_t flip)
{
	unsigned hits = (uint8_t)(byte ^ flip) & mask;
	return hits == 0 ? -1 : (int64_t)(index * 8) + __builtin_clz(hits << 24);
}

int64_t bits_find(struct bytes bytes, struct bit_range range, bool bit)
{
	/* What is searched is a one: for zeros everything is turned round. */
	uint8_t flip = bit ? 0 : 0xff;
	uint64_t nothing = bit ? 0 : UINT64_MAX;
	if (range.first >= range.behind)
		return -1;
	size_t at = range.first / 8, last = (range.behind - 1) / 8;
	unsigned head = range.first & 7, tail = (range.behind - 1) % 8 + 1;
	if (at == last)
		return find_in_byte((uint8_t)bytes.ptr[at], byte_mask(head, tail), at, flip);
	int64_t found = find_in_byte((uint8_t)bytes.ptr[at], byte_mask(head, 8), at, flip);
	if (found >= 0)
		return found;
	at++;
	while (last - at >= 8 && hash_load64(bytes.ptr + at) == nothing)
		at += 8;
	for (; at < last && found < 0; at++)
		found = find_in_byte((uint8_t)bytes.ptr[at], 0xff, at, flip);
	if (found >= 0)
		return found;
	return find_in_byte((uint8_t)bytes.ptr[last], byte_mask(0, tail), last, flip);
}

/* --- combining --- */

#define COMBINE_BLOCK 4096 /* bytes at a time: what is combined stays in the nearest cache */

static void or_block(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] |= from[i];
}

static void and_block(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] &= from[i];
}

static void xor_block(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] ^= from[i];
}

/* What is asked of bits_combine. */
struct combination {
	enum bits_operation operation;
	const struct bytes *sources;
	size_t count;
};

/* The part of a source that lies in the block at `at`. */
static size_t block_part(struct bytes source, size_t at, size_t len, const uint8_t **from)
{
	if (at >= source.len)
		return 0;
	*from = (const uint8_t *)source.ptr + at;
	return source.len - at < len ? source.len - at : len;
}

/* All sources into `to`, which begins with the first one, zeros behind its end. */
static void combine_simple(const struct combination *c, size_t at, uint8_t *to, size_t len)
{
	enum bits_operation operation = c->operation;
	const uint8_t *from = NULL;
	for (size_t i = 1; i < c->count; i++) {
		size_t part = block_part(c->sources[i], at, len, &from);
		if (operation == BITS_AND) {
			and_block(to, from, part);
			memset(to + part, 0, len - part);
		} else if (operation == BITS_OR) {
			or_block(to, from, part);
		} else {
			xor_block(to, from, part);
		}
	}
	for (size_t i = 0; operation == BITS_NOT && i < len; i++)
		to[i] = (uint8_t)~to[i];
}

/* `others`: any source but the first. */
static void combine_first(
	enum bits_operation operation, uint8_t *to, const uint8_t *others, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (operation == BITS_DIFF)
			to[i] &= (uint8_t)~others[i];
		else if (operation == BITS_DIFF1)
			to[i] = others[i] & (uint8_t)~to[i];
		else
			to[i] &= others[i];
	}
}

/* to: seen once; `more`: seen twice or oftener. */
static void one_block(uint8_t *to, uint8_t *more, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		more[i] |= to[i] & from[i];
		to[i] |= from[i];
	}
}

static void combine_block(const struct combination *c, size_t at, uint8_t *to, size_t len)
{
	enum bits_operation operation = c->operation;
	uint8_t second[COMBINE_BLOCK];
	const uint8_t *from = NULL;
	size_t part = block_part(c->sources[0], at, len, &from);
	if (part > 0)
		memcpy(to, from, part);
	memset(to + part, 0, len - part);
	if (operation <= BITS_NOT) {
		combine_simple(c, at, to, len);
		return;
	}
	memset(second, 0, len);
	for (size_t i = 1; i < c->count; i++) {
		part = block_part(c->sources[i], at, len, &from);
		if (operation == BITS_ONE)
			one_block(to, second, from, part);
		else
			or_block(second, from, part);
	}
	combine_first(operation == BITS_ONE ? BITS_DIFF : operation, to, second, len);
}

void bits_combine(enum bits_operation operation, const struct bytes *sources, size_t count,
	uint8_t *out)
{
	const struct combination c = {operation, sources, count};
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len = sources[i].len > len ? sources[i].len : len;
	for (size_t at = 0; at < len; at += COMBINE_BLOCK) {
		size_t part = len - at < COMBINE_BLOCK ? len - at : COMBINE_BLOCK;
		combine_block(&c, at, out + at, part);
	}
}

/* --- fields --- */

uint64_t bits_read(struct bytes bytes, uint64_t offset, unsigned width)
{
	uint64_t at = offset / 8, last = (offset + width - 1) / 8;
	u128 window = 0;
	ASSERT(width >= 1 && width <= 64 && last - at < FIELD_BYTES_MAX);
	for (uint64_t i = at; i <= last; i++)
		window = window << 8 | (i < bytes.len ? (uint8_t)bytes.ptr[i] : 0);
	window >>= (last + 1) * 8 - offset - width;
	return (uint64_t)(window & (((u128)1 << width) - 1));
}

void bits_write(uint8_t *data, uint64_t offset, unsigned width, uint64_t field)
{
	uint64_t at = offset / 8, last = (offset + width - 1) / 8;
	unsigned shift = (unsigned)((last + 1) * 8 - offset - width);
	ASSERT(width >= 1 && width <= 64 && last - at < FIELD_BYTES_MAX);
	u128 mask = (((u128)1 << width) - 1) << shift;
	u128 window = (u128)field << shift & mask;
	for (uint64_t i = last + 1; i-- > at;) {
		data[i] = (uint8_t)((data[i] & ~(uint8_t)mask) | (uint8_t)window);
		mask >>= 8;
		window >>= 8;
	}
}

/* --- integers of a width --- */

bool bits_type_parse(struct bytes text, struct bits_type *out)
{
	int64_t width;
	if (text.len < 2 || (text.ptr[0] != 'i' && text.ptr[0] != 'u'))
		return false;
	out->is_signed = text.ptr[0] == 'i';
	if (!num_parse_i64(bytes_of(text.ptr + 1, text.len - 1), &width))
		return false;
	out->width = (uint8_t)width;
	return width >= 1 && width <= (out->is_signed ? 64 : 63);
}

int64_t bits_value(struct bits_type type, uint64_t field)
{
	if (!type.is_signed || type.width == 64)
		return (int64_t)field;
	uint64_t sign = (uint64_t)1 << (type.width - 1);
	return (int64_t)((field ^ sign) - sign);
}

bool bits_add(struct bits_type type, int64_t value, int64_t increment, enum bits_overflow overflow,
	uint64_t *field)
{
	unsigned magnitude = type.is_signed ? type.width - 1u : type.width;
	i128 max = ((i128)1 << magnitude) - 1;
	i128 min = type.is_signed ? -max - 1 : 0;
	i128 sum = (type.is_signed ? (i128)value : (i128)(uint64_t)value) + increment;
	if (sum < min || sum > max) {
		if (overflow == BITS_FAIL)
			return false;
		if (overflow == BITS_SAT)
			sum = sum < min ? min : max;
	}
	*field = (uint64_t)((u128)sum & (((u128)1 << type.width) - 1));
	return true;
}
