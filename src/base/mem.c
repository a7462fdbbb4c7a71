/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The allocator's front: jemalloc (or libc with -DNO_JEMALLOC, for sanitizers) plus an exact
 * counter of what it reserved.
 *
 * Invariant: mem_used_bytes is the sum of mem_usable_size over all live allocations. An allocation
 * costs malloc and one addition: the size class is computed, not asked for, and the first thread
 * that allocates (the one that runs the turns) owns a counter of its own that nobody else writes.
 * Other threads share an atomic one; either may go below zero, only their sum means something.
 *
 * It knows nothing of limits or eviction: who compares the counter with maxmemory lives above.
 */
#include "base/mem.h"

#include "base/assert.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef NO_JEMALLOC
#include <malloc.h>
#else
#include <jemalloc/jemalloc.h>
#endif

#define MEM_SIZE_MAX ((size_t)PTRDIFF_MAX)

static _Atomic int64_t mem_owner_bytes; /* written by the owner thread only: no locked add */
static _Atomic int64_t mem_other_bytes;
static size_t mem_peak;
static atomic_flag mem_owner_claimed = ATOMIC_FLAG_INIT;
static __thread bool mem_is_owner;

/* The count of a thread that has not (or will not) become the owner. */
static __attribute__((noinline, cold)) void mem_count_other(int64_t delta)
{
	if (!atomic_flag_test_and_set(&mem_owner_claimed))
		mem_is_owner = true;
	atomic_fetch_add_explicit(&mem_other_bytes, delta, memory_order_relaxed);
}

static inline void mem_count(int64_t delta)
{
	if (UNLIKELY(!mem_is_owner)) {
		mem_count_other(delta);
		return;
	}
	int64_t now = atomic_load_explicit(&mem_owner_bytes, memory_order_relaxed);
	atomic_store_explicit(&mem_owner_bytes, now + delta, memory_order_relaxed);
}

static __attribute__((noreturn, noinline, cold)) void mem_exhausted(size_t size)
{
	char line[96];
	snprintf(line, sizeof(line), "Out of memory: no room for an allocation of %zu bytes", size);
	log_raw_from_signal(line);
	abort();
}

#ifdef NO_JEMALLOC

size_t mem_size_class(size_t size)
{
	return size == 0 ? 1 : size;
}

size_t mem_usable_size(const void *ptr)
{
	return malloc_usable_size((void *)(uintptr_t)ptr);
}

static inline size_t mem_reserved(const void *ptr, size_t size)
{
	(void)size;
	return mem_usable_size(ptr);
}

static inline void mem_give_back(void *ptr, size_t size)
{
	(void)size;
	free(ptr);
}

static void *mem_take_aligned(size_t align, size_t size)
{
	void *ptr = NULL;
	if (posix_memalign(&ptr, align < sizeof(void *) ? sizeof(void *) : align, size) != 0)
		return NULL;
	memset(ptr, 0, size);
	return ptr;
}

const char *mem_allocator_name(void)
{
	return "libc";
}

#else

/* jemalloc's classes: 8, multiples of 16 up to 128, then four steps to each doubling. Computed, so
 * that counting and the sized free cost nothing: README.md has the figures. The unit test compares
 * with nallocx. */
size_t mem_size_class(size_t size)
{
	if (size <= 8)
		return 8;
	if (size <= 128)
		return (size + 15) & ~(size_t)15;
	if (UNLIKELY(size > MEM_SIZE_MAX))
		return size;
	size_t step = (size_t)1 << (63 - __builtin_clzl(size - 1) - 2);
	return (size + step - 1) & ~(step - 1);
}

size_t mem_usable_size(const void *ptr)
{
	return sallocx(ptr, 0);
}

static inline size_t mem_reserved(const void *ptr, size_t size)
{
	(void)ptr;
	return mem_size_class(size);
}

static inline void mem_give_back(void *ptr, size_t size)
{
	sdallocx(ptr, size, 0);
}

static void *mem_take_aligned(size_t align, size_t size)
{
	return mallocx(size, MALLOCX_ALIGN(align) | MALLOCX_ZERO);
}

#define MEM_TEXT_(x) #x
#define MEM_TEXT(x) MEM_TEXT_(x)

