/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's sections Persistence, Stats, Replication, CPU, Modules, Cluster and Debug. Features that
 * are not here have their truthful zeros.
 */
#include "acl/acl.h"
#include "io/clock.h"
#include "io/exchange_cache.h"
#include "persist/persist.h"
#include "process/shutdown.h"
#include "server/figures.h"

#include <sys/resource.h>

static void add_ticks(struct command *command, void *context)
{
	*(uint64_t *)context += command->stats.ticks;
}

static struct rusage usage_of(int who)
{
	struct rusage usage = {0};
	(void)getrusage(who, &usage);
	return usage;
}

static void write_time(struct info_out *out, struct timeval time)
{
	info_printf(out, "%ld.%06ld", (long)time.tv_sec, (long)time.tv_usec);
}

static void write_zero(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "0");
}

static void write_zero_share(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "0.00");
}

static void write_never(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "-1");
}

static void write_acl_denied_auth(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->acl->stats.denied_auth);
}

static void write_acl_denied_cmd(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->acl->stats.denied_command);
}

static void write_acl_denied_key(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->acl->stats.denied_key);
}

static void write_acl_denied_channel(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->acl->stats.denied_channel);
}

static void write_total_connections_received(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->connections);
}

static void write_total_commands_processed(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->stats.calls);
}

static void write_instantaneous_ops_per_sec(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.0f", rate_mean(&f->ops));
}

static void write_total_net_input_bytes(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->bytes_in);
}

static void write_total_net_output_bytes(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->bytes_out);
}

static void write_instantaneous_input_kbps(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.2f", rate_mean(&f->bytes_in) / 1024);
}

static void write_instantaneous_output_kbps(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.2f", rate_mean(&f->bytes_out) / 1024);
}

static void write_rejected_connections(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->rejected);
}

static void write_expired_keys(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->stats.expired);
}

static void write_expired_subkeys(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->stats.expired_parts);
}

static void write_expired_stale_perc(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.2f", (double)f->exec->keyspace->stats.expired_stale_perc / 100);
}

static void write_expired_time_cap_reached_count(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->stats.expire_time_cap_reached);
}

static void write_expire_cycle_cpu_milliseconds(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->expire_us / 1000);
}

static void write_expire_lag_milliseconds(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->exec->keyspace->stats.expire_lag_ms);
}

static void write_evicted_keys(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->stats.evicted);
}

static void write_evicted_clients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->evicted);
}

/* Of the span that goes on, up to now. */
static void write_total_eviction_exceeded_time(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, (f->exceeded_us + figures_exceeding_us(f)) / 1000);
}

static void write_current_eviction_exceeded_time(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, figures_exceeding_us(f) / 1000);
}

static void write_payloads_checked(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->services->payloads_checked);
}

static void write_keyspace_hits(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->stats.keyspace_hits);
}

static void write_keyspace_misses(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->stats.keyspace_misses);
}

static void write_unexpected_error_replies(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->stats.unexpected_errors);
}

static void write_total_error_replies(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->stats.errors);
}

static void write_total_reads_processed(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->reads);
}

static void write_total_writes_processed(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->writes);
}

static void write_client_query_buffer_limit_disconnections(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->query_limit_closed);
}

static void write_client_output_buffer_limit_disconnections(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, net_stats_get(f->net)->output_limit_closed);
}

static void write_eventloop_cycles(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, loop_stats_get(f->loop)->turns);
}

static void write_eventloop_duration_sum(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, loop_stats_get(f->loop)->busy_us);
}

static void write_eventloop_duration_cmd_sum(struct info_out *out, void *context)
{
	const struct figures *f = context;
	uint64_t ticks = 0;
	command_table_each(f->exec->commands, add_ticks, &ticks);
	info_printf(out, "%.0f", clock_ticks_to_us(ticks));
}

static void write_instantaneous_eventloop_cycles_per_sec(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.0f", rate_mean(&f->cycles));
}

static void write_instantaneous_eventloop_duration_usec(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.0f", rate_mean(&f->cycle_us));
}

static void write_role(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "master");
}

static void write_master_failover_state(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "no-failover");
}

static void write_master_replid(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, f->services->replication_id);
}

