/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Turns: containers of many elements are grown, worked on and deleted, one batch after the other in
 * lockstep; of each step the longest batch counts: processor time of the server (which other
 * programs do not lengthen), and wall time. Behind each step PINGs watch what the server does on
 * its own, freeing and resizing.
 *
 * A virtual machine that is paused charges the pause to whoever ran. So everything is done in
 * rounds, with fresh servers, and of each batch the cheapest round counts: what the same batch
 * costs in every round is the server's. (Growing tables and splitting nodes come at the same
 * element each time; timers do not: what they do shows behind the steps.) The longest batch of any
 * round is printed, too, and the longest turn by INFO, wall time, which is all there is to say of a
 * command that is answered after many turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "modes.h"
#include "warm.h"

enum {
	PER_REQUEST = 16,              /* elements that a request of growth brings */
	PER_BATCH = 4,                 /* requests of growth in a batch */
	WATCH_MS = 500,
	WARM_BYTES = 400,              /* for each element */
	NAME_MAX_CHARS = 64,
};

/* What is done with a container: once for `grow`, else `times` times (0: once). `number` counts on
 * in __int__ and __rand__. */
struct step {
	const char *container;
	const char *command;
	long times;
};

#define P16(b, a)                                                                                  \
	b "a:" a b "b:" a b "c:" a b "d:" a b "e:" a b "f:" a b "g:" a b "h:" a b "i:" a b "j:" a \
	b "k:" a b "l:" a b "m:" a b "n:" a b "o:" a b "p:" a

/* A step of growth stands first for each container. */
static const struct step steps[] = {
	{ "list", "RPUSH c" P16(" ", "__rand__"), 0 },
	{ "list", "LPUSH c x", 100 },
	{ "list", "LINDEX c __half__", 100 },
	{ "list", "LSET c __half__ y", 100 },
	{ "list", "LINSERT c BEFORE a:000000001000 z", 100 },
	{ "list", "LRANGE c __half__ __half__", 100 },
	{ "list", "LPOP c", 100 },
	{ "list", "LMOVE c c LEFT RIGHT", 100 },
	{ "list", "OBJECT ENCODING c", 1 },
	{ "list", "MEMORY USAGE c", 1 },
	{ "list", "RENAME c d", 1 },
	{ "list", "RENAME d c", 1 },
	{ "list", "LREM c 1 p:000000001000", 1 },
	{ "list", "LREM c 0 none", 1 },
	{ "list", "LPOS c none", 1 },
	{ "list", "LPOP c 1000", 100 },
	{ "list", "LTRIM c 100 -100", 1 },
	{ "list", "LTRIM c __half__ -1", 1 },
	{ "list", "LTRIM c 1000 2000", 1 },
	{ "list", "COPY c d", 1 },

	{ "hash", "HSET c" P16(" ", "__rand__ value"), 0 },
	{ "hash", "HSET c a:__rand__ value2", 1000 },
	{ "hash", "HDEL c" P16(" ", "__rand__"), 1000 },
	{ "hash", "HINCRBY c n 1", 100 },
	{ "hash", "HEXPIRE c 100 FIELDS 1 b:000000005000", 1 },
	{ "hash", "HRANDFIELD c", 100 },
	{ "hash", "HRANDFIELD c 100", 10 },
	{ "hash", "HSCAN c 0", 10 },
	{ "hash", "MEMORY USAGE c", 1 },
	{ "hash", "RENAME c d", 1 },
	{ "hash", "DEL d", 1 },

	{ "set", "SADD c" P16(" ", "__rand__"), 0 },
	{ "set", "SREM c" P16(" ", "__rand__"), 1000 },
	{ "set", "SPOP c", 100 },
	{ "set", "SPOP c 100", 10 },
	{ "set", "SRANDMEMBER c 100", 10 },
	{ "set", "SMOVE c d a:000000005000", 1 },
	{ "set", "SINTERSTORE e c d", 1 },
	{ "set", "SDIFFSTORE e d c", 1 },
	{ "set", "SINTERCARD 2 c d", 1 },
	{ "set", "SET c over", 1 },

	{ "zset", "ZADD c" P16(" __int__ ", "__rand__"), 0 },
	{ "zset", "ZADD c 5 a:__rand__", 1000 },
	{ "zset", "ZINCRBY c 1000 b:__rand__", 1000 },
	{ "zset", "ZREM c" P16(" ", "__rand__"), 1000 },
	{ "zset", "ZPOPMIN c 16", 100 },
	{ "zset", "ZRANK c m:000000300000", 100 },
	{ "zset", "ZCOUNT c 1000 inf", 100 },
	{ "zset", "ZRANDMEMBER c 100", 10 },
	{ "zset", "MEMORY USAGE c", 1 },
	{ "zset", "ZREMRANGEBYRANK c 1000 1999", 10 },
	{ "zset", "ZREMRANGEBYSCORE c 300000 300063", 1 },
	{ "zset", "ZREMRANGEBYRANK c 0 99999", 1 },
	{ "zset", "ZREMRANGEBYRANK c 0 __half__", 1 },
	{ "zset", "ZADD c 5 a:__rand__", 1000 },
	{ "zset", "ZREMRANGEBYRANK c 100 -100", 1 },

	{ "stream", "XADD c *" P16(" ", " __rand__"), 0 },
	{ "stream", "XADD c * f v", 100 },
	{ "stream", "XRANGE c - + COUNT 10", 100 },
	{ "stream", "XREVRANGE c + - COUNT 10", 100 },
	{ "stream", "XINFO STREAM c", 1 },
	{ "stream", "MEMORY USAGE c", 1 },
	{ "stream", "XGROUP CREATE c g 0", 1 },
	{ "stream", "XREADGROUP GROUP g r COUNT 100 STREAMS c >", 10 },
	{ "stream", "XTRIM c MINID 1", 1 },
	{ "stream", "XADD c MAXLEN ~ 500000 LIMIT 0 * f v", 1 },
	{ "stream", "XTRIM c MAXLEN 300000", 1 },
	{ "stream", "XTRIM c MAXLEN 100", 1 },
	{ "stream-group", "XADD c *" P16(" ", " __rand__"), 0 },
	{ "stream-group", "XGROUP CREATE c g 0", 1 },
	{ "stream-group", "XREADGROUP GROUP g r COUNT 100 STREAMS c >", 1000 },
	{ "stream-group", "XGROUP DELCONSUMER c g r", 1 },
	{ "stream-group", "XREADGROUP GROUP g r COUNT 100 STREAMS c >", 1000 },
	{ "stream-group", "XTRIM c MAXLEN 550000 DELREF", 1 },
	{ "stream-group", "XGROUP CREATE c h $", 1 },
	{ "stream-group", "XTRIM c MAXLEN 500000 ACKED", 1 },
	{ "stream-group", "XGROUP DESTROY c g", 1 },
	{ "stream-group", "XTRIM c MAXLEN 100000 ACKED", 1 },
	{ "stream-delete", "XADD c *" P16(" ", " __rand__"), 0 },
	{ "stream-delete", "DEL c", 1 },

	{ "hash-expiry", "HSET c" P16(" ", "__rand__ value"), 0 },
	{ "hash-expiry", "PEXPIRE c 1", 1 },
	{ "set-expiry", "SADD c" P16(" ", "__rand__"), 0 },
	{ "set-expiry", "FLUSHALL ASYNC", 1 },
	{ "hash-flush", "HSET c" P16(" ", "__rand__ value"), 0 },
	{ "hash-flush", "FLUSHALL SYNC", 1 },
	{ "zset-rename", "ZADD c" P16(" __int__ ", "__rand__"), 0 },
	{ "zset-rename", "SET d x", 1 },
	{ "zset-rename", "RENAME d c", 1 },
	{ "list-unlink", "RPUSH c" P16(" ", "__rand__"), 0 },
	{ "list-unlink", "DEL c", 1 },
	{ "list-flush", "RPUSH c" P16(" ", "__rand__"), 0 },
	{ "list-flush", "FLUSHALL SYNC", 1 },
};

