/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/pages: zeroed, aligned where huge pages are meant, counted from map to unmap.
 */
#include "../../../src/base/pages.c"

#include "../unit.h"

#include <string.h>

static void test_map(void **state)
{
	static const size_t sizes[] = {
		1, 4096, 4097, 65536, (2u << 20) - 1, 2u << 20, (5u << 20) + 3};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t before = mem_used_bytes();
		char *p = pages_map(sizes[i]);
		assert_non_null(p);
		assert_int_equal(mem_used_bytes() - before, pages_rounded(sizes[i]));
		assert_int_equal((uintptr_t)p % 4096, 0);
		if (sizes[i] >= PAGES_HUGE_BYTES)
			assert_int_equal((uintptr_t)p % PAGES_HUGE_BYTES, 0);
		for (size_t at = 0; at < sizes[i]; at += 512) {
			assert_int_equal(p[at], 0);
			p[at] = 1;
		}
		p[sizes[i] - 1] = 1;
		pages_settle(p, sizes[i]);
		assert_int_equal(p[sizes[i] - 1], 1);
		pages_unmap(p, sizes[i]);
		assert_int_equal(mem_used_bytes(), before);
	}
	pages_unmap(NULL, 5);
}

static void test_drop(void **state)
{
	(void)state;
	size_t before = mem_used_bytes();
	char *p = pages_map(10 * 4096);
	memset(p, 'x', 10 * 4096);
	/* Only whole pages inside the range. */
	pages_drop(p, 100, 3 * 4096 + 5);
	assert_int_equal(p[4095], 'x');
	assert_int_equal(p[4096], 0);
	assert_int_equal(p[3 * 4096 - 1], 0);
	assert_int_equal(p[3 * 4096], 'x');
	pages_drop(p, 5 * 4096 + 1, 6 * 4096 - 1);
	assert_int_equal(p[5 * 4096], 'x');
	assert_int_equal(mem_used_bytes() - before, 10 * 4096);
	pages_unmap(p, 10 * 4096);
	assert_int_equal(mem_used_bytes(), before);
}

static void test_refused(void **state)
{
	(void)state;
	size_t before = mem_used_bytes();
	assert_null(pages_map(0));
	assert_null(pages_map(SIZE_MAX));
	assert_null(pages_map(PAGES_SIZE_MAX + 1));
	assert_int_equal(mem_used_bytes(), before);
}

UNIT_MAIN(test_map, test_drop, test_refused)
