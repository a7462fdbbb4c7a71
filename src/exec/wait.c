/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of waiting calls: (database, key) → waiters in order of arrival, and a heap of
 * deadlines.
 *
 * Invariants: a waiter is linked into the list of each of its keys; a key without waiters is not
 * in the table; a key is on the ready list at most once. The cost of a change is one lookup,
 * whatever the number of waiters on other keys.
 */
#include "exec/wait.h"

#include "base/mem.h"

#define WAIT_ROUNDS_MAX 1000000 /* a bound for chains of BLMOVE that wake each other */
#define WAIT_SLEEP_MAX_US 3600000000 /* a far deadline is looked at again after that */

struct wait_key {
	uint64_t hash;
	uint16_t db;
	bool is_ready;
	bool is_served; /* its waiters are being retried: not freed meanwhile */
	uint32_t on_nokey; /* waiters that are to be told when the key goes */
	size_t len;
	struct link waiters;
	struct link ready;
	char name[];
};

struct waiter {
	struct link by_key;
	struct wait_key *key;
	struct wait *wait;
};

struct wait {
	struct session *session;
	struct command *command;
	struct bytes *argv; /* copy */
	int argc;
	int waiter_count;
	struct waiter *waiters; /* NULL: waits for an event */
	void (*on_timeout)(struct reply *reply);
	int64_t deadline_us; /* 0 = none */
	size_t heap_index;
	bool wants_deletion;
	bool is_event;
	bool is_for_graves;
	struct link by_graves;
	bool is_mute; /* CLIENT REPLY: nobody looks at the reply, whenever it comes */
};

struct wait_table {
	struct dict keys;
	struct keyspace *keyspace;
	int sink; /* armed while there are keys */
	struct link ready;
	struct link for_graves; /* calls that wait for the graveyard */
	struct wait **heap;
	size_t heap_count, heap_cap;
	size_t blocked;
	size_t nokey_keys; /* keys with such waiters */
	bool is_serving;
};

struct wait_name {
	struct bytes key;
	uint16_t db;
};

static uint64_t wait_key_hash(const void *item)
{
	return ((const struct wait_key *)item)->hash;
}

static const struct dict_ops wait_key_ops = {wait_key_hash};

static bool wait_key_is(const void *item, const void *key)
{
	const struct wait_key *k = item;
	const struct wait_name *want = key;
	return k->db == want->db && bytes_equal(bytes_of(k->name, k->len), want->key);
}

static uint64_t wait_hash(uint64_t key_hash, uint16_t db)
{
	return key_hash ^ ((uint64_t)db * 0x9e3779b97f4a7c15u);
}

static struct wait_key *wait_key_find(
	struct wait_table *t, uint16_t db, struct bytes name, uint64_t hash)
{
	struct wait_name want = {name, db};
	return dict_find(&t->keys, wait_hash(hash, db), wait_key_is, &want);
}

/* --- deadlines: a binary heap --------------------------------------------------------------- */

static void heap_place(struct wait_table *t, size_t i, struct wait *w)
{
	t->heap[i] = w;
	w->heap_index = i;
}

static void heap_sift(struct wait_table *t, size_t i)
{
	struct wait *w = t->heap[i];

	while (i > 0 && t->heap[(i - 1) / 2]->deadline_us > w->deadline_us) {
		heap_place(t, i, t->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= t->heap_count)
			break;
		if (child + 1 < t->heap_count &&
			t->heap[child + 1]->deadline_us < t->heap[child]->deadline_us)
			child++;
		if (t->heap[child]->deadline_us >= w->deadline_us)
			break;
		heap_place(t, i, t->heap[child]);
		i = child;
	}
	heap_place(t, i, w);
}

static void heap_add(struct wait_table *t, struct wait *w)
{
	if (t->heap_count == t->heap_cap) {
		t->heap_cap = t->heap_cap == 0 ? 16 : t->heap_cap * 2;
		t->heap = mem_realloc(t->heap, t->heap_cap * sizeof(struct wait *));
	}
	heap_place(t, t->heap_count++, w);
	heap_sift(t, w->heap_index);
}

static void heap_remove(struct wait_table *t, struct wait *w)
{
	struct wait *last = t->heap[--t->heap_count];
	if (last == w)
		return;
	heap_place(t, w->heap_index, last);
	heap_sift(t, last->heap_index);
}

/* --- blocking and ending ---------------------------------------------------------------------- */

