/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/latency: which samples are kept, of how many events, and what is forgotten.
 */
#include "../../../src/obs/latency.c"

#include "../unit.h"

static void test_threshold(void **state)
{
	struct latency_monitor m;
	(void)state;
	latency_init(&m);
	latency_add(&m, "command", 1000, 1);
	assert_int_equal(m.count, 0);
	m.threshold_ms = 10;
	latency_add(&m, "command", 9, 1);
	assert_int_equal(m.count, 0);
	latency_add(&m, "command", 10, 1);
	assert_int_equal(m.count, 1);
	assert_null(latency_find(&m, BYTES("comman")));
	latency_release(&m);
}

static void test_samples(void **state)
{
	struct latency_monitor m;
	(void)state;
	latency_init(&m);
	m.threshold_ms = 1;
	latency_add(&m, "command", 20, 100);
	latency_add(&m, "command", 30, 100); /* the same second: the longer */
	latency_add(&m, "command", 25, 100);
	latency_add(&m, "command", 5, 101);
	const struct latency_event *e = latency_find(&m, BYTES("command"));
	assert_int_equal(latency_sample_back(e, 0)->ms, 5);
	assert_int_equal(latency_sample_back(e, 1)->ms, 30);
	assert_null(latency_sample_back(e, 2));
	assert_int_equal(e->worst_ms, 30);
	for (int i = 0; i < 500; i++)
		latency_add(&m, "command", i + 1, 200 + i);
	for (int i = 0; i < LATENCY_SAMPLES; i++)
		assert_int_equal(latency_sample_back(e, i)->ms, 500 - i);
	assert_null(latency_sample_back(e, LATENCY_SAMPLES));
	assert_null(latency_sample_back(e, 1 << 30));
	latency_release(&m);
}

static void test_forget(void **state)
{
	struct latency_monitor m;
	char name[LATENCY_NAME_MAX + 1];
	(void)state;
	latency_init(&m);
	m.threshold_ms = 1;
	for (int i = 0; i < 2 * LATENCY_EVENTS_MAX; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		latency_add(&m, name, 5, 1);
	}
	assert_int_equal(m.count, LATENCY_EVENTS_MAX);
	memset(name, 'x', LATENCY_NAME_MAX);
	name[LATENCY_NAME_MAX] = '\0';
	assert_true(latency_forget(&m, BYTES("e3")));
	assert_false(latency_forget(&m, BYTES("e3")));
	latency_add(&m, name, 5, 1); /* too long a name */
	assert_int_equal(m.count, LATENCY_EVENTS_MAX - 1);
	assert_int_equal(latency_forget_all(&m), LATENCY_EVENTS_MAX - 1);
	assert_int_equal(latency_forget_all(&m), 0);
	latency_release(&m);
}

UNIT_MAIN(test_threshold, test_samples, test_forget)
