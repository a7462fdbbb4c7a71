/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io/rss: touched pages are seen, given back ones are not.
 */
#include "../../../src/io/rss.c"

#include "../unit.h"

#include <sys/mman.h>

#define PROBE_BYTES (64u << 20)

static void test_rss(void **state)
{
	(void)state;
	size_t before = rss_bytes();
	assert_true(before > 100 * 1024);
	char *pages = mmap(
		NULL, PROBE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pages != MAP_FAILED);
	memset(pages, 1, PROBE_BYTES);
	size_t touched = rss_bytes();
	munmap(pages, PROBE_BYTES);
	size_t after = rss_bytes();
	assert_true(touched >= before + PROBE_BYTES / 2);
	assert_true(after <= touched - PROBE_BYTES / 2);
}

static void test_machine(void **state)
{
	(void)state;
	assert_true(machine_memory_bytes() > rss_bytes());
}

UNIT_MAIN(test_rss, test_machine)
