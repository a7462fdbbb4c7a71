/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mmap and madvise behind checked sizes. Invariant: what pages_map counted, pages_unmap of the same
 * size takes off again, whatever was dropped in between.
 */
#include "base/pages.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGES_SMALL_BYTES ((size_t)4096)
#define PAGES_SIZE_MAX ((size_t)1 << 46)

size_t pages_rounded(size_t size)
{
	ASSERT(size <= PAGES_SIZE_MAX);
	return (size + PAGES_SMALL_BYTES - 1) & ~(PAGES_SMALL_BYTES - 1);
}

static void *pages_map_raw(size_t size)
{
	void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return ptr == MAP_FAILED ? NULL : ptr;
}

/* The kernel uses huge pages only where they lie aligned: map more and cut both ends. */
static void *pages_map_huge(size_t size)
{
	char *raw = pages_map_raw(size + PAGES_HUGE_BYTES);
	if (raw == NULL)
		return NULL;
	size_t lead = (size_t)(-(uintptr_t)raw & (PAGES_HUGE_BYTES - 1));
	if (lead > 0)
		munmap(raw, lead);
	munmap(raw + lead + size, PAGES_HUGE_BYTES - lead);
	return raw + lead;
}

void pages_settle(void *ptr, size_t size)
{
	/* Refused where huge pages are off; the memory is good anyway. */
	(void)madvise(ptr, pages_rounded(size), MADV_HUGEPAGE);
}

void *pages_map(size_t size)
{
	if (size == 0 || size > PAGES_SIZE_MAX)
		return NULL;
	size = pages_rounded(size);
	void *ptr = size >= PAGES_HUGE_BYTES ? pages_map_huge(size) : pages_map_raw(size);
	if (ptr != NULL)
		mem_count_mapped((ptrdiff_t)size);
	return ptr;
}

void pages_unmap(void *ptr, size_t size)
{
	if (ptr == NULL)
		return;
	size = pages_rounded(size);
	int failed = munmap(ptr, size);
	ASSERT(failed == 0);
	mem_count_mapped(-(ptrdiff_t)size);
}

void pages_drop(void *ptr, size_t from, size_t to)
{
	from = pages_rounded(from);
	to &= ~(PAGES_SMALL_BYTES - 1);
	if (from < to)
		(void)madvise((char *)ptr + from, to - from, MADV_DONTNEED);
}
