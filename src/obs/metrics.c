/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From the lines of INFO to the lines of a page of metrics.
 *
 * Lines of one name stand together, so families of lines are passed over once for each of their
 * names. Nothing is added up here but the milliseconds that are shown as seconds.
 */
#include "obs/metrics.h"

#include "base/num.h"
#include "obs/metrics_rows.h"

#include <stdio.h>
#include <stdlib.h>

/* A "name:value" line of INFO; `rest` goes on behind it. False at the end. */
static bool line_next(struct bytes *rest, struct bytes *name, struct bytes *value)
{
	while (rest->len > 0) {
		const char *end = memchr(rest->ptr, '\n', rest->len);
		size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
		struct bytes line = bytes_of(rest->ptr, len);
		size_t skip = end == NULL ? len : len + 1;
		*rest = bytes_of(rest->ptr + skip, rest->len - skip);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		/* Values may have colons of their own. */
		const char *colon = memchr(line.ptr, ':', line.len);
		if (colon == NULL || line.ptr[0] == '#')
			continue;
		*name = bytes_of(line.ptr, (size_t)(colon - line.ptr));
		*value = bytes_of(colon + 1, line.len - name->len - 1);
		return true;
	}
	return false;
}

static bool starts_with(struct bytes *name, const char *prefix)
{
	size_t len = strlen(prefix);
	if (name->len < len || memcmp(name->ptr, prefix, len) != 0)
		return false;
	*name = bytes_of(name->ptr + len, name->len - len);
	return true;
}

/* "b" of the field "a" in "a=b,c=d"; false = there is none. */
static bool field_of(struct bytes value, const char *field, struct bytes *out)
{
	size_t len = strlen(field);
	while (value.len > 0) {
		const char *comma = memchr(value.ptr, ',', value.len);
		size_t part = comma == NULL ? value.len : (size_t)(comma - value.ptr);
		if (part > len && value.ptr[len] == '=' && memcmp(value.ptr, field, len) == 0) {
			*out = bytes_of(value.ptr + len + 1, part - len - 1);
			return true;
		}
		size_t skip = comma == NULL ? part : part + 1;
		value = bytes_of(value.ptr + skip, value.len - skip);
	}
	return false;
}

