/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line. One struct serves all modes; each reads what it needs.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "server.h"
#include "util.h"

enum {
	COMMANDS_MAX = 32,
	ROUNDS_MAX = 100,
	GENERATIONS_MAX = 10,
};

/* What to measure, and what must be in the server before. */
struct workload {
	const char *name;
	const char *command;
	const char *load;              /* run for 0 … keys-1; NULL for nothing */
};

struct options {
	struct server server[SERVERS_MAX];
	int server_count;
	struct workload workload[COMMANDS_MAX];
	int workload_count;
	struct number_list pipeline, clients, sizes;
	struct number_list counts;     /* memory: how many elements */
	const char *shapes; /* memory: names, comma-separated; NULL for the three of strings */
	long keys, rounds, generations, window_ms, batch, percent, core, together, seconds, idle,
		active;
	const char *figure;            /* which figure the picture and the TSV show */
	const char *tsv, *raw, *svg, *png, *title;
};

void options_parse(struct options *options, int argc, char **argv);
void options_help(void);

#endif
