/* SPDX-License-Identifier: BSD-3-Clause
 *
 * When the log is begun, rewritten, ended and begun anew; and the start, where an old single file
 * is taken in and what is missing is made.
 */
#include "persist/aof_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/file.h"
#include "persist/rdb_save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_FILE_MAX_BYTES (64 << 20)

static void aof_on_failed(int error, const char *reason, void *context);
static void aof_on_synced(int64_t took_us, void *context);

struct aof *aof_new(struct persist *p)
{
	struct aof *a = mem_calloc(1, sizeof(*a));
	a->p = p;
	a->config = &p->config->aof;
	a->last_took_s = -1;
	a->last_ok = true;
	a->retry_ms = AOF_RETRY_FIRST_MS;
	log_writer_listen(
		p->log, (struct log_writer_events){
				.failed = aof_on_failed, .synced = aof_on_synced, .context = a});
	return a;
}

void aof_free(struct aof *a)
{
	manifest_release(&a->manifest);
	manifest_release(&a->next);
	mem_free(a->directory);
	mem_free(a);
}

/* --- the manifest at start -------------------------------------------------------------------- */

static void manifest_log_error(const char *path, const struct manifest_error *error)
{
	log_line(LOG_WARNING, "\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
	if (error->line > 0) {
		log_line(LOG_WARNING, "Reading the manifest file %s, at line %d\n", path,
			error->line);
		log_line(LOG_WARNING, ">>> '%s'\n", error->text);
	} else {
		log_line(LOG_WARNING, "Reading the manifest file %s\n", path);
	}
	log_line(LOG_WARNING, "%s\n", error->reason);
}

/* 1 = read, 0 = there is none, -1 = refused. */
static int manifest_read(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES], path[AOF_PATH_MAX_BYTES];
	struct manifest_error error;
	int64_t size;
	if (aof_path(a, aof_manifest_name(a, name), path) == NULL)
		return 0;
	int fd = file_open_read(path, &size);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0 || size > MANIFEST_FILE_MAX_BYTES) {
		log_line(LOG_WARNING,
			"Fatal error: can't open the AOF manifest file %s for reading: %s", name,
			strerror(fd < 0 ? -fd : EFBIG));
		return -1;
	}
	char *text = mem_alloc((size_t)size + 1);
	ssize_t got = file_read(fd, text, (size_t)size);
	close(fd);
	bool is_read =
		got >= 0 && manifest_parse(&a->manifest, bytes_of(text, (size_t)got), &error);
	mem_free(text);
	if (got < 0)
		log_line(LOG_WARNING, "Error reading the AOF manifest file %s: %s", name,
			strerror((int)-got));
	else if (!is_read)
		manifest_log_error(path, &error);
	return is_read ? 1 : -1;
}

static bool upgrade_fail(const struct aof *a, const char *what, int error)
{
	log_line(LOG_WARNING, "Error trying to %s while migrating the AOF %s into %s: %s", what,
		a->config->filename, a->config->dirname, strerror(error));
	return false;
}

/* One file in the working directory, as before Redis 7: it becomes the base. The manifest is
 * written first, so that an interrupted move is found and finished. */
static bool aof_upgrade(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES], path[AOF_PATH_MAX_BYTES];
	struct buf text = {0};
	int error = aof_make_directory(a->directory);
	if (error != 0)
		return upgrade_fail(a, "make the directory", error);
	if (a->manifest.base.name == NULL) {
		manifest_set_base(&a->manifest, a->config->filename, 1);
		manifest_print(&a->manifest, &text);
		error = aof_write_manifest(
			a->directory, aof_manifest_name(a, name), buf_bytes(&text));
		buf_release(&text);
		if (error != 0)
			return upgrade_fail(a, "write the manifest", error);
	}
	if (aof_path(a, a->config->filename, path) == NULL ||
		rename(a->config->filename, path) != 0)
		return upgrade_fail(a, "move the file", errno);
	error = aof_sync_directory(a->directory);
	if (error == 0)
		error = aof_sync_directory(".");
	if (error != 0)
		return upgrade_fail(a, "sync the directories", error);
	log_line(LOG_NOTICE,
		"Successfully migrated an old-style AOF configuration (%s) into the AOF directory "
		"(%s).",
		a->config->filename, a->config->dirname);
	return true;
}