static double number_of(struct bytes text)
{
	double number;
	return num_parse_double(text, &number) ? number : 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_type(struct buf *out, const char *name, const char *type)
{
	buf_printf(out, "# TYPE redis_%s %s\n", name, type);
}

static void write_number(struct buf *out, double number)
{
	char text[NUM_DOUBLE_MAX_CHARS];
	buf_add_char(out, ' ');
	buf_add(out, text, num_print_double(text, number));
	buf_add_char(out, '\n');
}

static void write_single(struct buf *out, const char *name, const char *type, double number)
{
	write_type(out, name, type);
	buf_printf(out, "redis_%s", name);
	write_number(out, number);
}

static void write_label(struct buf *out, const char *before, struct bytes value)
{
	buf_add_text(out, before);
	buf_add_text(out, "=\"");
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		if (c == '"' || c == '\\')
			buf_add_char(out, '\\');
		if (c == '\n')
			buf_add_text(out, "\\n");
		else
			buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

static void write_labelled(
	struct buf *out, const char *name, const char *label, struct bytes value)
{
	buf_printf(out, "redis_%s{", name);
	write_label(out, label, value);
	buf_add_char(out, '}');
}

/* --- single figures --------------------------------------------------------------------------- */

static int compare_row(const void *key, const void *row)
{
	const struct metric_row *r = row;
	return bytes_compare(*(const struct bytes *)key, bytes_text(r->field));
}

static void write_row(struct buf *out, const struct metric_row *row, struct bytes value)
{
	double number = 0;

	if (row->kind == STATUS)
		number = bytes_equal(value, BYTES("ok"));
	else if (!num_parse_double(value, &number))
		return;
	if (row->kind == MICROSECONDS)
		number /= 1e6;
	write_single(out, row->name, row->kind == COUNTER ? "counter" : "gauge", number);
}

static void write_rows(struct buf *out, struct bytes info)
{
	struct bytes name, value;

	while (line_next(&info, &name, &value)) {
		const struct metric_row *row = bsearch(
			&name, metric_rows, METRIC_ROWS, sizeof(metric_rows[0]), compare_row);
		if (row != NULL)
			write_row(out, row, value);
	}
}

static struct bytes info_value(struct bytes info, const char *field)
{
	struct bytes name, value;
	while (line_next(&info, &name, &value))
		if (bytes_equal(name, bytes_text(field)))
			return value;
	return BYTES("");
}

/* What the exporter knows from elsewhere than a line of INFO. */
static void write_others(struct buf *out, struct bytes info, const struct metrics_source *source)
{
	static const char *const labels[] = {"maxmemory_policy", "os", "process_id",
		"redis_build_id", "redis_mode", "redis_version", "role", "run_id", "tcp_port"};

	write_single(out, "up", "gauge", 1);
	write_type(out, "instance_info", "gauge");
	buf_add_text(out, "redis_instance_info");
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		buf_add_char(out, i == 0 ? '{' : ',');
		write_label(out, labels[i], info_value(info, labels[i]));
	}
	buf_add_text(out, "} 1\n");
	write_single(out, "start_time_seconds", "gauge",
		(double)source->now_s - number_of(info_value(info, "uptime_in_seconds")));
	write_single(
		out, "config_maxmemory", "gauge", number_of(info_value(info, "maxmemory")));
	write_single(out, "config_io_threads", "gauge", 1);
	write_single(out, "slowlog_length", "gauge", (double)source->slowlog_count);
	write_single(out, "slowlog_last_id", "gauge", (double)source->slowlog_last_id);
	write_single(out, "last_slow_execution_duration_seconds", "gauge",
		(double)source->slowlog_last_us / 1e6);
}

/* --- families --------------------------------------------------------------------------------- */

static void write_commands(struct buf *out, struct bytes info)
{
	static const struct {
		const char *name, *field;
		double scale;
	} metrics[] = {
		{"commands_total", "calls", 1},
		{"commands_duration_seconds_total", "usec", 1e-6},
		{"commands_rejected_calls_total", "rejected_calls", 1},
		{"commands_failed_calls_total", "failed_calls", 1},
	};

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		struct bytes rest = info, name, value, field;
		write_type(out, metrics[i].name, "counter");
		while (line_next(&rest, &name, &value)) {
			if (!starts_with(&name, "cmdstat_") ||
				!field_of(value, metrics[i].field, &field))
				continue;
			write_labelled(out, metrics[i].name, "cmd", name);
			write_number(out, number_of(field) * metrics[i].scale);
		}
	}
}

static void write_quantiles(struct buf *out, struct bytes command, struct bytes percentiles)
{
	while (percentiles.len > 1) {
		const char *comma = memchr(percentiles.ptr, ',', percentiles.len);
		size_t len = comma == NULL ? percentiles.len : (size_t)(comma - percentiles.ptr);
		const char *equals = memchr(percentiles.ptr, '=', len);
		if (equals != NULL) {
			size_t at = (size_t)(equals - percentiles.ptr);
			buf_add_text(out, "redis_latency_percentiles_usec{");
			write_label(out, "cmd", command);
			write_label(out, ",quantile", bytes_of(percentiles.ptr + 1, at - 1));
			buf_add_char(out, '}');
			write_number(out, number_of(bytes_of(equals + 1, len - at - 1)));
		}
		size_t skip = comma == NULL ? len : len + 1;
		percentiles = bytes_of(percentiles.ptr + skip, percentiles.len - skip);
	}
}

/* From the command's line of commandstats, which is behind *at: both sections have the same order.
 */
static void write_sum(struct buf *out, struct bytes command, struct bytes *at)
{
	struct bytes rest = *at, name, value, field;

	while (line_next(&rest, &name, &value)) {
		if (!starts_with(&name, "cmdstat_") || !bytes_equal(name, command))
			continue;
		write_labelled(out, "latency_percentiles_usec_sum", "cmd", command);
		write_number(out, field_of(value, "usec", &field) ? number_of(field) : 0);
		write_labelled(out, "latency_percentiles_usec_count", "cmd", command);
		write_number(out, field_of(value, "calls", &field) ? number_of(field) : 0);
		*at = rest;
		return;
	}
}

