/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Windows of changed keys, and marks in the output of sessions.
 *
 * Four windows: of the group that gathers, of the one in flight, and, where somebody wants more
 * than the policy gives, of what is written but not synced, in two halves (an fsync that ends has
 * covered the older one). A mark names the group that it waits for; groups are reported in order,
 * so the first mark is always the first to go.
 */
#include "persist/hold.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/ticks.h"
#include "exec/pause.h"
#include "exec/probe.h"
#include "io/clock.h"
#include "persist/key_window.h"
#include "persist/plant.h"

#define HOLD_PAUSE_MAX_MS (24 * 3600 * 1000) /* it ends when the backlog has shrunk */

#define HOLD_HASH_NO_KEY 0 /* stands in a window that is of all keys; else only by chance */

enum window { WINDOW_OPEN, WINDOW_FLIGHT, WINDOW_NEWER, WINDOW_OLDER, WINDOWS };

/* What a session has marks of, and what else is to be known of them. */
struct held {
	struct hold hold;
	uint64_t since[HOLD_MARKS_MAX]; /* ticks */
	bool has_written; /* among what waits are replies of its own writes */
};

struct hold_queue {
	struct exec *exec;
	struct log_writer *log;
	const struct log_writer_config *config;
	struct hold_ops ops;
	int change_sink;
	bool is_on;
	struct key_window windows[WINDOWS];
	uint64_t group;            /* that gathers */
	uint64_t written, durable; /* groups, as reported */
	uint64_t untracked;        /* groups up to this one left no keys behind */
	struct hold_frame *frame;  /* of the outermost call that runs */
	const struct call *published_by; /* the call whose modification was published last */
	bool has_written;          /* a write did, within the outermost call */
	bool has_failed;           /* the log; and no other is trusted yet */
	int64_t failed_us;
	struct link waiting;
	size_t waiting_count;
	uint64_t sessions[DURABILITY_LEVELS];
	uint64_t held, held_reads, dropped;
	struct latency_histogram *ticks;
	uint64_t longest_ticks;
};

/* One queue per executor; sessions reach it when they close. */
static struct hold_queue *queue_of(struct exec *exec)
{
	return exec->hold_queue;
}

static uint64_t hold_hash(uint64_t key_hash, uint16_t db)
{
	return key_hash ^ ((uint64_t)db * 0x9e3779b97f4a7c15u);
}

uint8_t hold_durability(const struct hold_queue *q, const struct session *s)
{
	if (s->durability != DURABILITY_DEFAULT)
		return s->durability;
	return q->config->fsync == LOG_FSYNC_ALWAYS ? DURABILITY_FSYNC : DURABILITY_WRITTEN;
}

/* --- marks ------------------------------------------------------------------------------------ */

static struct held *held_of(struct hold *h)
{
	return LINK_OWNER(h, struct held, hold);
}

static struct hold *hold_of(struct session *s)
{
	if (s->hold == NULL) {
		struct held *held = mem_calloc(1, sizeof(*held));
		s->hold = &held->hold;
		s->hold->session = s;
		link_init(&s->hold->waiting);
	}
	return s->hold;
}

static void hold_mark_add(struct hold_queue *q, struct session *s, const struct hold_mark *mark)
{
	struct hold *h = hold_of(s);
	struct hold_mark *last = h->count == 0 ? NULL : &h->marks[h->count - 1];

	if (last != NULL && last->group >= mark->group && last->must_sync >= mark->must_sync)
		return; /* what is behind that one waits for as much */
	q->held++;
	if (mark->group == q->group)
		log_writer_touch(q->log);
	if (mark->must_sync && q->config->fsync != LOG_FSYNC_ALWAYS)
		log_writer_want_sync(q->log, mark->group);
	if (last != NULL && (last->before == mark->before || h->count == HOLD_MARKS_MAX)) {
		if (last->group < mark->group)
			last->group = mark->group;
		last->must_sync |= mark->must_sync;
		return;
	}
	if (last == NULL) {
		link_add_tail(&q->waiting, &h->waiting);
		q->waiting_count++;
		held_of(h)->has_written = false;
	}
	held_of(h)->since[h->count] = ticks_now();
	h->marks[h->count++] = *mark;
}

