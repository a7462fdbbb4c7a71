/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The batch: what arrived on all ready connections is parsed ahead, looked up, hashed and
 * prefetched before the first request is executed, so that the loads of many keys overlap.
 *
 * Invariants: requests of one connection run in order; a request that must wait (blocked, paused)
 * and all behind it go back to the connection's query; nothing refers to the loop's bytes after
 * batch_finish.
 */
#include "net/conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/ticks.h"
#include "net/tls.h"

/* What still comes from it is of no interest. */
#define SESSION_CLOSING (SESSION_CLOSE_AFTER_REPLY | SESSION_CLOSE_ASAP)
/* Nothing more of this session is executed for now. */
#define SESSION_STOPPED (SESSION_BLOCKED | SESSION_PAUSED_CALL | SESSION_CLOSING)

static struct request_limits batch_limits(const struct conn *c)
{
	bool is_known = c->session.is_authenticated;
	return (struct request_limits){
		.max_args = INT32_MAX,
		.max_bulk_bytes = (int64_t)c->net->config->proto_max_bulk_len,
		.is_authenticated = is_known,
	};
}

/* Who sends long requests is offered room for one of them at a time, until it does no more. */
static void batch_note_long(struct conn *c, size_t len)
{
	uint32_t room = len < NET_READ_ROOM_MAX_BYTES ? (uint32_t)len : NET_READ_ROOM_MAX_BYTES;

	if (room > c->read_peak)
		c->read_peak = room;
	if (room > c->read_room)
		c->read_room = room;
}

/* Finds command and key of a parsed request and starts loading the key's bucket. */
HOT static void batch_add(struct conn *c, struct bytes *argv, int argc, size_t begin, size_t end)
{
	struct net *net = c->net;
	const struct exec *exec = net->exec;
	struct net_call *call = &net->calls[net->call_count++];

	*call = (struct net_call){
		.conn = c, .argv = argv, .argc = argc, .begin = begin, .end = end};
	if (UNLIKELY(end - begin > LOOP_READ_BYTES))
		batch_note_long(c, end - begin);
	call->command = command_resolve(exec->commands, argv, argc, NULL);
	if (call->command == NULL || call->command->first_key <= 0 ||
		call->command->first_key >= argc)
		return;
	struct bytes key = argv[call->command->first_key];
	call->key_hash = hash_bytes(key.ptr, key.len);
	call->has_hash = true;
	dict_prefetch(&exec->keyspace->dbs[c->session.db].entries, call->key_hash);
}

static void batch_add_error(struct conn *c, const char *error)
{
	struct net_call *call = &c->net->calls[c->net->call_count++];

	c->has_bad_input = true;
	*call = (struct net_call){
		.conn = c, .error = error, .begin = c->parsed, .end = c->data.len};
}

/* The input so far is one incomplete request, or waits behind a call: may it grow further? */
static bool batch_is_over_query_limit(struct conn *c)
{
	size_t held = c->data.len - c->parsed + c->big_received;
	size_t limit = c->net->config->query_buffer_limit_bytes;

	if (held > c->net->max_query)
		c->net->max_query = held;
	if (limit == 0 || held <= limit)
		return false;
	log_line(LOG_WARNING,
		"Closing client id=%llu that reached max query buffer length (%zu bytes)",
		(unsigned long long)c->session.id, held);
	c->net->stats.query_limit_closed++;
	return true;
}

/* A long last argument goes on in a buffer of its own, which a value may keep without a copy. */
static void batch_begin_big(struct conn *c, const struct request *request)
{
	const struct request_parser *p = &c->parser;
	size_t at = c->parsed + p->offset;

	if (c->big != NULL || request->want < NET_BIG_ARG_BYTES || p->args_total < 1 ||
		p->args_done + 1 != p->args_total || p->bulk_len < NET_BIG_ARG_BYTES ||
		!c->session.is_authenticated)
		return;
	size_t have = c->data.len - at;
	size_t room = (size_t)p->bulk_len + 2;
	/* Only so much is reserved ahead of what has really come. */
	size_t cap = have + NET_ROOM_STEP_BYTES < room ? have + NET_ROOM_STEP_BYTES : room;
	c->big = blob_new(0, cap);
	memcpy(c->big->data, c->data.ptr + at, have);
	c->big_received = have;
	c->data.len = at;
}

