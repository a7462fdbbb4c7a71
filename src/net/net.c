/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The network as a whole: its life and its part of the turn.
 */
#include "net/net.h"

#include "base/mem.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/tls.h"

static size_t extra_bytes_none(const struct session *s)
{
	(void)s;
	return 0;
}

struct net *net_new(struct loop *loop, struct exec *exec, struct net_config *config)
{
	struct net *net = mem_calloc(1, sizeof(*net));

	net->loop = loop;
	net->exec = exec;
	net->config = config;
	net->session_extra_bytes = extra_bytes_none;
	net->peak_reset_ms = NET_REPLY_PEAK_MS;
	net->calls = mem_alloc(NET_BATCH_CALLS * sizeof(*net->calls));
	link_init(&net->flush);
	link_init(&net->resume);
	link_init(&net->batch_conns);
	for (int i = 0; i < NET_EVICT_BUCKETS; i++)
		link_init(&net->buckets[i]);
	out_is_over_limit = conn_out_is_over_limit;
	exec->want_flush = net_want_flush;
	exec->want_resume = net_want_resume;
	return net;
}

void net_close_all(struct net *net)
{
	net_listen_close(net);
	if (net->pages != NULL)
		http_close(net->pages);
	LINK_EACH(it, after, &net->exec->sessions)
	{
		struct session *s = LINK_OWNER(it, struct session, all);
		if (s->conn != NULL)
			conn_close(s->conn);
	}
}

void net_free(struct net *net)
{
	ASSERT(link_is_empty(&net->batch_conns));
	request_arena_release(&net->arena);
	mem_free(net->calls);
	tls_net_release(net);
	if (net->pages != NULL)
		http_free(net->pages);
	mem_free(net);
}

void net_pages_init(struct net *net,
	void (*write)(struct bytes path, struct http_page *page, void *context), void *context)
{
	net->pages = http_new(net->loop, write, context);
}

bool net_pages_listen(struct net *net, char *error, size_t error_size)
{
	const struct net_config *config = net->config;
	return http_listen(
		net->pages, config->metrics_bind, config->metrics_port, error, error_size);
}

void net_set_extra_bytes(struct net *net, size_t (*extra_bytes)(const struct session *s))
{
	net->session_extra_bytes = extra_bytes;
}

void net_set_peak_reset(struct net *net, int64_t ms)
{
	net->peak_reset_ms = ms == -2 ? NET_REPLY_PEAK_MS : ms;
}

void net_set_reply_resizing(struct net *net, bool resizes)
{
	net->keeps_reply_room = !resizes;
}

void net_recent_max(const struct net *net, size_t *input, size_t *output)
{
	*input = net->max_query;
	*output = net->max_out;
}

struct net_config *net_config_get(struct net *net)
{
	return net->config;
}

struct net_stats *net_stats_get(struct net *net)
{
	return &net->stats;
}

HOT void net_on_batch(struct net *net)
{
	batch_finish(net);
}

HOT bool net_on_turn_end(struct net *net)
{
	/* Only what was queued up to now: a session that blocks and wakes in a circle waits a turn.
	 */
	struct link resume;
	link_init(&resume);
	while (!link_is_empty(&net->resume)) {
		struct link *it = net->resume.next;
		link_remove(it);
		link_add_tail(&resume, it);
	}
	bool has_run = false;
	while (!link_is_empty(&resume)) {
		struct conn *c = LINK_OWNER(resume.next, struct conn, resume);
		link_remove(&c->resume);
		has_run |= c->query.len > 0;
		batch_resume(c);
	}
	while (!link_is_empty(&net->flush)) {
		struct conn *c = LINK_OWNER(net->flush.next, struct conn, flush);
		link_remove(&c->flush);
		conn_flush(c);
		if (net->is_evicting && !c->is_closed)
			limits_account(c);
	}
	if (net->is_evicting)
		net_evict_clients(net);
	/* What ran just now may have armed deadlines and left messages after they were seen to. */
	return has_run || !link_is_empty(&net->resume);
}