static bool is_file(const char *path)
{
	struct stat st;
	return path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Nothing but the old file as a base, which still lies outside. */
static bool upgrade_is_due(const struct aof *a)
{
	char path[AOF_PATH_MAX_BYTES];
	const struct manifest *m = &a->manifest;
	if (!is_file(a->config->filename) || m->incr.count > 0)
		return false;
	if (m->base.name == NULL)
		return !is_file(aof_path(a, a->config->filename, path));
	return strcmp(m->base.name, a->config->filename) == 0 &&
	       !is_file(aof_path(a, m->base.name, path));
}

bool aof_load_manifest(struct aof *a)
{
	aof_find_directory(a);
	manifest_release(&a->manifest);
	if (manifest_read(a) < 0)
		return false;
	return !upgrade_is_due(a) || aof_upgrade(a);
}

bool aof_has_files(const struct aof *a)
{
	return !manifest_is_empty(&a->manifest);
}

bool aof_reload(struct aof *a)
{
	uint64_t base_bytes = a->base_bytes, older_bytes = a->older_bytes;
	struct aof_scan last = a->last;
	bool is_read = true;
	if (a->phase == AOF_IDLE) {
		if (a->state == AOF_OFF)
			aof_find_directory(a);
		manifest_release(&a->manifest);
		is_read = manifest_read(a) >= 0;
	}
	bool is_loaded = is_read && aof_load(a, false) == AOF_LOAD_OK;
	a->base_bytes = base_bytes;
	a->older_bytes = older_bytes;
	a->last = last;
	return is_loaded;
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool open_fail(const char *what, const char *name, int error)
{
	log_line(LOG_WARNING, "Can't %s the append-only file %s: %s", what, name, strerror(error));
	return false;
}

/* The first base: what is in memory, that is nothing, or what a dump held. */
static bool open_make_base(struct aof *a, struct manifest *next)
{
	struct persist *p = a->p;
	char path[AOF_PATH_MAX_BYTES], temp[AOF_PATH_MAX_BYTES];
	uint64_t keys = 0;
	for (int i = 0; i < p->exec->keyspace->db_count; i++)
		keys += db_size(&p->exec->keyspace->dbs[i]);
	bool is_rdb = a->config->use_preamble || keys > 0;
	const char *name = manifest_add_base(next, a->config->filename, is_rdb);
	aof_path(a, name, path);
	log_line(LOG_NOTICE, "Creating AOF base file %s on server start", name);
	if (!is_rdb) {
		int fd = aof_create_file(path, NULL, 0);
		if (fd < 0)
			return open_fail("create", name, -fd);
		close(fd);
		return true;
	}
	const struct rdb_save_options options = {
		.keyspace = p->exec->keyspace,
		.functions = &p->functions,
		.compress = p->config->snapshot.compress,
		.checksum = p->config->snapshot.checksum,
		.is_aof_base = true,
		.incremental_fsync = p->config->snapshot.aof_incremental_fsync,
	};
	aof_path(a, "temp-base.rdb", temp);
	return rdb_save_file(temp, path, &options, &a->base_bytes) == 0;
}

/* Makes what is missing; the manifest names it when it stands. */
static bool open_make_files(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES], path[AOF_PATH_MAX_BYTES], line[FRAME_LINE_MAX_BYTES];
	struct manifest next;
	struct buf text = {0};
	int error = aof_make_directory(a->directory);
	if (error != 0)
		return open_fail("make the directory of", a->config->dirname, error);
	manifest_copy(&a->manifest, &next);
	if (manifest_is_empty(&next) && !open_make_base(a, &next)) {
		manifest_release(&next);
		return false;
	}
	const char *incr = manifest_add_incr(&next, a->config->filename);
	log_line(LOG_NOTICE, "Creating AOF incr file %s on server start", incr);
	aof_path(a, incr, path);
	size_t line_len = aof_first_line(a, line);
	int fd = aof_create_file(path, line, line_len);
	if (fd >= 0)
		close(fd);
	error = fd < 0 ? -fd : aof_sync_directory(a->directory);
	manifest_print(&next, &text);
	if (error == 0)
		error = aof_write_manifest(
			a->directory, aof_manifest_name(a, name), buf_bytes(&text));
	buf_release(&text);
	manifest_release(&a->manifest);
	a->manifest = next;
	a->last = (struct aof_scan){
		.good = line_len, .has_frames = line_len > 0, .frames_end = line_len};
	return error == 0 || open_fail("create", incr, error);
}

/* The file's end is made one from which this server can go on: a closing line goes, and what has no
 * frames is told from what will have. Sets `size`. */
static int open_prepare_end(const struct aof *a, int fd, uint64_t *size)
{
	char line[FRAME_LINE_MAX_BYTES];
	const struct aof_scan *last = &a->last;
	size_t len = 0;
	*size = last->good;
	if (last->is_closed)
		*size = last->closed_at;
	if (a->p->config->log.frames) {
		if (!last->has_frames || last->frames_end < *size)
			len = aof_first_line(a, line);
	} else if (last->has_frames) {
		len = sizeof(AOF_CLOSED_LINE) - 1;
		memcpy(line, AOF_CLOSED_LINE, len);
	}
	if (ftruncate(fd, (off_t)*size) != 0)
		return errno;
	ssize_t done = pwrite(fd, line, len, (off_t)*size);
	if (done != (ssize_t)len)
		return done < 0 ? errno : ENOSPC;
	*size += len;
	return fsync(fd) == 0 ? 0 : errno;
}

static bool open_last(struct aof *a)
{
	char path[AOF_PATH_MAX_BYTES];
	struct log_file file;
	const struct manifest *m = &a->manifest;
	const char *name = m->incr.files[m->incr.count - 1].name;
	aof_path(a, name, path);
	file.fd = open(path, O_RDWR | O_CLOEXEC);
	if (file.fd < 0)
		return open_fail("open", name, errno);
	file.is_framed = a->p->config->log.frames;
	int error = open_prepare_end(a, file.fd, &file.size);
	if (error != 0) {
		close(file.fd);
		return open_fail("prepare", name, error);
	}
	log_writer_start(a->p->log, &file);
	log_writer_trust(a->p->log);
	a->older_bytes -= a->older_bytes < a->last.good ? a->older_bytes : a->last.good;
	return true;
}

bool aof_open(struct aof *a)
{
	const struct manifest *m = &a->manifest;
	if (m->incr.count == 0) {
		if (!open_make_files(a))
			return false;
	} else {
		log_line(LOG_NOTICE, "Opening AOF incr file %s on server start",
			m->incr.files[m->incr.count - 1].name);
	}
	if (!open_last(a))
		return false;
	aof_remove_leftovers(a->directory);
	a->state = AOF_ON;
	a->rewrite_bytes = a->base_bytes + a->older_bytes + log_writer_file_size(a->p->log);
	aof_collect_history(a);
	return true;
}

/* --- history ---------------------------------------------------------------------------------- */

static void history_collected(struct aof *a, struct aof_job *job)
{
	(void)a;
	if (job->error != 0)
		log_line(LOG_WARNING, "Deleting old AOF files: can't %s: %s", job->what,
			strerror(job->error));
}

/* The manifest is written at once: whoever sets aof-disable-auto-gc looks at it next. */
void aof_collect_history(struct aof *a)
{
	char name[AOF_PATH_MAX_BYTES];
	struct buf text = {0};
	if (a->config->disable_auto_gc || a->phase != AOF_IDLE || a->manifest.history.count == 0)
		return;
	struct aof_job *job = aof_job_new(a, history_collected);
	job->removed = a->manifest.history;
	a->manifest.history = (struct manifest_list){0};
	manifest_print(&a->manifest, &text);
	int error = aof_write_manifest(a->directory, aof_manifest_name(a, name), buf_bytes(&text));
	buf_release(&text);
	if (error != 0) {
		log_line(LOG_WARNING, "Can't write the AOF manifest: %s", strerror(error));
		a->manifest.history = job->removed;
		job->removed = (struct manifest_list){0};
	}
	aof_job_submit(job, false);
}

/* --- on and off ------------------------------------------------------------------------------- */

static void stop_marked(struct aof *a, struct aof_job *job)
{
	(void)job;
	a->is_stopping = false;
	aof_begin_deferred(a);
}

static void aof_on_stopped(bool is_ok, uint64_t size, void *context)
{
	struct aof *a = context;
	const struct manifest *m = &a->manifest;
	struct aof_job *job = aof_job_new(a, stop_marked);
	char path[AOF_PATH_MAX_BYTES];
	a->older_bytes += size;
	if (is_ok && a->stops_framed && m->incr.count > 0 &&
		aof_path(a, m->incr.files[m->incr.count - 1].name, path) != NULL) {
		job->mark = mem_dup_text(path);
		job->mark_size = size;
	}
	aof_job_submit(job, false);
}

void aof_stop_log(struct aof *a)
{
	a->wants_stop = log_writer_is_busy(a->p->log);
	if (a->wants_stop || a->is_stopping)
		return;
	a->is_stopping = true;
	a->stops_framed = log_writer_is_framed(a->p->log);
	log_writer_stop(a->p->log, aof_on_stopped, a);
}

/* Something is being given up or ended: a moment, and a rewrite can begin. */
static bool aof_is_ending(const struct aof *a)
{
	return a->is_stopping || a->wants_stop || a->phase == AOF_DROPPING ||
	       (a->phase != AOF_IDLE && a->is_aborted);
}

bool aof_switch_on(struct aof *a)
{
	if (a->state != AOF_OFF)
		return true;
	aof_find_directory(a);
	if (a->phase == AOF_IDLE && !a->is_stopping) {
		manifest_release(&a->manifest);
		if (manifest_read(a) < 0)
			return false;
	}
	a->state = AOF_WAIT_REWRITE;
	a->retry_at_ms = 0;
	a->retry_ms = AOF_RETRY_FIRST_MS;
	if (aof_can_begin(a) && a->p->exec->depth <= 1) {
		if (aof_begin_generation(a, AOF_BY_SWITCH))
			return true;
		a->state = AOF_OFF;
		a->is_scheduled = false;
		return false;
	}
	if (aof_is_ending(a)) {
		a->is_deferred = true;
		return true;
	}
	a->is_scheduled = true;
	log_line(LOG_NOTICE,
		"AOF was enabled but there is already another background operation. An AOF "
		"background was scheduled to start when possible.");
	return true;
}

void aof_switch_off(struct aof *a)
{
	enum aof_state state = a->state;
	a->state = AOF_OFF;
	a->is_scheduled = a->is_deferred = false;
	if (a->phase != AOF_IDLE && a->phase != AOF_DROPPING) {
		log_line(LOG_NOTICE, "Killing running AOF rewrite child");
		aof_abort_generation(a);
	}
	misconf_set_log(&a->p->misconf, NULL);
	if (state == AOF_ON)
		aof_stop_log(a);
}

void aof_give_up_rewrite(struct aof *a)
{
	aof_abort_generation(a);
}

void aof_close(struct aof *a)
{
	aof_switch_off(a);
}

void aof_on_close_turn(struct aof *a)
{
	if (a->wants_stop)
		aof_stop_log(a);
}

static void aof_on_failed(int error, const char *reason, void *context)
{
	struct aof *a = context;
	(void)error;
	if (a->state == AOF_ON) {
		misconf_set_log(&a->p->misconf, reason);
		a->retry_at_ms = loop_wall_ms(a->p->loop) + a->retry_ms;
	}
	aof_abort_generation(a);
}

static void aof_on_synced(int64_t took_us, void *context)
{
	const struct aof *a = context;
	if (a->p->config->log.fsync == LOG_FSYNC_ALWAYS)
		persist_note_latency(a->p, "aof-fsync-always", took_us);
}

/* --- rewriting -------------------------------------------------------------------------------- */

bool aof_is_rewriting(const struct aof *a)
{
	return a->phase != AOF_IDLE;
}

bool aof_is_busy(const struct aof *a)
{
	return a->phase != AOF_IDLE || a->is_stopping || a->wants_stop || a->jobs > 0;
}

enum aof_rewrite_answer aof_rewrite(struct aof *a)
{
	if (!a->is_deferred && aof_is_ending(a)) {
		a->is_deferred = true;
		return AOF_REWRITE_STARTED;
	}
	if (a->is_deferred || a->phase != AOF_IDLE)
		return AOF_REWRITE_BUSY;
	if (!aof_can_begin(a) || a->p->exec->depth > 1) {
		a->is_scheduled = true;
		return AOF_REWRITE_SCHEDULED;
	}
	return aof_begin_next(a) ? AOF_REWRITE_STARTED : AOF_REWRITE_FAILED;
}

/* A log that is off: what its directory holds is known by its manifest only. */
static bool aof_look_again(struct aof *a)
{
	aof_find_directory(a);
	manifest_release(&a->manifest);
	return manifest_read(a) >= 0;
}

void aof_begin_deferred(struct aof *a)
{
	if (a->is_deferred && aof_can_begin(a))
		(void)aof_begin_next(a);
}

bool aof_begin_next(struct aof *a)
{
	switch (a->state) {
	case AOF_ON:
		return aof_begin_generation(
			a, log_writer_is_on(a->p->log) ? AOF_BY_REWRITE : AOF_BY_FAILURE);
	case AOF_WAIT_REWRITE:
		return aof_begin_generation(a, AOF_BY_SWITCH);
	default:
		return aof_look_again(a) && aof_begin_generation(a, AOF_BY_COMMAND);
	}
}

static uint64_t aof_size(const struct aof *a)
{
	return a->base_bytes + a->older_bytes + log_writer_file_size(a->p->log);
}

/* After many failures only one try in a while. */
static bool aof_is_limited(struct aof *a, int64_t now_ms)
{
	if (a->failures < AOF_FAILURES_MAX)
		return false;
	if (now_ms < a->limit_until_ms)
		return true;
	if (a->limit_until_ms != 0 && a->limit_failures == a->failures)
		return false; /* that time is over: one try */
	a->limit_failures = a->failures;
	a->limit_minutes = a->limit_minutes == 0 ? 1 : a->limit_minutes * 2;
	if (a->limit_minutes > AOF_FAILURES_WAIT_MAX_MIN)
		a->limit_minutes = AOF_FAILURES_WAIT_MAX_MIN;
	a->limit_until_ms = now_ms + (int64_t)a->limit_minutes * 60000;
	log_line(LOG_WARNING,
		"Background AOF rewrite has repeatedly failed and triggered the limit, will retry "
		"in %d minutes",
		a->limit_minutes);
	return true;
}

static void aof_consider_rewrite(struct aof *a, int64_t now_ms)
{
	uint64_t size = aof_size(a);
	uint64_t base = a->rewrite_bytes == 0 ? 1 : a->rewrite_bytes;
	if (a->state != AOF_ON || !log_writer_is_on(a->p->log) || a->config->rewrite_percent == 0 ||
		size <= a->config->rewrite_min_bytes || size < base)
		return;
	double growth = (double)(size - base) * 100 / (double)base;
	if (growth < a->config->rewrite_percent || aof_is_limited(a, now_ms))
		return;
	log_line(LOG_NOTICE, "Starting automatic rewriting of AOF on %.0f%% growth", growth);
	(void)aof_begin_generation(a, AOF_BY_REWRITE);
}

void aof_on_tick(struct aof *a)
{
	int64_t now_ms = loop_wall_ms(a->p->loop);
	if (a->wants_stop)
		aof_stop_log(a);
	if (a->is_deferred)
		aof_begin_deferred(a);
	if (!aof_can_begin(a) || now_ms < a->retry_at_ms)
		return;
	if (a->state == AOF_ON && log_writer_has_failed(a->p->log))
		(void)aof_begin_generation(a, AOF_BY_FAILURE);
	else if ((a->is_scheduled || a->state == AOF_WAIT_REWRITE) && !aof_is_limited(a, now_ms))
		(void)aof_begin_next(a);
	else
		aof_consider_rewrite(a, now_ms);
}

struct aof_figures aof_figures_get(const struct aof *a)
{
	return (struct aof_figures){
		.state = a->state,
		.is_rewriting = a->phase != AOF_IDLE || a->is_deferred,
		.is_rewrite_scheduled = a->is_scheduled,
		.last_rewrite_s = a->last_took_s,
		.current_rewrite_s =
			a->phase == AOF_IDLE ? -1 : (loop_wall_ms(a->p->loop) - a->began_ms) / 1000,
		.last_rewrite_ok = a->last_ok,
		.rewrites = a->rewrites,
		.consecutive_failures = a->failures,
		.base_bytes = a->rewrite_bytes,
		.current_bytes = aof_size(a),
		.last_extra_bytes = a->last_extra_bytes,
	};
}
