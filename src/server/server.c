/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A server's life: composed, run turn by turn, taken apart.
 *
 * What a turn does is in server_on_turn_*; what happens a few times a second in server_on_tick;
 * work that must not hold a turn is cut into slices by the background timer.
 */
#include "server/server.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/mem_stats.h"
#include "base/rand.h"
#include "cmd/client.h"
#include "cmd/commands.h"
#include "cmd/durability.h"
#include "exec/memory.h"
#include "exec/nest.h"
#include "exec/pause.h"
#include "exec/wait.h"
#include "io/clock.h"
#include "io/exchange_cache.h"
#include "io/signals.h"
#include "obs/monitor.h"
#include "process/banner.h"
#include "process/crash.h"
#include "process/self_test.h"
#include "process/title.h"
#include "process/watchdog.h"
#include "push/pubsub.h"
#include "push/tracking.h"
#include "script/library.h"
#include "server/pages.h"

#include <stdio.h>
#include <unistd.h>

/* --- the turn --------------------------------------------------------------------------------- */

static void server_refresh_time(struct exec *exec)
{
	exec_set_time(exec, clock_wall_us());
}

HOT static void server_on_turn_begin(void *context)
{
	struct server *s = context;
	struct exec *exec = s->exec;

	uint64_t took = loop_last_turn(s->loop);
	if (UNLIKELY(observe_minds_turn(s->observe, took)))
		observe_turn_over(s->observe, took,
			exec->is_nested ? script_running_call(exec) : NULL,
			s->persist->loading.is_active);
	exec->turn_ticks = loop_turn_began(s->loop);
	exec_set_time(exec, loop_wall_us(s->loop));
}

HOT static void server_on_batch(void *context)
{
	struct server *s = context;
	net_on_batch(s->net);
}

/* The sooner of two waits in microseconds, negative = none. */
static int64_t wait_sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

HOT static int64_t server_on_turn_end(void *context)
{
	struct server *s = context;
	struct exec *exec = s->exec;
	int64_t wait_us = -1;

	if (UNLIKELY(exec->is_nested)) {
		net_on_turn_end(s->net);
		return 0;
	}
	/* What expired or was evicted between calls may have made keys ready, too. */
	if (wait_has_ready(exec))
		wait_serve_ready(exec);
	if (UNLIKELY(wait_timeout_count(exec) != 0)) {
		wait_expire(exec);
		wait_us = wait_next_timeout_us(exec);
	}
	int64_t pause_ms = pause_tick(exec);
	if (UNLIKELY(pause_ms >= 0))
		wait_us = wait_sooner(wait_us, pause_ms * 1000);
	if (UNLIKELY(exec->is_tracking))
		tracking_on_turn_end(exec);
	wait_us = wait_sooner(wait_us, persist_on_turn_end(s->persist));
	bool has_more = net_on_turn_end(s->net);
	if (UNLIKELY(exec->is_evict_pending)) {
		uint64_t begin = clock_ticks();
		has_more |= memory_slice(exec);
		work_add(&exec->work, WORK_EVICT, clock_ticks() - begin);
		/* Unsent messages about what went would count as memory, and cost further keys. */
		has_more |= net_on_turn_end(s->net);
	}
	if (UNLIKELY(s->keyspace->graves != NULL && !timer_is_armed(&s->background)))
		timer_arm(s->loop, &s->background, 0);
	figures_turn_end(&s->figures);
	return has_more ? 0 : wait_us;
}

/* The time since `begin` went to this kind of work; returns now. */
static uint64_t server_note_work(struct work_ledger *work, enum work kind, uint64_t begin)
{
	uint64_t now = clock_ticks();
	work_add(work, kind, now - begin);
	return now;
}