static void wait_link_key(struct wait_table *t, struct wait *w, uint16_t db, struct bytes name)
{
	struct key key = key_of(name);
	struct wait_key *k = wait_key_find(t, db, name, key.hash);

	if (k == NULL) {
		k = mem_alloc(sizeof(*k) + name.len);
		*k = (struct wait_key){.hash = wait_hash(key.hash, db), .db = db, .len = name.len};
		memcpy(k->name, name.ptr, name.len);
		link_init(&k->waiters);
		link_init(&k->ready);
		dict_insert(&t->keys, k->hash, k);
		keyspace_arm_sink(t->keyspace, t->sink, true);
	}
	for (int i = 0; i < w->waiter_count; i++)
		if (w->waiters[i].key == k)
			return; /* the same key twice is one wait */
	struct waiter *waiter = &w->waiters[w->waiter_count++];
	waiter->key = k;
	waiter->wait = w;
	link_add_tail(&k->waiters, &waiter->by_key);
	if (w->wants_deletion && k->on_nokey++ == 0)
		t->nokey_keys++;
}

static struct wait *wait_begin(
	struct call *call, int64_t timeout_ms, void (*on_timeout)(struct reply *))
{
	struct session *s = call->session;
	struct wait_table *t = call->exec->waits;
	struct wait *w = mem_calloc(1, sizeof(*w));

	w->session = s;
	w->command = call->command;
	w->argc = call->argc;
	w->argv = call_copy_argv(call->argv, call->argc, NULL);
	w->on_timeout = on_timeout;
	w->is_mute = s->reply.out != &s->out;
	if (timeout_ms > 0) {
		/* Not before its time: from this moment on, not from the turn's beginning. */
		if (call->exec->refresh_time != NULL)
			call->exec->refresh_time(call->exec);
		if (__builtin_mul_overflow(timeout_ms, 1000, &w->deadline_us) ||
			__builtin_add_overflow(
				w->deadline_us, call->exec->now_us, &w->deadline_us))
			w->deadline_us = INT64_MAX;
		heap_add(t, w);
	}
	s->wait = w;
	s->flags |= SESSION_BLOCKED;
	t->blocked++;
	return w;
}

enum outcome wait_on_keys(struct call *call, const struct wait_spec *spec)
{
	struct session *s = call->session;

	if (call->is_blocked_retry)
		return BLOCKED;
	if (s->flags & SESSION_DENY_BLOCKING) {
		(spec->on_denied != NULL ? spec->on_denied : spec->on_timeout)(call->reply);
		return DONE;
	}
	struct wait *w = wait_begin(call, spec->timeout_ms, spec->on_timeout);
	w->wants_deletion = spec->wants_deletion;
	w->waiters = mem_alloc((size_t)spec->key_count * sizeof(*w->waiters));
	for (int i = 0; i < spec->key_count; i++)
		wait_link_key(call->exec->waits, w, s->db, spec->keys[i]);
	return BLOCKED;
}

enum outcome wait_on_event(
	struct call *call, int64_t timeout_ms, void (*on_timeout)(struct reply *))
{
	struct wait *w = wait_begin(call, timeout_ms, on_timeout);
	w->is_event = true;
	return BLOCKED;
}

enum outcome wait_on_graves(struct call *call)
{
	struct wait *w = wait_begin(call, WAIT_FOREVER, NULL);
	w->is_event = true;
	w->is_for_graves = true;
	link_add_tail(&call->exec->waits->for_graves, &w->by_graves);
	call->exec->grave_waits++;
	return BLOCKED;
}

static void wait_key_drop_if_idle(struct wait_table *t, struct wait_key *k)
{
	if (!link_is_empty(&k->waiters) || k->is_ready || k->is_served)
		return; /* a ready key is dropped when it has been served */
	dict_remove_place(&t->keys, k->hash, dict_find_pointer(&t->keys, k->hash, k));
	mem_free(k);
	keyspace_arm_sink(t->keyspace, t->sink, dict_count(&t->keys) > 0);
}

