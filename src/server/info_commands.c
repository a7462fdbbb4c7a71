/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's families: one line per command, per error code, per database.
 */
#include "io/clock.h"
#include "server/figures.h"

static void write_command(struct command *command, void *context)
{
	const struct command_stats *stats = &command->stats;
	if (stats->calls == 0 && stats->rejected == 0 && stats->failed == 0)
		return;
	double us = clock_ticks_to_us(stats->ticks);
	info_line(context,
		"cmdstat_%s:calls=%llu,usec=%.0f,usec_per_call=%.2f,rejected_calls=%llu,failed_"
		"calls=%llu",
		command->name, (unsigned long long)stats->calls, us,
		stats->calls == 0 ? 0.0 : us / (double)stats->calls,
		(unsigned long long)stats->rejected, (unsigned long long)stats->failed);
}

static void write_commands(struct info_out *out, void *context)
{
	const struct figures *f = context;
	command_table_each(f->exec->commands, write_command, out);
}

static void write_errors(struct info_out *out, void *context)
{
	const struct figures *f = context;
	for (int i = 0; i < f->exec->error_count; i++)
		info_line(out, "errorstat_%s:count=%llu", f->exec->error_counts[i].code,
			(unsigned long long)f->exec->error_counts[i].count);
}

static void write_databases(struct info_out *out, void *context)
{
	const struct figures *f = context;
	const struct keyspace *keyspace = f->exec->keyspace;
	for (int i = 0; i < keyspace->db_count; i++) {
		const struct db *db = &keyspace->dbs[i];
		size_t keys = db_size(db), expiring = dict_count(&db->expiring);
		char subexpiry[40] = "";
		if (dict_count(&db->decaying) > 0)
			snprintf(subexpiry, sizeof(subexpiry), ",subexpiry=%zu",
				dict_count(&db->decaying));
		if (keys > 0 || expiring > 0)
			info_line(out, "db%d:keys=%zu,expires=%zu,avg_ttl=%lld%s", i, keys,
				expiring, (long long)db->avg_ttl_ms, subexpiry);
	}
}

const struct info_row info_command_rows[] = {
	{"Commandstats", NULL, write_commands},
	{"Errorstats", NULL, write_errors},
	{"Keyspace", NULL, write_databases},
	{0},
};
