/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO's sections Server and Clients: what runs, where, and who is connected.
 */
#include "base/version.h"
#include "exec/pause.h"
#include "exec/wait.h"
#include "server/figures.h"

#include <sys/utsname.h>
#include <unistd.h>

static int64_t uptime_s(const struct figures *f)
{
	return f->exec->now_ms / 1000 - f->started_s;
}

static void write_listener(const char *text, void *context)
{
	info_line(context, "%s", text);
}

static bool is_tracking(const struct session *s)
{
	return s->flags & SESSION_TRACKING;
}

static bool is_subscriber(const struct session *s)
{
	return s->flags & SESSION_PUBSUB;
}

/* Connections (replicas apart) that `wanted` accepts; NULL = all. */
static uint64_t count_clients(const struct figures *f, bool (*wanted)(const struct session *s))
{
	uint64_t count = 0;
	LINK_EACH (it, after, &f->exec->sessions) {
		const struct session *s = LINK_OWNER(it, struct session, all);
		bool is_client = s->origin == ORIGIN_CLIENT && session_class(s) != CLASS_REPLICA;
		count += is_client && (wanted == NULL || wanted(s));
	}
	return count;
}

static void write_zero(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "0");
}

static void write_redis_version(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, REDIS_VERSION);
}

static void write_redis_git_sha1(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "00000000");
}

static void write_redis_build_id(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "ringlet-" RINGLET_VERSION);
}

static void write_redis_mode(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "standalone");
}

static void write_server_name(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "ringlet");
}

static void write_ringlet_version(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, RINGLET_VERSION);
}

static void write_os(struct info_out *out, void *context)
{
	(void)context;
	struct utsname name;
	if (uname(&name) == 0)
		info_printf(out, "%s %s %s", name.sysname, name.release, name.machine);
}

static void write_arch_bits(struct info_out *out, void *context)
{
	(void)context;
	info_u64(out, sizeof(void *) * 8);
}

static void write_monotonic_clock(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "POSIX clock_gettime, tick counter between");
}

static void write_multiplexing_api(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, loop_backend_name(f->loop));
}

static void write_io_backend(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, loop_backend_name(f->loop));
}

static void write_io_backend_reason(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, loop_backend_reason(f->loop));
}

static void write_atomicvar_api(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, "c11-builtin");
}

static void write_gcc_version(struct info_out *out, void *context)
{
	(void)context;
	info_text(out, __VERSION__);
}

static void write_process_id(struct info_out *out, void *context)
{
	(void)context;
	info_i64(out, getpid());
}

static void write_process_supervised(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, process_supervised_name(f->supervised_by));
}

static void write_run_id(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, f->services->run_id);
}

static void write_tcp_port(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->settings->net.port);
}

static void write_server_time_usec(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->exec->now_us);
}

static void write_uptime_in_seconds(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, uptime_s(f));
}

static void write_uptime_in_days(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, uptime_s(f) / 86400);
}

static void write_hz(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->settings->process.hz);
}

static void write_configured_hz(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->settings->process.hz);
}

static void write_lru_clock(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, f->exec->keyspace->lru_clock);
}

static void write_executable(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, f->settings->executable);
}

static void write_config_file(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_text(out, config_file(f->settings->config));
}

static void write_listeners(struct info_out *out, void *context)
{
	const struct figures *f = context;
	net_listeners_describe(f->net, write_listener, out);
}

static void write_connected_clients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, count_clients(f, NULL));
}

static void write_maxclients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_i64(out, f->settings->net.maxclients);
}

static void write_client_recent_max_input_buffer(struct info_out *out, void *context)
{
	const struct figures *f = context;
	size_t input, output;
	net_recent_max(f->net, &input, &output);
	info_u64(out, input);
}

static void write_client_recent_max_output_buffer(struct info_out *out, void *context)
{
	const struct figures *f = context;
	size_t input, output;
	net_recent_max(f->net, &input, &output);
	info_u64(out, output);
}

static void write_blocked_clients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, wait_blocked_count(f->exec) + f->exec->pause->waiting);
}

static void write_tracking_clients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, count_clients(f, is_tracking));
}

static void write_pubsub_clients(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, count_clients(f, is_subscriber));
}

static void write_clients_in_timeout_table(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, wait_timeout_count(f->exec));
}

static void write_total_blocking_keys(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, wait_key_count(f->exec));
}

static void write_total_blocking_keys_on_nokey(struct info_out *out, void *context)
{
	const struct figures *f = context;
	info_u64(out, wait_nokey_count(f->exec));
}

const struct info_row info_server_rows[] = {
	{"Server", "redis_version", write_redis_version},
	{"Server", "redis_git_sha1", write_redis_git_sha1},
	{"Server", "redis_git_dirty", write_zero},
	{"Server", "redis_build_id", write_redis_build_id},
	{"Server", "redis_mode", write_redis_mode},
	{"Server", "server_name", write_server_name},
	{"Server", "ringlet_version", write_ringlet_version},
	{"Server", "os", write_os},
	{"Server", "arch_bits", write_arch_bits},
	{"Server", "monotonic_clock", write_monotonic_clock},
	{"Server", "multiplexing_api", write_multiplexing_api},
	{"Server", "io_backend", write_io_backend},
	{"Server", "io_backend_reason", write_io_backend_reason},
	{"Server", "atomicvar_api", write_atomicvar_api},
	{"Server", "gcc_version", write_gcc_version},
	{"Server", "process_id", write_process_id},
	{"Server", "process_supervised", write_process_supervised},
	{"Server", "run_id", write_run_id},
	{"Server", "tcp_port", write_tcp_port},
	{"Server", "server_time_usec", write_server_time_usec},
	{"Server", "uptime_in_seconds", write_uptime_in_seconds},
	{"Server", "uptime_in_days", write_uptime_in_days},
	{"Server", "hz", write_hz},
	{"Server", "configured_hz", write_configured_hz},
	{"Server", "lru_clock", write_lru_clock},
	{"Server", "executable", write_executable},
	{"Server", "config_file", write_config_file},
	{"Server", "io_threads_active", write_zero},
	{"Server", NULL, write_listeners},
	{"Clients", "connected_clients", write_connected_clients},
	{"Clients", "cluster_connections", write_zero},
	{"Clients", "maxclients", write_maxclients},
	{"Clients", "client_recent_max_input_buffer", write_client_recent_max_input_buffer},
	{"Clients", "client_recent_max_output_buffer", write_client_recent_max_output_buffer},
	{"Clients", "blocked_clients", write_blocked_clients},
	{"Clients", "tracking_clients", write_tracking_clients},
	{"Clients", "pubsub_clients", write_pubsub_clients},
	{"Clients", "clients_in_timeout_table", write_clients_in_timeout_table},
	{"Clients", "total_blocking_keys", write_total_blocking_keys},
	{"Clients", "total_blocking_keys_on_nokey", write_total_blocking_keys_on_nokey},
	{0},
};
