/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Signals: what ends a process and what must not. Delivery is in conformance/.
 */
#include "../../../src/io/signals.c"

#include "conformance/harness.c"
#include "conformance/refuse.c"

static void on_any(int number, void *context)
{
	(void)number;
	(void)context;
	loop_stop(world.loop);
}

static void start(void)
{
	world_setup(NULL);
	if (signals_open(world.loop, on_any, NULL) != 0)
		_exit(99);
}

static int child_impatient(void)
{
	start();
	raise(SIGTERM);
	raise(SIGTERM); /* twice is not an order to die */
	raise(SIGHUP);
	raise(SIGPIPE);
	raise(SIGXFSZ);
	raise(SIGINT);
	raise(SIGINT);
	return 50;
}

static int child_patient(void)
{
	start();
	raise(SIGINT);
	loop_run(world.loop);
	raise(SIGINT); /* the first was handled */
	loop_run(world.loop);
	signals_close(world.loop);
	signals_close(world.loop);
	return world_teardown(NULL);
}

/* What is done last is ended by the first SIGINT, and leaves no scrap. */
static int child_last_work(void)
{
	start();
	signals_last_work("signals-scrap.tmp");
	signals_last_work(NULL);
	raise(SIGINT); /* an event as ever */
	loop_run(world.loop);
	FILE *scrap = fopen("signals-scrap.tmp", "w");
	if (scrap == NULL || fclose(scrap) != 0)
		return 51;
	signals_last_work("signals-scrap.tmp");
	raise(SIGTERM);
	raise(SIGINT);
	return 50;
}

/* After the close nothing ends the process but itself. */
static int child_ending(void)
{
	start();
	signals_close(world.loop);
	raise(SIGPIPE);
	raise(SIGTERM);
	return 50;
}

static void test_children(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_impatient), 1);
	assert_int_equal(in_child(child_patient), 0);
	assert_int_equal(in_child(child_last_work), 1);
	assert_int_equal(access("signals-scrap.tmp", F_OK), -1);
	assert_int_equal(in_child(child_ending), 50); /* not killed on its way out */
}

int main(void)
{
	world.kind = LOOP_POLL;
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_children)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