HOT static void batch_parse(struct conn *c)
{
	struct net *net = c->net;
	struct request_limits limits = batch_limits(c);

	while (c->parsed < c->data.len && !c->has_bad_input && !c->is_held &&
		!(c->session.flags & SESSION_STOPPED)) {
		struct request request;
		struct bytes rest = bytes_of(c->data.ptr + c->parsed, c->data.len - c->parsed);
		if (net->call_count == NET_BATCH_CALLS)
			batch_execute(net);
		switch (request_parse(&c->parser, rest, &limits, &net->arena, &request)) {
		case REQUEST_COMPLETE:
			batch_add(c, request.argv, (int)request.argc, c->parsed,
				c->parsed + request.consumed);
			c->parsed += request.consumed;
			break;
		case REQUEST_EMPTY:
			c->parsed += request.consumed;
			break;
		case REQUEST_PARTIAL:
			batch_begin_big(c, &request);
			if (batch_is_over_query_limit(c))
				conn_close(c);
			return;
		case REQUEST_ERROR:
			batch_add_error(c, request.error);
			return;
		}
		if (UNLIKELY(!limits.is_authenticated)) {
			/* What follows AUTH is parsed with other limits: no looking ahead. */
			batch_execute(net);
			limits = batch_limits(c);
		}
	}
	if (UNLIKELY(c->session.flags & (SESSION_BLOCKED | SESSION_PAUSED_CALL)) &&
		batch_is_over_query_limit(c))
		conn_close(c);
}

/* The last argument is complete: the request is put together from head and blob. */
static void batch_end_big(struct conn *c)
{
	struct net *net = c->net;
	struct request_parser *p = &c->parser;
	size_t len = (size_t)p->bulk_len;
	int argc = (int)p->args_total;
	struct bytes *argv = request_arena_alloc(&net->arena, (size_t)argc);

	if (net->call_count == NET_BATCH_CALLS)
		batch_execute(net);
	for (int i = 0; i < argc - 1; i++)
		argv[i] = bytes_of(c->query.ptr + p->spans[i].offset, p->spans[i].len);
	c->big->len = len;
	argv[argc - 1] = blob_bytes(c->big);
	c->data = buf_bytes(&c->query);
	c->data_is_query = true;
	c->executed = 0;
	c->parsed = c->query.len;
	batch_add(c, argv, argc, 0, c->query.len);
	batch_note_long(c, c->query.len + len);
	net->exec->big_argument = c->big;
	batch_execute(net);
	net->exec->big_argument = NULL;
}

static bool big_is_complete(const struct conn *c)
{
	return c->big_received >= (size_t)c->parser.bulk_len + 2;
}

/* Back to one buffer: the request could not be run now (blocked, paused). */
static void batch_unfold_big(struct conn *c)
{
	buf_add(&c->query, c->big->data, c->big_received);
	blob_drop(c->big);
	c->big = NULL;
	c->big_received = 0;
}

/* What came may make this the client that is evicted, before it runs. */
static void batch_account_input(struct conn *c)
{
	if (LIKELY(!c->net->is_evicting))
		return;
	limits_account(c);
	net_evict_clients(c->net);
}

static void batch_on_big_bytes(struct conn *c, struct bytes data)
{
	size_t total = (size_t)c->parser.bulk_len + 2;
	size_t take = total - c->big_received < data.len ? total - c->big_received : data.len;

	if (data.ptr != c->big->data + c->big_received) {
		c->big->len = c->big_received;
		if (c->big->cap < c->big_received + take)
			c->big = blob_make_writable(c->big, c->big_received + take);
		memcpy(c->big->data + c->big_received, data.ptr, take);
	}
	c->big_received += take;
	batch_account_input(c);
	if (c->is_closed)
		return;
	if (!big_is_complete(c)) {
		if (batch_is_over_query_limit(c))
			conn_close(c);
		return;
	}
	if (memcmp(c->big->data + total - 2, "\r\n", 2) == 0 &&
		!(c->session.flags & SESSION_STOPPED))
		batch_end_big(c);
	if (c->executed == 0) {
		batch_unfold_big(c);
	} else {
		c->executed = 0;
		buf_release(&c->query);
		blob_drop(c->big);
		c->big = NULL;
		c->big_received = 0;
	}
	request_parser_release(&c->parser);
	c->parsed = 0;
	/* What came behind it, and what was unfolded. */
	if (data.len > take || c->query.len > 0)
		buf_add(&c->query, data.ptr + take, data.len - take);
	c->data = buf_bytes(&c->query);
	c->data_is_query = true;
	batch_parse(c);
}

