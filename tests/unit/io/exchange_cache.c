/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kept connections: who gets which, which go when there are too many, and that all are closed.
 */
#include "../../../src/io/exchange_cache.c"

#include "../unit.h"

#include <fcntl.h>

static struct loop *loop;
static struct exchange_cache *cache;

static int setup(void **state)
{
	(void)state;
	char error[256];
	loop = loop_new(&(struct loop_options){.backend = LOOP_POLL}, error, sizeof(error));
	cache = exchange_cache_new(loop);
	return loop == NULL;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	exchange_cache_free(cache);
	return 0;
}

static int file_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int take(const char *host, int port, bool logs_in)
{
	return exchange_cache_take(cache, &(struct exchange_peer){host, port, logs_in, NULL}).fd;
}

static int keep(const char *host, int port, bool logs_in)
{
	int fd = file_open();
	exchange_cache_keep(cache, &(struct exchange_peer){host, port, logs_in, NULL},
		(struct exchange_line){fd, NULL});
	return fd;
}

static void test_peers(void **state)
{
	(void)state;
	assert_int_equal(take("a", 1, false), -1);
	int a = keep("a", 1, false), other_port = keep("a", 2, false), login = keep("a", 1, true);
	assert_true(timer_is_armed(&cache->timer));
	assert_int_equal(take("b", 1, false), -1);
	assert_int_equal(take("a", 1, true), login);
	assert_int_equal(take("a", 1, true), -1);
	assert_int_equal(take("a", 2, false), other_port);
	assert_int_equal(take("a", 1, false), a);
	assert_int_equal(exchange_cache_count(cache), 0);
	assert_false(timer_is_armed(&cache->timer));
	close(a);
	close(other_port);
	close(login);
}

static int goodbyes;

static void say_goodbye(void *state)
{
	assert_ptr_equal(state, &goodbyes);
	goodbyes++;
}

/* A connection of a wire is only for that wire, and closed by it. */
static void test_wires(void **state)
{
	static const struct exchange_wire wire = {.close = say_goodbye};
	const struct exchange_peer peer = {"a", 1, false, &wire};
	int fd = file_open();
	(void)state;
	goodbyes = 0;
	exchange_cache_keep(cache, &peer, (struct exchange_line){fd, &goodbyes});
	assert_int_equal(take("a", 1, false), -1);
	struct exchange_line line = exchange_cache_take(cache, &peer);
	assert_int_equal(line.fd, fd);
	assert_ptr_equal(line.state, &goodbyes);
	assert_int_equal(goodbyes, 0);
	exchange_cache_keep(cache, &peer, line);
	cache->kept[0].since_us -= EXCHANGE_KEPT_US;
	cache_expire(&cache->timer);
	assert_int_equal(goodbyes, 1);
	assert_false(is_open(fd));
}

static void test_newest_first(void **state)
{
	(void)state;
	int first = keep("a", 1, false), second = keep("a", 1, false);
	assert_int_equal(take("a", 1, false), second);
	assert_int_equal(take("a", 1, false), first);
	close(first);
	close(second);
}

static void test_limit(void **state)
{
	(void)state;
	int first = keep("a", 0, false), second = keep("a", 1, false);
	for (int i = 2; i <= EXCHANGE_KEPT_MAX; i++)
		keep("a", i, false);
	assert_int_equal(exchange_cache_count(cache), EXCHANGE_KEPT_MAX);
	assert_int_equal(take("a", 0, false), -1);
	/* The number may have been given to the last one. */
	assert_true(second >= 0 && is_open(second));
	assert_int_equal(cache->kept[0].line.fd, second);
	(void)first;
}

static void test_expiry(void **state)
{
	(void)state;
	int old = keep("a", 1, false), young = keep("a", 2, false);
	cache->kept[0].since_us -= EXCHANGE_KEPT_US;
	cache_expire(&cache->timer);
	assert_false(is_open(old));
	assert_true(is_open(young));
	assert_int_equal(exchange_cache_count(cache), 1);
	assert_true(timer_is_armed(&cache->timer));
	cache->kept[0].since_us -= EXCHANGE_KEPT_US;
	cache_expire(&cache->timer);
	assert_false(is_open(young));
	assert_false(timer_is_armed(&cache->timer));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_peers), CASE(test_wires), CASE(test_newest_first), CASE(test_limit),
		CASE(test_expiry)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
