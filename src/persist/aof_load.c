/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loading the log: each file is judged (aof_scan.h), then what is whole is executed by a session
 * of recovery, in batches whose keys are looked for ahead, while turns go on.
 *
 * Transactions need no queue here: the judge let none through that does not end.
 */
#include "persist/aof_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/file.h"
#include "persist/aof_reader.h"
#include "persist/aof_scan.h"
#include "persist/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPLAY_BATCH 64
#define REPLAY_AHEAD 8 /* prefetches of items run so many calls ahead */
#define REPLAY_REFUSED_MAX 16 /* lines a file about calls that fail */
#define JUDGE_SHARE 8  /* of the time that a file takes, judging it is one such part */

/* --- executing -------------------------------------------------------------------------------- */

struct replay_call {
	struct command *command;
	int first, argc; /* in args */
	uint64_t hash;
	bool has_hash;
};

struct replay {
	struct aof *aof;
	const char *name; /* of the file, for log lines */
	struct session session;
	struct aof_reader reader;
	struct replay_call calls[REPLAY_BATCH];
	int call_count;
	struct bytes *args;
	int arg_count, arg_cap;
	uint64_t refused; /* calls of this file that failed */
	const struct command *multi, *exec;
	uint64_t progress_base;  /* what counts as loaded before the byte `begin` */
	uint64_t begin;
	struct loading *loading; /* NULL: no turns meanwhile */
};

static struct db *replay_db(const struct replay *r)
{
	return &r->session.exec->keyspace->dbs[r->session.db];
}

/* False: logged. */
static bool replay_add(struct replay *r)
{
	const struct aof_reader *reader = &r->reader;
	struct command *command =
		command_resolve(r->session.exec->commands, reader->argv, reader->argc, NULL);
	if (command == NULL || command->run == NULL) {
		log_line(LOG_WARNING,
			"Unknown command '%s' reading the append only file %s at offset %llu",
			bytes_clip_text(reader->argv[0], 128).text, r->name,
			(unsigned long long)(reader->at - reader->raw.len));
		return false;
	}
	if (command == r->multi || command == r->exec)
		return true;
	if (!command_arity_fits(command, reader->argc)) {
		log_line(LOG_WARNING,
			"Wrong number of arguments for '%s' at offset %llu reading the append only "
			"file %s",
			command->name, (unsigned long long)(reader->at - reader->raw.len), r->name);
		return false;
	}
	struct replay_call *call = &r->calls[r->call_count++];
	*call = (struct replay_call){command, r->arg_count, reader->argc, 0, false};
	while (r->arg_cap - r->arg_count < reader->argc) {
		r->arg_cap = r->arg_cap == 0 ? 4 * REPLAY_BATCH : r->arg_cap * 2;
		r->args = mem_realloc(r->args, (size_t)r->arg_cap * sizeof(*r->args));
	}
	memcpy(r->args + r->arg_count, reader->argv, (size_t)reader->argc * sizeof(*r->args));
	r->arg_count += reader->argc;
	if (command->first_key <= 0 || command->first_key >= reader->argc)
		return true;
	struct bytes key = reader->argv[command->first_key];
	call->hash = hash_bytes(key.ptr, key.len);
	call->has_hash = true;
	dict_prefetch(&replay_db(r)->entries, call->hash);
	return true;
}

/* What was executed once fails now: the log does not fit the data, or comes from a server that
 * knows more. Loading goes on, but somebody should look. */
static void replay_refused(struct replay *r, const struct replay_call *c)
{
	char nothing[] = "";
	struct iovec piece = {.iov_base = nothing, .iov_len = 0};
	if (r->refused++ >= REPLAY_REFUSED_MAX)
		return;
	(void)out_pieces(&r->session.out, &piece, 1);
	const char *end = memchr(piece.iov_base, '\r', piece.iov_len);
	size_t len = end == NULL ? piece.iov_len : (size_t)(end - (const char *)piece.iov_base);
	log_line(LOG_WARNING,
		"== CRITICAL == This server is sending an error to its AOF-loading-client: '%s' "
		"after processing the command '%s' of %s",
		bytes_clip_text(bytes_of(piece.iov_base, len), 256).text, c->command->name,
		r->name);
}

