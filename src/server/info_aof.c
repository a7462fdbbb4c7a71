/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's rows of the log as a directory: is it on, how large is it, how went the last rewrite.
 */
#include "persist/persist.h"
#include "server/figures.h"

static const struct persist *persist_of(const void *context)
{
	return ((const struct figures *)context)->services->persist;
}

static struct aof_figures aof_of(const void *context)
{
	return aof_figures_get(persist_of(context)->aof);
}

static void enabled(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).state != AOF_OFF);
}

static void rewriting(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).is_rewriting);
}

static void scheduled(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).is_rewrite_scheduled);
}

static void last_took(struct info_out *out, void *context)
{
	info_i64(out, aof_of(context).last_rewrite_s);
}

static void current_took(struct info_out *out, void *context)
{
	info_i64(out, aof_of(context).current_rewrite_s);
}

static void last_status(struct info_out *out, void *context)
{
	info_text(out, aof_of(context).last_rewrite_ok ? "ok" : "err");
}

static void rewrites(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).rewrites);
}

static void failures(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).consecutive_failures);
}

static void write_status(struct info_out *out, void *context)
{
	info_text(out, log_writer_has_failed(persist_of(context)->log) ? "err" : "ok");
}

static void last_cow(struct info_out *out, void *context)
{
	info_u64(out, aof_of(context).last_extra_bytes);
}

/* Only while there is a log. */
static void sizes(struct info_out *out, void *context)
{
	const struct persist *p = persist_of(context);
	struct aof_figures f = aof_of(context);
	if (f.state == AOF_OFF)
		return;
	info_line(out, "aof_current_size:%llu", (unsigned long long)f.current_bytes);
	info_line(out, "aof_base_size:%llu", (unsigned long long)f.base_bytes);
	info_line(out, "aof_pending_rewrite:%d", f.is_rewrite_scheduled);
	info_line(out, "aof_buffer_length:%llu",
		(unsigned long long)log_writer_unwritten_bytes(p->log));
	info_line(out, "aof_commit_method:%s",
		log_writer_is_direct(p->log) ? "direct" : "fdatasync");
	info_line(out, "aof_pending_bio_fsync:%d", log_writer_is_syncing(p->log));
	info_line(out, "aof_delayed_fsync:%llu",
		(unsigned long long)log_writer_stats_get(p->log)->delayed_syncs);
}

const struct info_row info_aof_rows[] = {
	{"Persistence", "aof_enabled", enabled},
	{"Persistence", "aof_rewrite_in_progress", rewriting},
	{"Persistence", "aof_rewrite_scheduled", scheduled},
	{"Persistence", "aof_last_rewrite_time_sec", last_took},
	{"Persistence", "aof_current_rewrite_time_sec", current_took},
	{"Persistence", "aof_last_bgrewrite_status", last_status},
	{"Persistence", "aof_rewrites", rewrites},
	{"Persistence", "aof_rewrites_consecutive_failures", failures},
	{"Persistence", "aof_last_write_status", write_status},
	{"Persistence", "aof_last_cow_size", last_cow},
	{"Persistence", NULL, sizes},
	{NULL, NULL, NULL},
};
