/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A page that a virtual machine has never used is fetched from its host at the first touch: many
 * times the cost of a page fault, and charged to whoever touches it. A server that grows pays that
 * and a table that is filled at random pays it for each of its pages. So what is to be measured is
 * touched and freed beforehand; the kernel hands out first what was freed last.
 */
#include "warm.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "util.h"

enum { PAGE_BYTES = 4096, CHUNK_PAGES = 64 };

/* Returns the cost of a page in microseconds; *longest_ms is that of CHUNK_PAGES in a row. */
static double touch(volatile char *memory, size_t bytes, double *longest_ms)
{
	int64_t begin = clock_ns(), longest = 0;

	for (size_t at = 0; at < bytes; at += (size_t)CHUNK_PAGES * PAGE_BYTES) {
		int64_t now = clock_ns();

		for (size_t page = 0; page < CHUNK_PAGES; page++)
			memory[at + page * PAGE_BYTES] = 1;
		now = clock_ns() - now;
		longest = now > longest ? now : longest;
	}
	*longest_ms = (double)longest / 1e6;
	return (double)(clock_ns() - begin) / 1e3 / (double)(bytes / PAGE_BYTES);
}

void memory_warm(size_t bytes)
{
	struct sysinfo info;
	const size_t chunk = (size_t)CHUNK_PAGES * PAGE_BYTES;
	double us[2], longest_ms[2];

	if (sysinfo(&info) == 0 && bytes > info.freeram * (size_t)info.mem_unit / 2)
		bytes = info.freeram * (size_t)info.mem_unit / 2;
	bytes -= bytes % chunk;
	if (bytes == 0)
		return;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("no room for %zu bytes", bytes);
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (int pass = 0; pass < 2; pass++) {
		us[pass] = touch(memory, bytes, &longest_ms[pass]);
		madvise(memory, bytes, MADV_DONTNEED);
	}
	munmap(memory, bytes);
	printf("%zu MB warmed: a page %.2f us (longest %d: %.2f ms), again %.2f us (%.2f ms)\n",
		bytes >> 20, us[0], CHUNK_PAGES, longest_ms[0], us[1], longest_ms[1]);
	fflush(stdout);
}
