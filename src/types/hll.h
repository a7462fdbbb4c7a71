/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HyperLogLog: how many different elements were seen, in 16384 registers of six bits; a string
 * value in Redis's form.
 *
 *   "HYLL" | encoding u8 (0 dense, 1 sparse) | 3 unused | cardinality u64 | registers
 *
 * The highest bit of the cardinality says that it is out of date. Dense registers are packed from
 * the lowest bit on. Sparse ones are runs:
 *
 *   00nnnnnn            n + 1 registers of 0
 *   01nnnnnn nnnnnnnn   n + 1 registers of 0
 *   1vvvvvnn            n + 1 registers of v + 1
 *
 * The bytes may come from anybody: every function that reads runs checks each one, and says
 * HLL_CORRUPT where they don't cover the registers exactly.
 */
#ifndef RINGLET_TYPES_HLL_H
#define RINGLET_TYPES_HLL_H

#include "base/bytes.h"

#define HLL_REGISTERS 16384
#define HLL_REGISTER_BITS 6
#define HLL_HEADER_BYTES 16
#define HLL_DENSE_BYTES (HLL_HEADER_BYTES + HLL_REGISTERS * HLL_REGISTER_BITS / 8)
#define HLL_SPARSE_VALUE_MAX 32
/* No valid sparse one is longer: each run covers a register at least. A change may be one run
 * longer for a moment. */
#define HLL_SPARSE_BYTES_MAX (HLL_HEADER_BYTES + 2 * HLL_REGISTERS)
#define HLL_ROOM (HLL_SPARSE_BYTES_MAX + 8)

enum hll_result { HLL_CORRUPT = -1, HLL_SAME, HLL_CHANGED };

/* One that is being changed; large, but only what is used is touched. */
struct hll {
	size_t len;
	uint8_t data[HLL_ROOM];
};

/* One value for each register. */
struct hll_registers {
	uint8_t values[HLL_REGISTERS];
};

/* Has it a header and the length that this demands? */
bool hll_is_valid(struct bytes bytes);
static inline bool hll_is_dense(struct bytes valid)
{
	return valid.ptr[4] == 0;
}
/* The cardinality of the header; false: it is out of date. */
bool hll_cached(struct bytes valid, uint64_t *count);
/* Writes it into the header. */
void hll_cache(void *data, uint64_t count);
void hll_forget(void *data);

/* Empty, sparse. */
void hll_init(struct hll *h);
/* A copy of a valid one. False: it is too long to be one. */
bool hll_load(struct hll *h, struct bytes valid);
static inline struct bytes hll_bytes(const struct hll *h)
{
	return bytes_of(h->data, h->len);
}
/* Makes it dense. */
enum hll_result hll_to_dense(struct hll *h);
/* Raises a register to `value` (below 64); sparse_max: the length above which it becomes dense. */
enum hll_result hll_raise(struct hll *h, unsigned index, unsigned value, uint64_t sparse_max);

/* The register of an element and the value it asks for. */
unsigned hll_place(struct bytes element, unsigned *value);
unsigned hll_dense_get(const void *data, unsigned index);
void hll_dense_set(void *data, unsigned index, unsigned value);

/* registers = max(registers, those of a valid one). */
enum hll_result hll_merge(struct hll_registers *registers, struct bytes valid);
uint64_t hll_count(const struct hll_registers *registers);

/* A run of a sparse one. */
struct hll_run {
	unsigned first, length, value;
	unsigned bytes; /* of its code */
};
/* The run at data[*at], which begins at register *first: both step on. False: there is none. */
bool hll_next_run(struct bytes sparse, size_t *at, unsigned *first, struct hll_run *run);

#endif
