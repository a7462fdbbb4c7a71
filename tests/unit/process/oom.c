/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/oom: what the kernel shows after each mode, and that "no" gives back what was there.
 */
#include "../../../src/process/oom.c"

#include "../unit.h"

static void test_modes(void **state)
{
	struct process_config config = {.oom_values = {10, 20, 900}};
	int start, now;
	(void)state;
	assert_true(oom_read(&start));
	config.oom_mode = OOM_NO;
	assert_true(oom_apply(&config, OOM_PRIMARY));
	assert_true(oom_read(&now));
	assert_int_equal(now, start);
	config.oom_mode = OOM_RELATIVE;
	assert_true(oom_apply(&config, OOM_PRIMARY));
	assert_true(oom_read(&now));
	assert_int_equal(now, start + 10);
	/* Relative to the start, not to the last value. */
	assert_true(oom_apply(&config, OOM_REPLICA));
	assert_true(oom_read(&now));
	assert_int_equal(now, start + 20);
	config.oom_mode = OOM_ABSOLUTE;
	assert_true(oom_apply(&config, OOM_CHILD));
	assert_true(oom_read(&now));
	assert_int_equal(now, 900);
	config.oom_values[OOM_CHILD] = 2000;
	assert_true(oom_apply(&config, OOM_CHILD));
	assert_true(oom_read(&now));
	assert_int_equal(now, OOM_MAX);
	if (geteuid() != 0)
		return;
	config.oom_mode = OOM_NO;
	assert_true(oom_apply(&config, OOM_PRIMARY));
	assert_true(oom_read(&now));
	assert_int_equal(now, start);
}

UNIT_MAIN(test_modes)