/* One slice of each kind of work that is pending, then a rest in proportion to what it took. */
static void server_on_background(struct timer *t)
{
	struct server *s = t->context;
	int64_t begin = clock_mono_us();

	if (UNLIKELY(s->exec->is_nested)) {
		timer_arm(s->loop, t, SERVER_SLICE_US);
		return;
	}
	struct work_ledger *work = &s->exec->work;
	uint64_t last = clock_ticks();
	/* One budget for all kinds: they share a turn. */
	int kinds = (s->keyspace->graves != NULL) + s->is_resizing + s->is_expiring;
	int64_t budget_us = kinds > 1 ? SERVER_SLICE_US / kinds : SERVER_SLICE_US;
	bool frees = keyspace_free_slice(s->keyspace, budget_us);

	last = server_note_work(work, WORK_FREE, last);
	if (s->is_resizing) {
		s->is_resizing = keyspace_resize_slice(s->keyspace, budget_us);
		last = server_note_work(work, WORK_RESIZE, last);
	}
	if (s->is_expiring) {
		int64_t expire_begin = clock_mono_us();
		s->is_expiring = keyspace_expire_slice(s->keyspace, budget_us);
		effect_unit_close(s->exec, false);
		server_note_work(work, WORK_EXPIRE, last);
		s->figures.expire_us += (uint64_t)(clock_mono_us() - expire_begin);
	}
	if (!frees && wait_has_grave_waits(s->exec))
		wait_serve_graves(s->exec);
	if (!frees && !s->is_resizing && !s->is_expiring)
		return;
	int64_t took = clock_mono_us() - begin;
	int rest = frees ? SERVER_FREE_REST_FACTOR : SERVER_REST_FACTOR;
	timer_arm(s->loop, t, wait_has_grave_waits(s->exec) ? 0 : took * rest);
}

static int server_tick_hz(const struct server *s)
{
	int hz = s->settings.process.hz;

	if (!s->settings.process.dynamic_hz)
		return hz;
	while (s->exec->session_count / (size_t)hz > SERVER_CLIENTS_PER_TICK && hz < PROCESS_HZ_MAX)
		hz *= 2;
	return hz < PROCESS_HZ_MAX ? hz : PROCESS_HZ_MAX;
}

static void server_on_tick(struct timer *t)
{
	struct server *s = t->context;
	int64_t begin = clock_mono_us();
	uint64_t begin_ticks = clock_ticks();

	timer_arm(s->loop, t, 1000000 / server_tick_hz(s));
	watchdog_feed();
	mem_note_peak();
	if (UNLIKELY(s->exec->is_nested))
		return;
	if (begin - s->tick_at_us >= 90000) {
		figures_sample(&s->figures, s->exec->now_us);
		observe_tick(s->observe, !s->persist->loading.is_active);
		s->tick_at_us = begin;
	}
	if (!s->services.cron_paused) {
		shutdown_tick(s->services.shutdown, s->exec->now_ms);
		net_on_tick(s->net);
		persist_on_tick(s->persist);
	}
	server_note_work(&s->exec->work, WORK_CRON, begin_ticks);
	s->is_expiring = s->keyspace->config.active_expire && s->keyspace->allow_expiry;
	s->is_resizing = true;
	if (!timer_is_armed(&s->background))
		server_on_background(&s->background);
	s->figures.cron_us += (uint64_t)(clock_mono_us() - begin);
}

/* redis.acl_check_cmd */
static bool server_may_run(struct call *call)
{
	const struct acl *acl = call->exec->services->acl;
	struct acl_query query = {
		.command = call->command, .argv = call->argv, .argc = call->argc};
	int at;
	return acl_check(acl, acl_user_of(acl, call->session), &query, &at) == ACL_ALLOWED;
}

/* --- functions are saved and loaded with the data --- */

struct function_writer {
	void (*write)(void *to, struct bytes source);
	void *to;
};

static void server_write_function(struct bytes source, void *context)
{
	const struct function_writer *w = context;
	w->write(w->to, source);
}

static void server_each_function(
	void (*write)(void *to, struct bytes source), void *to, void *context)
{
	const struct server *s = context;
	struct function_writer w = {write, to};
	script_functions_each(s->exec, server_write_function, &w);
}

static bool server_load_function(
	struct bytes source, bool replace, char *error, size_t error_size, void *context)
{
	struct server *s = context;
	struct library_error why;
	if (script_function_load(s->exec, source, replace, &why))
		return true;
	snprintf(error, error_size, "%s", why.text);
	return false;
}

static void server_clear_functions(void *context)
{
	struct server *s = context;
	library_flush(s->exec);
}

/* A long script lets the others be heard. The loop may be told to stop meanwhile: then it ends. */
static void server_serve_busy(void *context)
{
	struct server *s = context;
	struct exec_nest exec_nest;

	exec_nest_begin(s->exec, &exec_nest);
	struct net_nest *net_nest = net_nest_begin(s->net, script_running_call(s->exec)->session);
	loop_turn(s->loop, 0);
	net_nest_end(s->net, net_nest);
	exec_nest_end(s->exec, &exec_nest);
}

