/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What INFO's section Persistence says of loading: how far it is while it runs, and what the last
 * dump held.
 */
#include "persist/persist.h"
#include "server/figures.h"

static const struct loading *loading_of(void *context)
{
	static const struct loading none;
	const struct figures *f = context;
	return f->services->persist == NULL ? &none : &f->services->persist->loading;
}

static void write_loading(struct info_out *out, void *context)
{
	info_u64(out, loading_of(context)->is_active);
}

static void write_progress(struct info_out *out, void *context)
{
	const struct loading *l = loading_of(context);
	if (!l->is_active)
		return;
	double percent = l->total_bytes == 0
		? 0
		: 100.0 * (double)l->loaded_bytes / (double)l->total_bytes;
	info_line(out, "loading_start_time:%lld", (long long)l->started_s);
	info_line(out, "loading_total_bytes:%llu", (unsigned long long)l->total_bytes);
	info_line(out, "loading_rdb_used_mem:%zu", l->rdb_used_bytes);
	info_line(out, "loading_loaded_bytes:%llu", (unsigned long long)l->loaded_bytes);
	info_line(out, "loading_loaded_perc:%.2f", percent);
	info_line(out, "loading_eta_seconds:%lld", (long long)loading_eta_s(l));
}

static void write_last_expired(struct info_out *out, void *context)
{
	info_u64(out, loading_of(context)->last_expired);
}

static void write_last_loaded(struct info_out *out, void *context)
{
	info_u64(out, loading_of(context)->last_keys);
}

const struct info_row info_loading_rows[] = {
	{"Persistence", "loading", write_loading},
	{"Persistence", NULL, write_progress},
	{"Persistence", "rdb_last_load_keys_expired", write_last_expired},
	{"Persistence", "rdb_last_load_keys_loaded", write_last_loaded},
	{NULL, NULL, NULL},
};
