/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The life of a snapshot: begun, sliced or left to a child, completed or given up, told.
 *
 * How much of the time a slice may take: the budget bounds what one adds to the waiting of a
 * request; after it the walk rests for a multiple of that while clients are served, and not at all
 * when nobody is. Memory: where what had to be encoded ahead passes a limit, writers (not
 * readers) wait until it is half of that.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/mem_stats.h"
#include "exec/pause.h"
#include "io/loop.h"
#include "persist/snapshot_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Memory for the snapshot alone at which writers wait: the larger of the two. */
#define EXTRA_MAX_BYTES ((size_t)64 << 20)
#define EXTRA_MAX_SHARE 25 /* of the memory used: 4 % */
#define MEASURE_US 10000
#define CHILD_POLL_US 20000
/* While clients are served a slice is followed by a rest of so many times its length; they are no
 * more after so long without a call. */
#define REST_FACTOR 3
#define CALM_US 1000
#define FREE_WAIT_US 1000

struct snapshot *snapshot_new(
	struct loop *loop, struct exec *exec, const struct snapshot_config *config)
{
	struct snapshot *s = mem_calloc(1, sizeof(*s));
	s->loop = loop;
	s->exec = exec;
	s->keyspace = exec->keyspace;
	s->config = config;
	return s;
}

void snapshot_set_functions(struct snapshot *s, const struct rdb_functions *functions)
{
	s->functions = functions;
}

void snapshot_set_hooks(struct snapshot *s, struct snapshot_hooks hooks)
{
	s->hooks = hooks;
}

static void snapshot_pause(struct snapshot *s, bool pausing)
{
	if (s->is_pausing == pausing)
		return;
	s->is_pausing = pausing;
	if (pausing)
		pause_begin(s->exec, PAUSE_BY_SNAPSHOT, PAUSE_WRITES, INT64_MAX);
	else
		pause_end(s->exec, PAUSE_BY_SNAPSHOT);
}

static void snapshot_measure(struct snapshot *s, int64_t now_us)
{
	size_t limit = mem_used_bytes() / EXTRA_MAX_SHARE;
	s->measured_us = now_us;
	s->extra = snapshot_walk_extra(s);
	if (s->extra > s->extra_peak)
		s->extra_peak = s->extra;
	if (limit < EXTRA_MAX_BYTES)
		limit = EXTRA_MAX_BYTES;
	if (s->extra > limit)
		snapshot_pause(s, true);
	else if (s->extra < limit / 2)
		snapshot_pause(s, false);
}

/* --- the end -------------------------------------------------------------------------------- */

static void snapshot_tell(struct snapshot *s, int error, uint64_t bytes)
{
	struct snapshot_result result = {
		.is_ok = error == 0 && !s->is_aborted,
		.is_aborted = s->is_aborted,
		.error = error,
		.keys = s->keys_done,
		.bytes = bytes,
		.took_us = loop_now_us(s->loop) - s->began_us,
		.extra_bytes_peak = s->extra_peak,
	};
	if (s->is_aborted)
		snprintf(result.reason, sizeof(result.reason), "aborted");
	else if (s->is_unsound)
		snprintf(result.reason, sizeof(result.reason),
			"an inner check failed: %llu of %llu keys",
			(unsigned long long)s->keys_done, (unsigned long long)s->keys_total);
	else if (error != 0)
		snprintf(result.reason, sizeof(result.reason), "%s", strerror(error));
	mem_free(s->temp_path);
	mem_free(s->path);
	s->temp_path = s->path = NULL;
	s->file = NULL;
	s->phase = SNAPSHOT_IDLE;
	s->extra = 0;
	if (s->done != NULL)
		s->done(s->context, &result);
}

static void on_file_ended(void *context, int error)
{
	struct snapshot *s = context;
	snapshot_tell(s, s->is_unsound ? EIO : error, s->main.writer.drained);
}

/* Gives the walk up; the file's end is told to us later. */
static void snapshot_give_up(struct snapshot *s)
{
	snapshot_walk_end(s, false);
	snapshot_pause(s, false);
	s->phase = SNAPSHOT_CLOSING;
	outfile_abort(s->file);
}

static void snapshot_complete(struct snapshot *s)
{
	s->is_unsound |= s->keys_done != s->keys_total;
	if (s->is_unsound) {
		log_line(LOG_WARNING, "A snapshot was not what it should be: %llu of %llu keys",
			(unsigned long long)s->keys_done, (unsigned long long)s->keys_total);
		snapshot_give_up(s);
		return;
	}
	if (s->format == SNAPSHOT_COMMANDS)
		rdb_flush(&s->main.writer);
	else
		rdb_write_end(&s->main.writer);
	snapshot_measure(s, loop_now_us(s->loop));
	snapshot_pause(s, false);
	snapshot_walk_end(s, true);
	s->phase = SNAPSHOT_CLOSING;
	outfile_finish(s->file);
}

void snapshot_abort(struct snapshot *s)
{
	if (s->phase == SNAPSHOT_IDLE || s->is_aborted)
		return;
	s->is_aborted = true;
	if (s->phase == SNAPSHOT_CHILD)
		snapshot_fork_kill(s);
	else if (s->phase == SNAPSHOT_WALKING)
		snapshot_give_up(s);
	else
		outfile_abort(s->file);
}