HOT void batch_on_bytes(struct socket *s, struct bytes data)
{
	struct conn *c = conn_of_socket(s);
	struct net *net = c->net;

	if (UNLIKELY(c->is_closed || c->session.flags & SESSION_CLOSING))
		return;
	net->stats.bytes_in += data.len;
	net->stats.reads++;
	c->read_ms = net->exec->now_ms;
	c->session.received_ticks = net->exec->turn_ticks;
	if (!link_is_linked(&c->batch))
		link_add_tail(&net->batch_conns, &c->batch);
	if (UNLIKELY(c->big != NULL)) {
		c->data = (struct bytes){NULL, 0};
		c->data_is_query = false;
		c->parsed = c->executed = 0;
		batch_on_big_bytes(c, data);
		return;
	}
	c->data_is_query = c->query.len > 0;
	if (UNLIKELY(c->data_is_query)) {
		buf_add_bytes(&c->query, data);
		data = buf_bytes(&c->query);
		batch_account_input(c);
		if (c->is_closed)
			return;
	}
	c->data = data;
	c->parsed = c->executed = 0;
	batch_parse(c);
}

HOT size_t batch_on_room(struct socket *s, char **into)
{
	struct conn *c = conn_of_socket(s);

	if (LIKELY(c->big == NULL))
		return c->read_room; /* of the loop's own memory */
	size_t total = (size_t)c->parser.bulk_len + 2;
	if (c->big->cap <= c->big_received) {
		size_t cap = c->big->cap * 2;
		if (cap < NET_BIG_ARG_BYTES)
			cap = NET_BIG_ARG_BYTES;
		if (cap > total)
			cap = total;
		c->big->len = c->big_received;
		c->big = blob_make_writable(c->big, cap);
	}
	*into = c->big->data + c->big_received;
	size_t room = c->big->cap - c->big_received;
	return room < total - c->big_received ? room : total - c->big_received;
}

static void batch_fail(struct net_call *call)
{
	struct session *s = &call->conn->session;
	struct bytes text = bytes_text(call->error);

	exec_count_error(s->exec, text);
	reply_error_text(&s->reply, text);
	log_line(LOG_VERBOSE, "Client id=%llu sent bad input: %s", (unsigned long long)s->id,
		call->error);
	session_close(s, true);
	call->conn->executed = call->end;
}

/* A page that makes a browser send requests here: words that begin a line of HTTP. */
static bool batch_is_http(const struct net_call *item)
{
	return bytes_is(item->argv[0], "post") || bytes_is(item->argv[0], "host:");
}

/* Nothing that follows is run, and nothing is answered. */
static void batch_refuse_http(struct conn *c)
{
	struct net *net = c->net;
	struct net_peer peer;

	c->session.flags |= SESSION_CLOSE_ASAP;
	if (net->http_logged_ms != 0 &&
		net->exec->now_ms - net->http_logged_ms < NET_HTTP_LOG_MS)
		return;
	net->http_logged_ms = net->exec->now_ms;
	net_peer_get(&c->session, &peer);
	log_line(LOG_WARNING,
		"Possible SECURITY ATTACK detected. It looks like somebody is sending POST or "
		"Host: commands to Redis. This is likely due to an attacker attempting to use "
		"Cross Protocol Scripting to compromise your Redis instance. Connection from %s "
		"aborted.",
		peer.addr);
}

HOT static void batch_run_call(struct net_call *item)
{
	struct conn *c = item->conn;
	struct session *s = &c->session;

	/* Once a request is held back, all behind it are, even if what held it is over meanwhile:
	 * another connection's call in this batch may end a wait or a pause. */
	if (UNLIKELY(s->flags & SESSION_STOPPED || c->is_held)) {
		c->is_held = true;
		return;
	}
	if (UNLIKELY(item->error != NULL)) {
		batch_fail(item);
		return;
	}
	if (UNLIKELY(item->command == NULL) && batch_is_http(item)) {
		batch_refuse_http(c);
		return;
	}
	struct call call = {.session = s,
		.command = item->command,
		.argv = item->argv,
		.argc = item->argc,
		.has_hash = item->has_hash,
		.key_hash = item->key_hash};
	call_run_prepared(&call);
	if (UNLIKELY(s->flags & SESSION_PAUSED_CALL)) {
		c->is_held = true; /* to be run again: it stays in the input */
		return;
	}
	c->executed = item->end;
	if (UNLIKELY(s->out.is_full))
		s->flags |= SESSION_CLOSE_ASAP; /* what else it asked for is not run */
}