/* --- ends ---------------------------------------------------------------------------------------
 */

static void server_stop(void *context)
{
	struct server *s = context;
	script_abandon(s->exec);
	loop_stop(s->loop);
}

static void server_on_signal(int signal, void *context)
{
	struct server *s = context;
	const struct process_config *process = &s->settings.process;
	int flags = signal == 2 ? process->shutdown_on_sigint : process->shutdown_on_sigterm;

	shutdown_on_signal(s->services.shutdown, signal, (unsigned)flags,
		(int64_t)process->shutdown_timeout_s * 1000);
}

static void server_reset_stats(void *context)
{
	struct server *s = context;

	figures_reset(&s->figures);
	loop_stats_reset(s->loop);
	log_writer_stats_reset(s->persist->log);
	hold_stats_reset(s->persist->hold);
}

static void server_crash_info(struct buf *out, void *context)
{
	struct server *s = context;
	struct bytes everything = BYTES("everything");
	info_render(s->services.info, &everything, 1, out);
}

static enum shutdown_answer server_end_persist(unsigned flags, bool is_late, void *context)
{
	struct server *s = context;
	const struct persist_end end = {
		.saves = flags & SHUTDOWN_SAVE,
		.is_nosave = flags & SHUTDOWN_NOSAVE,
		.is_forced = flags & SHUTDOWN_FORCE,
		.is_late = is_late,
	};
	switch (persist_before_end(s->persist, &end)) {
	case SAVE_END_DONE:
		return SHUTDOWN_DONE;
	case SAVE_END_WAIT:
		return SHUTDOWN_WAIT;
	default:
		return SHUTDOWN_REFUSE;
	}
}

static void server_end_undone(void *context)
{
	struct server *s = context;
	persist_end_undone(s->persist);
}

/* --- composition
 * ---------------------------------------------------------------------------------- */

static bool server_open_loop(struct server *s)
{
	char error[256];
	const struct loop_options options = {
		.backend = (enum loop_backend_kind)s->settings.process.io_backend,
		.max_sockets = (unsigned)s->settings.net.maxclients,
		.spin_us = &s->settings.process.io_spin_us,
		.gather_us = &s->settings.process.io_gather_us,
		.on_batch = server_on_batch,
		.on_turn_begin = server_on_turn_begin,
		.on_turn_end = server_on_turn_end,
		.context = s,
	};

	s->loop = loop_new(&options, error, sizeof(error));
	if (s->loop == NULL) {
		log_line(LOG_WARNING, "Can't start: %s", error);
		return false;
	}
	unsigned limit = loop_socket_limit(s->loop);
	if (limit != 0 && (unsigned)s->settings.net.maxclients > limit) {
		log_line(LOG_WARNING, "maxclients has been reduced from %d to %u: %s",
			s->settings.net.maxclients, limit, loop_backend_reason(s->loop));
		s->settings.net.maxclients = (int)limit;
	}
	return true;
}

static size_t server_extra_bytes(const struct session *s)
{
	return pubsub_memory_bytes(s) + tracking_memory_bytes(s);
}

static void server_count_subscriptions(const struct session *s, struct client_subscriptions *out)
{
	out->channels = pubsub_session_count(s, CHANNEL_PLAIN);
	out->patterns = pubsub_session_count(s, CHANNEL_PATTERN);
	out->shard_channels = pubsub_session_count(s, CHANNEL_SHARD);
	struct tracking_options o;
	out->redirect = tracking_options_get(s, &o) ? (int64_t)o.redirect : -1;
}

static void server_fill_services(struct server *s)
{
	struct services *services = &s->services;

	services->loop = s->loop;
	services->connections = exchange_cache_new(s->loop);
	services->net = s->net;
	services->config = s->settings.config;
	services->info = info_new();
	services->observe = s->observe;
	services->persist = s->persist;
	services->monitor = monitor_new(s->exec, monitor_peer);
	services->shutdown = shutdown_new(server_stop, s);
	services->process = &s->settings.process;
	services->reset_stats = server_reset_stats;
	services->reset_context = s;
	services->acl = s->acl;
	s->acl->describe = client_print;
	services->count_subscriptions = server_count_subscriptions;
	services->started_ms = s->exec->now_ms;
	rand_hex(services->run_id, sizeof(services->run_id) - 1);
	rand_hex(services->replication_id, sizeof(services->replication_id) - 1);
	shutdown_on_failed(services->shutdown, shutdown_answer_waiting, s->exec);
	shutdown_add_step(services->shutdown, (struct shutdown_step){"persist",
						      server_end_persist, server_end_undone, s});
}

