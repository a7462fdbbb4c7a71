/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The bookkeeping of sockets: outputs and lists. What sockets do is in conformance/.
 */
#include "../../../src/io/socket.c"

#include "conformance/harness.c"

static void test_list_move(void **state)
{
	(void)state;
	struct link a, b, l[4];
	link_init(&a);
	link_init(&b);
	list_move(&a, &b);
	assert_true(link_is_empty(&a) && link_is_empty(&b));
	for (int i = 0; i < 4; i++)
		link_add_tail(i < 2 ? &a : &b, &l[i]);
	list_move(&a, &b);
	assert_true(link_is_empty(&b));
	struct link *it = &a;
	for (int i = 0; i < 4; i++) {
		assert_ptr_equal(it->next, &l[i]);
		assert_ptr_equal(it->next->prev, it);
		it = it->next;
	}
	assert_ptr_equal(it->next, &a);
	assert_ptr_equal(a.prev, &l[3]);
}

/* Any pieces, any steps: what is left is always the rest of the bytes. */
static void test_output_advance(void **state)
{
	(void)state;
	static char data[5000];
	pattern_fill(data, sizeof data, 5);
	srandom(7);
	for (int round = 0; round < 500; round++) {
		struct socket_output output = {.count = (int)(random() % LOOP_SEND_IOV) + 1};
		size_t total = 0;
		for (int i = 0; i < output.count; i++) {
			size_t len = random() % 4 == 0 ? 0 : (size_t)random() % 78;
			output.iov[i] = (struct iovec){data + total, len};
			total += len;
		}
		output.total = total;
		size_t at = 0;
		bool is_done = false;
		while (!is_done) {
			size_t step = (size_t)random() % 200;
			if (step > total - at)
				step = total - at;
			at += step;
			is_done = socket_output_advance(&output, step);
			assert_int_equal(output.sent, at);
			size_t left = 0;
			for (int i = output.first; i < output.count; i++)
				left += output.iov[i].iov_len;
			assert_int_equal(left, total - at);
			if (!is_done)
				assert_ptr_equal(output.iov[output.first].iov_base, data + at);
			if (at == total && output.first < output.count)
				assert_true(socket_output_advance(&output, 0));
			is_done = is_done || at == total;
		}
	}
}

/* Outputs are pooled, the pool is bounded. */
static void test_output_pool(void **state)
{
	(void)state;
	struct socket s = {.fd = -1};
	struct socket_output *outputs[LOOP_SPARE_OUTPUTS + 20];
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < LOOP_SPARE_OUTPUTS + 20; i++)
			outputs[i] = output_new(world.loop, &s);
		assert_int_equal(world.loop->spare_output_count, 0);
		for (unsigned i = 0; i < LOOP_SPARE_OUTPUTS + 20; i++)
			output_free(world.loop, outputs[i]);
		assert_int_equal(world.loop->spare_output_count, LOOP_SPARE_OUTPUTS);
	}
}

/* Sends that fit cost no allocation at all. */
static void test_no_allocation(void **state)
{
	(void)state;
	struct conn c;
	char back[4];
	conn_open(&c);
	c.echoes = true;
	peer_write(&c, "warm", 4);
	peer_read(&c, back, 4);
	size_t used = mem_used_bytes();
	for (int i = 0; i < 100; i++) {
		peer_write(&c, "ping", 4);
		peer_read(&c, back, 4);
		assert_null(c.socket.output);
	}
	assert_int_equal(mem_used_bytes(), used);
	assert_int_equal(world.loop->spare_output_count, 0);
	conn_finish(&c);
}

static void test_size(void **state)
{
	(void)state;
	/* Ten thousand idle connections: each costs a cache line here. */
	assert_true(sizeof(struct socket) <= 64);
}

int main(void)
{
	world.kind = LOOP_EPOLL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_move), cmocka_unit_test(test_output_advance),
		WORLD_TEST(test_output_pool),     WORLD_TEST(test_no_allocation),
		cmocka_unit_test(test_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
