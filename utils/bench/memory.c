/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Memory: (used_memory with the data − used_memory of the empty server) / elements, and the same of
 * the resident set. A fresh server for each line, so that nothing is hidden in what an earlier one
 * freed. For strings an element is a key; for containers an element is a member, and the keys are
 * in the figure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "modes.h"
#include "report.h"

enum {
	FIGURE_USED, FIGURE_RESIDENT,
	SETTLE_POLLS_MAX = 50,
	SETTLE_POLL_MS = 100,
	SETTLE_STABLE = 4,
};

struct shape {
	const char *name;
	const char *load;
	long value_bytes;
	long per_request;              /* elements that one request brings */
};

#define FIVE(a) a "1 __value__ " a "2 __value__ " a "3 __value__ " a "4 __value__ " a "5 __value__"
#define SCORED "1 a:__rand__ 2 b:__rand__ 3 c:__rand__ 4 d:__rand__ 5 e:__rand__"

/* All keys and members of strings are 16 bytes unless said otherwise. */
static const struct shape shapes[] = {
	{ "string16", "SET __key__ __value__", 16, 1 },
	{ "ttl16", "SET __key__ __value__ EX 1000000", 16, 1 },
	{ "string100", "SET __key__ __value__", 100, 1 },
	{ "string1000", "SET __key__ __value__", 1000, 1 },
	{ "int", "SET __key__ __int__", 1, 1 },
	{ "hash-small", "HSET __key__ " FIVE("field"), 16, 5 },
	{ "hash-large", "HSET hash fld:__rand__ __value__", 16, 1 },
	{ "list-small", "RPUSH __key__ __value__ __value__ __value__ __value__ __value__", 16, 5 },
	{ "list-large", "RPUSH list __value__", 16, 1 },
	{ "set-small", "SADD __key__ a:__rand__ b:__rand__ c:__rand__ d:__rand__ e:__rand__", 16,
		5 },
	{ "set-large", "SADD set mem:__rand__", 16, 1 },
	{ "set-int", "SADD set __int__", 16, 1 },
	{ "zset-small", "ZADD __key__ " SCORED, 16, 5 },
	{ "zset-large", "ZADD zset __int__ mem:__rand__", 16, 1 },
	{ "stream-large", "XADD stream * field __value__", 16, 1 },
};

static const struct shape *shape_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (strlen(shapes[i].name) == len && !memcmp(shapes[i].name, name, len))
			return &shapes[i];
	fputs("shapes:", stderr);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		fprintf(stderr, " %s", shapes[i].name);
	fputc('\n', stderr);
	die("no shape '%.*s'", (int)len, name);
}

/* used_memory once it stands still: tables that grow step by step have then finished. */
static int64_t used_settled(const struct server *server)
{
	int64_t last = -1;
	int stable = 0;

	for (int i = 0; i < SETTLE_POLLS_MAX && stable < SETTLE_STABLE; i++) {
		int64_t used = server_info(server, "used_memory");

		if (used < 0)
			die("%s: no used_memory in INFO", server->name);
		stable = used == last ? stable + 1 : 0;
		last = used;
		sleep_ms(SETTLE_POLL_MS);
	}
	return last;
}

static void shape_measure(struct options *options, struct report *report, const struct shape *shape,
	long count)
{
	long requests = count / shape->per_request;
	double elements = (double)requests * (double)shape->per_request;
	struct request *request =
		request_new(shape->load, (uint64_t)count, (size_t)shape->value_bytes);
	int cell = report_cell(report, grab_text("%s × %ld", shape->name, count));

	for (int i = 0; i < options->server_count; i++) {
		struct server *server = &options->server[i];

		server_start(server, (int)options->core, TURN_NORMAL);
		int64_t used = used_settled(server), resident = server_rss(server);
		client_load(server->port, request, (uint64_t)requests);
		used = used_settled(server) - used;
		resident = server_rss(server) - resident;
		report_set(report, (int[]){ FIGURE_USED, cell, i, 0 }, (double)used / elements);
		report_set(report, (int[]){ FIGURE_RESIDENT, cell, i, 0 },
			(double)resident / elements);
		server_stop(server);
	}
	request_free(request);
	report_progress(report, cell);
}

void memory_run(struct options *options)
{
	struct report *report = report_new(options, 1);

	report_figure(report, "used", "bytes/element");
	report_figure(report, "resident", "bytes/element");
	for (int c = 0; c < options->counts.count; c++) {
		const char *at = options->shapes ? options->shapes : "string16,ttl16,string100";

		while (*at) {
			size_t len = strcspn(at, ",");

			shape_measure(
				options, report, shape_find(at, len), options->counts.item[c]);
			at += len;
			at += *at == ',';
		}
	}
	report_print(report);
}
