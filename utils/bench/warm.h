/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Warm memory: pages that the host of a virtual machine has handed over already.
 */
#ifndef BENCH_WARM_H
#define BENCH_WARM_H

#include <stddef.h>

/* Touches `bytes` of fresh memory (half of what is free, at most), gives it back, and prints what a
 * page costs at its first touch and when it is handed out again. */
void memory_warm(size_t bytes);

#endif
