/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/latency_report: the picture and the report.
 */
#include "../../../src/obs/latency_report.c"

#include "../unit.h"

static void test_graph(void **state)
{
	struct latency_monitor m;
	struct buf out = {0};
	(void)state;
	latency_init(&m);
	m.threshold_ms = 1;
	latency_add(&m, "command", 10, 1000);
	latency_add(&m, "command", 120, 1100);
	latency_add(&m, "command", 65, 4700);
	latency_graph(latency_find(&m, BYTES("command")), 4730, &out);
	assert_string_equal(buf_text(&out),
		"command - high 120 ms, low 10 ms (all time high 120 ms)\n"
		"--------------------------------------------------------------------------------\n"
		" # \n"
		" | \n"
		" |#\n"
		"_||\n"
		"   \n"
		"113\n"
		"hh0\n"
		"  s\n");
	buf_clear(&out);
	for (int i = 0; i < 300; i++)
		latency_add(&m, "command", 50, 5000 + i);
	latency_graph(latency_find(&m, BYTES("command")), 5300, &out);
	assert_non_null(strstr(buf_text(&out), "high 50 ms, low 50 ms (all time high 120 ms)"));
	buf_release(&out);
	latency_release(&m);
}

static void test_report(void **state)
{
	struct latency_monitor m;
	struct buf out = {0};
	(void)state;
	latency_init(&m);
	latency_report(&m, &out);
	assert_non_null(strstr(buf_text(&out), "latency-monitor-threshold"));
	m.threshold_ms = 5;
	buf_clear(&out);
	latency_report(&m, &out);
	assert_non_null(strstr(buf_text(&out), "5 ms"));
	latency_add(&m, "expire-cycle", 10, 100);
	latency_add(&m, "expire-cycle", 30, 104);
	buf_clear(&out);
	latency_report(&m, &out);
	assert_non_null(strstr(buf_text(&out),
		"1. expire-cycle: 2 latency spikes (average 20ms, mean deviation "
		"10ms, period 4.00 sec). Worst all time event 30ms."));
	assert_non_null(strstr(buf_text(&out), "- expire-cycle: Many keys"));
	assert_null(strstr(buf_text(&out), "- fork"));
	buf_release(&out);
	latency_release(&m);
}

UNIT_MAIN(test_graph, test_report)
