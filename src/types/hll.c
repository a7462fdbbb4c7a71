/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HyperLogLog: registers and the estimate. The hash is MurmurHash64A with Redis's seed, so that
 * values made by either go on counting in the other. The estimate is Otmar Ertl's ("New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017), which needs no correction by tables.
 *
 * Invariant: no byte of a value is believed before it was checked.
 */
#include "types/hll.h"

#include "base/assert.h"
#include "base/hash.h"

#include <math.h>

#define HLL_INDEX_BITS 14
#define HLL_RANKS (64 - HLL_INDEX_BITS) /* hash bits behind the index */
#define HLL_HASH_SEED 0xadc83b19
#define HLL_OUT_OF_DATE 0x80
#define HLL_ALPHA 0.721347520444481703680 /* 1 / (2 ln 2) */
#define RUN_ZEROS_MAX 64
#define RUN_VALUES_MAX 4
#define MERGE_RUNS 5 /* how many runs near a change are looked at for being one */

/* --- the hash --- */

static uint64_t murmur64(const char *p, size_t len)
{
	const uint64_t m = 0xc6a4a7935bd1e995;
	uint64_t hash = HLL_HASH_SEED ^ (len * m);
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word = hash_load64(p) * m;
		word ^= word >> 47;
		hash = (hash ^ (word * m)) * m;
	}
	if (len > 0) {
		uint64_t tail = 0;
		for (size_t i = 0; i < len; i++)
			tail |= (uint64_t)(uint8_t)p[i] << (8 * i);
		hash = (hash ^ tail) * m;
	}
	hash ^= hash >> 47;
	hash *= m;
	return hash ^ hash >> 47;
}

unsigned hll_place(struct bytes element, unsigned *value)
{
	uint64_t hash = murmur64(element.ptr, element.len);
	uint64_t rest = hash >> HLL_INDEX_BITS | (uint64_t)1 << HLL_RANKS;
	*value = (unsigned)__builtin_ctzll(rest) + 1;
	return (unsigned)(hash & (HLL_REGISTERS - 1));
}

/* --- the header --- */

bool hll_is_valid(struct bytes bytes)
{
	if (bytes.len < HLL_HEADER_BYTES || memcmp(bytes.ptr, "HYLL", 4) != 0)
		return false;
	return bytes.ptr[4] == 1 || (bytes.ptr[4] == 0 && bytes.len == HLL_DENSE_BYTES);
}

bool hll_cached(struct bytes valid, uint64_t *count)
{
	*count = hash_load64(valid.ptr + 8);
	return ((uint8_t)valid.ptr[15] & HLL_OUT_OF_DATE) == 0;
}

void hll_cache(void *data, uint64_t count)
{
	memcpy((char *)data + 8, &count, 8);
}

void hll_forget(void *data)
{
	((uint8_t *)data)[15] |= HLL_OUT_OF_DATE;
}

/* --- dense registers --- */

unsigned hll_dense_get(const void *data, unsigned index)
{
	const uint8_t *p = (const uint8_t *)data + HLL_HEADER_BYTES;
	unsigned bit = index * HLL_REGISTER_BITS, at = bit / 8, shift = bit & 7;
	unsigned pair = p[at];
	if (shift > 2)
		pair |= (unsigned)p[at + 1] << 8;
	return pair >> shift & 63;
}

void hll_dense_set(void *data, unsigned index, unsigned value)
{
	uint8_t *p = (uint8_t *)data + HLL_HEADER_BYTES;
	unsigned bit = index * HLL_REGISTER_BITS, at = bit / 8, shift = bit & 7;
	unsigned mask = 63u << shift, bits = value << shift;
	p[at] = (uint8_t)((p[at] & ~mask) | bits);
	if (shift > 2)
		p[at + 1] = (uint8_t)((p[at + 1] & ~(mask >> 8)) | bits >> 8);
}

/* --- runs --- */

