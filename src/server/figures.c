/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The roof's own figures: readings for the rates of INFO, and what CONFIG RESETSTAT sets back.
 * Counters that modules keep are reset by those who own them.
 */
#include "server/figures.h"

#include "exec/memory.h"
#include "io/clock.h"
#include "persist/persist.h"

void figures_register(struct figures *f)
{
	struct info_registry *info = f->services->info;
	f->started_s = f->services->started_ms / 1000;
	info_add(info, info_server_rows, f);
	info_add(info, info_memory_rows, f);
	info_add(info, info_loading_rows, f);
	info_add(info, info_save_rows, f);
	info_add(info, info_aof_rows, f);
	info_add(info, info_log_rows, f);
	info_add(info, info_stats_rows, f);
	info_add(info, info_push_rows, f);
	info_add(info, info_command_rows, f);
}

int64_t figures_exceeding_us(const struct figures *f)
{
	return f->exceeds_since_us == 0 ? 0 : clock_mono_us() - f->exceeds_since_us;
}

static void figures_note_memory(struct figures *f)
{
	size_t most = f->exec->keyspace->config.maxmemory;
	bool exceeds = most != 0 && memory_counted_bytes(f->exec) > most;
	if (exceeds == (f->exceeds_since_us != 0))
		return;
	f->exceeded_us += figures_exceeding_us(f);
	f->exceeds_since_us = exceeds ? clock_mono_us() : 0;
}

void figures_sample(struct figures *f, int64_t now_us)
{
	figures_note_memory(f);
	const struct loop_stats *loop = loop_stats_get(f->loop);
	const struct net_stats *net = net_stats_get(f->net);
	uint64_t now = (uint64_t)now_us;
	rate_sample(&f->ops, f->exec->stats.calls, now, 1e6);
	rate_sample(&f->bytes_in, net->bytes_in, now, 1e6);
	rate_sample(&f->bytes_out, net->bytes_out, now, 1e6);
	rate_sample(&f->cycles, loop->turns, now, 1e6);
	rate_sample(&f->cycle_us, loop->busy_us, loop->turns, 1);
}

void figures_reset(struct figures *f)
{
	f->expire_us = 0;
	f->cron_us = 0;
	f->turn_calls = 0;
	f->turn_calls_max = 0;
	f->exceeded_us = 0;
	f->exceeds_since_us = 0;
	f->services->payloads_checked = 0;
	f->services->persist->commit_ticks = 0;
	memset(&f->ops, 0, sizeof(f->ops));
	memset(&f->bytes_in, 0, sizeof(f->bytes_in));
	memset(&f->bytes_out, 0, sizeof(f->bytes_out));
	memset(&f->cycles, 0, sizeof(f->cycles));
	memset(&f->cycle_us, 0, sizeof(f->cycle_us));
}