static void write_summaries(struct buf *out, struct bytes info)
{
	struct bytes rest = info, sums = info, name, value;

	write_type(out, "latency_percentiles_usec", "summary");
	while (line_next(&rest, &name, &value)) {
		if (!starts_with(&name, "latency_percentiles_usec_"))
			continue;
		write_quantiles(out, name, value);
		write_sum(out, name, &sums);
	}
}

static void write_errors(struct buf *out, struct bytes info)
{
	struct bytes name, value, field;

	write_type(out, "errors_total", "counter");
	while (line_next(&info, &name, &value)) {
		if (!starts_with(&name, "errorstat_") || !field_of(value, "count", &field))
			continue;
		write_labelled(out, "errors_total", "err", name);
		write_number(out, number_of(field));
	}
}

/* The value of a database's field. INFO shows only those that are not empty; the exporter shows the
 * others too, as 0, but not their TTL. */
static void write_databases_field(struct buf *out, struct bytes keyspace, int databases,
	const char *metric, const char *field)
{
	double scale = strcmp(field, "avg_ttl") == 0 ? 1e-3 : 1;
	bool shows_empty = scale == 1;
	struct bytes rest = keyspace, name, value, found;
	int next = 0;

	write_type(out, metric, "gauge");
	for (bool more = true; more;) {
		char label[16];
		int64_t db = databases;
		more = line_next(&rest, &name, &value);
		struct bytes number = name;
		if (more && (!starts_with(&number, "db") || !num_parse_i64(number, &db)))
			continue;
		/* Empty ones up to it. */
		for (; shows_empty && next < db && next < databases; next++) {
			snprintf(label, sizeof(label), "db%d", next);
			write_labelled(out, metric, "db", bytes_text(label));
			buf_add_text(out, " 0\n");
		}
		next = (int)db + 1;
		if (!more || !field_of(value, field, &found))
			continue;
		write_labelled(out, metric, "db", name);
		write_number(out, number_of(found) * scale);
	}
}

static void write_databases(struct buf *out, const struct metrics_source *source)
{
	static const char *const fields[][2] = {{"db_keys", "keys"},
		{"db_keys_expiring", "expires"}, {"db_avg_ttl_seconds", "avg_ttl"}};
	struct bytes section = BYTES("keyspace");
	struct buf keyspace = {0};
	int databases = source->databases < METRICS_DATABASES_MAX ? source->databases
								   : METRICS_DATABASES_MAX;

	info_render(source->info, &section, 1, &keyspace);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		write_databases_field(
			out, buf_bytes(&keyspace), databases, fields[i][0], fields[i][1]);
	buf_release(&keyspace);
}

/* The latest spike of each event that the latency monitor has seen. */
static void write_spikes(struct buf *out, const struct latency_monitor *m)
{
	static const char *const names[] = {
		"latency_spike_last", "latency_spike_duration_seconds"};

	for (int which = 0; which < 2 && m->count > 0; which++) {
		write_type(out, names[which], "gauge");
		for (int i = 0; i < m->count; i++) {
			const struct latency_sample *s = latency_sample_back(m->events[i], 0);
			if (s == NULL)
				continue;
			write_labelled(out, names[which], "event_name",
				bytes_text(m->events[i]->name));
			write_number(out, which == 0 ? (double)s->time_s : (double)s->ms / 1e3);
		}
	}
}

void metrics_render(const struct metrics_source *source, struct buf *out)
{
	struct bytes all = BYTES("everything");
	struct buf text = {0};

	info_render(source->info, &all, 1, &text);
	struct bytes info = buf_bytes(&text);
	write_others(out, info, source);
	write_rows(out, info);
	write_commands(out, info);
	write_summaries(out, info);
	write_errors(out, info);
	write_spikes(out, source->latency);
	write_databases(out, source);
	buf_release(&text);
}
