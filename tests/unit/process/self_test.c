/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/self_test: good memory passes, a bit that does not stay is found, too much is refused.
 */
#include "../../../src/process/self_test.c"

#include "../unit.h"

static void test_memory(void **state)
{
	static uint64_t words[64];
	(void)state;
	for (int pattern = 0; pattern < 4; pattern++)
		assert_int_equal(self_test_words(words, 64, pattern), 0);
	/* Each pattern differs between neighbours and from the other patterns. */
	for (size_t i = 0; i < 64; i++) {
		assert_true(self_test_pattern(0, i) == ~self_test_pattern(1, i));
		assert_true(self_test_pattern(2, i) == ~self_test_pattern(3, i));
		for (int pattern = 0; pattern < 4; pattern++)
			assert_true(
				self_test_pattern(pattern, i) != self_test_pattern(pattern, i + 1));
	}
	assert_false(self_test_memory(SIZE_MAX));
	assert_false(self_test_memory(SIZE_MAX >> 22));
	assert_true(self_test_memory(1));
}

static void test_system(void **state)
{
	char line[4];
	(void)state;
	assert_false(self_test_read("/nonexistent", line, sizeof(line)));
	assert_true(self_test_read("/proc/self/stat", line, sizeof(line)));
	assert_int_equal(line[3], '\0');
	bool any = self_test_slow_clock() || self_test_xen_clock() || self_test_overcommit_off() ||
		self_test_thp_always();
	assert_int_equal(self_test_system(), !any);
	self_test_log_warnings("");
	assert_true(self_test_is_listed("THP", "a thp"));
	assert_true(self_test_is_listed("THP", "  THP b"));
	assert_false(self_test_is_listed("THP", "THPx xTHP"));
	assert_false(self_test_is_listed("THP", ""));
	assert_true(self_test_memory_fast());
}

UNIT_MAIN(test_memory, test_system)
