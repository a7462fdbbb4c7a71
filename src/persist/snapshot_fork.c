/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The method `fork`: a child writes the same contents by plain calls, from memory that the kernel
 * keeps for it as it was. It is also what the sliced walk is compared with in tests.
 */
#include "base/log.h"
#include "ds/dict_iter.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/loop.h"
#include "persist/rdb_save.h"
#include "persist/snapshot_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TELL_KEYS 1024
#define TELL_US 500000
#define CHILD_FAILED 1

/* --- in the child --------------------------------------------------------------------------- */

static void child_on_key(void *context, uint64_t keys)
{
	struct snapshot *s = context;
	int delay = s->config->key_save_delay_us;
	rdb_save_pause(delay, keys);
	s->child.report.done = keys;
	if (keys % TELL_KEYS != 0 && delay <= 0)
		return;
	int64_t now = clock_mono_us();
	if (now - s->polled_us < TELL_US)
		return;
	s->polled_us = now;
	child_tell(&s->child, true);
}

static void write_commands_of(struct snapshot *s, struct snapshot_stream *to)
{
	uint64_t keys = 0;
	snapshot_write_begin(s, to);
	for (int i = 0; i < s->keyspace->db_count; i++) {
		struct dict_iter it;
		const void *e;
		dict_iter_init(&it, &s->keyspace->dbs[i].entries);
		while ((e = dict_iter_next(&it)) != NULL) {
			child_on_key(s, keys++);
			snapshot_write_commands(to, i, e);
		}
	}
	rdb_flush(&to->writer);
}

static int save_commands(struct snapshot *s)
{
	struct rdb_save_target target = {.syncs = s->config->aof_incremental_fsync};
	struct snapshot_stream to = {.db = SNAPSHOT_NO_DB};
	target.fd = file_create(s->temp_path);
	if (target.fd < 0)
		return target.fd;
	rdb_writer_init(&to.writer, false, false, rdb_save_drain, &target);
	write_commands_of(s, &to);
	rdb_writer_release(&to.writer);
	int error = target.error != 0 ? target.error : file_sync(target.fd);
	int closed = file_close(target.fd);
	if (error == 0)
		error = closed;
	if (error == 0)
		error = file_rename_synced(s->temp_path, s->path);
	if (error != 0)
		unlink(s->temp_path);
	return error;
}

static int save_rdb(struct snapshot *s)
{
	const struct rdb_save_options options = {
		.keyspace = s->keyspace,
		.functions = s->functions,
		.compress = s->config->compress,
		.checksum = s->config->checksum,
		.is_aof_base = s->format == SNAPSHOT_RDB_BASE,
		.incremental_fsync = s->format == SNAPSHOT_RDB ? s->config->rdb_incremental_fsync
							       : s->config->aof_incremental_fsync,
		.on_key = child_on_key,
		.context = s,
	};
	return rdb_save_file(s->temp_path, s->path, &options, NULL);
}

static void child_main(struct snapshot *s)
{
	if (s->hooks.in_child != NULL)
		s->hooks.in_child(s->format != SNAPSHOT_RDB, s->hooks.context);
	s->polled_us = clock_mono_us();
	int error = s->format == SNAPSHOT_COMMANDS ? save_commands(s) : save_rdb(s);
	s->child.report.done = s->keys_total;
	s->child.report.error = -error;
	child_tell(&s->child, true);
	if (error == 0)
		log_line(LOG_NOTICE, "Fork CoW for %s: %llu MB",
			s->format == SNAPSHOT_RDB ? "RDB" : "AOF rewrite",
			(unsigned long long)(s->child.report.private_bytes >> 20));
	child_exit(error == 0 ? 0 : CHILD_FAILED);
}

/* --- in the parent -------------------------------------------------------------------------- */

static void fork_note(const struct snapshot *s, const char *event, int64_t us)
{
	if (s->hooks.latency != NULL)
		s->hooks.latency(event, us, s->hooks.context);
}

bool snapshot_fork(struct snapshot *s, char *error, size_t error_size)
{
	int64_t begin = clock_mono_us();
	if (!child_fork(&s->child)) {
		snprintf(error, error_size, "%s", strerror(errno));
		return false;
	}
	snapshot_name_writer(s, s->child.pid == 0 ? getpid() : s->child.pid);
	if (s->child.pid == 0)
		child_main(s);
	s->forks++;
	s->last_fork_us = clock_mono_us() - begin;
	fork_note(s, "fork", s->last_fork_us);
	s->polled_us = 0;
	return true;
}

bool snapshot_fork_poll(struct snapshot *s, int *error)
{
	int status;
	bool is_gone = child_poll(&s->child, &status);
	s->keys_done = s->child.report.done;
	s->extra = (size_t)s->child.report.private_bytes;
	if (s->extra > s->extra_peak)
		s->extra_peak = s->extra;
	s->measured_us = loop_now_us(s->loop);
	if (!is_gone)
		return false;
	*error = 0;
	if (status > 255) {
		/* Killed: its file is still there. The name is ours and short-lived. */
		int64_t begin = clock_mono_us();
		*error = ECANCELED;
		unlink(s->temp_path);
		fork_note(s, "rdb-unlink-temp-file", clock_mono_us() - begin);
		if (!s->is_aborted)
			log_line(LOG_WARNING, "The saving child was ended by signal %d",
				status - 256);
	} else if (status != 0) {
		*error = s->child.report.error != 0 ? (int)s->child.report.error : EIO;
	}
	return true;
}

void snapshot_fork_kill(struct snapshot *s)
{
	child_kill(&s->child);
}
