/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pages straight from the kernel, for tables so large that zeroing them at once would stall: the
 * kernel zeroes each page at its first touch. Counted in mem_used_bytes in full from the first
 * moment.
 */
#ifndef RINGLET_BASE_PAGES_H
#define RINGLET_BASE_PAGES_H

#include <stddef.h>

#define PAGES_HUGE_BYTES ((size_t)2 << 20)

/* Zeroed memory of small pages; NULL when the kernel refuses. From PAGES_HUGE_BYTES on it is
 * aligned to that. `size` is rounded up to whole pages. */
void *pages_map(size_t size);
/* Lets the kernel merge the pages into huge ones, in its own time. For what is filled already: the
 * first touch of a huge page is a stall (0.3 ms and more, measured), of a small one is not. */
void pages_settle(void *ptr, size_t size);
/* Gives all of it back; `size` as mapped. */
void pages_unmap(void *ptr, size_t size);
/* Gives the content of [from, to) back; what is read there afterwards is zero. Still counted, until
 * pages_unmap. */
void pages_drop(void *ptr, size_t from, size_t to);
/* What a mapping of `size` counts as. */
size_t pages_rounded(size_t size);

#endif
