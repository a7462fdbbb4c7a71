/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A new generation of the log: a base that shows one moment, and the file that has everything
 * since. BGREWRITEAOF makes one while the log goes on; switching the log on, and its failure, make
 * one for it to begin with.
 *
 * Invariant: the manifest never names a base without every file written since the moment that it
 * shows. While the log goes on it takes up the new file at that very moment; the file stands in the
 * manifest, behind the old ones, before a byte is written to it. When the log begins the file has
 * a temporary name, and nothing in it is promised until the base stands. After a failure writes are
 * refused, so that the file may begin when the base stands; what vanishes meanwhile by expiry
 * vanishes again.
 */
#include "persist/aof_internal.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static void generation_failed(struct aof *a, const char *what, int error);

static bool is_by_fork(const struct aof *a)
{
	return a->p->config->snapshot.method == SNAPSHOT_FORK;
}

size_t aof_first_line(const struct aof *a, char *line)
{
	if (!a->p->config->log.frames)
		return 0;
	return aof_opening_line(line, a->p->stream->appended, loop_wall_ms(a->p->loop));
}

static char *path_of(const struct aof *a, const char *name)
{
	char path[AOF_PATH_MAX_BYTES];
	return mem_dup_text(aof_path(a, name, path) == NULL ? name : path);
}

static const char *temp_incr_name(const struct aof *a, char *out)
{
	snprintf(out, AOF_PATH_MAX_BYTES, "temp-%s.incr", a->config->filename);
	return out;
}