static void replay_run(struct replay *r)
{
	struct keyspace *k = r->session.exec->keyspace;
	for (int i = 0; i < r->call_count && i < REPLAY_AHEAD; i++)
		if (r->calls[i].has_hash)
			dict_prefetch_item(&replay_db(r)->entries, r->calls[i].hash);
	k->shows_expired = true;
	for (int i = 0; i < r->call_count; i++) {
		int ahead = i + REPLAY_AHEAD;
		if (ahead < r->call_count && r->calls[ahead].has_hash)
			dict_prefetch_item(&replay_db(r)->entries, r->calls[ahead].hash);
		const struct replay_call *c = &r->calls[i];
		struct call call = {.session = &r->session,
			.command = c->command,
			.argv = r->args + c->first,
			.argc = c->argc,
			.has_hash = c->has_hash,
			.key_hash = c->hash};
		if (UNLIKELY(call_replay(&call) == FAILED))
			replay_refused(r, c);
		out_clear(&r->session.out);
	}
	k->shows_expired = false;
	r->call_count = 0;
	r->arg_count = 0;
	r->reader.is_held = false;
}

static bool replay_goes_on(struct replay *r)
{
	const int delay_us = r->aof->p->config->rdb.key_load_delay_us;
	if (r->loading == NULL)
		return true;
	if (UNLIKELY(delay_us != 0))
		loading_delay(r->loading, delay_us);
	return loading_progress(r->loading, r->progress_base + (r->reader.at - r->begin) -
		(r->reader.at - r->begin) / JUDGE_SHARE);
}

static enum aof_load_result replay_items(struct replay *r)
{
	for (;;) {
		switch (aof_reader_next(&r->reader)) {
		case AOF_REQUEST:
			r->reader.is_held = true;
			if (!replay_add(r))
				return AOF_LOAD_FAILED;
			if (r->call_count < REPLAY_BATCH)
				continue;
			break;
		case AOF_NOTE:
			continue;
		case AOF_FULL:
			break;
		case AOF_END:
			replay_run(r);
			return replay_goes_on(r) ? AOF_LOAD_OK : AOF_LOAD_STOPPED;
		default:
			log_line(LOG_WARNING,
				"Unrecoverable error reading the append only file %s: %s", r->name,
				r->reader.error != 0 ? strerror(r->reader.error)
						     : "it changed meanwhile");
			return AOF_LOAD_FAILED;
		}
		replay_run(r);
		if (!replay_goes_on(r))
			return AOF_LOAD_STOPPED;
	}
}

/* --- one file --------------------------------------------------------------------------------- */

struct load_file {
	struct aof *aof;
	const char *name;
	char path[AOF_PATH_MAX_BYTES];
	uint64_t size, progress_base;
	bool has_later; /* something follows it: it must be whole */
	bool is_base;
	bool may_repair;
	struct loading *loading;
	int fd;
	uint64_t begin; /* behind a preamble */
	struct aof_scan scan;
};

static enum aof_load_result load_replay(struct load_file *f)
{
	struct exec *exec = f->aof->p->exec;
	struct replay *r = mem_calloc(1, sizeof(*r));
	r->aof = f->aof;
	r->name = f->name;
	r->progress_base = f->progress_base + f->begin + (f->size - f->begin) / JUDGE_SHARE;
	r->begin = f->begin;
	r->loading = f->loading;
	session_init(&r->session, exec, ORIGIN_RECOVERY);
	r->session.flags |= SESSION_DENY_BLOCKING;
	r->multi = command_find(exec->commands, BYTES("multi"));
	r->exec = command_find(exec->commands, BYTES("exec"));
	aof_reader_init(&r->reader, f->fd, f->begin, f->scan.good);
	enum aof_load_result result = replay_items(r);
	if (r->refused > REPLAY_REFUSED_MAX)
		log_line(LOG_WARNING, "%llu commands of %s failed in all",
			(unsigned long long)r->refused, r->name);
	aof_reader_release(&r->reader);
	session_release(&r->session);
	mem_free(r->args);
	mem_free(r);
	return result;
}

static enum aof_load_result load_preamble(struct load_file *f)
{
	struct persist *p = f->aof->p;
	struct rdb_load_report report;
	const struct rdb_load_options options = {
		.keyspace = p->exec->keyspace,
		.loading = f->loading,
		.progress_base = f->progress_base,
		.functions = &p->functions,
		.checksum = p->config->snapshot.checksum,
		.keeps_expired = true,
		.key_delay_us = f->loading == NULL ? 0 : p->config->rdb.key_load_delay_us,
	};
	switch (rdb_load_file(f->path, &options, &report)) {
	case RDB_LOAD_OK:
		break;
	case RDB_LOAD_STOPPED:
		return AOF_LOAD_STOPPED;
	default:
		log_line(LOG_WARNING,
			"Error reading the RDB preamble of the AOF file %s, AOF loading aborted: "
			"%s",
			f->name, report.error);
		return AOF_LOAD_FAILED;
	}
	f->begin = report.bytes;
	if (f->begin < f->size)
		log_line(LOG_NOTICE, "Reading the remaining AOF tail...");
	return AOF_LOAD_OK;
}