const char *mem_allocator_name(void)
{
	return "jemalloc-" MEM_TEXT(JEMALLOC_VERSION_MAJOR) "." MEM_TEXT(
		JEMALLOC_VERSION_MINOR) "." MEM_TEXT(JEMALLOC_VERSION_BUGFIX);
}

#endif

void *mem_try_alloc(size_t size)
{
	if (UNLIKELY(size > MEM_SIZE_MAX))
		return NULL;
	void *ptr = malloc(size == 0 ? 1 : size);
	if (UNLIKELY(ptr == NULL))
		return NULL;
	mem_count((int64_t)mem_reserved(ptr, size));
	return ptr;
}

void *mem_alloc(size_t size)
{
	void *ptr = mem_try_alloc(size);
	if (UNLIKELY(ptr == NULL))
		mem_exhausted(size);
	return ptr;
}

void *mem_calloc(size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total) || total > MEM_SIZE_MAX)
		mem_exhausted(SIZE_MAX);
	void *ptr = calloc(1, total == 0 ? 1 : total);
	if (UNLIKELY(ptr == NULL))
		mem_exhausted(total);
	mem_count((int64_t)mem_reserved(ptr, total));
	return ptr;
}

void *mem_calloc_aligned(size_t align, size_t size)
{
	ASSERT(align != 0 && (align & (align - 1)) == 0);
	void *ptr = size > MEM_SIZE_MAX ? NULL : mem_take_aligned(align, size == 0 ? 1 : size);
	if (ptr == NULL)
		mem_exhausted(size);
	mem_count((int64_t)mem_usable_size(ptr));
	return ptr;
}

void *mem_try_realloc(void *ptr, size_t size)
{
	if (ptr == NULL)
		return mem_try_alloc(size);
	if (UNLIKELY(size > MEM_SIZE_MAX))
		return NULL;
	/* A size of 0 would free. */
	size_t before = mem_usable_size(ptr);
	void *moved = realloc(ptr, size == 0 ? 1 : size);
	if (UNLIKELY(moved == NULL))
		return NULL;
	mem_count((int64_t)mem_reserved(moved, size) - (int64_t)before);
	return moved;
}

void *mem_realloc(void *ptr, size_t size)
{
	void *moved = mem_try_realloc(ptr, size);
	if (UNLIKELY(moved == NULL))
		mem_exhausted(size);
	return moved;
}

void mem_free(void *ptr)
{
	if (ptr == NULL)
		return;
	size_t size = mem_usable_size(ptr);
	mem_count(-(int64_t)size);
	mem_give_back(ptr, size);
}

void mem_free_sized(void *ptr, size_t size)
{
	if (ptr == NULL)
		return;
	size_t reserved = mem_reserved(ptr, size);
	ASSERT_SLOW(reserved == mem_usable_size(ptr));
	mem_count(-(int64_t)reserved);
	mem_give_back(ptr, reserved);
}

void mem_free_libc(void *ptr)
{
	free(ptr);
}

size_t mem_used_bytes(void)
{
	int64_t sum = atomic_load_explicit(&mem_owner_bytes, memory_order_relaxed) +
		      atomic_load_explicit(&mem_other_bytes, memory_order_relaxed);
	/* Another thread may free between the two loads what the owner allocated before them. */
	return sum > 0 ? (size_t)sum : 0;
}

size_t mem_peak_bytes(void)
{
	size_t now = mem_used_bytes();
	return now > mem_peak ? now : mem_peak;
}

void mem_note_peak(void)
{
	size_t now = mem_used_bytes();
	if (now > mem_peak)
		mem_peak = now;
}

void mem_count_mapped(ptrdiff_t delta)
{
	mem_count(delta);
}

void *mem_dup(const void *ptr, size_t len)
{
	void *copy = mem_alloc(len);
	if (len > 0)
		memcpy(copy, ptr, len);
	return copy;
}

char *mem_dup_bytes_text(const void *ptr, size_t len)
{
	if (len >= MEM_SIZE_MAX)
		mem_exhausted(len);
	char *copy = mem_alloc(len + 1);
	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

char *mem_dup_text(const char *text)
{
	return mem_dup_bytes_text(text, strlen(text));
}
