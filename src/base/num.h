/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Numbers to text and back, with Redis's strictness: no blanks, no '+', no leading zeros in
 * integers, the whole text must be consumed.
 */
#ifndef RINGLET_BASE_NUM_H
#define RINGLET_BASE_NUM_H

#include "base/bytes.h"

#define NUM_I64_MAX_CHARS 20 /* "-9223372036854775808" */
#define NUM_DOUBLE_MAX_CHARS 40
#define NUM_LONG_DOUBLE_MAX_CHARS (5 * 1024)

/* Canonical decimal int64 ("0", "-12"; not "007", "+1", "-0"); false when it is anything else. */
bool num_parse_i64(struct bytes text, int64_t *out);
bool num_parse_u64(struct bytes text, uint64_t *out);
/* As strtod over the whole text: "inf", "-inf", hex and exponents allowed; refuses NaN, an empty
 * text, leading blanks and ERANGE over- or underflow to infinity. */
bool num_parse_double(struct bytes text, double *out);
bool num_parse_long_double(struct bytes text, long double *out);

/* Decimal digits of `value` into `out` (no NUL); returns the count. `out` holds
 * NUM_I64_MAX_CHARS. */
size_t num_print_i64(char *out, int64_t value);
size_t num_print_u64(char *out, uint64_t value);
size_t num_digits_u64(uint64_t value);
/* The shortest text of at most 17 digits that reads back as `value` ("%.17g" semantics as Redis
 * replies it: integers without a point, "inf", "-inf", "nan"). `out` holds NUM_DOUBLE_MAX_CHARS. */
size_t num_print_double(char *out, double value);
/* INCRBYFLOAT's text: "%.17Lf" without trailing zeros. `out` holds NUM_LONG_DOUBLE_MAX_CHARS. */
size_t num_print_long_double(char *out, long double value);

/* "100", "1k", "1kb", "2mb", "3gb" (k = 1000, kb = 1024), case-insensitive. */
bool num_parse_size(struct bytes text, uint64_t *out);
/* "1.50M": how INFO's *_human fields show a size. `out` holds 32 chars incl. NUL. */
void num_print_human_size(char *out, uint64_t bytes);

#endif
