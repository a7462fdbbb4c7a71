/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is said on metrics-port. Healthy is who answers at all; ready is who would take a write.
 */
#include "server/pages.h"

#include "io/clock.h"
#include "obs/metrics.h"
#include "server/server.h"

static void page_metrics(const struct server *s, struct http_page *page)
{
	const struct slowlog *log = &s->observe->slowlog;
	uint64_t begin = clock_ticks();
	struct metrics_source source = {.info = s->services.info,
		.databases = s->keyspace->db_count,
		.now_s = s->exec->now_ms / 1000,
		.slowlog_count = log->count,
		.latency = &s->observe->latency};

	if (log->count > 0) {
		const struct slowlog_entry *last =
			LINK_OWNER(log->entries.next, struct slowlog_entry, link);
		source.slowlog_last_id = last->id;
		source.slowlog_last_us = last->duration_us;
	}
	metrics_render(&source, &page->body);
	work_add(&s->exec->work, WORK_METRICS, clock_ticks() - begin);
	page->status = 200;
	page->type = METRICS_TYPE;
}

/* Why no write would be taken; NULL = it would. */
static const char *reason_not_ready(const struct server *s)
{
	const struct misconf *misconf = &s->persist->misconf;

	if (s->persist->loading.is_active)
		return "loading\n";
	if (misconf->log_error != NULL)
		return "writes are refused: the log can't be written\n";
	return misconf->save_failed ? "writes are refused: the last save failed\n" : NULL;
}

void pages_write(struct bytes path, struct http_page *page, void *context)
{
	const struct server *s = context;
	const char *reason;

	if (bytes_equal(path, BYTES("/metrics"))) {
		page_metrics(s, page);
	} else if (bytes_equal(path, BYTES("/healthz"))) {
		page->status = 200;
		buf_add_text(&page->body, "ok\n");
	} else if (bytes_equal(path, BYTES("/readyz"))) {
		reason = reason_not_ready(s);
		page->status = reason == NULL ? 200 : 503;
		buf_add_text(&page->body, reason == NULL ? "ok\n" : reason);
	}
}