/* Takes the session out of all lists; it is not told to go on. */
static void wait_end(struct session *s)
{
	struct wait_table *t = s->exec->waits;
	struct wait *w = s->wait;

	for (int i = 0; i < w->waiter_count; i++) {
		struct wait_key *k = w->waiters[i].key;
		link_remove(&w->waiters[i].by_key);
		if (w->wants_deletion && --k->on_nokey == 0)
			t->nokey_keys--;
		wait_key_drop_if_idle(t, k);
	}
	if (w->deadline_us != 0)
		heap_remove(t, w);
	if (w->is_for_graves) {
		link_remove(&w->by_graves);
		s->exec->grave_waits--;
	}
	mem_free(w->waiters);
	mem_free(w->argv);
	mem_free(w);
	s->wait = NULL;
	s->flags &= ~(uint32_t)SESSION_BLOCKED;
	t->blocked--;
}

static void wait_release_session(struct session *s)
{
	if (s->wait != NULL)
		wait_end(s);
}

void wait_finish(struct session *s)
{
	if (s->wait == NULL)
		return;
	wait_end(s);
	if (s->exec->want_flush != NULL)
		s->exec->want_flush(s);
	if (s->exec->want_resume != NULL)
		s->exec->want_resume(s);
}

bool wait_is_blocked(const struct session *s)
{
	return s->wait != NULL;
}

/* The late reply of a call whose reply nobody wants goes nowhere. */
static void wait_mute(const struct wait *w)
{
	if (w->is_mute)
		w->session->reply.out = &w->session->exec->discard;
}

static void wait_unmute(struct session *s)
{
	if (s->reply.out == &s->out)
		return;
	s->reply.out = &s->out;
	out_clear(&s->exec->discard);
}

/* A call that ends without having been served counts as a call all the same. */
static void wait_account(const struct wait *w, bool failed)
{
	w->session->exec->stats.calls++;
	w->command->stats.calls++;
	w->command->stats.failed += failed;
}

bool wait_unblock(struct session *s, bool with_error)
{
	if (s->wait == NULL || s->wait->on_timeout == NULL)
		return false;
	wait_account(s->wait, with_error);
	exec_hold_message(s->exec, s);
	wait_mute(s->wait);
	if (with_error) {
		struct bytes text = bytes_text(error_text(E_UNBLOCKED));
		exec_count_error(s->exec, text);
		reply_error_text(&s->reply, text);
	} else {
		s->wait->on_timeout(&s->reply);
	}
	wait_unmute(s);
	wait_finish(s);
	return true;
}

/* --- waking --------------------------------------------------------------------------------- */

static void wait_mark_ready(struct exec *exec, struct wait_key *k)
{
	if (k->is_ready)
		return;
	k->is_ready = true;
	link_add_tail(&exec->waits->ready, &k->ready);
	exec->ready_count++;
}

struct wait_flush {
	struct exec *exec;
	uint16_t db;
};

static void wait_on_flush_key(void *item, void *context)
{
	struct wait_key *k = item;
	struct wait_flush *flush = context;
	if (k->db == flush->db)
		wait_mark_ready(flush->exec, k);
}

static void wait_mark_db(struct exec *exec, uint16_t db)
{
	struct wait_flush flush = {exec, db};
	uint64_t cursor = 0;

	if (dict_count(&exec->waits->keys) == 0)
		return;
	do {
		cursor = dict_scan(&exec->waits->keys, cursor, wait_on_flush_key, &flush);
	} while (cursor != 0);
}

static void wait_on_change(const struct change *change, void *context)
{
	struct exec *exec = context;
	struct wait_table *t = exec->waits;

	if (change->is_notice_only)
		return;
	if (change->cause == CHANGE_FLUSHED) {
		wait_mark_db(exec, change->db->id);
		return;
	}
	struct wait_key *k = wait_key_find(t, change->db->id, change->key, change->hash);
	if (k != NULL)
		wait_mark_ready(exec, k);
}

void wait_on_swap(struct exec *exec, int a, int b)
{
	wait_mark_db(exec, (uint16_t)a);
	wait_mark_db(exec, (uint16_t)b);
}

/* Runs the waiting call again; true when it was served. */
static bool wait_retry(struct wait *w)
{
	struct session *s = w->session;
	struct call call = {.session = s,
		.command = w->command,
		.argv = w->argv,
		.argc = w->argc,
		.is_blocked_retry = true};
	struct bytes *argv = w->argv;

	if (s->flags & (SESSION_CLOSE_ASAP | SESSION_CLOSE_AFTER_REPLY))
		return false; /* what it would be given would be lost with it */
	wait_mute(w);
	enum outcome outcome = FAILED; /* the rights may have changed meanwhile */
	if (call_is_permitted(&call, GATE_BIT(GATE_ACL)))
		outcome = call_run_nested(&call);
	wait_unmute(s);
	if (outcome == BLOCKED)
		return false;
	w->argv = NULL; /* sinks of the call may still look at it */
	wait_finish(s);
	mem_free(argv);
	return true;
}

