/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/assert: a true condition costs nothing, a false one logs, calls the hook and aborts.
 */
#include "../../../src/base/assert.c"

#include "../unit.h"

static char report[64];

static void fail_plainly(void *arg)
{
	ASSERT(*(int *)arg == 1);
}

static void leave_a_file(const char *what, const char *file, int line)
{
	FILE *f = fopen(report, "w");
	if (f != NULL) {
		fprintf(f, "%s|%d|%d", what, strstr(file, "assert.c") != NULL, line > 0);
		fclose(f);
	}
	/* A failure inside the report must end the process too, not start another report. */
	ASSERT(what == NULL);
}

static void test_true_goes_on(void **state)
{
	int one = 1;
	(void)state;
	assert_false(unit_aborts(fail_plainly, &one));
	ASSERT_SLOW(one == 1);
}

static void test_false_aborts(void **state)
{
	int two = 2;
	(void)state;
	assert_true(unit_aborts(fail_plainly, &two));
}

static void test_hook_runs_once(void **state)
{
	int two = 2;
	char text[100] = "";
	(void)state;
	snprintf(report, sizeof(report), "/tmp/ringlet-assert-%d", (int)getpid());
	assert_hook = leave_a_file;
	assert_true(unit_aborts(fail_plainly, &two));
	assert_hook = NULL;
	FILE *f = fopen(report, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	unlink(report);
	assert_string_equal(text, "*(int *)arg == 1|1|1");
}

UNIT_MAIN(test_true_goes_on, test_false_aborts, test_hook_runs_once)
