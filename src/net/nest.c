/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A batch inside a batch: while a long script lets the loop turn, requests that arrive are parsed
 * and run in a batch of their own. What other connections had sent together with the script's moves
 * there, or they could never be heard while it runs.
 *
 * Invariant: meanwhile the connection whose call is not over (and one whose long argument is being
 * put together) stays in the outer batch; it is neither read nor flushed nor resumed.
 */
#include "base/mem.h"
#include "net/conn.h"

struct net_nest {
	struct conn *running; /* NULL = a session without a socket */
	struct net_call *calls;
	int call_count;
	struct request_arena arena;
	struct link batch_conns;
};

/* It stays in the outer batch: its call runs, or a long argument of it is being put together. */
static bool nest_stays(const struct net_nest *outer, const struct conn *c)
{
	return c == outer->running || c->big != NULL;
}

/* Its call that runs is the first that is not executed; those behind it stay, those of others
 * behind it move into the new batch. */
static void nest_split_calls(struct net *net, struct net_nest *outer)
{
	int kept = 0;
	bool is_behind = false;

	for (int i = 0; i < outer->call_count; i++) {
		struct net_call *item = &outer->calls[i];
		if (item->conn == outer->running && !is_behind &&
			item->end > outer->running->executed) {
			is_behind = true;
			kept = i;
		}
		if (!is_behind)
			continue;
		if (nest_stays(outer, item->conn))
			outer->calls[kept++] = *item;
		else
			net->calls[net->call_count++] = *item;
	}
	/* Who looks ahead finds nothing there. */
	for (int i = kept; i < outer->call_count; i++)
		outer->calls[i].has_hash = false;
	outer->call_count = kept;
}

static void nest_split_conns(struct net *net, struct net_nest *outer)
{
	LINK_EACH(it, after, &outer->batch_conns)
	{
		struct conn *c = LINK_OWNER(it, struct conn, batch);
		if (nest_stays(outer, c)) {
			c->is_outer = true;
			link_remove(&c->flush);
			socket_hold(&c->socket);
			continue;
		}
		link_remove(&c->batch);
		link_add_tail(&net->batch_conns, &c->batch);
		socket_release(&c->socket);
		/* It may be in the middle of being parsed: what is left then stays in its query. */
		if (c->parsed < c->data.len)
			net_want_resume(&c->session);
	}
}

static void nest_take_over(struct link *from, struct link *to)
{
	while (!link_is_empty(from)) {
		struct link *it = from->next;
		link_remove(it);
		link_add_tail(to, it);
	}
}

struct net_nest *net_nest_begin(struct net *net, struct session *running)
{
	struct net_nest *outer = mem_alloc(sizeof(*outer));

	*outer = (struct net_nest){running->conn, net->calls, net->call_count, net->arena, {0}};
	link_init(&outer->batch_conns);
	nest_take_over(&net->batch_conns, &outer->batch_conns);
	net->calls = mem_alloc(NET_BATCH_CALLS * sizeof(*net->calls));
	net->call_count = 0;
	net->arena = (struct request_arena){0};
	if (outer->running != NULL)
		nest_split_calls(net, outer);
	nest_split_conns(net, outer);
	batch_finish(net);
	return outer;
}

void net_nest_end(struct net *net, struct net_nest *outer)
{
	ASSERT(net->call_count == 0 && link_is_empty(&net->batch_conns));
	request_arena_release(&net->arena);
	mem_free(net->calls);
	net->calls = outer->calls;
	net->call_count = outer->call_count;
	net->arena = outer->arena;
	LINK_EACH(it, after, &outer->batch_conns)
	{
		struct conn *c = LINK_OWNER(it, struct conn, batch);
		c->is_outer = false;
		socket_release(&c->socket);
	}
	nest_take_over(&outer->batch_conns, &net->batch_conns);
	mem_free(outer);
}