static void write_master_replid2(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "0000000000000000000000000000000000000000");
}

static void write_repl_backlog_size(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->settings->later.repl.backlog_bytes);
}

static void write_cached_sockets(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, exchange_cache_count(f->services->connections));
}

static void write_good_replicas(struct info_out *out, void *context)
{
	const struct figures *f = context;
	const struct few_replicas_config *config = &f->settings->few_replicas;
	if (config->at_least > 0 && config->max_lag_s > 0)
		info_line(out, "min_slaves_good_slaves:0");
}

static void write_shutdown(struct info_out *out, void *context)
{
	const struct figures *f = context;
	int64_t left = f->services->shutdown == NULL
		? -1
		: shutdown_left_ms(f->services->shutdown, f->exec->now_ms);
	if (left >= 0)
		info_line(out, "shutdown_in_milliseconds:%lld", (long long)left);
}

static void write_used_cpu_sys(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_SELF);
	write_time(out, usage.ru_stime);
}

static void write_used_cpu_user(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_SELF);
	write_time(out, usage.ru_utime);
}

static void write_used_cpu_sys_children(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_CHILDREN);
	write_time(out, usage.ru_stime);
}

static void write_used_cpu_user_children(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_CHILDREN);
	write_time(out, usage.ru_utime);
}

static void write_used_cpu_sys_main_thread(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_THREAD);
	write_time(out, usage.ru_stime);
}

static void write_used_cpu_user_main_thread(struct info_out *out, void *context)
{
	(void)context;
	struct rusage usage = usage_of(RUSAGE_THREAD);
	write_time(out, usage.ru_utime);
}

static void write_nothing(struct info_out *out, void *context)
{
	(void)out;
	(void)context;
}

static void write_eventloop_duration_aof_sum(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_printf(out, "%.0f", clock_ticks_to_us(f->services->persist->commit_ticks));
}

static void write_eventloop_duration_cron_sum(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->cron_us);
}

static void write_eventloop_duration_max(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, loop_stats_get(f->loop)->longest_turn_us);
}

static void write_eventloop_cmd_per_cycle_max(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->turn_calls_max);
}

