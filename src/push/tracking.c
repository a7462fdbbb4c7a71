/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The table of tracked keys and the trees of prefixes.
 *
 * A key that a tracking session read is remembered with the ids of the sessions; its first change
 * sends each of them one message and forgets it. Broadcast sessions are told of every changed key
 * under their prefixes, once a turn. Sessions are remembered by id, so that one which is gone costs
 * nothing but a failed look-up.
 *
 * Invariant: no message leaves in the middle of a reply: those for the running call's own session
 * wait until its unit is over.
 */
#include "push/tracking.h"

#include "base/buf.h"
#include "base/mem.h"
#include "exec/tx.h"
#include "push/pubsub.h"

struct tracked_key {
	uint64_t hash;
	size_t len;
	uint32_t count, cap;
	uint64_t *ids; /* sessions that may have it in their cache */
	char name[];
};

/* A key under a prefix that changed in this turn, maybe often. */
struct noted_key {
	struct noted_key *next;
	uint64_t hash;
	uint64_t writer; /* id of the only session that changed it; 0: nobody's, or several */
	size_t len;
	char name[];
};

struct prefix {
	struct link all;
	struct bytes text; /* owned */
	size_t sessions;
	struct dict noted;
	struct noted_key *first, **end; /* the same keys in the order of their first changes */
	struct link members;
};

struct prefix_member {
	struct link by_prefix;
	struct link by_session;
	struct prefix *prefix;
	struct session *session;
};

struct tracking {
	struct tracking_options options;
	enum tracking_caching caching;
	struct link prefixes; /* of struct prefix_member */
	int prefix_count;
	size_t memory_bytes;
};

struct tracking_table {
	struct exec *exec;
	const struct push_config *config;
	struct dict keys;
	size_t items;
	struct link prefixes;
	size_t prefix_count;
	size_t sessions;
	int change_sink, after_sink; /* armed while there are sessions */
	/* Keys whose message must wait for the end of the running call. */
	struct buf pending;
	size_t pending_count;
	struct session *pending_session;
	bool pending_flush;
	const struct call *flush_call; /* the running call, if it has flushed and said so */
};

static uint64_t tracked_key_hash(const void *item)
{
	return ((const struct tracked_key *)item)->hash;
}

static const struct dict_ops tracked_key_ops = {tracked_key_hash};

static bool tracked_key_is(const void *item, const void *key)
{
	const struct tracked_key *k = item;
	return bytes_equal(bytes_of(k->name, k->len), *(const struct bytes *)key);
}

static uint64_t noted_key_hash(const void *item)
{
	return ((const struct noted_key *)item)->hash;
}

static const struct dict_ops noted_key_ops = {noted_key_hash};

static bool noted_key_is(const void *item, const void *key)
{
	const struct noted_key *n = item;
	return bytes_equal(bytes_of(n->name, n->len), *(const struct bytes *)key);
}

/* --- messages ------------------------------------------------------------------------------------
 */

/* One invalidation for `s`: the keys as an array, or null for everything. */
static void invalidate_write(
	struct session *s, struct session *to, struct bytes keys, size_t count, bool is_everything)
{
	struct reply push = {.resp = to->reply.resp};

	if (to->flags & SESSION_CLOSE_ASAP)
		return;
	push.out = exec_push_out(to->exec, to);
	if (to->reply.resp > 2) {
		reply_push(&push, 2);
		reply_bulk_text(&push, "invalidate");
	} else if (s != to && to->flags & SESSION_PUBSUB) {
		reply_push(&push, 3);
		reply_bulk_text(&push, "message");
		reply_bulk_text(&push, "__redis__:invalidate");
	} else {
		return; /* RESP2 without redirection has no way to say it */
	}
	if (is_everything) {
		reply_null(&push);
	} else {
		reply_array(&push, (int64_t)count);
		for (size_t at = 0; at < keys.len;) {
			size_t len;
			memcpy(&len, keys.ptr + at, sizeof(len));
			reply_bulk(&push, bytes_of(keys.ptr + at + sizeof(len), len));
			at += sizeof(len) + len;
		}
	}
	if (to->exec->want_flush != NULL)
		to->exec->want_flush(to);
}

/* Tells a session that those whom it redirects to are gone. */
static void redirect_broken(struct session *s)
{
	s->flags |= SESSION_TRACKING_BROKEN;
	if (s->reply.resp < 3)
		return;
	struct reply push = {.out = exec_push_out(s->exec, s), .resp = 3};
	reply_push(&push, 2);
	reply_bulk_text(&push, "tracking-redir-broken");
	reply_i64(&push, (int64_t)s->tracking->options.redirect);
	if (s->exec->want_flush != NULL)
		s->exec->want_flush(s);
}

