/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Invariant: keyspace.dirty counts what changed since the moment that the last good dump shows. A
 * background save takes off what was counted at its beginning, and only when it is durable.
 */
#include "persist/save.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/signals.h"
#include "persist/rdb_save.h"
#include "persist/snapshot.h"

#include <stdio.h>
#include <unistd.h>

/* After a failure the next one is tried no sooner. */
#define SAVE_RETRY_S 5
#define SAVE_NAME_BYTES 64

struct save {
	struct save_parts parts;
	bool is_running; /* the snapshot that runs is ours */
	bool is_scheduled;
	bool is_next; /* it begins when the one that runs is over, not with the next tick */
	bool last_ok;
	int64_t last_s, tried_s, began_s, last_took_s;
	uint64_t dirty_before, saves;
	/* Of keyspace.dirty, what a FLUSHALL ended: as good as saved, for the dump of the empty set
	 * is on its way (underway: it runs). Should it fail, it counts again. */
	uint64_t flushed;
	bool is_flush_scheduled, is_flush_underway;
	size_t last_extra_bytes;
};

static int64_t save_clock_s(const struct save *s)
{
	return s->parts.exec->now_ms / 1000;
}

struct save *save_new(const struct save_parts *parts)
{
	struct save *s = mem_calloc(1, sizeof(*s));
	s->parts = *parts;
	s->last_ok = true;
	s->last_s = save_clock_s(s);
	s->last_took_s = -1;
	return s;
}

void save_free(struct save *s)
{
	mem_free(s);
}

void save_on_config(struct save *s)
{
	const struct rdb_config *config = &s->parts.config->rdb;
	misconf_set_save(s->parts.misconf,
		!s->last_ok && config->stop_writes_on_error && config->save_count > 0);
}

static void save_note(struct save *s, bool is_ok)
{
	s->last_ok = is_ok;
	save_on_config(s);
	if (is_ok)
		s->last_s = save_clock_s(s);
}

uint64_t save_changes(const struct save *s)
{
	uint64_t dirty = s->parts.exec->keyspace->dirty;
	return dirty > s->flushed ? dirty - s->flushed : 0;
}

static void save_settle_flush(struct save *s)
{
	if (s->is_flush_underway)
		s->flushed = 0;
	s->is_flush_underway = false;
}

/* --- in the background ---------------------------------------------------------------------- */

static enum save_answer save_start(struct save *s);

static void save_done(void *context, const struct snapshot_result *result)
{
	struct save *s = context;
	struct keyspace *k = s->parts.exec->keyspace;
	s->is_running = false;
	save_settle_flush(s);
	s->last_took_s = save_clock_s(s) - s->began_s;
	s->last_extra_bytes = result->extra_bytes_peak;
	if (result->is_ok) {
		log_line(LOG_NOTICE, "Background saving terminated with success");
		k->dirty = k->dirty > s->dirty_before ? k->dirty - s->dirty_before : 0;
		save_note(s, true);
	} else if (result->is_aborted) {
		log_line(LOG_NOTICE, "Background saving was given up");
	} else {
		log_line(LOG_WARNING, "Background saving error: %s", result->reason);
		save_note(s, false);
	}
	if (s->is_next && s->is_scheduled)
		(void)save_start(s);
	s->is_next = false;
}

static enum save_answer save_start(struct save *s)
{
	char error[SNAPSHOT_ERROR_MAX_BYTES];
	const struct persist_config *config = s->parts.config;
	const struct snapshot_request request = {
		/* SAVE, which waits for nobody, has a name without "bg". */
		.temp_path = config->snapshot.method == SNAPSHOT_FORK ? "temp-{pid}.rdb"
								      : "temp-bg-{pid}.rdb",
		.path = config->rdb.filename,
		.format = SNAPSHOT_RDB,
		.done = save_done,
		.context = s,
	};
	s->is_scheduled = false;
	s->tried_s = s->began_s = save_clock_s(s);
	s->dirty_before = s->parts.exec->keyspace->dirty;
	s->is_flush_underway = s->is_flush_scheduled;
	s->is_flush_scheduled = false;
	if (!snapshot_start(s->parts.snapshot, &request, error, sizeof(error))) {
		log_line(LOG_WARNING, "Can't save in background: fork: %s", error);
		save_settle_flush(s);
		save_note(s, false);
		return SAVE_FAILED;
	}
	s->is_running = true;
	s->saves++;
	log_line(LOG_NOTICE, "Background saving started%s",
		config->snapshot.method == SNAPSHOT_FORK ? " by a child" : "");
	return SAVE_STARTED;
}

