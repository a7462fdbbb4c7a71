/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Groups: what was appended when a write is submitted is one group, however many writes it takes.
 * While it is in flight the next one gathers, so that the disk sets the pace by itself.
 *
 * Invariants: groups are reported in order; `durable` never passes what an fsync that came back
 * well has covered; after a failure nothing more is reported until a new file is trusted. No byte
 * goes into a new file while the old one is not synced and cut.
 */
#include "persist/log_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"

#include <stdio.h>
#include <unistd.h>

static void log_on_sync_timer(struct timer *t);

struct log_writer *log_writer_new(
	struct loop *loop, struct stream *stream, const struct log_writer_config *config)
{
	struct log_writer *w = mem_calloc(1, sizeof(*w));

	w->loop = loop;
	w->stream = stream;
	w->config = config;
	w->group = 1;
	w->stats.sizes = histogram_new();
	w->stats.commits = histogram_new();
	timer_init(&w->sync_timer, log_on_sync_timer, w);
	return w;
}

void log_writer_free(struct log_writer *w)
{
	if (w->run != NULL)
		log_run_abandon(w->run);
	if (timer_is_armed(&w->sync_timer))
		timer_disarm(w->loop, &w->sync_timer);
	mem_free(w->stats.sizes);
	mem_free(w->stats.commits);
	mem_free(w);
}