void snapshot_free(struct snapshot *s)
{
	/* Nobody is told any more; but no half-written file is left, and nothing of us stays in the
	 * kernel's hands. */
	s->done = NULL;
	snapshot_abort(s);
	while (s->phase != SNAPSHOT_IDLE) {
		snapshot_slice(s, true);
		loop_turn(s->loop, FREE_WAIT_US);
	}
	mem_free(s);
}

/* --- the beginning -------------------------------------------------------------------------- */

bool snapshot_is_running(const struct snapshot *s)
{
	return s->phase != SNAPSHOT_IDLE;
}

void snapshot_name_writer(struct snapshot *s, int pid)
{
	static const char mark[] = "{pid}";
	char named[SNAPSHOT_PATH_MAX_BYTES];
	const char *at = strstr(s->temp_path, mark);
	if (at == NULL)
		return;
	snprintf(named, sizeof(named), "%.*s%d%s", (int)(at - s->temp_path), s->temp_path, pid,
		at + sizeof(mark) - 1);
	mem_free(s->temp_path);
	s->temp_path = mem_dup_text(named);
}

bool snapshot_start(
	struct snapshot *s, const struct snapshot_request *request, char *error, size_t error_size)
{
	if (s->phase != SNAPSHOT_IDLE) {
		snprintf(error, error_size, "another one is being written");
		return false;
	}
	s->format = request->format;
	s->stamp_s = request->stamp_s;
	s->done = request->done;
	s->context = request->context;
	s->began_us = loop_now_us(s->loop);
	s->keys_done = s->keys_total = 0;
	s->extra = s->extra_peak = 0;
	s->is_aborted = s->is_unsound = false;
	for (int i = 0; i < s->keyspace->db_count; i++)
		s->keys_total += db_size(&s->keyspace->dbs[i]);
	s->temp_path = mem_dup_text(request->temp_path);
	s->path = mem_dup_text(request->path);
	if (s->config->method == SNAPSHOT_FORK) {
		if (!snapshot_fork(s, error, error_size)) {
			mem_free(s->temp_path);
			mem_free(s->path);
			s->temp_path = s->path = NULL;
			return false;
		}
		s->phase = SNAPSHOT_CHILD;
		return true;
	}
	snapshot_name_writer(s, getpid());
	s->file = outfile_open(s->loop, s->temp_path, s->path, on_file_ended, s);
	s->phase = SNAPSHOT_WALKING;
	snapshot_walk_begin(s);
	return true;
}

/* --- slices --------------------------------------------------------------------------------- */

static int64_t slice_of_child(struct snapshot *s)
{
	int error;
	int64_t now = loop_now_us(s->loop);
	if (now - s->polled_us < CHILD_POLL_US)
		return CHILD_POLL_US - (now - s->polled_us);
	s->polled_us = now;
	if (!snapshot_fork_poll(s, &error))
		return CHILD_POLL_US;
	snapshot_tell(s, error, 0);
	return -1;
}

static int64_t slice_of_walk(struct snapshot *s, bool is_idle)
{
	int64_t begin = loop_now_us(s->loop);
	if (outfile_error(s->file) != 0) {
		int error = outfile_error(s->file);
		snapshot_give_up(s);
		log_line(LOG_WARNING, "Write error while saving the dataset: %s", strerror(error));
		return -1;
	}
	if (s->config->key_save_delay_us == 0)
		s->delay_until_us = 0;
	if (s->delay_until_us > begin)
		return s->delay_until_us - begin;
	/* A client between two calls is not gone: the next one is to find us at rest, too. */
	if (!is_idle)
		s->busy_us = begin;
	bool is_calm = begin - s->busy_us > CALM_US;
	if (!is_calm && s->rest_until_us > begin)
		return s->rest_until_us - begin;
	bool is_done = snapshot_walk(s, begin + s->config->budget_us);
	int64_t end = loop_now_us(s->loop);
	if (is_done) {
		snapshot_complete(s);
		return -1;
	}
	if (end - s->measured_us > MEASURE_US)
		snapshot_measure(s, end);
	int64_t rest_us = (end - begin) * REST_FACTOR;
	s->rest_until_us = end + rest_us;
	if (s->delay_until_us > end)
		return s->delay_until_us - end;
	/* A completed write wakes the loop. */
	if (outfile_pending(s->file) > 2 * OUTFILE_GROUP_BYTES)
		return MEASURE_US;
	return is_calm ? 0 : rest_us;
}

int64_t snapshot_slice(struct snapshot *s, bool is_idle)
{
	if (s->phase == SNAPSHOT_WALKING)
		return slice_of_walk(s, is_idle);
	return s->phase == SNAPSHOT_CHILD ? slice_of_child(s) : -1;
}

struct snapshot_figures snapshot_figures_get(const struct snapshot *s)
{
	int64_t now = loop_now_us(s->loop);
	bool is_running = s->phase != SNAPSHOT_IDLE;
	return (struct snapshot_figures){
		.is_running = is_running,
		.has_child = s->phase == SNAPSHOT_CHILD,
		.format = s->format,
		.keys_done = is_running ? s->keys_done : 0,
		.keys_total = is_running ? s->keys_total : 0,
		.bytes_written = s->main.writer.drained,
		.extra_bytes = is_running ? s->extra : 0,
		.extra_bytes_peak = is_running ? s->extra_peak : 0,
		.extra_age_s = is_running ? (now - s->measured_us) / 1000000 : 0,
		.running_us = is_running ? now - s->began_us : -1,
		.forks = s->forks,
		.last_fork_us = s->last_fork_us,
	};
}
