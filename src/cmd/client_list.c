/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CLIENT LIST, INFO and KILL: sessions shown as lines, chosen by filters.
 */
#include "acl/acl.h"
#include "base/num.h"
#include "cmd/client.h"
#include "cmd/client_internal.h"
#include "cmd/durability.h"
#include "exec/tx.h"
#include "net/net.h"

#include <stdio.h>

static void client_print_flags(struct buf *out, const struct session *s)
{
	static const struct {
		uint32_t flag;
		char letter;
	} letters[] = {
		{SESSION_MONITOR, 'O'},
		{SESSION_PUBSUB, 'P'},
		{SESSION_MULTI, 'x'},
		{SESSION_BLOCKED | SESSION_PAUSED_CALL, 'b'},
		{SESSION_TRACKING, 't'},
		{SESSION_TRACKING_BROKEN, 'R'},
		{SESSION_TRACKING_BCAST, 'B'},
		{SESSION_DIRTY_CAS, 'd'},
		{SESSION_CLOSE_AFTER_REPLY, 'c'},
		{SESSION_UNBLOCKED, 'u'},
		{SESSION_CLOSE_ASAP, 'A'},
		{SESSION_UNIX_SOCKET, 'U'},
		{SESSION_READONLY, 'r'},
		{SESSION_NO_EVICT, 'e'},
		{SESSION_NO_TOUCH, 'T'},
	};
	size_t before = out->len;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (s->flags & letters[i].flag)
			buf_add_char(out, letters[i].letter);
	if (out->len == before)
		buf_add_char(out, 'N');
}

static const char *text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

void client_print(struct buf *out, const struct session *s)
{
	struct net_peer peer;
	struct net_buffers b;
	const struct exec *exec = s->exec;
	struct client_subscriptions subs = {0, 0, 0, -1};

	net_peer_get(s, &peer);
	net_buffers_get(s, &b);
	if (exec->services->count_subscriptions != NULL)
		exec->services->count_subscriptions(s, &subs);
	buf_printf(out, "id=%llu addr=%s laddr=%s fd=%d name=%s age=%lld idle=%lld flags=",
		(unsigned long long)s->id, peer.addr, peer.laddr, peer.fd, text_or_empty(s->name),
		(long long)((exec->now_ms - s->created_ms) / 1000),
		(long long)(exec->now_ms / 1000 - s->last_active_s));
	client_print_flags(out, s);
	buf_printf(out,
		" db=%d sub=%d psub=%d ssub=%d multi=%d qbuf=%zu qbuf-free=%zu argv-mem=%zu "
		"multi-mem=%zu rbs=%zu rbp=%zu obl=%zu oll=%zu omem=%zu tot-mem=%zu events=%s "
		"cmd=%s "
		"user=%s redir=%lld resp=%d lib-name=%s lib-ver=%s durability=%s",
		s->db, subs.channels, subs.patterns, subs.shard_channels,
		s->flags & SESSION_MULTI ? s->tx->count : -1, b.query_used, b.query_free,
		b.argv_mem, b.multi_mem, b.reply_chunk, b.reply_used, b.reply_used, b.list_len,
		b.list_mem, b.total, b.list_mem > 0 ? "rw" : "r",
		s->last_command == NULL ? "NULL" : s->last_command->name,
		acl_user_of(exec->services->acl, s)->name, (long long)subs.redirect,
		s->reply.resp, text_or_empty(s->lib_name), text_or_empty(s->lib_version),
		durability_word(s));
}

enum outcome client_info(struct call *call)
{
	struct buf line = {0};

	client_print(&line, call->session);
	buf_add_char(&line, '\n');
	reply_verbatim(call->reply, buf_bytes(&line), "txt");
	buf_release(&line);
	return DONE;
}

/* --- filters ---------------------------------------------------------------------------------- */

struct client_filter {
	uint64_t id;
	int64_t max_age_s; /* 0 = any */
	struct bytes addr, laddr;
	const struct acl_user *user; /* NULL = any */
	int class; /* -1 = any */
	bool skip_me;
};

int client_class_parse(struct bytes word)
{
	if (bytes_is(word, "normal"))
		return CLASS_NORMAL;
	if (bytes_is(word, "slave") || bytes_is(word, "replica"))
		return CLASS_REPLICA;
	if (bytes_is(word, "pubsub"))
		return CLASS_PUBSUB;
	if (bytes_is(word, "master"))
		return CLASS_PRIMARY;
	return -1;
}