bool hll_next_run(struct bytes sparse, size_t *at, unsigned *first, struct hll_run *run)
{
	const uint8_t *p = (const uint8_t *)sparse.ptr + *at;
	if (*at >= sparse.len)
		return false;
	run->bytes = (*p & 0xc0) == 0x40 ? 2 : 1;
	if (sparse.len - *at < run->bytes)
		return false;
	run->value = *p & 0x80 ? (*p >> 2 & 31) + 1 : 0;
	run->length = (*p & 0x80 ? *p & 3 : *p & 63) + 1;
	if (run->bytes == 2)
		run->length = ((unsigned)(*p & 63) << 8 | p[1]) + 1;
	run->first = *first;
	*at += run->bytes;
	*first += run->length;
	return *first <= HLL_REGISTERS;
}

static unsigned run_write(uint8_t *to, unsigned value, unsigned length)
{
	if (length == 0)
		return 0;
	if (value > 0) {
		to[0] = (uint8_t)(0x80 | (value - 1) << 2 | (length - 1));
		return 1;
	}
	if (length <= RUN_ZEROS_MAX) {
		to[0] = (uint8_t)(length - 1);
		return 1;
	}
	to[0] = (uint8_t)(0x40 | (length - 1) >> 8);
	to[1] = (uint8_t)(length - 1);
	return 2;
}

void hll_init(struct hll *h)
{
	memset(h->data, 0, HLL_HEADER_BYTES);
	memcpy(h->data, "HYLL\1", 5);
	h->len = HLL_HEADER_BYTES + run_write(h->data + HLL_HEADER_BYTES, 0, HLL_REGISTERS);
}

bool hll_load(struct hll *h, struct bytes valid)
{
	if (valid.len > HLL_SPARSE_BYTES_MAX)
		return false;
	memcpy(h->data, valid.ptr, valid.len);
	h->len = valid.len;
	return true;
}

enum hll_result hll_merge(struct hll_registers *registers, struct bytes valid)
{
	uint8_t *values = registers->values;
	struct hll_run run;
	unsigned first = 0;
	if (hll_is_dense(valid)) {
		for (unsigned i = 0; i < HLL_REGISTERS; i++) {
			uint8_t value = (uint8_t)hll_dense_get(valid.ptr, i);
			values[i] = value > values[i] ? value : values[i];
		}
		return HLL_CHANGED;
	}
	for (size_t at = HLL_HEADER_BYTES; at < valid.len;) {
		if (!hll_next_run(valid, &at, &first, &run))
			return HLL_CORRUPT;
		for (unsigned i = run.first; run.value > 0 && i < first; i++)
			values[i] = run.value > values[i] ? (uint8_t)run.value : values[i];
	}
	return first == HLL_REGISTERS ? HLL_CHANGED : HLL_CORRUPT;
}

enum hll_result hll_to_dense(struct hll *h)
{
	struct hll_registers registers;
	if (hll_is_dense(hll_bytes(h)))
		return HLL_SAME;
	memset(&registers, 0, sizeof(registers));
	if (hll_merge(&registers, hll_bytes(h)) == HLL_CORRUPT)
		return HLL_CORRUPT;
	h->data[4] = 0;
	h->len = HLL_DENSE_BYTES;
	memset(h->data + HLL_HEADER_BYTES, 0, HLL_DENSE_BYTES - HLL_HEADER_BYTES);
	for (unsigned i = 0; i < HLL_REGISTERS; i++)
		if (registers.values[i] > 0)
			hll_dense_set(h->data, i, registers.values[i]);
	return HLL_CHANGED;
}

/* Runs of one value that a change has brought side by side become one, as far as one can be that
 * long. `at`: where to begin looking; it is register `first`. */
static void merge_runs(struct hll *h, size_t at, unsigned first)
{
	struct hll_run run, next;
	for (int seen = 0; seen < MERGE_RUNS; seen++) {
		size_t begin = at;
		if (!hll_next_run(hll_bytes(h), &at, &first, &run))
			return;
		size_t behind = at;
		unsigned behind_first = first;
		if (run.value == 0 || !hll_next_run(hll_bytes(h), &behind, &behind_first, &next))
			continue;
		unsigned length = run.length + next.length;
		if (next.value != run.value || length > RUN_VALUES_MAX)
			continue;
		/* Both codes are one byte; what is one now is looked at again. */
		run_write(h->data + at, run.value, length);
		memmove(h->data + begin, h->data + at, h->len - at);
		h->len--;
		at = begin;
		first = run.first;
	}
}

