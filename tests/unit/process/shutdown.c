/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/shutdown: steps in order, waiting, lateness, refusal with and without force, abort.
 */
#include "../../../src/process/shutdown.c"

#include "../unit.h"

static struct shutdown *s;
static int stops, fails, undone;
static char trail[64];
static enum shutdown_answer answers[2];

static void stop(void *context)
{
	(void)context;
	stops++;
}

static void failed(void *context)
{
	(void)context;
	fails++;
}

static enum shutdown_answer step(unsigned flags, bool is_late, void *context)
{
	char mark[3] = {*(const char *)context, is_late ? '!' : '.', 0};
	(void)flags;
	strncat(trail, mark, sizeof(trail) - strlen(trail) - 1);
	return answers[*(const char *)context - 'a'];
}

static void undo(void *context)
{
	(void)context;
	undone++;
}

static int setup(void **state)
{
	static char names[] = "ab";
	(void)state;
	stops = fails = undone = 0;
	trail[0] = '\0';
	answers[0] = answers[1] = SHUTDOWN_DONE;
	s = shutdown_new(stop, NULL);
	shutdown_on_failed(s, failed, NULL);
	shutdown_add_step(s, (struct shutdown_step){"a", step, undo, &names[0]});
	shutdown_add_step(s, (struct shutdown_step){"b", step, NULL, &names[1]});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shutdown_free(s);
	return 0;
}

static void test_at_once(void **state)
{
	(void)state;
	assert_int_equal(shutdown_left_ms(s, 0), -1);
	assert_int_equal(shutdown_begin(s, 0, 1000, 5), SHUTDOWN_EXITING);
	assert_string_equal(trail, "a.b.");
	assert_int_equal(stops, 1);
	assert_int_equal(shutdown_begin(s, 0, 1000, 6), SHUTDOWN_EXITING);
	assert_int_equal(stops, 1);
	assert_false(shutdown_abort(s));
}

static void test_waits_until_late(void **state)
{
	(void)state;
	answers[1] = SHUTDOWN_WAIT;
	assert_int_equal(shutdown_begin(s, 0, 1000, 5), SHUTDOWN_PENDING);
	assert_true(shutdown_is_pending(s));
	assert_int_equal(shutdown_left_ms(s, 105), 900);
	shutdown_tick(s, 500);
	assert_int_equal(stops, 0);
	shutdown_tick(s, 1005);
	assert_int_equal(stops, 1);
	assert_string_equal(trail, "a.b.b.b!");
}

static void test_joined_by_now(void **state)
{
	(void)state;
	answers[0] = SHUTDOWN_WAIT;
	assert_int_equal(shutdown_begin(s, 0, INT64_MAX, 5), SHUTDOWN_PENDING);
	assert_int_equal(shutdown_begin(s, SHUTDOWN_NOW, 0, 6), SHUTDOWN_EXITING);
	assert_string_equal(trail, "a.a!b!");
}

static void test_refused(void **state)
{
	(void)state;
	answers[1] = SHUTDOWN_REFUSE;
	assert_int_equal(shutdown_begin(s, 0, 1000, 5), SHUTDOWN_FAILED);
	assert_int_equal(undone, 1);
	assert_int_equal(fails, 1);
	assert_false(shutdown_is_pending(s));
	assert_int_equal(shutdown_begin(s, SHUTDOWN_FORCE, 1000, 5), SHUTDOWN_EXITING);
	assert_int_equal(stops, 1);
}

static void test_aborted(void **state)
{
	(void)state;
	assert_false(shutdown_abort(s));
	answers[0] = SHUTDOWN_WAIT;
	shutdown_on_signal(s, SIGTERM, 0, 1000);
	assert_true(shutdown_abort(s)); /* before it began */
	assert_int_equal(fails, 0);
	shutdown_tick(s, 5);
	assert_false(shutdown_is_pending(s));
	shutdown_on_signal(s, SIGTERM, 0, 1000);
	shutdown_tick(s, 5);
	assert_true(shutdown_is_pending(s));
	assert_true(shutdown_abort(s));
	assert_int_equal(fails, 1);
	assert_int_equal(undone, 1);
	shutdown_tick(s, 99999);
	assert_int_equal(stops, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_until_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joined_by_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aborted, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