bool aof_can_begin(const struct aof *a)
{
	return a->phase == AOF_IDLE && !a->is_stopping && !a->wants_stop &&
	       !log_writer_is_busy(a->p->log) && !snapshot_is_running(a->p->snapshot);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void generation_over(struct aof *a)
{
	a->phase = AOF_IDLE;
	a->is_aborted = false;
	manifest_release(&a->next);
	a->last_took_s = (loop_wall_ms(a->p->loop) - a->began_ms) / 1000;
}

static void generation_removed(struct aof *a, struct aof_job *job)
{
	(void)job;
	generation_over(a);
	aof_begin_deferred(a);
}

/* The log has let go of its temporary file. */
static void generation_let_go(bool is_ok, uint64_t size, void *context)
{
	struct aof *a = context;
	char name[AOF_PATH_MAX_BYTES];
	struct aof_job *job = aof_job_new(a, generation_removed);
	(void)is_ok;
	(void)size;
	a->is_stopping = false;
	job->remove = path_of(a, temp_incr_name(a, name));
	log_line(LOG_NOTICE, "Removing the temp incr aof file %s on background rewrite failure",
		name);
	aof_job_submit(job, false);
}

static void generation_plan_retry(struct aof *a)
{
	if (a->reason == AOF_BY_REWRITE || a->reason == AOF_BY_COMMAND)
		return;
	a->retry_at_ms = loop_wall_ms(a->p->loop) + a->retry_ms;
	a->retry_ms = a->retry_ms * 2 < AOF_RETRY_MAX_MS ? a->retry_ms * 2 : AOF_RETRY_MAX_MS;
	a->is_scheduled = a->state == AOF_WAIT_REWRITE;
}

static void generation_failed(struct aof *a, const char *what, int error)
{
	if (!a->is_aborted) {
		log_line(LOG_WARNING, "Background AOF rewrite terminated with error: %s%s%s", what,
			error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
		a->last_ok = false;
		a->failures++;
		generation_plan_retry(a);
	}
	bool has_temp = a->reason == AOF_BY_SWITCH && a->phase != AOF_PREPARING;
	a->phase = AOF_DROPPING;
	if (!has_temp) {
		generation_over(a);
		return;
	}
	a->is_stopping = true;
	log_writer_stop(a->p->log, generation_let_go, a);
}

/* --- the commit ------------------------------------------------------------------------------- */

/* The log counts from now on. */
static void generation_trust(struct aof *a, struct aof_job *job)
{
	if (a->reason == AOF_BY_FAILURE && !a->is_aborted) {
		const struct log_file file = {
			.fd = job->fd, .size = job->line_len, .is_framed = job->line_len > 0};
		job->fd = -1;
		log_writer_start(a->p->log, &file);
	}
	if (a->is_aborted || !log_writer_is_on(a->p->log)) {
		aof_stop_log(a);
		return;
	}
	a->state = AOF_ON;
	log_writer_trust(a->p->log);
	misconf_set_log(&a->p->misconf, NULL);
}

static void generation_stands(struct aof *a, struct aof_job *job)
{
	if (job->error != 0) {
		generation_failed(a, job->what, job->error);
		return;
	}
	manifest_release(&a->manifest);
	a->manifest = a->next;
	a->next = (struct manifest){0};
	a->base_bytes = a->next_base_bytes;
	a->older_bytes = 0;
	a->rewrites++;
	a->failures = 0;
	a->last_ok = true;
	a->limit_minutes = 0;
	a->limit_until_ms = 0;
	a->retry_ms = AOF_RETRY_FIRST_MS;
	if (a->reason == AOF_BY_SWITCH || a->reason == AOF_BY_FAILURE)
		generation_trust(a, job);
	a->rewrite_bytes = a->base_bytes + log_writer_file_size(a->p->log);
	generation_over(a);
	log_line(LOG_NOTICE, "Background AOF rewrite finished successfully");
}

/* Base and file stand: the manifest is to say so. */
static void generation_commit(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES];
	struct aof_job *job = aof_job_new(a, generation_stands);
	a->phase = AOF_COMMITTING;
	if (a->reason == AOF_BY_FAILURE) {
		job->line_len = aof_first_line(a, job->line);
		job->create = path_of(a, manifest_add_incr(&a->next, a->config->filename));
	} else if (a->reason == AOF_BY_SWITCH) {
		const char *incr = manifest_add_incr(&a->next, a->config->filename);
		job->rename_from = path_of(a, temp_incr_name(a, name));
		job->rename_to = path_of(a, incr);
	}
	manifest_retire_incr(&a->next, a->reason == AOF_BY_COMMAND ? 0 : 1);
	manifest_print(&a->next, &job->manifest);
	if (!a->config->disable_auto_gc && a->next.history.count > 0) {
		job->removed = a->next.history;
		a->next.history = (struct manifest_list){0};
		manifest_print(&a->next, &job->manifest_after);
		if (a->next.incr.count == 0)
			a->next.incr_seq = 0; /* no name of theirs is in use */
	}
	aof_job_submit(job, false);
}

static void generation_go_on(struct aof *a)
{
	if (a->phase != AOF_SNAPSHOT || !a->is_base_ready || !a->is_switched)
		return;
	if (a->is_aborted)
		generation_failed(a, "given up", 0);
	else
		generation_commit(a);
}

/* --- base and file ---------------------------------------------------------------------------- */

static void generation_on_base(void *context, const struct snapshot_result *result)
{
	struct aof *a = context;
	a->last_extra_bytes = result->extra_bytes_peak;
	if (!result->is_ok) {
		generation_failed(a, result->reason[0] != '\0' ? result->reason : "killed", 0);
		return;
	}
	log_line(LOG_NOTICE, "Background AOF rewrite terminated with success");
	a->next_base_bytes = result->bytes;
	a->is_base_ready = true;
	generation_go_on(a);
}

static void generation_on_switched(bool is_ok, uint64_t old_size, void *context)
{
	struct aof *a = context;
	a->older_bytes += old_size;
	a->is_switched = true;
	if (is_ok)
		generation_go_on(a);
	else
		aof_abort_generation(a); /* the log failed: it is going to need another one */
}

/* The moment that the base shows. False: `reason`. */
static bool generation_snapshot(struct aof *a, char *reason)
{
	char temp[AOF_PATH_MAX_BYTES];
	bool is_rdb = a->config->use_preamble;
	/* (Of a log that is off it need not be there yet; else this is one call that finds it.) */
	int error = aof_make_directory(a->directory);
	if (error != 0) {
		snprintf(reason, SNAPSHOT_ERROR_MAX_BYTES, "%s", strerror(error));
		return false;
	}
	snprintf(temp, sizeof(temp), AOF_TEMP_BASE_PREFIX "%d.aof", (int)getpid());
	char *temp_path = path_of(a, temp);
	char *path = path_of(a, manifest_add_base(&a->next, a->config->filename, is_rdb));
	const struct snapshot_request request = {
		.temp_path = temp_path,
		.path = path,
		.stamp_s = a->p->config->log.timestamps ? loop_wall_ms(a->p->loop) / 1000 : 0,
		.format = is_rdb ? SNAPSHOT_RDB_BASE : SNAPSHOT_COMMANDS,
		.done = generation_on_base,
		.context = a,
	};
	a->is_base_ready = false;
	bool is_started =
		snapshot_start(a->p->snapshot, &request, reason, SNAPSHOT_ERROR_MAX_BYTES);
	mem_free(temp_path);
	mem_free(path);
	return is_started;
}

/* Can what was prepared be used? What it was for may be over. */
static bool generation_is_wanted(const struct aof *a)
{
	bool is_on = log_writer_is_on(a->p->log);
	if (a->is_aborted)
		return false;
	return a->reason == AOF_BY_REWRITE ? a->state == AOF_ON && is_on
					   : a->state == AOF_WAIT_REWRITE && !is_on;
}

static void generation_shoot(struct aof *a)
{
	char reason[SNAPSHOT_ERROR_MAX_BYTES];
	if (!generation_snapshot(a, reason))
		generation_failed(a, reason, 0);
}

/* The new file is there. The log takes it up even if the base can't be made: it is in the manifest.
 */
static void generation_prepared(struct aof *a, struct aof_job *job)
{
	const struct log_file file = {
		.fd = job->fd, .size = job->line_len, .is_framed = job->line_len > 0};
	if (job->error != 0 || !generation_is_wanted(a)) {
		generation_failed(a, job->error != 0 ? job->what : "given up", job->error);
		return;
	}
	if (snapshot_is_running(a->p->snapshot)) {
		a->is_aborted = true; /* somebody was quicker: later */
		generation_failed(a, "", 0);
		a->is_scheduled = true;
		return;
	}
	job->fd = -1;
	a->phase = AOF_SNAPSHOT;
	a->is_switched = a->reason == AOF_BY_SWITCH;
	if (a->reason == AOF_BY_REWRITE) {
		manifest_release(&a->manifest);
		manifest_copy(&a->next, &a->manifest);
		log_writer_switch(a->p->log, &file, generation_on_switched, a);
	} else {
		log_writer_start(a->p->log, &file);
	}
	generation_shoot(a);
}

static void generation_prepare(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES];
	struct aof_job *job = aof_job_new(a, generation_prepared);
	const char *incr = temp_incr_name(a, name);
	job->line_len = aof_first_line(a, job->line);
	if (a->reason == AOF_BY_REWRITE) {
		incr = manifest_add_incr(&a->next, a->config->filename);
		manifest_print(&a->next, &job->manifest);
	}
	job->create = path_of(a, incr);
	log_line(LOG_NOTICE, "Creating AOF incr file %s on background rewrite", incr);
	aof_job_submit(job, is_by_fork(a));
}

bool aof_begin_generation(struct aof *a, enum aof_reason reason)
{
	if (!aof_can_begin(a))
		return false;
	a->reason = reason;
	a->is_scheduled = a->is_deferred = false;
	a->is_aborted = false;
	a->began_ms = loop_wall_ms(a->p->loop);
	manifest_copy(&a->manifest, &a->next);
	if (reason == AOF_BY_FAILURE || reason == AOF_BY_COMMAND) {
		a->phase = AOF_SNAPSHOT;
		a->is_switched = true;
		generation_shoot(a);
	} else {
		a->phase = AOF_PREPARING;
		generation_prepare(a);
	}
	if (a->phase == AOF_IDLE || a->phase == AOF_DROPPING)
		return false; /* it was done at once, and failed */
	log_line(LOG_NOTICE, "Background append only file rewriting started");
	return true;
}

void aof_abort_generation(struct aof *a)
{
	if (a->phase == AOF_IDLE || a->phase == AOF_DROPPING)
		return;
	a->is_aborted = true;
	if (a->phase == AOF_SNAPSHOT && !a->is_base_ready)
		snapshot_abort(a->p->snapshot);
	else
		generation_go_on(a);
}