static enum hll_result raise_dense(struct hll *h, unsigned index, unsigned value)
{
	if (hll_dense_get(h->data, index) >= value)
		return HLL_SAME;
	hll_dense_set(h->data, index, value);
	return HLL_CHANGED;
}

/* What a register is to become. */
struct rise {
	unsigned index, value;
	uint64_t sparse_max;
};

/* The run at data[at] gives way to what is left of it on both sides of the raised register. */
static enum hll_result split_run(
	struct hll *h, size_t at, const struct hll_run *run, const struct rise *rise)
{
	unsigned index = rise->index, value = rise->value;
	uint8_t codes[5];
	unsigned end = run->first + run->length;
	unsigned size = run_write(codes, run->value, index - run->first);
	size += run_write(codes + size, value, 1);
	size += run_write(codes + size, run->value, end - index - 1);
	size_t len = h->len - run->bytes + size;
	if (size > run->bytes && (len > HLL_SPARSE_BYTES_MAX || len > rise->sparse_max)) {
		if (hll_to_dense(h) == HLL_CORRUPT)
			return HLL_CORRUPT;
		return raise_dense(h, index, value);
	}
	memmove(h->data + at + size, h->data + at + run->bytes, h->len - at - run->bytes);
	memcpy(h->data + at, codes, size);
	h->len = len;
	return HLL_CHANGED;
}

enum hll_result hll_raise(struct hll *h, unsigned index, unsigned value, uint64_t sparse_max)
{
	struct hll_run run = {0};
	size_t at = HLL_HEADER_BYTES, begin = at, before = at;
	unsigned first = 0, before_first = 0;

	ASSERT(index < HLL_REGISTERS && value < 64);
	if (!hll_is_dense(hll_bytes(h)) && value > HLL_SPARSE_VALUE_MAX &&
		hll_to_dense(h) == HLL_CORRUPT)
		return HLL_CORRUPT;
	if (hll_is_dense(hll_bytes(h)))
		return raise_dense(h, index, value);
	while (first <= index) {
		before = begin;
		before_first = run.first;
		begin = at;
		if (!hll_next_run(hll_bytes(h), &at, &first, &run))
			return HLL_CORRUPT;
	}
	if (run.value >= value)
		return HLL_SAME;
	const struct rise rise = {index, value, sparse_max};
	enum hll_result result = split_run(h, begin, &run, &rise);
	if (result == HLL_CHANGED && !hll_is_dense(hll_bytes(h)))
		merge_runs(h, before, before_first);
	return result;
}

/* --- the estimate --- */

static double sigma(double x)
{
	double weight = 1, sum = x, last;
	if (x == 1)
		return INFINITY;
	do {
		last = sum;
		x *= x;
		sum += x * weight;
		weight += weight;
	} while (sum != last);
	return sum;
}

static double tau(double x)
{
	double weight = 1, sum = 1 - x, last;
	if (x == 0 || x == 1)
		return 0;
	do {
		last = sum;
		x = sqrt(x);
		weight *= 0.5;
		sum -= (1 - x) * (1 - x) * weight;
	} while (sum != last);
	return sum / 3;
}

uint64_t hll_count(const struct hll_registers *registers)
{
	const double m = HLL_REGISTERS;
	unsigned counts[256] = {0};
	for (unsigned i = 0; i < HLL_REGISTERS; i++)
		counts[registers->values[i]]++;
	double z = m * tau((m - counts[HLL_RANKS + 1]) / m);
	for (unsigned value = HLL_RANKS; value >= 1; value--)
		z = (z + counts[value]) * 0.5;
	z += m * sigma(counts[0] / m);
	return (uint64_t)llroundl((long double)(HLL_ALPHA * m * m / z));
}