static void invalidate_send(struct session *s, struct bytes keys, size_t count, bool is_everything)
{
	struct session *to = s;

	if (s->tracking->options.redirect != 0) {
		to = session_by_id(s->exec, s->tracking->options.redirect);
		if (to == NULL || to->flags & SESSION_CLOSE_ASAP) {
			redirect_broken(s);
			return;
		}
	}
	invalidate_write(s, to, keys, count, is_everything);
}

static void keys_add(struct buf *out, struct bytes key)
{
	buf_add(out, &key.len, sizeof(key.len));
	buf_add_bytes(out, key);
}

/* The session whose call runs gets its message behind the reply. */
static bool is_running(const struct exec *exec, const struct session *s)
{
	return exec->current != NULL && session_principal(exec->current->session) == s;
}

static void pending_send(struct tracking_table *t)
{
	struct session *s = t->pending_session;
	struct bytes keys = buf_bytes(&t->pending);

	if (s == NULL)
		return;
	t->pending_session = NULL;
	if (s->tracking != NULL && s->flags & SESSION_TRACKING) {
		for (size_t at = 0; at < keys.len;) {
			size_t len;
			memcpy(&len, keys.ptr + at, sizeof(len));
			invalidate_send(s, bytes_of(keys.ptr + at, sizeof(len) + len), 1, false);
			at += sizeof(len) + len;
		}
		if (t->pending_flush)
			invalidate_send(s, (struct bytes){NULL, 0}, 0, true);
	}
	buf_clear(&t->pending);
	t->pending_count = 0;
	t->pending_flush = false;
}

/* What waits is for `s` from now on; what still waits for another (it blocked: its call has no end
 * yet) goes out. */
static void pending_of(struct tracking_table *t, struct session *s)
{
	if (t->pending_session != s)
		pending_send(t);
	t->pending_session = s;
}

static void invalidate_key(struct tracking_table *t, struct session *s, struct bytes key)
{
	if (is_running(t->exec, s) && s->tracking->options.redirect == 0) {
		pending_of(t, s);
		keys_add(&t->pending, key);
		t->pending_count++;
		return;
	}
	struct buf keys = {0};
	keys_add(&keys, key);
	invalidate_send(s, buf_bytes(&keys), 1, false);
	buf_release(&keys);
}

/* --- the table of keys
 * ------------------------------------------------------------------------------ */

static void tracked_key_drop(struct tracking_table *t, struct tracked_key *k)
{
	dict_remove_place(&t->keys, k->hash, dict_find_pointer(&t->keys, k->hash, k));
	t->items -= k->count;
	mem_free(k->ids);
	mem_free(k);
}

