/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lockstep: every cell (command, pipeline, connections, value size) is measured in rounds; in a
 * round each server gets one window, the order turns from round to round. So a slow minute of the
 * machine slows all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "modes.h"
#include "report.h"
#include "window.h"

enum { FIGURE_SERVER, FIGURE_ROUND };

struct cell {
	const struct workload *workload;
	long pipeline, clients, size;
};

/* The servers [first, first + count) of the options are up and loaded. */
struct run {
	struct options *options;
	struct report *report;
	struct load_state loaded;
	enum turn_policy policy;
	int first, count, generation, next_cell;
};

static void server_load(const struct server *server, const struct request *request, uint64_t keys)
{
	free(client_ask(server->port, "*1\r\n$8\r\nFLUSHALL\r\n"));
	if (request)
		client_load(server->port, request, keys);
}

/* Whether the content has to be made anew; remembers it as made. */
static int load_is_due(struct load_state *state, const char *load, long value_bytes)
{
	if (state->is_known && state->load == load && (!load || state->value_bytes == value_bytes))
		return 0;
	*state = (struct load_state){ load, value_bytes, 1 };
	return 1;
}

static void some_load(const struct server *servers, int count, const struct options *options,
	const struct load_state *state)
{
	struct request *request = state->load
		? request_new(state->load, (uint64_t)options->keys, (size_t)state->value_bytes)
		: NULL;

	for (int i = 0; i < count; i++)
		server_load(&servers[i], request, (uint64_t)options->keys);
	if (request)
		request_free(request);
}

void servers_load(
	struct options *options, struct load_state *state, const char *load, long value_bytes)
{
	if (load_is_due(state, load, value_bytes))
		some_load(options->server, options->server_count, options, state);
}

static void round_run(struct run *run, struct window *windows, int cell, int round)
{
	for (int turn = 0; turn < run->count; turn++) {
		int i = (turn + round) % run->count, server = run->first + i;
		struct figures figures = window_run(&windows[i]);

		report_set(run->report, (int[]){ FIGURE_SERVER, cell, server, round },
			figures.server_us);
		report_set(run->report, (int[]){ FIGURE_ROUND, cell, server, round },
			figures.round_us);
	}
}

static int cell_index(struct run *run, const struct cell *cell)
{
	if (run->next_cell < run->report->cell_count)
		return run->next_cell++;
	run->next_cell++;
	if (run->options->sizes.count > 1)
		return report_cell(run->report,
			grab_text("%s %ld B P%ld c%ld", cell->workload->name, cell->size,
				cell->pipeline, cell->clients));
	return report_cell(run->report, grab_text("%s P%ld c%ld", cell->workload->name,
		cell->pipeline, cell->clients));
}

static void cell_run(struct run *run, const struct cell *cell)
{
	struct options *options = run->options;
	struct request *request = request_new(cell->workload->command, (uint64_t)options->keys,
		(size_t)cell->size);
	struct window windows[SERVERS_MAX];
	int index = cell_index(run, cell), first = run->generation * (int)options->rounds;

	for (int i = 0; i < run->count; i++) {
		windows[i] = (struct window){ .server = &options->server[run->first + i],
			.request = request, .client_count = (int)cell->clients,
			.pipeline = (int)cell->pipeline, .random = UINT64_C(0x9e3779b97f4a7c15),
			.window_ms = options->window_ms, .batch = options->batch,
			.percent = options->percent };
		window_open(&windows[i]);
	}
	for (int round = first; round < first + options->rounds; round++)
		round_run(run, windows, index, round);
	for (int i = 0; i < run->count; i++)
		window_close(&windows[i]);
	request_free(request);
	report_progress(run->report, index);
}

static void workload_run(struct run *run, const struct workload *workload, long size)
{
	struct options *options = run->options;

	if (load_is_due(&run->loaded, workload->load, size))
		some_load(&options->server[run->first], run->count, options, &run->loaded);
	for (int p = 0; p < options->pipeline.count; p++) {
		for (int c = 0; c < options->clients.count; c++) {
			struct cell cell = { workload, options->pipeline.item[p],
				options->clients.item[c], size };

			cell_run(run, &cell);
		}
	}
}

static void span_run(struct run *run, int first, int count)
{
	struct options *options = run->options;

	run->first = first;
	run->count = count;
	run->next_cell = 0;
	run->loaded = (struct load_state){ 0 };
	for (int i = first; i < first + count; i++)
		server_start(&options->server[i], (int)options->core, run->policy);
	for (int s = 0; s < options->sizes.count; s++)
		for (int w = 0; w < options->workload_count; w++)
			workload_run(run, &options->workload[w], options->sizes.item[s]);
	for (int i = first; i < first + count; i++)
		server_stop(&options->server[i]);
}

static void generation_run(struct run *run)
{
	int servers = run->options->server_count;

	if (run->options->together) {
		span_run(run, 0, servers);
		return;
	}
	for (int turn = 0; turn < servers; turn++)
		span_run(run, (turn + run->generation) % servers, 1);
}

void lockstep_run(struct options *options)
{
	static const char *const policies[] = { "SCHED_RR", "SCHED_BATCH", "SCHED_OTHER" };
	struct run run = { .options = options };

	run.policy = turn_take((int)options->core, TURN_REAL);
	run.report = report_new(options, (int)(options->rounds * options->generations));
	report_figure(run.report, "server", "µs/request");
	report_figure(run.report, "round", "µs/request");
	fprintf(stderr, "client and servers in turn on core %ld (%s)\n", options->core,
		policies[run.policy]);
	for (; run.generation < options->generations; run.generation++)
		generation_run(&run);
	report_print(run.report);
}