struct cost {
	int64_t cpu_ns, wall_ns;
};

/* Of a step. */
struct trace {
	struct cost *least; /* of each batch, the cheapest round */
	long count;
	struct cost once;   /* the longest of any round */
	struct cost behind; /* the longest of the round in which it was shortest */
	long turn_us;       /* the longest turn by INFO, of that round; -1 = unknown */
};

struct turns {
	const struct server *server;
	struct client client;
	uint64_t replies;
};

static void keep_least(struct cost *least, struct cost cost, int is_first)
{
	if (is_first || cost.cpu_ns < least->cpu_ns)
		least->cpu_ns = cost.cpu_ns;
	if (is_first || cost.wall_ns < least->wall_ns)
		least->wall_ns = cost.wall_ns;
}

static void keep_longest(struct cost *longest, struct cost cost)
{
	if (cost.cpu_ns > longest->cpu_ns)
		longest->cpu_ns = cost.cpu_ns;
	if (cost.wall_ns > longest->wall_ns)
		longest->wall_ns = cost.wall_ns;
}

static struct cost batch_run(struct turns *t, const char *data, size_t len, uint64_t replies)
{
	int64_t cpu = server_cpu_ns(t->server), wall = clock_ns();

	client_send(&t->client, data, len);
	t->replies += replies;
	client_await(&t->client, t->replies);
	wall = clock_ns() - wall;
	return (struct cost){server_cpu_ns(t->server) - cpu, wall};
}

/* The command with the middle's number put in. */
static char *command_of(const struct step *step, long count)
{
	char *text = grab_text("%s", step->command), *at;

	while ((at = strstr(text, "__half__"))) {
		char *longer;

		*at = '\0';
		longer = grab_text("%s%ld%s", text, count / 2, at + strlen("__half__"));
		free(text);
		text = longer;
	}
	return text;
}

