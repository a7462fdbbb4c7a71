/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Snapshot: how long a GET takes before a background save and during it, with the server half
 * loaded: after each reply the client waits as long as it took. One request in ten is a SET of a
 * random key, so that there is something for the save to be protected from.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "modes.h"

enum {
	BEFORE_S = 4,
	AROUND_S = 100,                /* a save that takes longer is not waited for */
	ASK_EVERY_MS = 50,
	WRITE_PERCENT = 10,
	VALUE_BYTES = 100,
	SAMPLES_MAX = 8 * 1000 * 1000,
	REQUEST_MAX_CHARS = 256,
};

struct sampling {
	struct server *server;
	struct client client;
	uint64_t random, keys, replies;
	double *us;
	int count;
};

static void ask(const struct server *server, const char *request)
{
	char *reply = client_ask(server->port, request);

	if (*reply == '-')
		die("%s: %s", request, reply);
	free(reply);
}

static void one_request(struct sampling *s)
{
	static const char value[VALUE_BYTES + 1];
	char text[REQUEST_MAX_CHARS], key[40];
	int is_write = random_below(&s->random, 100) < WRITE_PERCENT;
	int len = snprintf(key, sizeof key, "key:%0*lu", KEY_DIGITS,
		(unsigned long)random_below(&s->random, s->keys));
	int at = snprintf(text, sizeof text, "*%d\r\n$3\r\n%s\r\n$%d\r\n%s\r\n", is_write ? 3 : 2,
		is_write ? "SET" : "GET", len, key);

	if (is_write) {
		at += snprintf(text + at, sizeof text - (size_t)at, "$%d\r\n", VALUE_BYTES);
		memcpy(text + at, value, VALUE_BYTES);
		memcpy(text + at + VALUE_BYTES, "\r\n", 2);
		at += VALUE_BYTES + 2;
	}
	int64_t begin = clock_ns();
	client_send(&s->client, text, (size_t)at);
	client_await(&s->client, ++s->replies);
	int64_t end = clock_ns();
	if (!is_write && s->count < SAMPLES_MAX)
		s->us[s->count++] = (double)(end - begin) / 1e3;
	/* Half of the time is the server's. */
	while (clock_ns() < end + (end - begin))
		;
}

static void sample(struct sampling *s, int64_t seconds, int until_saved)
{
	int64_t begin = clock_ns(), asked = begin;

	s->count = 0;
	while (clock_ns() - begin < seconds * 1000000000) {
		one_request(s);
		if (!until_saved || clock_ns() - asked < ASK_EVERY_MS * 1000000)
			continue;
		asked = clock_ns();
		if (server_info(s->server, "rdb_bgsave_in_progress") == 0)
			return;
	}
}

/* The server's turns since the last call, if it tells them, and begins anew. */
static void print_turns(const struct server *server)
{
	static const char field[] = "eventloop_duration_usec:";
	char *info = client_ask(server->port, "*2\r\n$4\r\nINFO\r\n$10\r\neverything\r\n");
	char *at = strstr(info, field);

	if (at) {
		at += strlen(field);
		at[strcspn(at, "\r\n")] = '\0';
		printf("           turns %s µs\n", at);
	}
	free(info);
	ask(server, "*2\r\n$6\r\nCONFIG\r\n$9\r\nRESETSTAT\r\n");
}

static void print_sample(const struct sampling *s, const char *when)
{
	double p50 = percentile(s->us, s->count, 50), p99 = percentile(s->us, s->count, 99);
	double p999 = percentile(s->us, s->count, 99.9), most = percentile(s->us, s->count, 100);

	printf("  %-8s GET p50 %7.1f  p99 %7.1f  p99.9 %8.1f  max %9.1f µs  (%d)\n", when, p50, p99,
		p999, most, s->count);
}

/* A child that saves runs where it wants; the server stays on its core, away from the client. (Left
 * to itself it is woken on the client's core, behind a client that waits there busily.) */
static void children_unpin(const struct server *server)
{
	cpu_set_t cores;
	char path[64];
	int pid;

	CPU_ZERO(&cores);
	for (int i = 0; i < CPU_SETSIZE && i <= core_last(); i++)
		CPU_SET(i, &cores);
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)server->pid, (int)server->pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		sched_setaffinity(pid, sizeof cores, &cores);
	fclose(file);
}

static void populate(const struct server *server, uint64_t keys)
{
	struct request *request = request_new("SET __key__ __value__", keys, VALUE_BYTES);

	client_load(server->port, request, keys);
	request_free(request);
}

static void server_snapshot(struct options *options, struct server *server, uint64_t keys)
{
	struct sampling s = { .server = server, .random = 7, .keys = keys };
	int client_core = core_other((int)options->core);
	cpu_set_t mine;

	server_start(server, (int)options->core, TURN_NORMAL);
	CPU_ZERO(&mine);
	CPU_SET(client_core, &mine);
	sched_setaffinity(0, sizeof mine, &mine);
	populate(server, keys);
	s.us = grab(SAMPLES_MAX, sizeof *s.us);
	client_open(&s.client, server->port);

	int64_t rss = server_rss(server), used = server_info(server, "used_memory");
	printf("%s: %lu keys, %.2f GB\n", server->name, (unsigned long)keys, (double)used / 1e9);
	ask(server, "*2\r\n$6\r\nCONFIG\r\n$9\r\nRESETSTAT\r\n");
	sample(&s, BEFORE_S, 0);
	print_sample(&s, "before");
	print_turns(server);
	int64_t begin = clock_ns();
	ask(server, "*1\r\n$6\r\nBGSAVE\r\n");
	children_unpin(server);
	sample(&s, AROUND_S, 1);
	double took = (double)(clock_ns() - begin) / 1e9;
	print_sample(&s, "during");
	print_turns(server);
	int64_t extra = server_info(server, "rdb_last_cow_size");
	printf("  took %.1f s; extra memory %.1f MB (%.2f %%), resident %+.1f MB\n", took,
		(double)extra / 1e6, 100.0 * (double)extra / (double)used,
		(double)(server_rss(server) - rss) / 1e6);
	fflush(stdout);
	client_close(&s.client);
	free(s.us);
	server_stop(server);
}

void snapshot_run(struct options *options)
{
	for (int c = 0; c < options->counts.count; c++)
		for (int i = 0; i < options->server_count; i++)
			server_snapshot(options, &options->server[i],
				(uint64_t)options->counts.item[c]);
}
