/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A batch inside a batch: while a long script lets the loop turn, requests that arrive are parsed
 * and run in a batch of their own; the one that is being executed waits untouched.
 *
 * Invariant: connections of the outer batch are neither flushed nor resumed meanwhile; io/ leaves
 * their sockets alone.
 */
#include "base/mem.h"
#include "net/conn.h"
#include "net/tls.h"

struct net_nest {
	struct net_call *calls;
	int call_count;
	struct request_arena arena;
	struct link batch_conns;
	struct tls_chunk *chunks;
};

/* Moves the batch's connections from one list to another. */
static void nest_move(struct link *from, struct link *to, bool is_outer)
{
	while (!link_is_empty(from)) {
		struct conn *c = LINK_OWNER(from->next, struct conn, batch);
		link_remove(&c->batch);
		link_add_tail(to, &c->batch);
		c->is_outer = is_outer;
		link_remove(&c->flush);
	}
}

struct net_nest *net_nest_begin(struct net *net)
{
	struct net_nest *saved = mem_alloc(sizeof(*saved));

	saved->calls = net->calls;
	saved->call_count = net->call_count;
	saved->arena = net->arena;
	link_init(&saved->batch_conns);
	nest_move(&net->batch_conns, &saved->batch_conns, true);
	net->calls = mem_alloc(NET_BATCH_CALLS * sizeof(*net->calls));
	net->call_count = 0;
	net->arena = (struct request_arena){0};
	saved->chunks = net->tls == NULL ? NULL : tls_nest_begin(net);
	return saved;
}

void net_nest_end(struct net *net, struct net_nest *saved)
{
	ASSERT(net->call_count == 0 && link_is_empty(&net->batch_conns));
	request_arena_release(&net->arena);
	mem_free(net->calls);
	net->calls = saved->calls;
	net->call_count = saved->call_count;
	net->arena = saved->arena;
	if (net->tls != NULL)
		tls_nest_end(net, saved->chunks);
	nest_move(&saved->batch_conns, &net->batch_conns, false);
	mem_free(saved);
}