static bool filter_fits(
	const struct client_filter *f, const struct session *s, const struct session *me)
{
	struct net_peer peer;

	if ((f->id != 0 && f->id != s->id) || (f->skip_me && s == me))
		return false;
	if (f->class >= 0 && (int)session_class(s) != f->class)
		return false;
	if (f->user != NULL && acl_user_of(s->exec->services->acl, s) != f->user)
		return false;
	if (f->max_age_s > 0 && (s->exec->now_ms - s->created_ms) / 1000 < f->max_age_s)
		return false;
	if (f->addr.ptr == NULL && f->laddr.ptr == NULL)
		return true;
	net_peer_get(s, &peer);
	return (f->addr.ptr == NULL || bytes_equal(f->addr, bytes_text(peer.addr))) &&
	       (f->laddr.ptr == NULL || bytes_equal(f->laddr, bytes_text(peer.laddr)));
}

/* --- CLIENT LIST ------------------------------------------------------------------------------ */

static enum outcome list_reply(struct call *call, struct buf *lines)
{
	reply_verbatim(call->reply, buf_bytes(lines), "txt");
	buf_release(lines);
	return DONE;
}

static enum outcome list_by_id(struct call *call)
{
	struct buf lines = {0};

	for (int i = 3; i < call->argc; i++) {
		int64_t id;
		if (!num_parse_i64(call->argv[i], &id)) {
			buf_release(&lines);
			return call_fail(call, E_CLIENT_LIST_ID);
		}
		const struct session *s = id > 0 ? session_by_id(call->exec, (uint64_t)id) : NULL;
		if (s == NULL)
			continue;
		client_print(&lines, s);
		buf_add_char(&lines, '\n');
	}
	return list_reply(call, &lines);
}

enum outcome client_list(struct call *call)
{
	struct client_filter filter = {.class = -1};
	struct buf lines = {0};

	if (call->argc >= 4 && call_arg_is(call, 2, "id"))
		return list_by_id(call);
	if (call->argc == 4 && call_arg_is(call, 2, "type")) {
		filter.class = client_class_parse(call->argv[3]);
		if (filter.class < 0)
			return call_failf(
				call, E_CLIENT_TYPE, bytes_clip_text(call->argv[3], 128).text);
	} else if (call->argc != 2) {
		return call_fail(call, E_SYNTAX);
	}
	LINK_EACH(it, after, &call->exec->sessions)
	{
		const struct session *s = LINK_OWNER(it, struct session, all);
		if (!filter_fits(&filter, s, call->session))
			continue;
		client_print(&lines, s);
		buf_add_char(&lines, '\n');
	}
	return list_reply(call, &lines);
}

/* --- CLIENT KILL ------------------------------------------------------------------------------ */

static bool kill_option(struct call *call, int i, struct client_filter *f)
{
	int64_t number;

	if (i + 1 == call->argc) {
		call_fail(call, E_SYNTAX);
		return false;
	}
	struct bytes value = call->argv[i + 1];
	if (call_arg_is(call, i, "id")) {
		if (!num_parse_i64(value, &number) || number < 1) {
			call_fail(call, E_CLIENT_ID);
			return false;
		}
		f->id = (uint64_t)number;
	} else if (call_arg_is(call, i, "maxage")) {
		if (!num_parse_i64(value, &number) || number <= 0) {
			call_fail(call, E_CLIENT_MAXAGE);
			return false;
		}
		f->max_age_s = number;
	} else if (call_arg_is(call, i, "type")) {
		f->class = client_class_parse(value);
		if (f->class < 0) {
			call_failf(call, E_CLIENT_TYPE, bytes_clip_text(value, 128).text);
			return false;
		}
	} else if (call_arg_is(call, i, "addr")) {
		f->addr = value;
	} else if (call_arg_is(call, i, "laddr")) {
		f->laddr = value;
	} else if (call_arg_is(call, i, "user")) {
		f->user = acl_find(call->exec->services->acl, value);
		if (f->user == NULL) {
			call_failf(call, E_CLIENT_USER, bytes_clip_text(value, 128).text);
			return false;
		}
	} else if (call_arg_is(call, i, "skipme") &&
		   (bytes_is(value, "yes") || bytes_is(value, "no"))) {
		f->skip_me = bytes_is(value, "yes");
	} else {
		call_fail(call, E_SYNTAX);
		return false;
	}
	return true;
}

enum outcome client_kill(struct call *call)
{
	struct client_filter filter = {.class = -1, .skip_me = true};
	bool is_old_form = call->argc == 3;
	int64_t killed = 0;

	if (is_old_form) {
		filter.addr = call->argv[2];
		filter.skip_me = false;
	}
	for (int i = 2; !is_old_form && i < call->argc; i += 2)
		if (!kill_option(call, i, &filter))
			return FAILED;
	LINK_EACH(it, after, &call->exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		if (s->flags & SESSION_CLOSE_ASAP || !filter_fits(&filter, s, call->session))
			continue;
		session_close(s, s == call->session); /* the killer still gets its reply */
		killed++;
	}
	if (!is_old_form)
		reply_i64(call->reply, killed);
	else if (killed == 0)
		return call_fail(call, E_CLIENT_NONE);
	else
		reply_ok(call->reply);
	return DONE;
}
