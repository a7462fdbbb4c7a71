/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The allocator and its exact counter. Every byte the program allocates goes through here, so that
 * `used_memory` is a sum of jemalloc's size classes and not an estimate.
 *
 * Allocation never returns NULL (the process ends with a clear line when the machine is out of
 * memory) except mem_try_*, for sizes that a client chooses.
 */
#ifndef RINGLET_BASE_MEM_H
#define RINGLET_BASE_MEM_H

#include <stddef.h>

/* Memory of at least `size` bytes, uninitialised. Free with mem_free or mem_free_sized. */
void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
/* The same, zeroed. */
void *mem_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks `ptr` (NULL allowed). */
void *mem_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));
/* NULL when there is not that much memory. */
void *mem_try_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_try_realloc(void *ptr, size_t size);
/* NULL is allowed. */
void mem_free(void *ptr);
/* Cheaper than mem_free: `size` is what was asked for (any size of the same class will do). */
void mem_free_sized(void *ptr, size_t size);
/* For what libc allocated by itself (realpath, getline): it was never counted. */
void mem_free_libc(void *ptr);
/* Zeroed memory aligned to `align` (a power of two); free with mem_free. */
void *mem_calloc_aligned(size_t align, size_t size) __attribute__((malloc, returns_nonnull));

/* What the allocator really reserved for `ptr`. */
size_t mem_usable_size(const void *ptr);
/* What it would reserve for a request of `size` bytes. */
size_t mem_size_class(size_t size);
/* Sum of mem_usable_size over all live allocations. */
size_t mem_used_bytes(void);
/* The highest mem_used_bytes seen by mem_note_peak, which the turn calls. */
size_t mem_peak_bytes(void);
void mem_note_peak(void);

/* Adds memory that did not come from the allocator to the count (base/pages). */
void mem_count_mapped(ptrdiff_t delta);

/* Copies of bytes; mem_dup_text adds a NUL. */
void *mem_dup(const void *ptr, size_t len);
char *mem_dup_text(const char *text);
char *mem_dup_bytes_text(const void *ptr, size_t len);

/* "jemalloc-5.3.0" or "libc", as INFO's mem_allocator shows it. */
const char *mem_allocator_name(void);

#endif