enum save_answer save_background(struct save *s, bool may_wait)
{
	if (s->is_running && !s->is_flush_underway)
		return SAVE_IN_PROGRESS;
	if (s->is_running) {
		/* That one nobody asked for: a FLUSHALL began it. This one follows. */
		s->is_scheduled = s->is_next = true;
		return SAVE_STARTED;
	}
	if (!snapshot_is_running(s->parts.snapshot) && s->parts.exec->depth <= 1)
		return save_start(s);
	if (!may_wait && s->parts.exec->depth <= 1)
		return SAVE_BUSY;
	s->is_scheduled = true;
	return SAVE_SCHEDULED;
}

static bool save_point_is_due(const struct save *s, const struct save_point *p)
{
	return save_changes(s) >= (uint64_t)p->changes && save_clock_s(s) - s->last_s > p->seconds;
}

void save_on_tick(struct save *s)
{
	const struct rdb_config *config = &s->parts.config->rdb;
	if (snapshot_is_running(s->parts.snapshot) ||
		(!s->last_ok && save_clock_s(s) - s->tried_s <= SAVE_RETRY_S))
		return;
	for (int i = 0; i < config->save_count && !s->is_scheduled; i++) {
		const struct save_point *p = &config->save[i];
		if (!save_point_is_due(s, p))
			continue;
		log_line(LOG_NOTICE, "%lld changes in %lld seconds. Saving...",
			(long long)p->changes, (long long)p->seconds);
		s->is_scheduled = true;
	}
	if (s->is_scheduled)
		save_start(s);
}

void save_on_flush(struct save *s)
{
	bool saves = s->parts.config->rdb.save_count > 0;

	if (s->is_running)
		snapshot_abort(s->parts.snapshot);
	/* What was given up settles nothing: the dump that follows does. */
	s->is_flush_underway = false;
	s->flushed = saves ? s->parts.exec->keyspace->dirty : 0;
	s->is_scheduled |= saves;
	s->is_flush_scheduled = saves;
}

/* --- at once -------------------------------------------------------------------------------- */

static void save_temp_name(char name[SAVE_NAME_BYTES])
{
	snprintf(name, SAVE_NAME_BYTES, "temp-%d.rdb", (int)getpid());
}

/* rdb-key-save-delay */
static void save_pause(void *context, uint64_t keys)
{
	const struct save *s = context;
	rdb_save_pause(s->parts.config->snapshot.key_save_delay_us, keys);
}

enum save_answer save_now(struct save *s)
{
	char temp[SAVE_NAME_BYTES];
	const struct persist_config *config = s->parts.config;
	const struct rdb_save_options options = {
		.keyspace = s->parts.exec->keyspace,
		.functions = s->parts.functions,
		.compress = config->snapshot.compress,
		.checksum = config->snapshot.checksum,
		.incremental_fsync = config->snapshot.rdb_incremental_fsync,
		.on_key = config->snapshot.key_save_delay_us == 0 ? NULL : save_pause,
		.context = s,
	};
	if (s->is_running)
		return SAVE_IN_PROGRESS;
	save_temp_name(temp);
	s->tried_s = save_clock_s(s);
	s->saves++;
	if (rdb_save_file(temp, config->rdb.filename, &options, NULL) != 0)
		return SAVE_FAILED;
	s->parts.exec->keyspace->dirty = s->flushed = 0;
	save_note(s, true);
	return SAVE_STARTED;
}

enum save_end save_before_end(struct save *s, bool save, bool nosave)
{
	if (snapshot_is_running(s->parts.snapshot)) {
		if (s->is_running)
			log_line(LOG_WARNING, "There is a child saving an .rdb. Killing it!");
		snapshot_abort(s->parts.snapshot);
		return SAVE_END_WAIT;
	}
	if (!save && (nosave || s->parts.config->rdb.save_count == 0))
		return SAVE_END_DONE;
	log_line(LOG_NOTICE, "Saving the final RDB snapshot before exiting.");
	char temp[SAVE_NAME_BYTES];
	save_temp_name(temp);
	signals_last_work(temp);
	enum save_answer answer = save_now(s);
	signals_last_work(NULL);
	if (answer == SAVE_STARTED)
		return SAVE_END_DONE;
	log_line(LOG_WARNING, "Error trying to save the DB, can't exit.");
	return SAVE_END_REFUSE;
}

struct save_figures save_figures_get(const struct save *s)
{
	return (struct save_figures){
		.last_s = s->last_s,
		.last_ok = s->last_ok,
		.is_running = s->is_running,
		.is_scheduled = s->is_scheduled,
		.last_took_s = s->last_took_s,
		.running_s = s->is_running ? save_clock_s(s) - s->began_s : -1,
		.saves = s->saves,
		.last_extra_bytes = s->last_extra_bytes,
	};
}