/* Where this session is among those of the key, or would be: ids rise. */
static uint32_t tracked_place(const struct tracked_key *k, uint64_t id)
{
	uint32_t low = 0, high = k->count;

	/* The youngest session is the usual newcomer. */
	if (high > 0 && k->ids[high - 1] < id)
		return high;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (k->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void tracked_key_add(struct tracking_table *t, struct bytes name, uint64_t id)
{
	struct key key = key_of(name);
	struct tracked_key *k = dict_find(&t->keys, key.hash, tracked_key_is, &name);

	if (k == NULL) {
		k = mem_alloc(sizeof(*k) + name.len);
		*k = (struct tracked_key){.hash = key.hash, .len = name.len};
		memcpy(k->name, name.ptr, name.len);
		dict_insert(&t->keys, key.hash, k);
	}
	uint32_t at = tracked_place(k, id);
	if (at < k->count && k->ids[at] == id)
		return;
	if (k->count == k->cap) {
		k->cap = k->cap == 0 ? 1 : k->cap * 2;
		k->ids = mem_realloc(k->ids, k->cap * sizeof(*k->ids));
	}
	memmove(k->ids + at + 1, k->ids + at, (k->count - at) * sizeof(*k->ids));
	k->ids[at] = id;
	k->count++;
	t->items++;
}

/* `writer`: whose change it was, who with NOLOOP is not told. */
static void tracked_key_invalidate(
	struct tracking_table *t, struct bytes name, uint64_t hash, const struct session *writer)
{
	struct tracked_key *k = dict_find(&t->keys, hash, tracked_key_is, &name);

	if (k == NULL)
		return;
	for (uint32_t i = 0; i < k->count; i++) {
		struct session *s = session_by_id(t->exec, k->ids[i]);
		if (s == NULL || s->tracking == NULL || !(s->flags & SESSION_TRACKING) ||
			s->tracking->options.bcast)
			continue;
		if (s == writer && s->tracking->options.noloop)
			continue;
		invalidate_key(t, s, bytes_of(k->name, k->len));
	}
	tracked_key_drop(t, k);
}

static void tracked_keys_drop_all(struct tracking_table *t)
{
	struct tracked_key *k;
	while ((k = dict_random(&t->keys)) != NULL)
		tracked_key_drop(t, k);
}

/* --- broadcast
 * --------------------------------------------------------------------------------------- */

static bool has_prefix(struct bytes key, struct bytes prefix)
{
	return key.len >= prefix.len && memcmp(key.ptr, prefix.ptr, prefix.len) == 0;
}

static void prefix_note(struct prefix *p, struct bytes key, uint64_t hash, uint64_t writer)
{
	struct noted_key *n = dict_find(&p->noted, hash, noted_key_is, &key);
	if (n != NULL) {
		if (n->writer != writer)
			n->writer = 0;
		return;
	}
	n = mem_alloc(sizeof(*n) + key.len);
	*n = (struct noted_key){.hash = hash, .writer = writer, .len = key.len};
	memcpy(n->name, key.ptr, key.len);
	dict_insert(&p->noted, hash, n);
	*p->end = n;
	p->end = &n->next;
}

static void prefixes_note(struct tracking_table *t, struct bytes key, uint64_t hash,
	const struct session *writer)
{
	uint64_t id = writer == NULL ? 0 : writer->id;

	LINK_EACH(it, after, &t->prefixes)
	{
		struct prefix *p = LINK_OWNER(it, struct prefix, all);
		if (p->text.len == 0 || has_prefix(key, p->text))
			prefix_note(p, key, hash, id);
	}
}

/* The keys of a prefix for one member: all but those that only it changed itself, with NOLOOP. */
static void prefix_send(struct prefix *p, struct session *s)
{
	struct buf keys = {0};
	size_t count = 0;

	for (const struct noted_key *n = p->first; n != NULL; n = n->next) {
		if (s->tracking->options.noloop && n->writer == s->id)
			continue;
		keys_add(&keys, bytes_of(n->name, n->len));
		count++;
	}
	if (count > 0)
		invalidate_send(s, buf_bytes(&keys), count, false);
	buf_release(&keys);
}

static void prefix_forget_noted(struct prefix *p)
{
	for (struct noted_key *n = p->first, *next; n != NULL; n = next) {
		next = n->next;
		mem_free(n);
	}
	dict_release(&p->noted);
	dict_init(&p->noted, &noted_key_ops);
	p->first = NULL;
	p->end = &p->first;
}

static void prefix_member_drop(struct tracking_table *t, struct prefix_member *m)
{
	struct prefix *p = m->prefix;

	link_remove(&m->by_prefix);
	link_remove(&m->by_session);
	mem_free(m);
	if (--p->sessions > 0)
		return;
	link_remove(&p->all);
	t->prefix_count--;
	mem_free((void *)(uintptr_t)p->text.ptr);
	prefix_forget_noted(p);
	mem_free(p);
}

static void prefix_join(struct session *s, struct bytes text)
{
	struct tracking_table *t = s->exec->tracking;
	struct prefix *p = NULL;

	LINK_EACH(it, after, &s->tracking->prefixes)
	if (bytes_equal(LINK_OWNER(it, struct prefix_member, by_session)->prefix->text, text))
		return;
	LINK_EACH(it, after, &t->prefixes)
	if (bytes_equal(LINK_OWNER(it, struct prefix, all)->text, text))
		p = LINK_OWNER(it, struct prefix, all);
	if (p == NULL) {
		p = mem_calloc(1, sizeof(*p));
		p->text = bytes_of(mem_dup(text.ptr, text.len), text.len);
		link_init(&p->members);
		dict_init(&p->noted, &noted_key_ops);
		p->end = &p->first;
		link_add_tail(&t->prefixes, &p->all);
		t->prefix_count++;
	}
	struct prefix_member *m = mem_calloc(1, sizeof(*m));
	m->prefix = p;
	m->session = s;
	link_add_tail(&p->members, &m->by_prefix);
	link_add_tail(&s->tracking->prefixes, &m->by_session);
	p->sessions++;
	s->tracking->prefix_count++;
	s->tracking->memory_bytes += sizeof(*m) + sizeof(*p) + text.len;
}

/* --- sinks
 * ---------------------------------------------------------------------------------------- */

static void flush_tell_all(struct tracking_table *t)
{
	LINK_EACH(it, after, &t->exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		if (!(s->flags & SESSION_TRACKING) || s->tracking == NULL)
			continue;
		if (is_running(t->exec, s) && s->tracking->options.redirect == 0) {
			pending_of(t, s);
			t->pending_flush = true;
		} else {
			invalidate_send(s, (struct bytes){NULL, 0}, 0, true);
		}
	}
	tracked_keys_drop_all(t);
}

static void tracking_on_change(const struct change *change, void *context)
{
	struct tracking_table *t = context;
	const struct call *call = t->exec->current;

	if (change->is_notice_only)
		return;
	if (change->cause == CHANGE_FLUSHED) {
		/* FLUSHALL says so for each database: one message is enough. */
		if (call != NULL && call == t->flush_call)
			return;
		t->flush_call = call;
		flush_tell_all(t);
		return;
	}
	const struct session *writer = NULL;
	if (call != NULL && change->cause == CHANGE_COMMAND)
		writer = session_principal(call->session);
	tracked_key_invalidate(t, change->key, change->hash, writer);
	if (t->prefix_count > 0)
		prefixes_note(t, change->key, change->hash, writer);
}

/* A read: its keys are remembered for the session. */
static void tracking_on_called(
	struct call *call, enum outcome outcome, uint64_t ticks, void *context)
{
	struct tracking_table *t = context;
	struct session *s = session_principal(call->session);
	struct key_refs refs = {0};

	(void)ticks;
	t->flush_call = NULL;
	if (UNLIKELY(t->pending_session != NULL) && t->exec->depth == 0)
		pending_send(t);
	if (LIKELY(!(s->flags & SESSION_TRACKING)) || s->tracking == NULL ||
		s->tracking->options.bcast)
		return;
	const struct tracking_options *o = &s->tracking->options;
	bool is_wanted = (!o->optin || s->tracking->caching == CACHING_YES) &&
			 (!o->optout || s->tracking->caching != CACHING_NO);
	/* What a script declares is no read (its row shows itself to monitors): what it calls is.
	 */
	if (is_wanted && outcome == DONE && call->command->flags & CMD_READONLY &&
		!(call->command->flags & (CMD_PUBSUB | CMD_SKIP_MONITOR)) &&
		command_keys(call->command, call->argv, call->argc, &refs))
		for (int i = 0; i < refs.count; i++)
			tracked_key_add(t, call->argv[refs.refs[i].index], s->id);
	key_refs_release(&refs);
	/* CLIENT CACHING holds for one command with all that it calls, or for the whole transaction
	 * behind it. */
	if (s->flags & (SESSION_MULTI | SESSION_IN_EXEC) || call->command->parent != NULL ||
		t->exec->depth > 0)
		return;
	s->tracking->caching = CACHING_UNSET;
}

static void tracking_arm(struct tracking_table *t)
{
	/* Keys outlive the sessions that read them: until they change, or all are flushed. */
	bool armed = t->sessions > 0 || dict_count(&t->keys) > 0;

	keyspace_arm_sink(t->exec->keyspace, t->change_sink, armed);
	exec_arm_after(t->exec, t->after_sink, armed);
	if (armed)
		t->exec->is_tracking = true;
}

/* --- sessions
 * --------------------------------------------------------------------------------------- */

void tracking_enable(struct session *s, const struct tracking_options *options)
{
	struct tracking_table *t = s->exec->tracking;

	if (s->tracking == NULL) {
		s->tracking = mem_calloc(1, sizeof(*s->tracking));
		link_init(&s->tracking->prefixes);
	}
	if (!(s->flags & SESSION_TRACKING))
		t->sessions++;
	tracking_arm(t);
	s->flags |= SESSION_TRACKING;
	s->flags &= ~(uint32_t)(SESSION_TRACKING_BROKEN | SESSION_TRACKING_BCAST);
	s->tracking->options = *options;
	s->tracking->options.prefixes = NULL;
	s->tracking->options.prefix_count = 0;
	if (!options->bcast)
		return;
	s->flags |= SESSION_TRACKING_BCAST;
	for (int i = 0; i < options->prefix_count; i++)
		prefix_join(s, options->prefixes[i]);
	if (options->prefix_count == 0)
		prefix_join(s, BYTES(""));
}

void tracking_disable(struct session *s)
{
	struct tracking_table *t = s->exec->tracking;

	if (s->tracking == NULL)
		return;
	LINK_EACH(it, after, &s->tracking->prefixes)
	prefix_member_drop(t, LINK_OWNER(it, struct prefix_member, by_session));
	if (s->flags & SESSION_TRACKING)
		t->sessions--;
	tracking_arm(t);
	s->flags &=
		~(uint32_t)(SESSION_TRACKING | SESSION_TRACKING_BROKEN | SESSION_TRACKING_BCAST);
	if (t->pending_session == s) {
		t->pending_session = NULL;
		buf_clear(&t->pending);
		t->pending_count = 0;
		t->pending_flush = false;
	}
	mem_free(s->tracking);
	s->tracking = NULL;
}

bool tracking_options_get(const struct session *s, struct tracking_options *out)
{
	if (s->tracking == NULL || !(s->flags & SESSION_TRACKING))
		return false;
	*out = s->tracking->options;
	return true;
}

void tracking_set_caching(struct session *s, enum tracking_caching caching)
{
	s->tracking->caching = caching;
}

enum tracking_caching tracking_caching_get(const struct session *s)
{
	return s->tracking == NULL ? CACHING_UNSET : s->tracking->caching;
}

struct bytes tracking_overlap(const struct session *s, struct bytes prefix)
{
	if (s->tracking != NULL)
		LINK_EACH(it, after, &s->tracking->prefixes)
		{
			struct bytes own =
				LINK_OWNER(it, struct prefix_member, by_session)->prefix->text;
			if (has_prefix(own, prefix) || has_prefix(prefix, own))
				return own;
		}
	return (struct bytes){NULL, 0};
}

void tracking_prefixes_each(
	const struct session *s, void (*visit)(struct bytes prefix, void *context), void *context)
{
	LINK_EACH(it, after, &s->tracking->prefixes)
	visit(LINK_OWNER(it, struct prefix_member, by_session)->prefix->text, context);
}

/* Keys above the limit are forgotten, some in each turn; whoever has them is told. */
static void tracked_keys_fit(struct tracking_table *t)
{
	int64_t limit = t->config->tracking_table_max_keys;

	for (int i = 0; i < 100 && limit > 0 && (int64_t)dict_count(&t->keys) > limit; i++) {
		struct tracked_key *k = dict_random(&t->keys);
		struct buf name = {0};
		buf_add(&name, k->name, k->len);
		tracked_key_invalidate(t, buf_bytes(&name), k->hash, NULL);
		buf_release(&name);
	}
}

void tracking_on_turn_end(struct exec *exec)
{
	struct tracking_table *t = exec->tracking;

	exec->is_tracking = t->sessions > 0 || dict_count(&t->keys) > 0;
	if (!exec->is_tracking)
		tracking_arm(t);
	pending_send(t);
	tracked_keys_fit(t);
	LINK_EACH(it, after, &t->prefixes)
	{
		struct prefix *p = LINK_OWNER(it, struct prefix, all);
		if (p->first == NULL)
			continue;
		LINK_EACH(member, next, &p->members)
		prefix_send(p, LINK_OWNER(member, struct prefix_member, by_prefix)->session);
		prefix_forget_noted(p);
	}
}

void tracking_figures(
	const struct exec *exec, size_t *sessions, size_t *keys, size_t *items, size_t *prefixes)
{
	const struct tracking_table *t = exec->tracking;

	*sessions = t->sessions;
	*keys = dict_count(&t->keys);
	*items = t->items;
	*prefixes = t->prefix_count;
}

size_t tracking_memory_bytes(const struct session *s)
{
	return s->tracking == NULL ? 0 : sizeof(*s->tracking) + s->tracking->memory_bytes;
}

void tracking_init(struct exec *exec, const struct push_config *config)
{
	struct tracking_table *t = mem_calloc(1, sizeof(*t));

	t->exec = exec;
	t->config = config;
	dict_init(&t->keys, &tracked_key_ops);
	link_init(&t->prefixes);
	exec->tracking = t;
	t->change_sink =
		keyspace_add_sink(exec->keyspace, (struct change_sink){tracking_on_change, t});
	t->after_sink = exec_sink_after(exec, (struct call_sink){tracking_on_called, t});
	tracking_arm(t);
	exec_sink_close(exec, tracking_disable);
	exec_sink_reset(exec, tracking_disable);
}

void tracking_free(struct exec *exec)
{
	struct tracking_table *t = exec->tracking;

	tracked_keys_drop_all(t);
	dict_release(&t->keys);
	buf_release(&t->pending);
	mem_free(t);
	exec->tracking = NULL;
}
