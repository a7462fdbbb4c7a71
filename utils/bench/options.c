/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line: --name value throughout. The known workloads are those of redis-benchmark, with
 * keys of 16 bytes spread over the whole key space.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIVE(word) word " " word " " word " " word " " word
#define TEN(word) FIVE(word) " " FIVE(word)

static const char load_strings[] = "SET __key__ __value__";

static const struct workload known[] = {
	{ "ping", "PING", NULL },
	{ "get", "GET __key__", load_strings },
	{ "set", "SET __key__ __value__", load_strings },
	{ "mset", "MSET " TEN("__key__ __value__"), load_strings },
	{ "mget", "MGET " TEN("__key__"), load_strings },
	{ "incr", "INCR __key__", "SET __key__ __int__" },
	{ "lpush", "LPUSH __key__ __value__", NULL },
	{ "rpush", "RPUSH __key__ __value__", NULL },
	{ "lpop", "LPOP __key__", "RPUSH __key__ a b c d e f g h" },
	{ "rpop", "RPOP __key__", "RPUSH __key__ a b c d e f g h" },
	{ "lrange_100", "LRANGE list 0 99", "RPUSH list __value__" },
	{ "lrange_300", "LRANGE list 0 299", "RPUSH list __value__" },
	{ "lrange_500", "LRANGE list 0 499", "RPUSH list __value__" },
	{ "lrange_600", "LRANGE list 0 599", "RPUSH list __value__" },
	{ "sadd", "SADD set m:__rand__", "SADD set m:__rand__" },
	{ "spop", "SPOP set", "SADD set m:__rand__" },
	{ "hset", "HSET hash f:__rand__ __value__", "HSET hash f:__rand__ __value__" },
	{ "hget", "HGET hash f:__rand__", "HSET hash f:__rand__ __value__" },
	{ "zadd", "ZADD zset __int__ m:__rand__", "ZADD zset __int__ m:__rand__" },
	{ "zrank", "ZRANK zset m:__rand__", "ZADD zset __int__ m:__rand__" },
	{ "zrange", "ZRANGE zset __int__ +inf BYSCORE LIMIT 0 10", "ZADD zset __int__ m:__rand__" },
	{ "zpopmin", "ZPOPMIN zset", "ZADD zset __int__ m:__rand__" },
	{ "xadd", "XADD stream * field __value__", NULL },
};

void options_help(void)
{
	puts("bench lockstep|saturated|memory|connections --server NAME='COMMAND {port} {dir}' ...\n"
	     "\n"
	     "  --server NAME=CMD    a server; the first one is what the others are compared with\n"
	     "  --commands a,b,c     ping get set incr mset mget lpush rpop lrange_100 lrange_600 sadd\n"
	     "                       spop hset hget zadd zrank zrange zpopmin xadd   [get,set,incr]\n"
	     "  --command TEMPLATE   any other; __key__ __rand__ __int__ __value__ are filled in\n"
	     "  --load TEMPLATE      what fills the server before the last --command\n"
	     "  --pipeline LIST      requests in flight per connection   [1,16,100]\n"
	     "  --clients LIST       connections   [1,5,50]\n"
	     "  --sizes LIST         bytes of a value   [16]\n"
	     "  --keys N             key space   [500000]\n"
	     "  --rounds N           windows of each server   [3]\n"
	     "  --generations N      lockstep: how often the servers are started anew   [8]\n"
	     "  --together 1         lockstep: all servers up at once, windows in turn   [0]\n"
	     "  --window-ms N        lockstep: time for one server in one round   [25]\n"
	     "  --batch N            lockstep: most requests in a batch   [1000]\n"
	     "  --percentile N       lockstep: which of a window's batches counts   [10]\n"
	     "  --seconds N          saturated: time for one server in one round   [1]\n"
	     "  --counts LIST        memory: elements   [500000,1000000]\n"
	     "  --shapes LIST        memory: see README   [string16,ttl16,string100]\n"
	     "  --idle N --active N  connections   [9900, 100]\n"
	     "  --core N             the core that servers run on   [the last]\n"
	     "  --figure NAME        lockstep: server or round; saturated: cpu or time   [server, cpu]\n"
	     "  --tsv, --raw, --svg, --png FILE; --title TEXT");
}

static void server_add(struct options *options, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		die("--server wants NAME=COMMAND, not '%s'", text);
	if (options->server_count == SERVERS_MAX)
		die("at most %d servers", SERVERS_MAX);
	*equals = '\0';
	options->server[options->server_count].name = text;
	options->server[options->server_count++].command = equals + 1;
}

