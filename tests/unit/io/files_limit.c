/* SPDX-License-Identifier: BSD-3-Clause
 *
 * io/files_limit: raises within what the system allows, never lowers.
 */
#include "../../../src/io/files_limit.c"

#include "../unit.h"

static void test_limits(void **state)
{
	struct rlimit before, small;
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	small = before;
	small.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	assert_int_equal(files_limit_raise(50), 100);
	assert_int_equal(files_limit_raise(100), 100);
	assert_int_equal(files_limit_raise(150), 150);
	assert_true(files_limit_raise(before.rlim_max) >= before.rlim_max);
	/* More than any system has: as far as it goes. */
	uint64_t most = files_limit_raise(UINT64_MAX / 2);
	assert_true(most >= before.rlim_max);
	assert_true(most < UINT64_MAX / 2);
	assert_int_equal(files_limit_raise(0), most);
}

UNIT_MAIN(test_limits)
