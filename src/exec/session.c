/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Birth and death of sessions.
 *
 * A session that is being closed stays in exec->sessions until session_release; whoever owns its
 * memory (net for clients) calls that at the safe point of the turn. It must not know sockets.
 */
#include "exec/session.h"

#include "base/mem.h"
#include "exec/exec.h"

struct session_id_key {
	uint64_t id;
};

static uint64_t session_hash(const void *item)
{
	return hash_bytes(&((const struct session *)item)->id, sizeof(uint64_t));
}

const struct dict_ops session_dict_ops = {session_hash};

static bool session_has_id(const void *item, const void *key)
{
	return ((const struct session *)item)->id == ((const struct session_id_key *)key)->id;
}

void session_init(struct session *s, struct exec *exec, enum session_origin origin)
{
	memset(s, 0, sizeof(*s));
	s->exec = exec;
	s->origin = (uint8_t)origin;
	out_init(&s->out);
	s->reply = (struct reply){.out = &s->out, .resp = 2};
	s->is_authenticated = s->has_logged_in = origin != ORIGIN_CLIENT || !exec->has_password;
	if (origin == ORIGIN_CLIENT)
		s->gates |= exec->client_gates;
	if (!s->is_authenticated)
		s->gates |= GATE_BIT(GATE_AUTH);
	s->created_ms = exec->now_ms;
	s->last_active_s = exec->now_ms / 1000;
	link_init(&s->all);
	if (origin != ORIGIN_CLIENT)
		return;
	s->id = exec->next_session_id++;
	link_add_tail(&exec->sessions, &s->all);
	dict_insert(&exec->sessions_by_id, session_hash(s), s);
	exec->session_count++;
}

void session_hide(struct session *s)
{
	struct exec *exec = s->exec;
	uint64_t hash = session_hash(s);

	if (!link_is_linked(&s->all))
		return;
	link_remove(&s->all);
	dict_remove_place(
		&exec->sessions_by_id, hash, dict_find_pointer(&exec->sessions_by_id, hash, s));
	exec->session_count--;
}

void session_release(struct session *s)
{
	struct exec *exec = s->exec;

	for (int i = 0; i < exec->on_session_close_count; i++)
		exec->on_session_close[i](s);
	session_hide(s);
	out_clear(&s->out);
	mem_free(s->name);
	mem_free(s->lib_name);
	mem_free(s->lib_version);
	s->name = s->lib_name = s->lib_version = NULL;
}

void session_close(struct session *s, bool after_reply)
{
	s->flags |= after_reply ? SESSION_CLOSE_AFTER_REPLY : SESSION_CLOSE_ASAP;
	if (s->exec->want_flush != NULL && s->conn != NULL)
		s->exec->want_flush(s);
}

struct session *session_by_id(struct exec *exec, uint64_t id)
{
	struct session_id_key key = {id};
	return dict_find(&exec->sessions_by_id, hash_bytes(&id, sizeof(id)), session_has_id, &key);
}

struct session *session_walk(struct exec *exec, uint64_t *cursor)
{
	struct session *last = session_by_id(exec, *cursor);
	struct link *next = last == NULL ? exec->sessions.next : last->all.next;

	if (next == &exec->sessions)
		next = exec->sessions.next;
	if (next == &exec->sessions)
		return NULL;
	struct session *s = LINK_OWNER(next, struct session, all);
	*cursor = s->id;
	return s;
}

enum session_class session_class(const struct session *s)
{
	if (s->origin == ORIGIN_PRIMARY)
		return CLASS_PRIMARY;
	if (s->flags & SESSION_PUBSUB)
		return CLASS_PUBSUB;
	return CLASS_NORMAL;
}
