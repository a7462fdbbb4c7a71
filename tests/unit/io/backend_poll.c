/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The poll back end: all that a back end must do, and what is its own.
 */
#include "../../../src/io/backend_poll.c"

#include "conformance/harness.c"

#include "conformance/sockets.c"
#include "conformance/rest.c"
#include "conformance/chaos.c"

static void ignore_ready(struct watch *w, int events)
{
	(void)w;
	(void)events;
}

/* Entries come and go in any order: each owner knows its place. */
static void test_table(void **state)
{
	(void)state;
	enum { COUNT = 150 };
	static struct watch watches[COUNT];
	static bool is_open[COUNT];
	struct polls *p = world.loop->state;
	int fd = eventfd(0, EFD_NONBLOCK);
	size_t open_count = 0;
	memset(is_open, 0, sizeof is_open);
	srandom(3);
	for (int step = 0; step < 3000; step++) {
		int i = (int)(random() % COUNT);
		if (is_open[i]) {
			watch_close(world.loop, &watches[i]);
		} else {
			watches[i] = (struct watch){.on_ready = ignore_ready};
			int rc = watch_open(world.loop, &watches[i], fd, WATCH_READABLE);
			assert_int_equal(rc, 0);
		}
		is_open[i] = !is_open[i];
		open_count += is_open[i] ? 1 : (size_t)-1;
		assert_int_equal(p->count, open_count);
		for (int k = 0; k < COUNT; k++)
			if (is_open[k])
				assert_int_equal(p->owners[watches[k].token],
						 (uintptr_t)&watches[k] | TAG_WATCH);
	}
	for (int i = 0; i < COUNT; i++)
		if (is_open[i])
			watch_close(world.loop, &watches[i]);
	close(fd);
}

int main(void)
{
	world.kind = LOOP_POLL;
	const struct CMUnitTest tests[] = {CONFORMANCE_SOCKETS, CONFORMANCE_REST, CONFORMANCE_CHAOS,
		WORLD_TEST(test_table)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
