/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The composition, the decision at start, and the end.
 */
#include "persist/persist.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/loop.h"
#include "persist/load.h"

#include <errno.h>
#include <time.h>

#define CLOSE_WAIT_US 20000000 /* the log's last fsync, on a slow disk */
#define LATE_WAIT_US 5000000   /* what a shutdown without patience waits for all the same */

struct persist *persist_new(struct loop *loop, struct exec *exec, struct persist_config *config)
{
	struct persist *p = mem_calloc(1, sizeof(*p));
	p->loop = loop;
	p->exec = exec;
	p->config = config;
	misconf_init(&p->misconf, exec);
	loading_init(&p->loading, loop, exec, &config->rdb.loading_interval_bytes);
	p->stream = stream_new(exec);
	p->log = log_writer_new(loop, p->stream, &config->log);
	p->hold = hold_new(exec, p->log, &config->log);
	p->snapshot = snapshot_new(loop, exec, &config->snapshot);
	snapshot_set_functions(p->snapshot, &p->functions);
	p->save = save_new(&(struct save_parts){.loop = loop,
		.exec = exec,
		.snapshot = p->snapshot,
		.config = config,
		.functions = &p->functions,
		.misconf = &p->misconf});
	p->aof = aof_new(p);
	return p;
}

void persist_set_hooks(struct persist *p, struct snapshot_hooks hooks)
{
	p->hooks = hooks;
	snapshot_set_hooks(p->snapshot, hooks);
}

void persist_note_latency(const struct persist *p, const char *event, int64_t us)
{
	if (p->hooks.latency != NULL)
		p->hooks.latency(event, us, p->hooks.context);
}

/* --- the start -------------------------------------------------------------------------------- */

static enum persist_loaded load_dump(struct persist *p)
{
	int64_t begin_us = clock_mono_us();
	struct rdb_load_report report;
	int64_t size = 0;
	const char *path = p->config->rdb.filename;
	const struct rdb_load_options options = {
		.keyspace = p->exec->keyspace,
		.loading = &p->loading,
		.functions = &p->functions,
		.checksum = p->config->snapshot.checksum,
		.key_delay_us = p->config->rdb.key_load_delay_us,
	};
	int fd = file_open_read(path, &size);
	if (fd >= 0)
		file_close(fd);
	loading_begin(&p->loading, (uint64_t)size);
	enum rdb_load_status status = rdb_load_file(path, &options, &report);
	loading_end(&p->loading);
	switch (status) {
	case RDB_LOAD_OK:
		log_line(LOG_NOTICE, "DB loaded from disk: %.3f seconds",
			(double)(clock_mono_us() - begin_us) / 1e6);
		return PERSIST_LOADED;
	case RDB_LOAD_NO_FILE:
		return PERSIST_LOADED;
	case RDB_LOAD_STOPPED:
		return PERSIST_STOPPED;
	default:
		log_line(LOG_WARNING, "Terminating server after rdb file reading failure.");
		log_line(LOG_WARNING,
			"Fatal error loading the DB from %s at offset %llu: %s. Check server "
			"logs. Exiting.",
			path, (unsigned long long)report.error_at, report.error);
		return PERSIST_REFUSED;
	}
}

static enum persist_loaded load_log(struct persist *p)
{
	if (!aof_load_manifest(p->aof))
		return PERSIST_REFUSED;
	if (!aof_has_files(p->aof))
		return load_dump(p);
	switch (aof_load(p->aof, true)) {
	case AOF_LOAD_OK:
		return PERSIST_LOADED;
	case AOF_LOAD_STOPPED:
		return PERSIST_STOPPED;
	default:
		return PERSIST_REFUSED;
	}
}

enum persist_loaded persist_load(struct persist *p)
{
	bool is_logged = p->config->aof.enabled;
	enum persist_loaded loaded = is_logged ? load_log(p) : load_dump(p);
	p->exec->keyspace->dirty = 0;
	if (loaded != PERSIST_LOADED || !is_logged)
		return loaded;
	/* Offsets go on where they ended; whatever came before is durable: that is never 0. */
	stream_set_offset(p->stream, p->recovered_offset + 1);
	return aof_open(p->aof) ? PERSIST_LOADED : PERSIST_REFUSED;
}

/* --- turns in the middle of a call ------------------------------------------------------------ */

static void persist_turn(struct persist *p)
{
	struct exec *exec = p->exec;
	struct call *current = exec->current;
	int depth = exec->depth;
	exec->current = NULL;
	exec->depth = 0;
	log_writer_turn(p->log);
	loop_turn(p->loop, 1000);
	exec->current = current;
	exec->depth = depth;
}

static void on_synced(bool is_ok, void *context)
{
	int *answer = context;
	*answer = is_ok ? 1 : -1;
}

bool persist_reload_log(struct persist *p)
{
	struct keyspace *k = p->exec->keyspace;
	int answer = log_writer_is_on(p->log) ? 0 : 1;
	loading_begin(&p->loading, 0);
	if (answer == 0)
		log_writer_sync(p->log, on_synced, &answer);
	while (answer == 0)
		persist_turn(p);
	loading_end(&p->loading);
	if (answer < 0)
		return false;
	keyspace_flush(k, -1, false);
	if (p->functions.clear != NULL)
		p->functions.clear(p->functions.context);
	bool is_loaded = aof_reload(p->aof);
	k->dirty = 0;
	return is_loaded;
}

