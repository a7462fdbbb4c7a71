/* SPDX-License-Identifier: BSD-3-Clause
 *
 * obs/metrics: the page of a small INFO, byte by byte; the table is in order.
 */
#include "../../../src/obs/metrics.c"

#include "../unit.h"

static void write_text(struct info_out *out, void *context)
{
	info_text(out, context);
}

static void write_commands_lines(struct info_out *out, void *context)
{
	(void)context;
	info_line(out, "cmdstat_get:calls=5,usec=12,usec_per_call=2.40,rejected_calls=1,"
		       "failed_calls=2");
	info_line(out, "cmdstat_a\"b:calls=1,usec=2000000,usec_per_call=2.00,rejected_calls=0,"
		       "failed_calls=0");
}

static void write_latency_lines(struct info_out *out, void *context)
{
	(void)context;
	info_line(out, "latency_percentiles_usec_get:p50=1.500,p99.9=3.000");
	info_line(out, "latency_percentiles_usec_a\"b:");
}

static void write_error_lines(struct info_out *out, void *context)
{
	(void)context;
	info_line(out, "errorstat_ERR:count=7");
}

static void write_database_lines(struct info_out *out, void *context)
{
	(void)context;
	info_line(out, "db1:keys=3,expires=1,avg_ttl=1500");
	info_line(out, "db2:keys=4,expires=0,avg_ttl=0,subexpiry=1");
}

static char number[] = "17", ok[] = "ok", bad[] = "err", text[] = "x:\\y", micros[] = "2500000";

static const struct info_row rows[][2] = {
	{{"Server", "uptime_in_seconds", write_text}, {0}},
	{{"Server", "os", write_text}, {0}},
	{{"Persistence", "rdb_last_bgsave_status", write_text}, {0}},
	{{"Persistence", "aof_last_write_status", write_text}, {0}},
	{{"Stats", "latest_fork_usec", write_text}, {0}},
	{{"Stats", "total_commands_processed", write_text}, {0}},
	{{"Stats", "unknown_to_the_exporter", write_text}, {0}},
	{{"Clients", "connected_clients", write_text}, {0}}, /* not a number: left out */
	{{"Commandstats", NULL, write_commands_lines}, {0}},
	{{"Latencystats", NULL, write_latency_lines}, {0}},
	{{"Errorstats", NULL, write_error_lines}, {0}},
	{{"Keyspace", NULL, write_database_lines}, {0}},
};