static void server_note_startup(struct server *s)
{
	struct script_figures scripts;

	scripts_figures(s->exec, &scripts);
	s->services.startup_bytes = mem_used_bytes();
	s->services.startup_script_bytes = scripts.vm_eval_bytes + scripts.vm_functions_bytes;
}

static bool server_load_users(struct server *s)
{
	struct buf error = {0};
	bool is_loaded = acl_start(s->acl, &error);

	if (!is_loaded)
		log_line(LOG_WARNING, "Aborting startup because of ACL errors: %s",
			buf_text(&error));
	buf_release(&error);
	return is_loaded;
}

/* --- other cores ------------------------------------------------------------------------------ */

/* In a child that saves. */
static void server_in_child(bool is_rewrite, void *context)
{
	const struct process_config *process = &((const struct server *)context)->settings.process;

	(void)oom_apply(process, OOM_CHILD);
	(void)process_pin(is_rewrite ? process->aof_rewrite_cpulist : process->bgsave_cpulist);
}

/* On a thread beside the loop's. */
static void server_in_thread(void *context)
{
	const struct server *s = context;
	(void)process_pin(s->settings.process.bio_cpulist);
}

static void server_note_latency(const char *event, int64_t us, void *context)
{
	struct server *s = context;
	latency_add(&s->observe->latency, event, us / 1000, s->exec->now_us / 1000000);
}

static bool server_compose(struct server *s)
{
	s->keyspace = keyspace_new(s->settings.process.databases);
	s->keyspace->clock_us = clock_mono_us;
	s->exec = exec_new(s->keyspace);
	exec_set_time(s->exec, clock_wall_us());
	s->exec->refresh_time = server_refresh_time;
	wiring_commands(s->exec->commands);
	if (!settings_rename_commands(&s->settings, s->exec->commands))
		return false;
	s->acl = acl_new(s->exec, &s->settings.acl);
	s->net = net_new(s->loop, s->exec, &s->settings.net);
	s->observe = observe_new(s->exec, &s->settings.observe);
	s->observe->peer = monitor_peer;
	s->persist = persist_new(s->loop, s->exec, &s->settings.persist);
	persist_set_hooks(s->persist,
		(struct snapshot_hooks){server_in_child, server_note_latency, s});
	offload_on_start(s->loop, server_in_thread, s);
	s->exec->services = &s->services;
	server_fill_services(s);
	wiring_gates(s->exec);
	scripts_init(s->exec, &s->settings.script);
	scripts_on_busy(s->exec, server_serve_busy, s);
	scripts_on_acl(s->exec, server_may_run);
	s->persist->functions = (struct rdb_functions){
		server_each_function, server_load_function, server_clear_functions, s};
	notify_init(&s->notify, s->exec, &s->settings.push);
	tracking_init(s->exec, &s->settings.push);
	net_set_extra_bytes(s->net, server_extra_bytes);
	net_pages_init(s->net, pages_write, s);
	const struct settings_modules modules = {
		s->exec, s->acl, s->net, s->observe, &s->notify, s->persist};
	settings_bind(&s->settings, &modules);
	if (!server_load_users(s))
		return false;
	s->figures.settings = &s->settings;
	s->figures.services = &s->services;
	s->figures.loop = s->loop;
	s->figures.net = s->net;
	s->figures.exec = s->exec;
	info_add(s->services.info, observe_info_rows, s->observe);
	figures_register(&s->figures);
	timer_init(&s->tick, server_on_tick, s);
	timer_init(&s->background, server_on_background, s);
	return true;
}

static void server_take_apart(struct server *s)
{
	net_close_all(s->net);
	signals_close(s->loop);
	timer_disarm(s->loop, &s->tick);
	timer_disarm(s->loop, &s->background);
	loop_turn(s->loop, 0);
	persist_close(s->persist);
	/* The last sockets are given back here: connections and what hangs off their sessions end.
	 */
	loop_free(s->loop);
	exchange_cache_free(s->services.connections);
	monitor_free(s->services.monitor);
	info_free(s->services.info);
	shutdown_free(s->services.shutdown);
	observe_free(s->observe);
	scripts_free(s->exec);
	tracking_free(s->exec);
	pubsub_free(s->exec);
	acl_free(s->acl);
	net_free(s->net);
	durability_free(s->exec);
	persist_free(s->persist);
	exec_free(s->exec);
	keyspace_free(s->keyspace);
	settings_release(&s->settings);
}