HOT void batch_execute(struct net *net)
{
	int count = net->call_count;
	const struct keyspace *keyspace = net->exec->keyspace;

	net->exec->ticks = ticks_now();
	for (int i = 0; i < count && i < NET_PREFETCH_AHEAD; i++)
		if (net->calls[i].has_hash && count > 1)
			dict_prefetch_item(&keyspace->dbs[net->calls[i].conn->session.db].entries,
				net->calls[i].key_hash);
	/* Read anew each time: a turn inside a call may run what waits behind it (net/nest). */
	for (int i = 0; i < net->call_count; i++) {
		int ahead = i + NET_PREFETCH_AHEAD;
		if (ahead < count && net->calls[ahead].has_hash)
			dict_prefetch_item(
				&keyspace->dbs[net->calls[ahead].conn->session.db].entries,
				net->calls[ahead].key_hash);
		batch_run_call(&net->calls[i]);
	}
	net->call_count = 0;
}

/* Room for the long argument that is coming in, as far as it may be reserved on a promise. */
static void batch_reserve_query(struct conn *c)
{
	const struct request_parser *p = &c->parser;
	size_t held = c->query.len;
	size_t wanted = p->offset + (size_t)p->bulk_len + 2;

	if (p->bulk_len < NET_BIG_ARG_BYTES || wanted <= held || !c->session.is_authenticated)
		return;
	size_t cap = wanted - held < NET_ROOM_STEP_BYTES ? wanted : held + NET_ROOM_STEP_BYTES;
	if (c->query.cap >= cap || c->query.cap - held >= NET_BIG_ARG_BYTES)
		return;
	c->query.ptr = mem_realloc(c->query.ptr, cap);
	c->query.cap = cap;
}

/* Keeps what was not executed, and nothing else. */
static void batch_keep_rest(struct conn *c)
{
	/* Empty lines need no execution. */
	size_t done = c->is_held ? c->executed : c->parsed;
	bool is_rewound = done < c->parsed || (c->is_held && c->has_bad_input);

	c->is_held = false;
	if (UNLIKELY(c->session.flags & SESSION_CLOSING))
		done = c->data.len;
	else if (UNLIKELY(is_rewound)) {
		request_parser_release(&c->parser); /* it will be parsed again from `done` */
		c->has_bad_input = false;
	}
	if (LIKELY(done >= c->data.len)) {
		if (c->data_is_query)
			buf_release(&c->query);
	} else if (c->data_is_query) {
		memmove(c->query.ptr, c->query.ptr + done, c->data.len - done);
		c->query.len = c->data.len - done;
	} else {
		buf_add(&c->query, c->data.ptr + done, c->data.len - done);
	}
	/* The parser no longer knows of the long argument whose head stands in the query. */
	if (UNLIKELY(is_rewound) && c->big != NULL)
		batch_unfold_big(c);
	if (!is_rewound && c->query.len > 0 && c->big == NULL)
		batch_reserve_query(c);
	/* Who may not write for now keeps what it has yet to say to itself. */
	if (UNLIKELY(c->session.flags & SESSION_PAUSED_CALL) &&
		c->query.len > NET_PAUSED_INPUT_BYTES && !socket_is_paused(&c->socket))
		socket_pause(c->net->loop, &c->socket);
	c->data = (struct bytes){NULL, 0};
	c->parsed = c->executed = 0;
}

HOT void batch_finish(struct net *net)
{
	if (net->call_count > 0)
		batch_execute(net);
	LINK_EACH(it, after, &net->batch_conns)
	{
		struct conn *c = LINK_OWNER(it, struct conn, batch);
		link_remove(&c->batch);
		if (UNLIKELY(c->is_closed))
			continue;
		batch_keep_rest(c);
		conn_flush(c);
		if (UNLIKELY(net->is_evicting) && !c->is_closed)
			limits_account(c);
	}
	request_arena_reset(&net->arena);
	if (UNLIKELY(net->tls != NULL) && !net->exec->is_nested)
		tls_batch_done(net);
}

void batch_resume(struct conn *c)
{
	struct net *net = c->net;

	if (UNLIKELY(!c->is_closed && socket_is_paused(&c->socket)))
		socket_resume(net->loop, &c->socket);
	if (c->is_closed || c->big != NULL || c->session.flags & SESSION_STOPPED)
		return;
	if (link_is_linked(&c->batch))
		return;
	link_add_tail(&net->batch_conns, &c->batch);
	c->data = buf_bytes(&c->query);
	c->data_is_query = c->query.len > 0;
	c->parsed = c->executed = 0;
	request_parser_release(&c->parser);
	batch_parse(c);
	batch_finish(net);
}
