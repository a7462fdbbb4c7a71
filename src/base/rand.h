/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random numbers: a fast generator (xoshiro256**, Blackman and Vigna, 2018) for sampling, and the
 * kernel's for secrets.
 */
#ifndef RINGLET_BASE_RAND_H
#define RINGLET_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

uint64_t rand_u64(void);
/* Uniform in [0, limit); limit > 0. No modulo bias (Lemire, 2019). */
uint64_t rand_below(uint64_t limit);
void rand_seed(uint64_t seed);
/* From the kernel: keys, run ids. */
void rand_secret(void *out, size_t len);
/* `len` lower-case hex digits, no NUL. */
void rand_hex(char *out, size_t len);

#endif