static void server_prepare_process(struct server *s)
{
	const struct process_config *process = &s->settings.process;
	enum process_supervised by = process_supervise(process->supervised);

	if (process->daemonize && by == SUPERVISED_NO)
		process_daemonize();
	s->figures.supervised_by = by;
	if (process->server_cpulist[0] != '\0' && !process_pin(process->server_cpulist))
		log_line(LOG_WARNING, "server_cpulist can't be used: %s", process->server_cpulist);
	if (process->disable_thp)
		process_disable_thp();
	oom_apply(process, OOM_PRIMARY);
}

static bool server_open(struct server *s)
{
	char error[256];
	const struct process_config *process = &s->settings.process;

	if (!server_open_loop(s) || !server_compose(s))
		return false;
	crash_init(&(struct crash_options){.is_enabled = process->crash_log,
		.exit_on_panic = process->exit_on_panic,
		.checks_memory = process->crash_memcheck,
		.exec = s->exec,
		.info = server_crash_info,
		.context = s});
	banner_logo(process, &s->settings.log, s->settings.net.port);
	/* Before the port opens: who sees it open may end us by a signal, and means an orderly end.
	 */
	if (signals_open(s->loop, server_on_signal, s) != 0)
		return false;
	if (!net_tls_configure(s->net)) {
		log_line(LOG_WARNING, "Failed to configure TLS. Check logs for more info.");
		return false;
	}
	if (!net_listen(s->net, error, sizeof(error))) {
		log_line(LOG_WARNING, "Failed listening on port %d (%s), aborting.",
			s->settings.net.port, error);
		return false;
	}
	if (!net_is_listening(s->net)) {
		log_line(LOG_WARNING, "Configured to not listen anywhere, exiting.");
		return false;
	}
	if (!net_pages_listen(s->net, error, sizeof(error))) {
		log_line(LOG_WARNING, "Failed listening for metrics (%s), aborting.", error);
		return false;
	}
	process_pidfile_write(process);
	(void)mem_background_thread(s->settings.later.defrag.jemalloc_bg_thread);
	server_note_startup(s);
	settings_show_title(&s->settings);
	self_test_log_warnings(process->ignore_warnings);
	banner_initialized(loop_backend_name(s->loop), loop_backend_reason(s->loop));
	s->settings.process.watchdog_period_ms =
		watchdog_set(process->watchdog_period_ms, process->hz);
	return true;
}

bool server_open_detached(struct server *s, int argc, char **argv)
{
	clock_init();
	hash_seed_random();
	wiring_types();
	settings_init(&s->settings);
	return settings_start(&s->settings, argc, argv) == CONFIG_RUN && server_open_loop(s) &&
	       server_compose(s);
}

void server_close_detached(struct server *s)
{
	server_take_apart(s);
}

int server_main(int argc, char **argv)
{
	static struct server server;
	struct server *s = &server;

	title_init(argc, argv);
	clock_init();
	hash_seed_random();
	wiring_types();
	settings_init(&s->settings);
	switch (settings_start(&s->settings, argc, argv)) {
	case CONFIG_RUN:
		break;
	case CONFIG_EXIT_OK:
		return 0;
	case CONFIG_EXIT_BAD:
		return 1;
	}
	log_init(&s->settings.log);
	banner_starting(argc > 1);
	server_prepare_process(s);
	if (!server_open(s))
		return 1;
	const struct net_config *net = &s->settings.net;
	timer_arm(s->loop, &s->tick, 1000);
	switch (persist_load(s->persist)) {
	case PERSIST_LOADED:
		banner_ready((net->port != 0 || net->tls.port != 0) && net->bind[0] != '\0',
			net->unixsocket);
		break;
	case PERSIST_REFUSED:
		/* The last line of the log says why; what was loaded before is nobody's. */
		keyspace_flush(s->keyspace, -1, false);
		return 1;
	case PERSIST_STOPPED:
		break;
	}
	loop_run(s->loop);
	process_pidfile_remove();
	if (net->unixsocket != NULL)
		unlink(net->unixsocket);
	banner_bye();
	server_take_apart(s);
	return 0;
}