const struct info_row info_stats_rows[] = {
	{"Persistence", "async_loading", write_zero},
	{"Persistence", "module_fork_in_progress", write_zero},
	{"Persistence", "module_fork_last_cow_size", write_zero},
	{"Stats", "total_connections_received", write_total_connections_received},
	{"Stats", "total_commands_processed", write_total_commands_processed},
	{"Stats", "instantaneous_ops_per_sec", write_instantaneous_ops_per_sec},
	{"Stats", "total_net_input_bytes", write_total_net_input_bytes},
	{"Stats", "total_net_output_bytes", write_total_net_output_bytes},
	{"Stats", "total_net_repl_input_bytes", write_zero},
	{"Stats", "total_net_repl_output_bytes", write_zero},
	{"Stats", "instantaneous_input_kbps", write_instantaneous_input_kbps},
	{"Stats", "instantaneous_output_kbps", write_instantaneous_output_kbps},
	{"Stats", "instantaneous_input_repl_kbps", write_zero_share},
	{"Stats", "instantaneous_output_repl_kbps", write_zero_share},
	{"Stats", "rejected_connections", write_rejected_connections},
	{"Stats", "sync_full", write_zero},
	{"Stats", "sync_partial_ok", write_zero},
	{"Stats", "sync_partial_err", write_zero},
	{"Stats", "expired_subkeys", write_expired_subkeys},
	{"Stats", "expired_keys", write_expired_keys},
	{"Stats", "expired_stale_perc", write_expired_stale_perc},
	{"Stats", "expired_time_cap_reached_count", write_expired_time_cap_reached_count},
	{"Stats", "expire_cycle_cpu_milliseconds", write_expire_cycle_cpu_milliseconds},
	{"Stats", "expire_lag_milliseconds", write_expire_lag_milliseconds},
	{"Stats", "evicted_keys", write_evicted_keys},
	{"Stats", "evicted_clients", write_evicted_clients},
	{"Stats", "total_eviction_exceeded_time", write_total_eviction_exceeded_time},
	{"Stats", "current_eviction_exceeded_time", write_current_eviction_exceeded_time},
	{"Stats", "keyspace_hits", write_keyspace_hits},
	{"Stats", "keyspace_misses", write_keyspace_misses},
	{"Stats", "migrate_cached_sockets", write_cached_sockets},
	{"Stats", "slave_expires_tracked_keys", write_zero},
	{"Stats", "active_defrag_hits", write_zero},
	{"Stats", "active_defrag_misses", write_zero},
	{"Stats", "active_defrag_key_hits", write_zero},
	{"Stats", "active_defrag_key_misses", write_zero},
	{"Stats", "total_active_defrag_time", write_zero},
	{"Stats", "current_active_defrag_time", write_zero},
	{"Stats", "unexpected_error_replies", write_unexpected_error_replies},
	{"Stats", "total_error_replies", write_total_error_replies},
	{"Stats", "dump_payload_sanitizations", write_payloads_checked},
	{"Stats", "total_reads_processed", write_total_reads_processed},
	{"Stats", "total_writes_processed", write_total_writes_processed},
	{"Stats", "io_threaded_reads_processed", write_zero},
	{"Stats", "io_threaded_writes_processed", write_zero},
	{"Stats", "client_query_buffer_limit_disconnections",
		write_client_query_buffer_limit_disconnections},
	{"Stats", "client_output_buffer_limit_disconnections",
		write_client_output_buffer_limit_disconnections},
	{"Stats", "reply_buffer_shrinks", write_zero},
	{"Stats", "reply_buffer_expands", write_zero},
	{"Stats", "eventloop_cycles", write_eventloop_cycles},
	{"Stats", "eventloop_duration_sum", write_eventloop_duration_sum},
	{"Stats", "eventloop_duration_cmd_sum", write_eventloop_duration_cmd_sum},
	{"Stats", "instantaneous_eventloop_cycles_per_sec",
		write_instantaneous_eventloop_cycles_per_sec},
	{"Stats", "instantaneous_eventloop_duration_usec",
		write_instantaneous_eventloop_duration_usec},
	{"Stats", "acl_access_denied_auth", write_acl_denied_auth},
	{"Stats", "acl_access_denied_cmd", write_acl_denied_cmd},
	{"Stats", "acl_access_denied_key", write_acl_denied_key},
	{"Stats", "acl_access_denied_channel", write_acl_denied_channel},
	{"Replication", "role", write_role},
	{"Replication", "connected_slaves", write_zero},
	{"Replication", NULL, write_good_replicas},
	{"Replication", "master_failover_state", write_master_failover_state},
	{"Replication", "master_replid", write_master_replid},
	{"Replication", "master_replid2", write_master_replid2},
	{"Replication", "master_repl_offset", write_zero},
	{"Replication", "second_repl_offset", write_never},
	{"Replication", "repl_backlog_active", write_zero},
	{"Replication", "repl_backlog_size", write_repl_backlog_size},
	{"Replication", "repl_backlog_first_byte_offset", write_zero},
	{"Replication", "repl_backlog_histlen", write_zero},
	{"Replication", NULL, write_shutdown},
	{"CPU", "used_cpu_sys", write_used_cpu_sys},
	{"CPU", "used_cpu_user", write_used_cpu_user},
	{"CPU", "used_cpu_sys_children", write_used_cpu_sys_children},
	{"CPU", "used_cpu_user_children", write_used_cpu_user_children},
	{"CPU", "used_cpu_sys_main_thread", write_used_cpu_sys_main_thread},
	{"CPU", "used_cpu_user_main_thread", write_used_cpu_user_main_thread},
	{"Modules", NULL, write_nothing},
	{"Cluster", "cluster_enabled", write_zero},
	{"Debug", "eventloop_duration_aof_sum", write_eventloop_duration_aof_sum},
	{"Debug", "eventloop_duration_cron_sum", write_eventloop_duration_cron_sum},
	{"Debug", "eventloop_duration_max", write_eventloop_duration_max},
	{"Debug", "eventloop_cmd_per_cycle_max", write_eventloop_cmd_per_cycle_max},
	{0},
};
