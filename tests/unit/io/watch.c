/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Watches: what reaches the back end. How they fire is in conformance/.
 */
#include "../../../src/io/watch.c"

#include "conformance/harness.c"

static unsigned added, updated, removed;

static int fake_add(struct loop *loop, struct watch *w)
{
	(void)loop;
	added++;
	return w->fd == 9 ? -EMFILE : 0;
}

static void fake_update(struct loop *loop, struct watch *w)
{
	(void)loop;
	(void)w;
	updated++;
}

static void fake_remove(struct loop *loop, struct watch *w)
{
	(void)loop;
	assert_int_equal(w->interest, 0);
	removed++;
}

static void on_ready(struct watch *w, int events)
{
	(void)w;
	(void)events;
}

static void test_calls(void **state)
{
	(void)state;
	const struct loop_backend fake = {
		.watch_add = fake_add, .watch_update = fake_update, .watch_remove = fake_remove};
	struct loop loop = {.backend = &fake};
	struct watch w = {.on_ready = on_ready, .token = 7};
	assert_int_equal(watch_open(&loop, &w, 9, WATCH_READABLE), -EMFILE);
	assert_int_equal(watch_open(&loop, &w, 3, WATCH_READABLE), 0);
	assert_int_equal(w.fd, 3);
	assert_int_equal(w.token, 0);
	watch_change(&loop, &w, WATCH_READABLE); /* as it was: no work */
	assert_int_equal(updated, 0);
	watch_change(&loop, &w, WATCH_WRITABLE);
	assert_int_equal(updated, 1);
	watch_close(&loop, &w);
	assert_int_equal(added, 2);
	assert_int_equal(removed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