static void workload_add(struct options *options, struct workload workload)
{
	if (options->workload_count == COMMANDS_MAX)
		die("at most %d commands", COMMANDS_MAX);
	options->workload[options->workload_count++] = workload;
}

static void workload_add_known(struct options *options, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ","), i;

		for (i = 0; i < sizeof known / sizeof *known; i++)
			if (strlen(known[i].name) == len && !memcmp(known[i].name, names, len))
				break;
		if (i == sizeof known / sizeof *known)
			die("no command '%.*s' is known; --command takes any", (int)len, names);
		workload_add(options, known[i]);
		names += len;
		names += *names == ',';
	}
}

static int option_number(struct options *options, const char *name, const char *value)
{
	const struct { const char *name; long *where, low, high; } numbers[] = {
		{ "--keys", &options->keys, 1, 100000000 },
		{ "--rounds", &options->rounds, 1, ROUNDS_MAX },
		{ "--generations", &options->generations, 1, GENERATIONS_MAX },
		{ "--window-ms", &options->window_ms, 1, 10000 },
		{ "--batch", &options->batch, 1, 100000 },
		{ "--percentile", &options->percent, 0, 100 },
		{ "--together", &options->together, 0, 1 },
		{ "--seconds", &options->seconds, 1, 60 },
		{ "--idle", &options->idle, 0, 1000000 },
		{ "--active", &options->active, 1, 10000 },
		{ "--core", &options->core, 0, 1023 },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (strcmp(name, numbers[i].name))
			continue;
		*numbers[i].where = number_parse(value, numbers[i].low, numbers[i].high);
		return 1;
	}
	return 0;
}

static int option_list(struct options *options, const char *name, const char *value)
{
	const struct { const char *name; struct number_list *where; long high; } lists[] = {
		{ "--pipeline", &options->pipeline, 10000 },
		{ "--clients", &options->clients, 10000 },
		{ "--sizes", &options->sizes, 16 * 1024 * 1024 },
		{ "--counts", &options->counts, 100000000 },
	};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		if (strcmp(name, lists[i].name))
			continue;
		*lists[i].where = number_list_parse(value, 1, lists[i].high);
		return 1;
	}
	return 0;
}

static int option_text(struct options *options, const char *name, const char *value)
{
	const struct { const char *name; const char **where; } texts[] = {
		{ "--figure", &options->figure },
		{ "--tsv", &options->tsv },
		{ "--raw", &options->raw },
		{ "--svg", &options->svg },
		{ "--png", &options->png },
		{ "--title", &options->title },
		{ "--shapes", &options->shapes },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(name, texts[i].name))
			continue;
		*texts[i].where = value;
		return 1;
	}
	return 0;
}

static void option_set(struct options *options, const char *name, char *value)
{
	if (option_number(options, name, value) || option_list(options, name, value) ||
	    option_text(options, name, value))
		return;
	if (!strcmp(name, "--server")) {
		server_add(options, value);
	} else if (!strcmp(name, "--commands")) {
		workload_add_known(options, value);
	} else if (!strcmp(name, "--command")) {
		workload_add(options, (struct workload){ value, value, NULL });
	} else if (!strcmp(name, "--load")) {
		if (!options->workload_count)
			die("--load belongs behind a --command");
		options->workload[options->workload_count - 1].load = value;
	} else {
		die("no option %s; bench --help lists them", name);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	memset(options, 0, sizeof *options);
	options->pipeline = number_list_parse("1,16,100", 1, 100);
	options->clients = number_list_parse("1,5,50", 1, 100);
	options->sizes = number_list_parse("16", 1, 100);
	options->counts = number_list_parse("500000,1000000", 1, 1000000);
	options->keys = 500000;
	options->rounds = 3;
	options->generations = 8;
	options->window_ms = 25;
	options->batch = 1000;
	options->percent = 10;
	options->seconds = 1;
	options->idle = 9900;
	options->active = 100;
	options->core = core_last();
	for (int i = 0; i < argc; i += 2) {
		if (i + 1 == argc)
			die("%s wants a value", argv[i]);
		option_set(options, argv[i], argv[i + 1]);
	}
	if (!options->server_count)
		die("no --server given");
	if (!options->workload_count)
		workload_add_known(options, "get,set,incr");
}
