/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/probe: which reply is whose, as output is sent in pieces, held and let go, and given up.
 */
#include "../../../src/exec/probe.c"

#include "../unit.h"

static struct probe seen[2 * PROBES_MAX];
static int seen_count;

static void on_done(const struct probe *p, void *context)
{
	assert_ptr_equal(context, &seen_count);
	seen[seen_count++] = *p;
}

struct fixture {
	struct keyspace *keyspace;
	struct exec *exec;
	struct session a, b;
};

static void fixture_open(struct fixture *f)
{
	seen_count = 0;
	f->keyspace = keyspace_new(1);
	f->exec = exec_new(f->keyspace);
	probe_init(f->exec, on_done, &seen_count);
	session_init(&f->a, f->exec, ORIGIN_CLIENT);
	session_init(&f->b, f->exec, ORIGIN_CLIENT);
}

static void fixture_close(struct fixture *f)
{
	session_release(&f->a);
	session_release(&f->b);
	probe_free(f->exec);
	exec_free(f->exec);
	keyspace_free(f->keyspace);
}

/* A reply of so many bytes, followed under this weight. */
static void reply(struct fixture *f, struct session *s, size_t len, uint32_t weight)
{
	static const char zeros[64];
	const struct probe p = {.weight = weight, .ended = 100 + weight, .received = 7};
	out_add(&s->out, zeros, len);
	if (weight != 0)
		probe_add(f->exec, s, &p);
}

static void send_some(struct session *s, size_t len)
{
	out_consume(&s->out, len);
	probe_sent(s, len);
}

static void test_sent(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	reply(&f, &f.a, 10, 1);
	reply(&f, &f.a, 10, 0);
	reply(&f, &f.b, 5, 2);
	reply(&f, &f.a, 10, 3);
	send_some(&f.a, 9);
	assert_int_equal(seen_count, 0);
	send_some(&f.a, 1);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].weight, 1);
	assert_int_equal(seen[0].received, 7);
	assert_int_equal(seen[0].released, seen[0].ended);
	assert_true(seen[0].sent != 0);
	send_some(&f.a, 19);
	assert_int_equal(seen_count, 1);
	send_some(&f.a, 1);
	send_some(&f.b, 5);
	assert_int_equal(seen_count, 3);
	assert_int_equal(seen[1].weight, 3);
	assert_int_equal(seen[2].weight, 2);
	assert_null(f.a.probes);
	/* Several at once. */
	for (uint32_t i = 10; i < 14; i++)
		reply(&f, &f.a, 3, i);
	send_some(&f.a, 12);
	assert_int_equal(seen_count, 7);
	for (uint32_t i = 10; i < 14; i++)
		assert_int_equal(seen[i - 7].weight, i);
	fixture_close(&f);
}

static void test_held(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	for (uint32_t i = 1; i <= 3; i++)
		reply(&f, &f.a, 10, i);
	/* The first may go at once; the second is let go before the third. */
	send_some(&f.a, 10);
	probe_released(&f.a, 0, 10);
	uint64_t released = f.a.probes->released;
	assert_true(released != 0);
	assert_int_equal(f.a.probes->next->released, 0);
	send_some(&f.a, 10);
	probe_released(&f.a, 0, SIZE_MAX);
	send_some(&f.a, 10);
	assert_int_equal(seen_count, 3);
	assert_int_equal(seen[0].released, seen[0].ended);
	assert_int_equal(seen[1].released, released);
	assert_true(seen[2].released != 0 && seen[2].released != seen[2].ended);
	fixture_close(&f);
}

/* Readers who never read leave room for others. */
static void test_given_up(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	reply(&f, &f.a, 1, 1);
	reply(&f, &f.b, 1, 2);
	for (uint32_t i = 0; i < PROBES_MAX; i++)
		reply(&f, &f.a, 1, 100 + i);
	assert_int_equal(f.exec->probes->given_up, 2);
	assert_null(f.b.probes);
	send_some(&f.b, 1);
	assert_int_equal(seen_count, 0);
	send_some(&f.a, PROBES_MAX + 1);
	assert_int_equal(seen_count, PROBES_MAX);
	for (uint32_t i = 0; i < PROBES_MAX; i++)
		assert_int_equal(seen[i].weight, 100 + i);
	fixture_close(&f);
}

static void test_closed(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f);
	reply(&f, &f.a, 1, 1);
	reply(&f, &f.a, 1, 2);
	session_release(&f.a);
	session_init(&f.a, f.exec, ORIGIN_CLIENT);
	for (uint32_t i = 0; i < PROBES_MAX; i++)
		reply(&f, &f.b, 1, i + 1);
	assert_int_equal(f.exec->probes->given_up, 0);
	assert_int_equal(seen_count, 0);
	fixture_close(&f);
}

UNIT_MAIN(test_sent, test_held, test_given_up, test_closed)
