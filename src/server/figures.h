/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The figures of INFO that no module has alone: rates, times of the turn's parts, what was when the
 * server started; and the rows that show them together with the modules' own.
 */
#ifndef RINGLET_SERVER_FIGURES_H
#define RINGLET_SERVER_FIGURES_H

#include "cmd/services.h"
#include "exec/exec.h"
#include "io/loop.h"
#include "net/net.h"
#include "obs/info.h"
#include "obs/rate.h"
#include "server/settings.h"

struct figures {
	/* Given by the roof before figures_register. */
	struct settings *settings;
	struct services *services;
	struct loop *loop;
	struct net *net;
	struct exec *exec;
	enum process_supervised supervised_by;

	/* Kept up by the roof. */
	uint64_t expire_us; /* spent in keyspace_expire_slice */
	uint64_t cron_us;   /* spent in ticks */

	/* Our own. */
	int64_t started_s;
	struct rate ops, bytes_in, bytes_out, cycles, cycle_us;
	int64_t exceeded_us;    /* more memory than maxmemory, in spans that are over */
	int64_t exceeds_since_us; /* the one that goes on; 0 = none */
	uint64_t turn_calls; /* exec's count when the last turn ended */
	uint64_t turn_calls_max;
};

/* Adds all rows (but obs' own) to services->info. */
void figures_register(struct figures *f);
/* At the end of each turn. */
static inline void figures_turn_end(struct figures *f)
{
	uint64_t calls = f->exec->stats.calls;
	if (UNLIKELY(calls - f->turn_calls > f->turn_calls_max))
		f->turn_calls_max = calls - f->turn_calls;
	f->turn_calls = calls;
}
/* About ten times a second. */
void figures_sample(struct figures *f, int64_t now_us);
/* How long maxmemory has been exceeded now; 0 = it is not. Looked at by figures_sample. */
int64_t figures_exceeding_us(const struct figures *f);
/* CONFIG RESETSTAT. */
void figures_reset(struct figures *f);

/* The groups, one file each; context: struct figures. */
extern const struct info_row info_server_rows[];
extern const struct info_row info_memory_rows[];
extern const struct info_row info_loading_rows[];
extern const struct info_row info_save_rows[];
extern const struct info_row info_aof_rows[];
extern const struct info_row info_log_rows[];
extern const struct info_row info_stats_rows[];
extern const struct info_row info_command_rows[];
extern const struct info_row info_push_rows[];

#endif
