/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bytes as arrays of bits, bit 0 the highest of the first byte: counting, searching, combining,
 * reading and writing fields of up to 64 bits. Pure functions over memory: they know no values.
 */
#ifndef RINGLET_TYPES_BITS_H
#define RINGLET_TYPES_BITS_H

#include "base/bytes.h"

/* Bits first … behind - 1, which lie inside the bytes. */
struct bit_range {
	uint64_t first, behind;
};

/* How many are set. */
uint64_t bits_count(struct bytes bytes, struct bit_range range);
/* The first one that is `bit`; -1 = none. */
int64_t bits_find(struct bytes bytes, struct bit_range range, bool bit);

enum bits_operation {
	BITS_AND,
	BITS_OR,
	BITS_XOR,
	BITS_NOT,   /* of the only source */
	BITS_DIFF,  /* in the first source and in no other */
	BITS_DIFF1, /* in another source but not in the first */
	BITS_ANDOR, /* in the first source and in another */
	BITS_ONE,   /* in exactly one source */
};
/* Writes as many bytes as the longest source has; shorter ones count as padded with zeros. `out`
 * overlaps no source; count > 0. */
void bits_combine(enum bits_operation operation, const struct bytes *sources, size_t count,
	uint8_t *out);

/* A field of `width` bits (1 … 64) from bit `offset` on, behind the end zeros. */
uint64_t bits_read(struct bytes bytes, uint64_t offset, unsigned width);
/* The field lies inside `data`. */
void bits_write(uint8_t *data, uint64_t offset, unsigned width, uint64_t field);

/* --- integers of a width --- */

struct bits_type {
	bool is_signed;
	uint8_t width; /* signed 1 … 64, unsigned 1 … 63 */
};
enum bits_overflow { BITS_WRAP, BITS_SAT, BITS_FAIL };

/* "u8", "i64"; false when it is none. */
bool bits_type_parse(struct bytes text, struct bits_type *out);
/* What a field of this type means. */
int64_t bits_value(struct bits_type type, uint64_t field);
/* value + increment as a field; where it does not fit, as `overflow` says. False: it does not fit
 * and nothing is to be written. An unsigned type takes `value` as 64 bits without a sign. */
bool bits_add(struct bits_type type, int64_t value, int64_t increment, enum bits_overflow overflow,
	uint64_t *field);

#endif
