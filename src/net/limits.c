/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What connections may cost: idle timeouts, output limits that need time, memory accounts and the
 * eviction of the largest clients.
 *
 * Invariant: while client eviction is on, each connection is in the bucket of its memory's power of
 * two and bucket_bytes is the sum of what was last accounted.
 */
#include "net/conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "exec/tx.h"
#include "net/http.h"
#include "net/tls.h"

#define LIMITS_TICK_MIN 32    /* connections looked at in one tick, at least */
#define LIMITS_TICKS_PER_S 10 /* all are looked at about once a second */

size_t conn_memory_bytes(const struct conn *c)
{
	struct net_buffers b;
	net_buffers_get(&c->session, &b);
	return b.total;
}

static unsigned bucket_of(size_t bytes)
{
	unsigned index = bytes == 0 ? 0 : 63 - (unsigned)__builtin_clzll(bytes);
	return index < NET_EVICT_BUCKETS ? index : NET_EVICT_BUCKETS - 1;
}

void limits_forget(struct conn *c)
{
	c->net->bucket_bytes -= c->memory_bytes;
	c->memory_bytes = 0;
	link_remove(&c->bucket);
}

void limits_account(struct conn *c)
{
	struct net *net = c->net;

	if (!net->is_evicting)
		return;
	limits_forget(c);
	if (c->session.flags & SESSION_NO_EVICT || c->is_closed)
		return;
	c->memory_bytes = conn_memory_bytes(c);
	net->bucket_bytes += c->memory_bytes;
	link_add_tail(&net->buckets[bucket_of(c->memory_bytes)], &c->bucket);
}

uint64_t limits_clients_max_bytes(const struct net *net)
{
	int64_t limit = net->config->maxmemory_clients;

	if (limit >= 0)
		return (uint64_t)limit;
	return (uint64_t)((double)net->exec->keyspace->config.maxmemory * (double)-limit / 100);
}

/* Turns the accounts on or off as the configuration says. */
static void limits_switch(struct net *net, bool on)
{
	if (net->is_evicting == on)
		return;
	net->is_evicting = on;
	LINK_EACH(it, after, &net->exec->sessions)
	{
		struct conn *c = LINK_OWNER(it, struct session, all)->conn;
		if (c == NULL)
			continue;
		if (on)
			limits_account(c);
		else
			limits_forget(c);
	}
}

void net_evict_clients(struct net *net)
{
	uint64_t limit = limits_clients_max_bytes(net);

	limits_switch(net, limit != 0);
	for (int i = NET_EVICT_BUCKETS - 1; i >= 0 && limit != 0; i--) {
		while (net->bucket_bytes > limit && !link_is_empty(&net->buckets[i])) {
			struct conn *c = LINK_OWNER(net->buckets[i].next, struct conn, bucket);
			log_line(LOG_NOTICE, "Evicting client id=%llu that holds %zu bytes",
				(unsigned long long)c->session.id, c->memory_bytes);
			net->stats.evicted++;
			limits_forget(c);
			conn_close(c);
		}
	}
}

static bool is_idle_for_too_long(const struct conn *c)
{
	const struct session *s = &c->session;
	int64_t limit = c->net->config->timeout_s;

	return limit > 0 && session_class(s) == CLASS_NORMAL &&
	       !(s->flags & (SESSION_BLOCKED | SESSION_MONITOR)) &&
	       c->net->exec->now_ms - c->read_ms > limit * 1000;
}

/* The reply room follows the peak of what is sent, between 1 and 16 KiB. */
static void limits_fit_reply_room(struct conn *c)
{
	struct net *net = c->net;
	int64_t now = net->exec->now_ms;

	if (net->keeps_reply_room)
		return;
	if (c->reply_peak >= c->reply_room && c->reply_room < OUT_CHUNK_BYTES)
		c->reply_room =
			c->reply_peak * 2 < OUT_CHUNK_BYTES ? c->reply_peak * 2 : OUT_CHUNK_BYTES;
	else if (c->reply_peak < c->reply_room / 2 && c->reply_room > NET_REPLY_MIN_BYTES)
		c->reply_room = c->reply_room / 2 > NET_REPLY_MIN_BYTES ? c->reply_room / 2
									: NET_REPLY_MIN_BYTES;
	if (net->peak_reset_ms < 0 || now - c->reply_peak_ms <= net->peak_reset_ms)
		return;
	c->reply_peak = 0;
	c->reply_peak_ms = now;
}

static void limits_fit_read_room(struct conn *c)
{
	if (c->read_peak <= c->read_room / 2)
		c->read_room = c->read_room / 2 > LOOP_READ_BYTES ? c->read_room / 2 : 0;
	c->read_peak = 0;
}

/* Who announced much and then fell silent holds no more than came. */
static void limits_shrink_input(struct conn *c)
{
	struct blob *big = c->big;

	if (big != NULL && conn_is_silent(c) && c->big_received <= NET_ROOM_STEP_BYTES &&
		big->cap - c->big_received > NET_BIG_ARG_BYTES) {
		c->big = blob_of(bytes_of(big->data, c->big_received));
		blob_drop(big);
	}
	if (c->query.cap > 2 * NET_BIG_ARG_BYTES && c->query.cap > 2 * c->query.len &&
		c->query.len > 0) {
		c->query.ptr = mem_realloc(c->query.ptr, c->query.len);
		c->query.cap = c->query.len;
	}
}

static void limits_tick_conn(struct conn *c)
{
	if (c->is_closed)
		return;
	if (is_idle_for_too_long(c)) {
		log_line(LOG_VERBOSE, "Closing idle client id=%llu",
			(unsigned long long)c->session.id);
		conn_close(c);
		return;
	}
	if (c->tls != NULL && tls_is_too_slow(c)) {
		log_line(LOG_VERBOSE, "Closing client id=%llu that did not finish its handshake",
			(unsigned long long)c->session.id);
		conn_close(c);
		return;
	}
	if (!out_is_empty(&c->session.out) && conn_is_over_limit(c)) {
		conn_close_over_limit(c);
		return;
	}
	limits_fit_reply_room(c);
	limits_fit_read_room(c);
	limits_shrink_input(c);
	limits_account(c);
}

void net_on_tick(struct net *net)
{
	struct exec *exec = net->exec;
	size_t budget = exec->session_count / LIMITS_TICKS_PER_S;

	limits_switch(net, limits_clients_max_bytes(net) != 0);
	if (net->pages != NULL)
		http_on_tick(net->pages);
	if (budget < LIMITS_TICK_MIN)
		budget = LIMITS_TICK_MIN;
	/* Rotates the list: each session is looked at in its turn. */
	if (budget > exec->session_count)
		budget = exec->session_count;
	for (size_t i = 0; i < budget && !link_is_empty(&exec->sessions); i++) {
		struct session *s = session_walk(exec, &net->tick_id);
		if (s != NULL && s->conn != NULL)
			limits_tick_conn(s->conn);
	}
}

size_t net_memory_bytes(struct net *net, enum session_class class)
{
	size_t sum = 0;
	LINK_EACH(it, after, &net->exec->sessions)
	{
		const struct session *s = LINK_OWNER(it, struct session, all);
		if (s->conn != NULL && session_class(s) == class)
			sum += conn_memory_bytes(s->conn);
	}
	return sum;
}