static void step_run(
	struct turns *t, const struct step *step, long count, struct trace *trace, int is_first)
{
	char *command = command_of(step, count);
	long requests = step->times ? step->times : count / PER_REQUEST;
	long per_batch = step->times ? 1 : PER_BATCH;
	struct request *request = request_new(command, (uint64_t)count, 1);
	char *data = grab((size_t)per_batch, request->size_max);

	if (is_first) {
		trace->count = (requests + per_batch - 1) / per_batch;
		trace->least = grab((size_t)trace->count, sizeof *trace->least);
	}
	for (long at = 0; at < requests; at += per_batch) {
		size_t len = 0;
		long n = requests - at < per_batch ? requests - at : per_batch;

		for (long i = 0; i < n; i++)
			len += request_render_nth(request, (uint64_t)(at + i), data + len);
		struct cost cost = batch_run(t, data, len, (uint64_t)n);
		keep_least(&trace->least[at / per_batch], cost, is_first);
		keep_longest(&trace->once, cost);
	}
	free(data);
	request_free(request);
	free(command);
}

static struct cost watch(struct turns *t)
{
	static const char ping[] = "*1\r\n$4\r\nPING\r\n";
	int64_t end = clock_ns() + WATCH_MS * INT64_C(1000000);
	struct cost longest = { 0 };

	while (clock_ns() < end)
		keep_longest(&longest, batch_run(t, ping, strlen(ping), 1));
	return longest;
}

/* The longest turn since `CONFIG RESETSTAT`, by the server's own word (wall time). */
static long longest_turn_us(const struct server *server)
{
	static const char field[] = "eventloop_duration_max:";
	char *info = client_ask(server->port, "*2\r\n$4\r\nINFO\r\n$5\r\ndebug\r\n");
	const char *at = strstr(info, field);
	long us = at ? atol(at + strlen(field)) : -1;

	free(info);
	return us;
}

static void line_print(const struct step *step, const struct trace *trace)
{
	char name[NAME_MAX_CHARS];
	struct cost longest = { 0 };

	for (long i = 0; i < trace->count; i++)
		keep_longest(&longest, trace->least[i]);
	snprintf(name, sizeof name, "%s", step->command);
	if (!step->times)
		name[strcspn(name, " ")] = '\0';
	printf("%-13s %-38.38s %9.3f %9.3f %9.3f %9.3f %9.3f\n", step->container, name,
		(double)longest.cpu_ns / 1e6, (double)longest.wall_ns / 1e6,
		(double)trace->once.cpu_ns / 1e6, (double)trace->behind.cpu_ns / 1e6,
		(double)trace->turn_us / 1e3);
	fflush(stdout);
}

static int is_wanted(const struct options *options, const char *container)
{
	size_t len = strlen(container);
	const char *at = options->shapes;

	if (!at)
		return 1;
	for (; (at = strstr(at, container)); at += len)
		if ((at == options->shapes || at[-1] == ',') && (at[len] == ',' || !at[len]))
			return 1;
	return 0;
}

/* The steps of one container; returns how many there are. */
static size_t container_turns(
	struct options *options, struct server *server, const struct step *first, long count)
{
	struct trace trace[sizeof steps / sizeof *steps] = { 0 };
	size_t n = 0;

	while (first + n < steps + sizeof steps / sizeof *steps &&
		!strcmp(first[n].container, first->container))
		n++;
	for (long round = 0; round < options->rounds && is_wanted(options, first->container);
		round++) {
		struct turns t = { .server = server };

		server_start(server, (int)options->core, TURN_NORMAL);
		client_open(&t.client, server->port);
		for (size_t i = 0; i < n; i++) {
			free(client_ask(server->port, "*2\r\n$6\r\nCONFIG\r\n$9\r\nRESETSTAT\r\n"));
			step_run(&t, &first[i], count, &trace[i], round == 0);
			keep_least(&trace[i].behind, watch(&t), round == 0);
			long us = longest_turn_us(server);
			if (round == 0 || us < trace[i].turn_us)
				trace[i].turn_us = us;
		}
		client_close(&t.client);
		server_stop(server);
	}
	for (size_t i = 0; i < n && trace[i].least; i++) {
		line_print(&first[i], &trace[i]);
		free(trace[i].least);
	}
	return n;
}

void turns_run(struct options *options)
{
	int is_any = 0;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		is_any |= is_wanted(options, steps[i].container);
	if (!is_any)
		die("no such container");
	memory_warm((size_t)options->counts.item[0] * WARM_BYTES);
	for (int s = 0; s < options->server_count; s++)
		for (int c = 0; c < options->counts.count; c++) {
			printf("%s, %ld elements, the longest of %ld rounds in ms\n"
			       "%-52s %9s %9s %9s %9s %9s\n",
				options->server[s].name, options->counts.item[c], options->rounds,
				"", "cpu", "wall", "once", "behind", "turn");
			for (size_t i = 0; i < sizeof steps / sizeof *steps;)
				i += container_turns(options, &options->server[s], &steps[i],
					options->counts.item[c]);
		}
}