static bool load_scan_progress(uint64_t at, void *context)
{
	struct load_file *f = context;
	return f->loading == NULL ||
		loading_progress(f->loading,
			f->progress_base + f->begin + (at - f->begin) / JUDGE_SHARE);
}

static void load_refuse_damaged(const struct load_file *f)
{
	log_line(LOG_WARNING, "The append only file %s is damaged at offset %llu: %s", f->name,
		(unsigned long long)f->scan.bad_at, f->scan.reason);
	log_line(LOG_WARNING,
		"Bad file format reading the append only file %s: make a backup of your AOF file, "
		"then use ./redis-check-aof --fix <filename.manifest>",
		f->name);
}

static void load_refuse_truncated(const struct load_file *f)
{
	log_line(LOG_WARNING,
		"Unexpected end of file reading the append only file %s. You can: 1) Make a backup "
		"of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) "
		"Alternatively you can set the 'aof-load-truncated' configuration option to yes "
		"and restart the server.",
		f->name);
}

/* What to do about an end that is not whole. False: refused, logged. */
static bool load_accept_end(const struct load_file *f)
{
	const struct aof_scan *s = &f->scan;
	if (!f->aof->config->load_truncated) {
		load_refuse_truncated(f);
		return false;
	}
	if (f->has_later) {
		log_line(LOG_WARNING,
			"The append only file %s is cut off at offset %llu although other files "
			"follow it",
			f->name, (unsigned long long)s->good);
		log_line(LOG_WARNING, "Fatal error: the truncated file is not the last file");
		return false;
	}
	if (s->verdict == AOF_TORN) {
		log_line(LOG_WARNING,
			"The last %llu bytes of the append only file %s, written when the server "
			"ended without notice, had not been promised to anybody: cut off at offset "
			"%llu",
			(unsigned long long)s->torn, f->name, (unsigned long long)s->good);
		return true;
	}
	log_line(LOG_WARNING, "!!! Warning: short read while loading the AOF file %s!!!", f->name);
	log_line(LOG_WARNING, "!!! Truncating the AOF %s at offset %llu !!!", f->name,
		(unsigned long long)s->good);
	log_line(
		LOG_WARNING, "AOF %s loaded anyway because aof-load-truncated is enabled", f->name);
	return true;
}

static enum aof_load_result load_judge(struct load_file *f)
{
	const struct aof_scan_request request = {f->fd, f->begin, f->size, load_scan_progress, f};
	aof_scan(&request, &f->scan);
	switch (f->scan.verdict) {
	case AOF_WHOLE:
		return AOF_LOAD_OK;
	case AOF_DAMAGED:
		load_refuse_damaged(f);
		return AOF_LOAD_FAILED;
	case AOF_UNREADABLE:
		if (f->scan.error == 0)
			return AOF_LOAD_STOPPED;
		log_line(LOG_WARNING, "Unrecoverable error reading the append only file %s: %s",
			f->name, strerror(f->scan.error));
		return AOF_LOAD_FAILED;
	default:
		return load_accept_end(f) ? AOF_LOAD_OK : AOF_LOAD_FAILED;
	}
}

/* What is behind the whole part goes away, for good: the log is going to be written there. */
static bool load_cut(const struct load_file *f)
{
	if (!f->may_repair || f->scan.good == f->size)
		return true;
	if (truncate(f->path, (off_t)f->scan.good) == 0) {
		int fd = open(f->path, O_WRONLY | O_CLOEXEC);
		bool is_synced = fd >= 0 && fsync(fd) == 0;
		if (fd >= 0)
			close(fd);
		if (is_synced)
			return true;
	}
	log_line(LOG_WARNING, "Error truncating the AOF %s: %s", f->name, strerror(errno));
	return false;
}