static const char expected[] =
	"# TYPE redis_up gauge\nredis_up 1\n"
	"# TYPE redis_instance_info gauge\n"
	"redis_instance_info{maxmemory_policy=\"\",os=\"x:\\\\y\",process_id=\"\","
	"redis_build_id=\"\",redis_mode=\"\",redis_version=\"\",role=\"\",run_id=\"\","
	"tcp_port=\"\"} 1\n"
	"# TYPE redis_start_time_seconds gauge\nredis_start_time_seconds 983\n"
	"# TYPE redis_config_maxmemory gauge\nredis_config_maxmemory 0\n"
	"# TYPE redis_config_io_threads gauge\nredis_config_io_threads 1\n"
	"# TYPE redis_slowlog_length gauge\nredis_slowlog_length 2\n"
	"# TYPE redis_slowlog_last_id gauge\nredis_slowlog_last_id 9\n"
	"# TYPE redis_last_slow_execution_duration_seconds gauge\n"
	"redis_last_slow_execution_duration_seconds 0.25\n"
	"# TYPE redis_uptime_in_seconds gauge\nredis_uptime_in_seconds 17\n"
	"# TYPE redis_rdb_last_bgsave_status gauge\nredis_rdb_last_bgsave_status 1\n"
	"# TYPE redis_aof_last_write_status gauge\nredis_aof_last_write_status 0\n"
	"# TYPE redis_latest_fork_seconds gauge\nredis_latest_fork_seconds 2.5\n"
	"# TYPE redis_commands_processed_total counter\nredis_commands_processed_total 17\n"
	"# TYPE redis_commands_total counter\n"
	"redis_commands_total{cmd=\"get\"} 5\nredis_commands_total{cmd=\"a\\\"b\"} 1\n"
	"# TYPE redis_commands_duration_seconds_total counter\n"
	"redis_commands_duration_seconds_total{cmd=\"get\"} 0.000012\n"
	"redis_commands_duration_seconds_total{cmd=\"a\\\"b\"} 2\n"
	"# TYPE redis_commands_rejected_calls_total counter\n"
	"redis_commands_rejected_calls_total{cmd=\"get\"} 1\n"
	"redis_commands_rejected_calls_total{cmd=\"a\\\"b\"} 0\n"
	"# TYPE redis_commands_failed_calls_total counter\n"
	"redis_commands_failed_calls_total{cmd=\"get\"} 2\n"
	"redis_commands_failed_calls_total{cmd=\"a\\\"b\"} 0\n"
	"# TYPE redis_latency_percentiles_usec summary\n"
	"redis_latency_percentiles_usec{cmd=\"get\",quantile=\"50\"} 1.5\n"
	"redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 3\n"
	"redis_latency_percentiles_usec_sum{cmd=\"get\"} 12\n"
	"redis_latency_percentiles_usec_count{cmd=\"get\"} 5\n"
	"redis_latency_percentiles_usec_sum{cmd=\"a\\\"b\"} 2000000\n"
	"redis_latency_percentiles_usec_count{cmd=\"a\\\"b\"} 1\n"
	"# TYPE redis_errors_total counter\nredis_errors_total{err=\"ERR\"} 7\n"
	"# TYPE redis_latency_spike_last gauge\n"
	"redis_latency_spike_last{event_name=\"command\"} 101\n"
	"redis_latency_spike_last{event_name=\"fork\"} 100\n"
	"# TYPE redis_latency_spike_duration_seconds gauge\n"
	"redis_latency_spike_duration_seconds{event_name=\"command\"} 0.02\n"
	"redis_latency_spike_duration_seconds{event_name=\"fork\"} 1.5\n"
	"# TYPE redis_db_keys gauge\n"
	"redis_db_keys{db=\"db0\"} 0\nredis_db_keys{db=\"db1\"} 3\n"
	"redis_db_keys{db=\"db2\"} 4\nredis_db_keys{db=\"db3\"} 0\n"
	"# TYPE redis_db_keys_expiring gauge\n"
	"redis_db_keys_expiring{db=\"db0\"} 0\nredis_db_keys_expiring{db=\"db1\"} 1\n"
	"redis_db_keys_expiring{db=\"db2\"} 0\nredis_db_keys_expiring{db=\"db3\"} 0\n"
	"# TYPE redis_db_avg_ttl_seconds gauge\n"
	"redis_db_avg_ttl_seconds{db=\"db1\"} 1.5\nredis_db_avg_ttl_seconds{db=\"db2\"} 0\n";

static void test_page(void **state)
{
	static char *const values[] = {number, text, ok, bad, micros, number, number, text, NULL,
		NULL, NULL, NULL};
	struct info_registry *info = info_new();
	struct buf out = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		info_add(info, rows[i], values[i]);
	struct latency_monitor latency;
	latency_init(&latency);
	latency.threshold_ms = 1;
	latency_add(&latency, "command", 30, 100);
	latency_add(&latency, "fork", 1500, 100);
	latency_add(&latency, "command", 20, 101);
	const struct metrics_source source = {.info = info,
		.databases = 4,
		.now_s = 1000,
		.slowlog_count = 2,
		.slowlog_last_id = 9,
		.slowlog_last_us = 250000,
		.latency = &latency};
	metrics_render(&source, &out);
	assert_string_equal(buf_text(&out), expected);
	latency_release(&latency);
	buf_clear(&out);
	latency_init(&latency);
	metrics_render(&source, &out);
	assert_null(strstr(buf_text(&out), "spike"));
	latency_release(&latency);
	buf_release(&out);
	info_free(info);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 1; i < METRIC_ROWS; i++)
		assert_true(bytes_compare(bytes_text(metric_rows[i - 1].field),
				    bytes_text(metric_rows[i].field)) < 0);
}

UNIT_MAIN(test_page, test_table)