static void hold_drop_marks(struct hold_queue *q, struct hold *h, int gone)
{
	struct held *held = held_of(h);
	size_t held_from = h->marks[0].before;
	uint64_t now = ticks_now();

	for (int i = 0; i < gone; i++) {
		uint64_t ticks = now > held->since[i] ? now - held->since[i] : 0;
		histogram_add(q->ticks, ticks);
		if (q->longest_ticks < ticks)
			q->longest_ticks = ticks;
	}
	h->count -= gone;
	memmove(h->marks, h->marks + gone, (size_t)h->count * sizeof(h->marks[0]));
	memmove(held->since, held->since + gone, (size_t)h->count * sizeof(held->since[0]));
	if (h->count == 0) {
		link_remove(&h->waiting);
		q->waiting_count--;
	}
	probe_released(h->session, held_from, hold_sendable(h->session));
	if (q->exec->want_flush != NULL)
		q->exec->want_flush(h->session);
}

/* Drops the marks whose time has come. */
static void hold_let_go(struct hold_queue *q, struct hold *h)
{
	int gone = 0;

	while (gone < h->count &&
		h->marks[gone].group <= (h->marks[gone].must_sync ? q->durable : q->written))
		gone++;
	if (gone > 0)
		hold_drop_marks(q, h, gone);
}

/* --- windows ---------------------------------------------------------------------------------- */

static void hold_on_change(const struct change *change, void *context)
{
	struct hold_queue *q = context;
	struct key_window *open = &q->windows[WINDOW_OPEN];

	if (change->is_notice_only)
		return;
	/* (What goes on the way, by expiry, is not what a command does.) */
	if (change->cause == CHANGE_COMMAND || change->cause == CHANGE_FLUSHED)
		q->published_by = q->exec->current;
	if (change->cause == CHANGE_FLUSHED)
		open->is_all = true;
	else
		key_window_add(open, hold_hash(change->hash, change->db->id), HOLD_KEYS_MAX);
}

static void hold_on_closed(uint64_t group, void *context)
{
	struct hold_queue *q = context;
	struct key_window *open = &q->windows[WINDOW_OPEN], *flight = &q->windows[WINDOW_FLIGHT];

	q->group = group + 1;
	open->last_group = group;
	if (!key_window_is_empty(flight)) {
		key_window_merge(flight, open, HOLD_KEYS_MAX);
		return;
	}
	struct key_window empty = *flight;
	*flight = *open;
	*open = empty;
}

/* The flight has landed: nobody waits for its keys, or some still do. */
static void hold_land(struct hold_queue *q)
{
	struct key_window *flight = &q->windows[WINDOW_FLIGHT];

	if (key_window_is_empty(flight) || flight->last_group > q->written)
		return;
	if (flight->last_group <= q->durable) {
		key_window_clear(flight);
	} else if (q->sessions[DURABILITY_FSYNC] > 0) {
		key_window_merge(&q->windows[WINDOW_NEWER], flight, HOLD_KEYS_MAX);
	} else {
		q->untracked = flight->last_group;
		key_window_clear(flight);
	}
}

static void hold_forget_durable(struct hold_queue *q)
{
	struct key_window *older = &q->windows[WINDOW_OLDER], *newer = &q->windows[WINDOW_NEWER];

	if (older->last_group <= q->durable) {
		struct key_window empty = *older;
		key_window_clear(&empty);
		*older = *newer;
		*newer = empty;
	}
	if (older->last_group <= q->durable)
		key_window_clear(older);
	if (q->untracked <= q->durable)
		q->untracked = 0;
}

static void hold_switch(struct hold_queue *q, bool is_on)
{
	q->is_on = is_on;
	q->exec->hold = is_on ? &q->ops : NULL;
	keyspace_arm_sink(q->exec->keyspace, q->change_sink, is_on);
	for (int i = 0; !is_on && i < WINDOWS; i++)
		key_window_release(&q->windows[i]);
}

