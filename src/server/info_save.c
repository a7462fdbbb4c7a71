/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's rows of dumps and of what runs to write one; those of the log are elsewhere.
 */
#include "persist/persist.h"
#include "server/figures.h"

static struct snapshot_figures running(const void *context)
{
	const struct figures *f = context;
	return snapshot_figures_get(f->services->persist->snapshot);
}

static struct save_figures saves(const void *context)
{
	const struct figures *f = context;
	return save_figures_get(f->services->persist->save);
}

static void cow_peak(struct info_out *out, void *context)
{
	info_u64(out, running(context).extra_bytes_peak);
}

static void cow_size(struct info_out *out, void *context)
{
	info_u64(out, running(context).extra_bytes);
}

static void cow_age(struct info_out *out, void *context)
{
	info_i64(out, running(context).extra_age_s);
}

static void fork_percent(struct info_out *out, void *context)
{
	struct snapshot_figures s = running(context);
	double done = s.keys_total == 0 ? 0 : 100.0 * (double)s.keys_done / (double)s.keys_total;
	info_printf(out, "%.2f", done);
}

static void keys_processed(struct info_out *out, void *context)
{
	info_u64(out, running(context).keys_done);
}

static void keys_total(struct info_out *out, void *context)
{
	info_u64(out, running(context).keys_total);
}

static void changes(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, save_changes(f->services->persist->save));
}

static void in_progress(struct info_out *out, void *context)
{
	info_u64(out, saves(context).is_running);
}

static void last_time(struct info_out *out, void *context)
{
	info_i64(out, saves(context).last_s);
}

static void last_status(struct info_out *out, void *context)
{
	info_text(out, saves(context).last_ok ? "ok" : "err");
}

static void last_took(struct info_out *out, void *context)
{
	info_i64(out, saves(context).last_took_s);
}

static void current_took(struct info_out *out, void *context)
{
	info_i64(out, saves(context).running_s);
}

static void save_count(struct info_out *out, void *context)
{
	info_u64(out, saves(context).saves);
}

static void last_cow(struct info_out *out, void *context)
{
	info_u64(out, saves(context).last_extra_bytes);
}

static void total_forks(struct info_out *out, void *context)
{
	info_u64(out, running(context).forks);
}

static void last_fork(struct info_out *out, void *context)
{
	info_i64(out, running(context).last_fork_us);
}

const struct info_row info_save_rows[] = {
	{"Persistence", "current_cow_peak", cow_peak},
	{"Persistence", "current_cow_size", cow_size},
	{"Persistence", "current_cow_size_age", cow_age},
	{"Persistence", "current_fork_perc", fork_percent},
	{"Persistence", "current_save_keys_processed", keys_processed},
	{"Persistence", "current_save_keys_total", keys_total},
	{"Persistence", "rdb_changes_since_last_save", changes},
	{"Persistence", "rdb_bgsave_in_progress", in_progress},
	{"Persistence", "rdb_last_save_time", last_time},
	{"Persistence", "rdb_last_bgsave_status", last_status},
	{"Persistence", "rdb_last_bgsave_time_sec", last_took},
	{"Persistence", "rdb_current_bgsave_time_sec", current_took},
	{"Persistence", "rdb_saves", save_count},
	{"Persistence", "rdb_last_cow_size", last_cow},
	{"Stats", "total_forks", total_forks},
	{"Stats", "latest_fork_usec", last_fork},
	{NULL, NULL, NULL},
};