/* --- turns and ticks -------------------------------------------------------------------------- */

/* Stops everybody: that is what it is for. */
static void persist_sleep(int64_t us)
{
	struct timespec left = {us / 1000000, us % 1000000 * 1000};
	nanosleep(&left, NULL);
}

static void persist_rest_log(struct persist *p)
{
	bool rests = p->config->log.no_fsync_on_rewrite && snapshot_is_running(p->snapshot);
	if (rests == p->log_rests)
		return;
	p->log_rests = rests;
	log_writer_rest(p->log, rests);
}

int64_t persist_on_turn_end(struct persist *p)
{
	uint64_t calls = p->exec->stats.calls;
	bool is_idle = calls == p->turn_calls;
	p->turn_calls = calls;
	if (UNLIKELY(p->debug_write_delay_us != 0) && log_writer_unwritten_bytes(p->log) > 0)
		persist_sleep(p->debug_write_delay_us);
	bool is_saving = snapshot_is_running(p->snapshot);
	if (UNLIKELY(is_saving || p->log_rests))
		persist_rest_log(p);
	if (p->exec->hold == NULL && !is_saving) {
		log_writer_turn(p->log);
		return -1;
	}
	uint64_t begin = clock_ticks();
	log_writer_turn(p->log);
	uint64_t committed = clock_ticks();
	work_add(&p->exec->work, WORK_COMMIT, committed - begin);
	p->commit_ticks += committed - begin;
	if (!is_saving)
		return -1;
	int64_t wait_us = snapshot_slice(p->snapshot, is_idle);
	work_add(&p->exec->work, WORK_SNAPSHOT, clock_ticks() - committed);
	return wait_us;
}

void persist_on_tick(struct persist *p)
{
	if (p->loading.is_active)
		return;
	if (!p->is_ending) {
		save_on_tick(p->save);
		aof_on_tick(p->aof);
	}
	hold_tick(p->hold);
}

/* --- parameters ------------------------------------------------------------------------------- */

bool persist_apply_appendonly(struct persist *p)
{
	if (p->config->aof.enabled)
		return aof_switch_on(p->aof);
	aof_switch_off(p->aof);
	return true;
}

void persist_apply(struct persist *p)
{
	log_writer_configure(p->log);
	save_on_config(p->save);
	aof_collect_history(p->aof);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_end_synced(bool is_ok, void *context)
{
	struct persist *p = context;
	if (!is_ok)
		log_line(LOG_WARNING, "Fail to fsync the AOF file: %s. Exit anyway.",
			log_writer_error(p->log));
	p->end_synced = 2;
}

static enum save_end end_sync_log(struct persist *p, bool is_forced)
{
	struct aof_figures f = aof_figures_get(p->aof);
	if (f.state == AOF_OFF)
		return SAVE_END_DONE;
	if (f.state == AOF_WAIT_REWRITE) {
		log_line(LOG_WARNING, "Writing initial AOF%s",
			is_forced ? ". Exit anyway." : ", can't exit.");
		if (!is_forced)
			return SAVE_END_REFUSE;
	}
	if (f.is_rewriting) {
		log_line(LOG_WARNING, "There is a child rewriting the AOF. Killing it!");
		aof_give_up_rewrite(p->aof);
		return SAVE_END_WAIT;
	}
	if (p->end_synced == 0) {
		log_line(LOG_NOTICE, "Calling fsync() on the AOF file.");
		p->end_synced = 1;
		log_writer_sync(p->log, on_end_synced, p);
	}
	return p->end_synced == 2 ? SAVE_END_DONE : SAVE_END_WAIT;
}

static enum save_end end_step(struct persist *p, const struct persist_end *end)
{
	enum save_end log = end_sync_log(p, end->is_forced);
	if (log != SAVE_END_DONE)
		return log;
	return save_before_end(p->save, end->saves, end->is_nosave);
}

enum save_end persist_before_end(struct persist *p, const struct persist_end *end)
{
	int64_t until_us = clock_mono_us() + LATE_WAIT_US;
	if (p->loading.is_active)
		return SAVE_END_DONE; /* the files have what there is */
	p->is_ending = true;
	enum save_end answer = end_step(p, end);
	while (answer == SAVE_END_WAIT && end->is_late && clock_mono_us() < until_us) {
		persist_turn(p);
		answer = end_step(p, end);
	}
	return answer;
}

void persist_end_undone(struct persist *p)
{
	p->end_synced = 0;
	p->is_ending = false;
}

void persist_close(struct persist *p)
{
	int64_t until_us = clock_mono_us() + CLOSE_WAIT_US;
	aof_close(p->aof);
	while (aof_is_busy(p->aof) && clock_mono_us() < until_us) {
		persist_turn(p);
		aof_on_close_turn(p->aof);
	}
	p->is_closed = !aof_is_busy(p->aof);
	if (!p->is_closed)
		log_line(LOG_WARNING, "The append only file could not be closed in time.");
	snapshot_free(p->snapshot);
}

void persist_free(struct persist *p)
{
	save_free(p->save);
	hold_free(p->hold);
	aof_free(p->aof);
	if (p->is_closed) { /* else the kernel may still be at it */
		log_writer_free(p->log);
		stream_free(p->stream);
	}
	mem_free(p);
}