static void hold_on_progress(uint64_t written, uint64_t durable, void *context)
{
	struct hold_queue *q = context;

	q->written = written;
	q->durable = durable;
	q->has_failed = false;
	hold_land(q);
	hold_forget_durable(q);
	LINK_EACH(it, after, &q->waiting)
	hold_let_go(q, LINK_OWNER(it, struct hold, waiting));
	if (q->is_on != log_writer_is_on(q->log))
		hold_switch(q, !q->is_on);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void hold_begin(struct call *call, struct hold_frame *frame, void *context)
{
	struct hold_queue *q = context;
	struct session *s = call->session;
	const struct exec *exec = call->exec;

	if (exec->depth > 0)
		return;
	frame->outer = q->frame;
	q->frame = frame;
	if (frame->outer == NULL)
		q->has_written = false;
	uint8_t durability = hold_durability(q, s);
	const struct hold *h = s->hold;
	const struct hold_mark *last = h == NULL || h->count == 0 ? NULL : &h->marks[h->count - 1];
	frame->is_skipped = s->conn == NULL || durability == DURABILITY_NONE ||
			    s->reply.out != &s->out ||
			    (last != NULL && last->group == q->group &&
				    (last->must_sync || durability != DURABILITY_FSYNC));
	frame->position = out_pending_bytes(&s->out);
	frame->effects = exec->effect_count;
	frame->dirty = exec->keyspace->dirty;
	frame->group = q->group;
	frame->nests = exec->nest_count;
	frame->target = 0;
	frame->is_cuttable = q->has_failed && !frame->is_skipped;
	if (UNLIKELY(frame->is_cuttable))
		frame->mark = out_mark(&s->out);
}

/* The latest group in which this key, or any (hash 0), was changed, as far as it matters. */
static uint64_t hold_group_of(const struct hold_queue *q, uint64_t hash, bool is_any)
{
	uint64_t group = q->untracked;

	for (int i = WINDOWS - 1; i >= 0; i--) {
		const struct key_window *w = &q->windows[i];
		if (is_any ? !key_window_is_empty(w) : key_window_has(w, hash))
			group = i == WINDOW_OPEN ? q->group : w->last_group;
	}
	return group;
}

/* Commands that look at more keys than they name. */
static bool hold_looks_around(const struct command *c)
{
	return c->first_key <= 0 && !(c->flags & CMD_MOVABLE_KEYS) &&
	       (c->flags & (CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS)) != 0;
}

static uint64_t hold_keys_group(const struct hold_queue *q, const struct call *call)
{
	struct key_refs refs = {0};
	uint64_t group = 0;

	if (!command_keys(call->command, call->argv, call->argc, &refs))
		return 0;
	for (int i = 0; i < refs.count; i++) {
		bool is_incomplete = (refs.refs[i].flags & KEY_INCOMPLETE) != 0;
		struct key key = key_of(call->argv[refs.refs[i].index]);
		uint64_t of = hold_group_of(q, hold_hash(key.hash, call->db->id), is_incomplete);
		if (of > group)
			group = of;
	}
	key_refs_release(&refs);
	return group;
}

/* The functions that a call may run or tell of: who changes them names no key. */
static uint64_t hold_functions_group(const struct hold_queue *q, const struct command *c)
{
	bool is_script = strcmp(c->row->group, "scripting") == 0;
	return is_script ? hold_group_of(q, HOLD_HASH_NO_KEY, false) : 0;
}

static bool hold_is_idle(const struct hold_queue *q)
{
	bool is_idle = q->untracked == 0;

	for (int i = 0; i < WINDOWS; i++)
		is_idle &= key_window_is_empty(&q->windows[i]);
	return is_idle;
}

/* The group that a call which changed nothing has to wait for. */
static uint64_t hold_read_group(const struct hold_queue *q, const struct call *call)
{
	const struct command *c = call->command;
	if (hold_is_idle(q) || PLANTED(PLANT_EARLY_READ))
		return 0;
	if (hold_looks_around(c))
		return hold_group_of(q, 0, true);
	bool is_single = c->first_key > 0 && c->last_key == c->first_key;
	if (!is_single || c->flags & CMD_MOVABLE_KEYS) {
		uint64_t functions = hold_functions_group(q, c), keys = 0;
		if (c->first_key > 0 || c->flags & CMD_MOVABLE_KEYS)
			keys = hold_keys_group(q, call);
		return keys > functions ? keys : functions;
	}
	if (c->first_key >= call->argc)
		return 0;
	struct key key = call_key(call, c->first_key);
	return hold_group_of(q, hold_hash(key.hash, call->db->id), false);
}

static void hold_look(const struct db *db, const struct key *key, void *context)
{
	struct hold_queue *q = context;
	struct hold_frame *frame = q->frame;
	uint64_t group;

	if (frame == NULL || frame->is_skipped || PLANTED(PLANT_EARLY_READ) || hold_is_idle(q))
		return;
	if (key == NULL)
		group = hold_group_of(q, 0, true);
	else
		group = hold_group_of(q, hold_hash(key->hash, db->id), false);
	if (group > frame->target)
		frame->target = group;
}

/* A write that published nothing (what groups of a stream do is no modification to who watches):
 * its keys are noted here. */
static void hold_note_keys(struct hold_queue *q, const struct call *call)
{
	struct key_window *open = &q->windows[WINDOW_OPEN];
	struct key_refs refs = {0};

	if (!command_keys(call->command, call->argv, call->argc, &refs))
		open->is_all = true;
	for (int i = 0; i < refs.count; i++) {
		struct key key = key_of(call->argv[refs.refs[i].index]);
		key_window_add(open, hold_hash(key.hash, call->db->id), HOLD_KEYS_MAX);
	}
	key_refs_release(&refs);
}

/* Has the outermost call changed something, or said that it did? */
static bool hold_has_changed(const struct hold_queue *q, const struct hold_frame *frame)
{
	return q->exec->keyspace->dirty != frame->dirty || q->exec->effect_count != frame->effects;
}

/* The log has failed: no read waits for it. What changed here has expired, and does so again
 * (writes are refused; one that was under way is held with the others). Who wants what is on the
 * disk hears that this is not. */
static void hold_end_failed(struct hold_queue *q, struct call *call, struct hold_frame *frame)
{
	struct session *s = call->session;
	char text[LOG_ERROR_MAX_BYTES + 128];

	if (hold_durability(q, s) != DURABILITY_FSYNC || frame->target <= q->durable)
		return;
	if (!frame->is_cuttable || frame->nests != q->exec->nest_count) {
		session_close(s, false); /* a part of it may have left */
		return;
	}
	out_cut(&s->out, frame->mark);
	int len = snprintf(
		text, sizeof(text), error_text(E_MISCONF_READ), log_writer_error(q->log));
	struct bytes error = bytes_of(text, (size_t)len);
	exec_count_error(q->exec, error);
	reply_error_text(&s->reply, error);
}

static void hold_end_outermost(struct hold_queue *q, struct call *call, struct hold_frame *frame)
{
	struct session *s = call->session;
	bool must_sync = hold_durability(q, s) == DURABILITY_FSYNC;

	if (hold_has_changed(q, frame)) {
		frame->target = PLANTED(PLANT_EARLY_REPLY) ? 0 : q->group;
		/* Turns went by inside the call: the keys noted in them went with other groups. */
		if (frame->group != q->group)
			q->windows[WINDOW_OPEN].is_all = true;
	} else if (frame->target > (must_sync ? q->durable : q->written)) {
		q->held_reads++;
	}
	if (frame->target <= (must_sync ? q->durable : q->written))
		return;
	/* Where turns went by, what stood in front may have left; no reply of a long script is so
	 * urgent. */
	size_t position = frame->nests == q->exec->nest_count ? frame->position : 0;
	const struct hold_mark mark = {position, frame->target, must_sync};
	hold_mark_add(q, s, &mark);
	held_of(s->hold)->has_written |= hold_has_changed(q, frame);
}

/* What a write left behind, noted where nothing else noted it. */
static inline void hold_note_write(struct hold_queue *q, const struct call *call)
{
	const struct command *c = call->command;
	bool has_changed = call->exec->keyspace->dirty != call->dirty_before;
	bool has_published = q->published_by == call;

	q->published_by = NULL;
	if (!(c->flags & CMD_WRITE))
		return;
	q->has_written |= has_changed;
	if (UNLIKELY(c->first_key <= 0 && !(c->flags & CMD_MOVABLE_KEYS))) {
		/* It names no keys and may have changed any (SWAPDB publishes nothing), or
		 * functions, which are no part of the keyspace. */
		if (has_changed || (q->frame != NULL && hold_has_changed(q, q->frame)))
			q->windows[WINDOW_OPEN].is_all = true;
	} else if (UNLIKELY(has_changed && !has_published)) {
		hold_note_keys(q, call);
	}
}

static void hold_end(
	struct call *call, struct hold_frame *frame, enum outcome outcome, void *context)
{
	struct hold_queue *q = context;
	struct hold_frame *outermost = q->frame;
	struct session *s = call->session;
	bool is_outermost = call->exec->depth == 0;

	hold_note_write(q, call);
	if (is_outermost)
		q->frame = frame->outer;
	bool has_changed = is_outermost && hold_has_changed(q, frame);
	if (has_changed)
		s->write_group = q->group;
	if (has_changed && s->hold != NULL)
		held_of(s->hold)->has_written = true; /* if it is skipped: behind the last mark */
	if (outermost == NULL || outermost->is_skipped || outcome == BLOCKED)
		return;
	if (call->exec->keyspace->dirty == call->dirty_before) {
		uint64_t group = hold_read_group(q, call);
		if (group > outermost->target)
			outermost->target = group;
	}
	if (UNLIKELY(is_outermost && q->has_failed && !q->has_written))
		hold_end_failed(q, call, frame);
	else if (is_outermost)
		hold_end_outermost(q, call, frame);
}

static void hold_message(struct session *s, void *context)
{
	struct hold_queue *q = context;
	const struct call *current = q->exec->current;
	uint8_t durability = hold_durability(q, s);

	if (s->conn == NULL || durability == DURABILITY_NONE)
		return;
	/* A message shows no more than whoever it follows from could see; who was blocked is told
	 * what is there. */
	if (q->has_failed && (durability != DURABILITY_FSYNC || !(s->flags & SESSION_BLOCKED) ||
				     hold_is_idle(q)))
		return;
	/* What a client publishes is no data; but it may follow from what gathers. */
	if (current != NULL && current->command->flags & CMD_PUBSUB &&
		key_window_is_empty(&q->windows[WINDOW_OPEN]))
		return;
	const struct hold_mark mark = {
		out_pending_bytes(&s->out), q->group, durability == DURABILITY_FSYNC};
	hold_mark_add(q, s, &mark);
}

/* Reads that only wanted it written go on: what they show is in memory, and the process is what it
 * depended on. */
static void hold_on_failed(int error, const char *reason, void *context)
{
	struct hold_queue *q = context;

	(void)error;
	(void)reason;
	if (!q->is_on)
		return;
	q->has_failed = true;
	q->failed_us = clock_mono_us();
	LINK_EACH(it, after, &q->waiting)
	{
		struct hold *h = LINK_OWNER(it, struct hold, waiting);
		bool must_stay = held_of(h)->has_written;
		for (int i = 0; i < h->count; i++)
			must_stay |= h->marks[i].must_sync;
		if (!must_stay)
			hold_drop_marks(q, h, h->count);
	}
}

void hold_tick(struct hold_queue *q)
{
	uint64_t dropped = q->dropped;

	if (!q->has_failed || clock_mono_us() - q->failed_us < HOLD_FAILED_WAIT_MS * 1000)
		return;
	for (const struct link *it = q->waiting.next; it != &q->waiting; it = it->next) {
		struct session *s = LINK_OWNER(it, struct hold, waiting)->session;
		if (s->flags & SESSION_CLOSE_ASAP)
			continue;
		session_close(s, false);
		q->dropped++;
	}
	if (q->dropped > dropped)
		log_line(LOG_WARNING,
			"Closed %llu connections whose replies waited for the append only file "
			"that failed: what they wrote last is in memory only.",
			(unsigned long long)(q->dropped - dropped));
}

/* More is executed than the disk takes: who writes waits, who reads goes on. */
static void hold_on_backlog(bool is_long, void *context)
{
	struct exec *exec = ((struct hold_queue *)context)->exec;

	if (is_long)
		pause_begin(exec, PAUSE_BY_LOG, PAUSE_WRITES, exec->now_ms + HOLD_PAUSE_MAX_MS);
	else
		pause_end(exec, PAUSE_BY_LOG);
}

/* --- life ------------------------------------------------------------------------------------- */

void hold_set_durability(struct hold_queue *q, struct session *s, uint8_t durability)
{
	if (s->durability == durability)
		return;
	if (durability != DURABILITY_DEFAULT)
		q->sessions[durability]++;
	if (s->durability != DURABILITY_DEFAULT)
		q->sessions[s->durability]--;
	s->durability = durability;
}

static void hold_on_session_close(struct session *s)
{
	struct hold_queue *q = queue_of(s->exec);

	hold_set_durability(q, s, DURABILITY_DEFAULT);
	if (s->hold == NULL)
		return;
	if (s->hold->count > 0) {
		link_remove(&s->hold->waiting);
		q->waiting_count--;
	}
	mem_free(held_of(s->hold));
	s->hold = NULL;
}

static void hold_on_session_reset(struct session *s)
{
	hold_set_durability(queue_of(s->exec), s, DURABILITY_DEFAULT);
}

struct hold_queue *hold_new(
	struct exec *exec, struct log_writer *log, const struct log_writer_config *config)
{
	struct hold_queue *q = mem_calloc(1, sizeof(*q));

	q->exec = exec;
	q->log = log;
	q->config = config;
	q->group = log_writer_group(log);
	q->ops = (struct hold_ops){hold_begin, hold_end, hold_look, hold_message, q};
	q->ticks = histogram_new();
	link_init(&q->waiting);
	q->change_sink = keyspace_add_sink(exec->keyspace, (struct change_sink){hold_on_change, q});
	keyspace_arm_sink(exec->keyspace, q->change_sink, false);
	exec->hold_queue = q;
	exec_sink_close(exec, hold_on_session_close);
	exec_sink_reset(exec, hold_on_session_reset);
	log_writer_listen(log, (struct log_writer_events){.closed = hold_on_closed,
				       .progress = hold_on_progress,
				       .failed = hold_on_failed,
				       .backlog = hold_on_backlog,
				       .context = q});
	return q;
}

void hold_free(struct hold_queue *q)
{
	hold_switch(q, false);
	mem_free(q->ticks);
	mem_free(q);
}

struct hold_stats hold_stats_get(const struct hold_queue *q)
{
	struct hold_stats stats = {.waiting = q->waiting_count,
		.held = q->held,
		.held_reads = q->held_reads,
		.ticks = q->ticks,
		.longest_ticks = q->longest_ticks,
		.dropped = q->dropped};

	memcpy(stats.sessions, q->sessions, sizeof(stats.sessions));
	for (const struct link *it = q->waiting.next; it != &q->waiting; it = it->next) {
		const struct hold *h = LINK_OWNER(it, struct hold, waiting);
		stats.waiting_bytes += out_pending_bytes(&h->session->out) - h->marks[0].before;
	}
	for (int i = 0; i < WINDOWS; i++)
		stats.keys += q->windows[i].count;
	return stats;
}

void hold_stats_reset(struct hold_queue *q)
{
	memset(q->ticks, 0, sizeof(*q->ticks));
	q->longest_ticks = 0;
}