void log_writer_listen(struct log_writer *w, struct log_writer_events events)
{
	ASSERT(w->listener_count < LOG_LISTENERS_MAX);
	w->listeners[w->listener_count++] = events;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void log_tell_closed(struct log_writer *w, uint64_t group)
{
	for (int i = 0; i < w->listener_count; i++)
		if (w->listeners[i].closed != NULL)
			w->listeners[i].closed(group, w->listeners[i].context);
}

static void log_tell_progress(struct log_writer *w)
{
	for (int i = 0; w->is_trusted && i < w->listener_count; i++)
		if (w->listeners[i].progress != NULL)
			w->listeners[i].progress(
				w->written_group, w->durable_group, w->listeners[i].context);
}

static void log_tell_backlog(struct log_writer *w, bool is_long)
{
	w->is_backlogged = is_long;
	for (int i = 0; i < w->listener_count; i++)
		if (w->listeners[i].backlog != NULL)
			w->listeners[i].backlog(is_long, w->listeners[i].context);
}

static void log_serve_waiters(struct log_writer *w, bool has_failed)
{
	for (int i = 0; i < w->waiter_count;) {
		struct log_waiter waiter = w->waiters[i];
		if (!has_failed && waiter.offset > w->durable) {
			i++;
			continue;
		}
		w->waiters[i] = w->waiters[--w->waiter_count];
		waiter.done(!has_failed, waiter.context);
	}
}

static void log_end(struct log_writer *w, bool is_ok)
{
	void (*ended)(bool, uint64_t, void *) = w->ended;

	w->ending = ENDING_NOT;
	w->ended = NULL;
	if (ended != NULL)
		ended(is_ok, w->ended_size, w->ended_context);
}

void log_failed(struct log_writer *w, int error, const char *what)
{
	snprintf(w->error, sizeof(w->error), "%s", strerror(error));
	log_line(LOG_WARNING,
		"The append only file failed (%s: %s). It is not trusted any more: writes are "
		"refused until a new one stands, reads go on.",
		what, strerror(error));
	w->state = WRITER_FAILED;
	w->is_trusted = false;
	w->has_flight = false;
	log_run_abandon(w->run);
	w->run = NULL;
	if (timer_is_armed(&w->sync_timer))
		timer_disarm(w->loop, &w->sync_timer);
	if (w->is_backlogged)
		log_tell_backlog(w, false);
	for (int i = 0; i < w->listener_count; i++)
		if (w->listeners[i].failed != NULL)
			w->listeners[i].failed(error, w->error, w->listeners[i].context);
	log_serve_waiters(w, true);
	if (w->ending == ENDING_SWITCH)
		close(w->next.fd); /* an empty file: nothing to wait for */
	if (w->ending != ENDING_NOT)
		log_end(w, false);
}

/* --- syncing ---------------------------------------------------------------------------------- */

static bool log_syncs_each(const struct log_writer *w)
{
	return w->config->fsync == LOG_FSYNC_ALWAYS;
}

/* Is there anything that an fsync would make durable? */
static bool log_has_unsynced(const struct log_writer *w)
{
	return w->durable < w->written;
}

static void log_plan_sync(struct log_writer *w)
{
	if (w->config->fsync != LOG_FSYNC_EVERYSEC || w->is_resting ||
		timer_is_armed(&w->sync_timer))
		return;
	int64_t since = clock_mono_us() - w->stats.sync_begun_us;
	timer_arm(w->loop, &w->sync_timer,
		since < LOG_SYNC_PERIOD_US ? LOG_SYNC_PERIOD_US - since : 0);
}

static void log_begin_sync(struct log_writer *w)
{
	w->stats.sync_begun_us = clock_mono_us();
	log_run_sync(w->run);
}

static void log_on_sync_timer(struct timer *t)
{
	struct log_writer *w = t->context;

	if (w->state != WRITER_ON || w->is_finishing || !log_has_unsynced(w))
		return;
	if (w->run->is_syncing) {
		w->stats.delayed_syncs++; /* planned again when that one is over */
		return;
	}
	log_begin_sync(w);
}

static void log_note_durable(struct log_writer *w, uint64_t group, uint64_t offset, int64_t took_us)
{
	if (group > w->durable_group)
		w->durable_group = group;
	if (offset > w->durable)
		w->durable = offset;
	w->stats.syncs++;
	w->stats.synced_at_us = clock_mono_us();
	if ((uint64_t)took_us > w->stats.sync_longest_us)
		w->stats.sync_longest_us = (uint64_t)took_us;
	for (int i = 0; i < w->listener_count; i++)
		if (w->listeners[i].synced != NULL)
			w->listeners[i].synced(took_us, w->listeners[i].context);
}

void log_synced(struct log_writer *w)
{
	const struct log_run *run = w->run;

	log_note_durable(
		w, run->sync_group, run->sync_offset, clock_mono_us() - run->sync_begin_us);
	if (log_has_unsynced(w))
		log_plan_sync(w);
	log_tell_progress(w);
	log_serve_waiters(w, false);
}

void log_writer_want_sync(struct log_writer *w, uint64_t group)
{
	if (group > w->sync_wanted)
		w->sync_wanted = group;
}

/* Waiters and strict readers of what is written already. */
static void log_sync_if_wanted(struct log_writer *w)
{
	if (w->run->is_syncing || !log_has_unsynced(w))
		return;
	bool is_wanted = w->sync_wanted > w->durable_group && w->durable_group < w->written_group;
	for (int i = 0; i < w->waiter_count; i++)
		is_wanted |= w->waiters[i].offset <= w->written;
	if (is_wanted)
		log_begin_sync(w);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* All writes of the group are over. */
static void log_landed(struct log_writer *w)
{
	struct log_writer_stats *s = &w->stats;
	uint64_t took_us = (uint64_t)(clock_mono_us() - w->flight_begin_us);

	w->has_flight = false;
	w->written_group = w->flight_group;
	s->groups++;
	histogram_add(s->sizes, w->flight_bytes);
	histogram_add(s->commits, took_us);
	if (s->size_longest < w->flight_bytes)
		s->size_longest = w->flight_bytes;
	if (s->commit_longest_us < took_us)
		s->commit_longest_us = took_us;
}

void log_wrote(struct log_writer *w, bool is_synced)
{
	struct log_run *run = w->run;
	int64_t took_us = clock_mono_us() - run->write_begin_us;

	w->written = run->reader.offset;
	w->stats.group_bytes += run->write_file_bytes;
	w->flight_bytes += run->write_file_bytes;
	if (w->has_flight && w->written == w->flight_end)
		log_landed(w);
	if (is_synced)
		log_note_durable(w, w->written_group, w->written, took_us);
	else
		log_plan_sync(w);
	if (w->is_backlogged && stream_lag(&run->reader) < LOG_BACKLOG_RESUME_BYTES)
		log_tell_backlog(w, false);
	log_tell_progress(w);
	if (is_synced)
		log_serve_waiters(w, false);
}

static void log_close_group(struct log_writer *w)
{
	uint64_t group = w->group++;

	w->is_touched = false;
	log_tell_closed(w, group);
}

/* Nothing gathered, nothing is in flight: who waits for this group waits for what was before. */
static void log_pass_empty(struct log_writer *w)
{
	if (w->is_touched) {
		uint64_t group = w->group;
		log_close_group(w);
		w->written_group = group;
		log_tell_progress(w);
	}
	/* An empty group is as durable as the one before it. */
	if (!log_has_unsynced(w) && w->durable_group < w->written_group) {
		w->durable_group = w->written_group;
		log_tell_progress(w);
	}
}

static void log_begin_group(struct log_writer *w)
{
	w->has_flight = true;
	w->flight_bytes = 0;
	w->flight_begin_us = clock_mono_us();
	w->flight_group = w->group;
	w->flight_end = w->stream->appended;
	log_close_group(w);
}

static void log_write_next(struct log_writer *w)
{
	struct log_run *run = w->run;
	bool must_sync = log_syncs_each(w) || w->sync_wanted >= w->flight_group;
	uint64_t end = w->flight_end;

	if (w->ending != ENDING_NOT && w->ending_at < end)
		end = w->ending_at;
	if (end - run->reader.offset > LOG_WRITE_MAX_BYTES) {
		end = run->reader.offset + LOG_WRITE_MAX_BYTES;
		must_sync = false;
	}
	if (log_run_can_write(run, end))
		log_run_write(run, end, must_sync);
}

/* --- the end of a file ------------------------------------------------------------------------ */

/* Nobody has to wait for anything any more. */
static void log_turn_off(struct log_writer *w)
{
	w->state = WRITER_OFF;
	w->has_flight = false;
	w->error[0] = '\0';
	log_close_group(w);
	w->written_group = w->durable_group = w->group - 1;
	w->is_trusted = true;
	log_tell_progress(w);
	w->is_trusted = false;
}

static void log_on_finished(int error, struct log_writer *w)
{
	w->is_finishing = false;
	if (error != 0)
		log_line(LOG_WARNING, "Closing an append only file: %s", strerror(error));
	if (w->ending == ENDING_STOP)
		log_turn_off(w);
	log_end(w, true);
}

/* All up to the boundary is written: sync it, then cut and close. */
static void log_finish_file(struct log_writer *w)
{
	struct log_run *run = w->run;

	if (log_has_unsynced(w)) {
		if (!run->is_syncing)
			log_begin_sync(w);
		return;
	}
	if (log_run_is_busy(run))
		return;
	if (timer_is_armed(&w->sync_timer))
		timer_disarm(w->loop, &w->sync_timer);
	w->ended_size = run->size;
	w->is_finishing = true;
	w->run = NULL;
	if (w->ending == ENDING_SWITCH)
		w->run = log_run_new(w, &w->next, run);
	log_run_finish(run, log_on_finished);
}

void log_writer_turn(struct log_writer *w)
{
	if (w->state != WRITER_ON || w->is_finishing)
		return;
	struct log_run *run = w->run;
	if (!w->is_backlogged && stream_lag(&run->reader) > LOG_BACKLOG_MAX_BYTES)
		log_tell_backlog(w, true);
	if (run->is_writing || UNLIKELY(w->is_stalled))
		return;
	if (w->ending != ENDING_NOT && run->reader.offset == w->ending_at) {
		log_finish_file(w);
		return;
	}
	if (!w->has_flight) {
		if (run->reader.offset == w->stream->appended) {
			log_pass_empty(w);
			log_sync_if_wanted(w);
			return;
		}
		log_begin_group(w);
	}
	log_write_next(w);
	log_sync_if_wanted(w);
}

/* --- life ------------------------------------------------------------------------------------- */

void log_writer_start(struct log_writer *w, const struct log_file *file)
{
	ASSERT(w->state != WRITER_ON);
	w->run = log_run_new(w, file, NULL);
	w->state = WRITER_ON;
	w->error[0] = '\0';
	log_close_group(w);
	w->written_group = w->durable_group = w->group - 1;
	w->written = w->durable = w->run->reader.offset;
	w->sync_wanted = 0;
	w->stats.sync_begun_us = w->stats.synced_at_us = clock_mono_us();
}

void log_writer_trust(struct log_writer *w)
{
	w->is_trusted = true;
	log_tell_progress(w);
}

void log_writer_switch(struct log_writer *w, const struct log_file *next,
	void (*done)(bool is_ok, uint64_t old_size, void *context), void *context)
{
	ASSERT(w->state == WRITER_ON && w->ending == ENDING_NOT);
	w->ending = ENDING_SWITCH;
	w->ending_at = w->stream->appended;
	w->next = *next;
	w->ended = done;
	w->ended_context = context;
	stream_restart_db(w->stream);
}

void log_writer_stop(
	struct log_writer *w, void (*done)(bool is_ok, uint64_t size, void *context), void *context)
{
	ASSERT(w->ending == ENDING_NOT);
	w->ended = done;
	w->ended_context = context;
	w->ended_size = 0;
	if (w->state != WRITER_ON) {
		log_turn_off(w);
		log_end(w, false);
		return;
	}
	w->ending = ENDING_STOP;
	w->ending_at = w->stream->appended;
}

void log_writer_sync(struct log_writer *w, void (*done)(bool is_ok, void *context), void *context)
{
	if (w->state != WRITER_ON || w->waiter_count == LOG_WAITERS_MAX) {
		done(false, context);
		return;
	}
	if (w->stream->appended <= w->durable) {
		done(true, context);
		return;
	}
	w->waiters[w->waiter_count++] = (struct log_waiter){w->stream->appended, done, context};
}

static void log_on_drained(bool is_ok, void *context)
{
	*(int *)context = is_ok ? 1 : -1;
}

bool log_writer_drain(struct log_writer *w, int64_t timeout_us)
{
	int64_t deadline = clock_mono_us() + timeout_us;
	int answer = 0;

	log_writer_sync(w, log_on_drained, &answer);
	while (answer == 0 && clock_mono_us() < deadline) {
		log_writer_turn(w);
		loop_turn(w->loop, 1000);
	}
	for (int i = 0; i < w->waiter_count;)
		if (w->waiters[i].context == &answer)
			w->waiters[i] = w->waiters[--w->waiter_count];
		else
			i++;
	return answer == 1;
}

void log_writer_configure(struct log_writer *w)
{
	if (w->state != WRITER_ON)
		return;
	/* What was written under a laxer policy is brought up to the new one. */
	if (log_syncs_each(w))
		log_writer_want_sync(w, w->written_group);
	else if (log_has_unsynced(w))
		log_plan_sync(w);
}

void log_writer_stall(struct log_writer *w, bool is_stalled)
{
	w->is_stalled = is_stalled;
}

void log_writer_rest(struct log_writer *w, bool rests)
{
	w->is_resting = rests;
	if (rests && timer_is_armed(&w->sync_timer))
		timer_disarm(w->loop, &w->sync_timer);
	else if (!rests && w->state == WRITER_ON && log_has_unsynced(w))
		log_plan_sync(w);
}

void log_writer_touch(struct log_writer *w)
{
	w->is_touched = true;
}

/* --- figures ---------------------------------------------------------------------------------- */

bool log_writer_is_on(const struct log_writer *w)
{
	return w->state == WRITER_ON;
}

bool log_writer_is_trusted(const struct log_writer *w)
{
	return w->is_trusted;
}

bool log_writer_has_failed(const struct log_writer *w)
{
	return w->state == WRITER_FAILED;
}

bool log_writer_is_busy(const struct log_writer *w)
{
	return w->ending != ENDING_NOT || w->waiter_count > 0;
}

bool log_writer_is_framed(const struct log_writer *w)
{
	return w->run != NULL && w->run->is_framed;
}

bool log_writer_is_direct(const struct log_writer *w)
{
	return w->run != NULL && log_run_is_direct(w->run);
}

bool log_writer_is_syncing(const struct log_writer *w)
{
	return w->run != NULL &&
	       (w->run->is_syncing || (w->run->is_writing && w->run->write_syncs));
}

const char *log_writer_error(const struct log_writer *w)
{
	return w->error;
}

uint64_t log_writer_group(const struct log_writer *w)
{
	return w->group;
}

uint64_t log_writer_written_group(const struct log_writer *w)
{
	return w->written_group;
}

uint64_t log_writer_durable_group(const struct log_writer *w)
{
	return w->durable_group;
}

uint64_t log_writer_written(const struct log_writer *w)
{
	return w->written;
}

uint64_t log_writer_durable(const struct log_writer *w)
{
	return w->durable;
}

uint64_t log_writer_unwritten_bytes(const struct log_writer *w)
{
	return w->run == NULL ? 0 : stream_lag(&w->run->reader);
}

uint64_t log_writer_file_size(const struct log_writer *w)
{
	return w->run == NULL ? 0 : w->run->size;
}

const struct log_writer_stats *log_writer_stats_get(const struct log_writer *w)
{
	return &w->stats;
}

void log_writer_stats_reset(struct log_writer *w)
{
	struct log_writer_stats *s = &w->stats;

	memset(s->sizes, 0, sizeof(*s->sizes));
	memset(s->commits, 0, sizeof(*s->commits));
	s->groups = s->group_bytes = s->syncs = s->delayed_syncs = 0;
	s->sync_longest_us = s->commit_longest_us = s->size_longest = 0;
}