static enum aof_load_result load_one(struct load_file *f)
{
	int64_t size, begin_us = clock_mono_us();
	enum aof_load_result result;
	if (rdb_file_has_magic(f->path) && (result = load_preamble(f)) != AOF_LOAD_OK)
		return result;
	f->fd = file_open_read(f->path, &size);
	if (f->fd < 0) {
		log_line(LOG_WARNING,
			"Fatal error: can't open the append log file %s for reading: %s", f->name,
			strerror(-f->fd));
		return AOF_LOAD_FAILED;
	}
	f->size = (uint64_t)size;
	result = load_judge(f);
	if (result == AOF_LOAD_OK)
		result = load_replay(f);
	if (result == AOF_LOAD_OK && !load_cut(f))
		result = AOF_LOAD_FAILED;
	close(f->fd);
	if (result == AOF_LOAD_OK)
		log_line(LOG_NOTICE, "DB loaded from %s file %s: %.3f seconds",
			f->is_base ? "base" : "incr", f->name,
			(double)(clock_mono_us() - begin_us) / 1e6);
	return result;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Sizes of base and incr files in order of loading; false: one is missing, logged. */
static bool load_measure(const struct aof *a, uint64_t *sizes, uint64_t *total)
{
	const struct manifest *m = &a->manifest;
	int count = 0;
	*total = 0;
	for (int i = -1; i < m->incr.count; i++) {
		const char *name = i < 0 ? m->base.name : m->incr.files[i].name;
		char path[AOF_PATH_MAX_BYTES];
		struct stat st;
		if (name == NULL)
			continue;
		errno = ENAMETOOLONG;
		if (aof_path(a, name, path) == NULL || stat(path, &st) != 0) {
			log_line(LOG_WARNING, "Unable to obtain the AOF file %s length. stat: %s",
				name, strerror(errno));
			return false;
		}
		sizes[count++] = (uint64_t)st.st_size;
		*total += (uint64_t)st.st_size;
	}
	return true;
}

static void load_note(struct aof *a, const struct load_file *f)
{
	if (f->is_base) {
		a->base_bytes = f->size;
		return;
	}
	a->older_bytes += f->scan.good;
	a->last = f->scan;
	if (f->scan.offset > a->p->recovered_offset)
		a->p->recovered_offset = f->scan.offset;
}

/* Enough is known as soon as there is a command. */
static bool load_later_progress(uint64_t at, void *context)
{
	const struct aof_scan *scan = context;
	(void)at;
	return scan->commands == 0;
}

/* Does a file behind number `index` hold anything? (new files may hold their opening line) */
static bool load_has_later(const struct aof *a, int index)
{
	char path[AOF_PATH_MAX_BYTES];
	for (int i = index + 1; i < a->manifest.incr.count; i++) {
		struct aof_scan scan;
		int64_t size;
		aof_path(a, a->manifest.incr.files[i].name, path);
		int fd = file_open_read(path, &size);
		if (fd < 0)
			return true;
		aof_scan(&(struct aof_scan_request){.fd = fd,
				 .size = (uint64_t)size,
				 .progress = load_later_progress,
				 .context = &scan},
			&scan);
		close(fd);
		if (scan.commands > 0 || scan.torn > 0 || scan.verdict != AOF_WHOLE)
			return true;
	}
	return false;
}

static enum aof_load_result load_files(
	struct aof *a, const uint64_t *sizes, struct loading *loading, bool may_repair)
{
	const struct manifest *m = &a->manifest;
	enum aof_load_result result = AOF_LOAD_OK;
	struct load_file *f = mem_alloc(sizeof(*f));
	uint64_t progress = 0;
	a->base_bytes = a->older_bytes = 0;
	for (int i = -1, at = 0; i < m->incr.count && result == AOF_LOAD_OK; i++) {
		*f = (struct load_file){.aof = a,
			.name = i < 0 ? m->base.name : m->incr.files[i].name,
			.is_base = i < 0,
			.may_repair = may_repair,
			.loading = loading,
			.progress_base = progress};
		if (f->name == NULL)
			continue;
		aof_path(a, f->name, f->path);
		f->size = sizes[at++];
		f->has_later = i + 1 < m->incr.count && load_has_later(a, i);
		result = load_one(f);
		load_note(a, f);
		progress += f->size;
	}
	mem_free(f);
	return result;
}

enum aof_load_result aof_load(struct aof *a, bool may_repair)
{
	struct loading *loading = may_repair ? &a->p->loading : NULL;
	int64_t begin_us = clock_mono_us();
	uint64_t total;
	uint64_t *sizes = mem_alloc(((size_t)a->manifest.incr.count + 1) * sizeof(*sizes));
	enum aof_load_result result = AOF_LOAD_FAILED;
	if (load_measure(a, sizes, &total)) {
		loading_begin(&a->p->loading, total);
		result = load_files(a, sizes, loading, may_repair);
		loading_end(&a->p->loading);
	}
	mem_free(sizes);
	if (result == AOF_LOAD_OK)
		log_line(LOG_NOTICE, "DB loaded from append only file: %.3f seconds",
			(double)(clock_mono_us() - begin_us) / 1e6);
	return result;
}