static void wait_serve_key(struct exec *exec, struct wait_key *k)
{
	struct wait_table *t = exec->waits;

	/* The list changes under us only by our own retries: take each of today's waiters once. */
	struct link *last = k->waiters.prev;
	k->is_served = true;
	for (struct link *it = k->waiters.next, *after; it != &k->waiters; it = after) {
		bool is_last = it == last;
		after = it->next;
		wait_retry(LINK_OWNER(it, struct waiter, by_key)->wait);
		effect_unit_close(exec, false);
		if (is_last)
			break;
	}
	k->is_served = false;
	wait_key_drop_if_idle(t, k);
}

void wait_serve_ready(struct exec *exec)
{
	struct wait_table *t = exec->waits;

	if (t->is_serving || exec->depth > 0)
		return;
	t->is_serving = true;
	if (exec->refresh_time != NULL)
		exec->refresh_time(exec); /* what made the keys ready may have taken its time */
	for (int round = 0; !link_is_empty(&t->ready) && round < WAIT_ROUNDS_MAX; round++) {
		struct wait_key *k = LINK_OWNER(t->ready.next, struct wait_key, ready);
		link_remove(&k->ready);
		exec->ready_count--;
		k->is_ready = false;
		wait_serve_key(exec, k);
	}
	t->is_serving = false;
}

void wait_serve_graves(struct exec *exec)
{
	struct link *list = &exec->waits->for_graves;

	/* Who is being closed stays, and goes with its session. */
	for (struct link *it = list->next, *after; it != list; it = after) {
		after = it->next;
		struct wait *w = LINK_OWNER(it, struct wait, by_graves);
		exec_hold_message(exec, w->session);
		wait_retry(w);
		effect_unit_close(exec, false);
	}
}

int64_t wait_next_timeout_us(const struct exec *exec)
{
	const struct wait_table *t = exec->waits;
	if (t->heap_count == 0)
		return -1;
	int64_t left = t->heap[0]->deadline_us - exec->now_us;
	if (left < 0)
		return 0;
	return left < WAIT_SLEEP_MAX_US ? left : WAIT_SLEEP_MAX_US;
}

void wait_expire(struct exec *exec)
{
	struct wait_table *t = exec->waits;

	while (t->heap_count > 0 && t->heap[0]->deadline_us <= exec->now_us) {
		struct session *s = t->heap[0]->session;
		wait_account(s->wait, false);
		exec_hold_message(exec, s);
		wait_mute(s->wait);
		if (s->wait->on_timeout != NULL)
			s->wait->on_timeout(&s->reply);
		wait_unmute(s);
		wait_finish(s);
	}
}

size_t wait_blocked_count(const struct exec *exec)
{
	return exec->waits->blocked;
}

size_t wait_key_count(const struct exec *exec)
{
	return dict_count(&exec->waits->keys);
}

size_t wait_nokey_count(const struct exec *exec)
{
	return exec->waits->nokey_keys;
}

size_t wait_timeout_count(const struct exec *exec)
{
	return exec->waits->heap_count;
}

void wait_table_init(struct exec *exec)
{
	struct wait_table *t = mem_calloc(1, sizeof(*t));

	dict_init(&t->keys, &wait_key_ops);
	link_init(&t->ready);
	link_init(&t->for_graves);
	exec->waits = t;
	t->keyspace = exec->keyspace;
	t->sink = keyspace_add_sink(exec->keyspace, (struct change_sink){wait_on_change, exec});
	keyspace_arm_sink(exec->keyspace, t->sink, false);
	exec_sink_close(exec, wait_release_session);
}

void wait_table_release(struct exec *exec)
{
	struct wait_table *t = exec->waits;

	while (!link_is_empty(&t->ready)) {
		struct wait_key *k = LINK_OWNER(t->ready.next, struct wait_key, ready);
		link_remove(&k->ready);
		k->is_ready = false;
		wait_key_drop_if_idle(t, k);
	}
	ASSERT(dict_count(&t->keys) == 0);
	dict_release(&t->keys);
	mem_free(t->heap);
	mem_free(t);
}
