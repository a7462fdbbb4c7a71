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

struct run {
	struct options *options;
	struct report *report;
	struct load_state loaded;
	int generation, next_cell;
};

void servers_load(
	struct options *options, struct load_state *state, const char *load, long value_bytes)
{
	if (state->is_known && state->load == load && (!load || state->value_bytes == value_bytes))
		return;
	*state = (struct load_state){ load, value_bytes, 1, state->turn };
	for (int i = 0; i < options->server_count; i++) {
		const struct server *server =
			&options->server[(i + state->turn) % options->server_count];

		free(client_ask(server->port, "*1\r\n$8\r\nFLUSHALL\r\n"));
		if (!load)
			continue;
		struct request *request =
			request_new(load, (uint64_t)options->keys, (size_t)value_bytes);

		client_load(server->port, request, (uint64_t)options->keys);
		request_free(request);
	}
}

static void round_run(struct options *options, struct window *windows, struct report *report,
	int cell, int round)
{
	for (int turn = 0; turn < options->server_count; turn++) {
		int server = (turn + round) % options->server_count;
		struct figures figures = window_run(&windows[server]);

		report_set(
			report, (int[]){ FIGURE_SERVER, cell, server, round }, figures.server_us);
		report_set(report, (int[]){ FIGURE_ROUND, cell, server, round }, figures.round_us);
	}
}

static int cell_index(struct run *run, const struct cell *cell)
{
	if (run->generation)
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

	for (int i = 0; i < options->server_count; i++) {
		windows[i] = (struct window){ .server = &options->server[i], .request = request,
			.client_count = (int)cell->clients, .pipeline = (int)cell->pipeline,
			.random = UINT64_C(0x9e3779b97f4a7c15), .window_ms = options->window_ms,
			.batch = options->batch, .percent = options->percent };
		window_open(&windows[i]);
	}
	for (int round = first; round < first + options->rounds; round++)
		round_run(options, windows, run->report, index, round);
	for (int i = 0; i < options->server_count; i++)
		window_close(&windows[i]);
	request_free(request);
	report_progress(run->report, index);
}

static void workload_run(struct run *run, const struct workload *workload, long size)
{
	struct options *options = run->options;

	servers_load(options, &run->loaded, workload->load, size);
	for (int p = 0; p < options->pipeline.count; p++) {
		for (int c = 0; c < options->clients.count; c++) {
			struct cell cell = { workload, options->pipeline.item[p],
				options->clients.item[c], size };

			cell_run(run, &cell);
		}
	}
}

/* Two processes of one program differ by a few percent for as long as they live (where their pages
 * lie, how their tables are seeded), so each server is started several times. */
static void generation_run(struct run *run, enum turn_policy policy)
{
	struct options *options = run->options;

	run->next_cell = 0;
	run->loaded = (struct load_state){ .turn = run->generation };
	for (int i = 0; i < options->server_count; i++)
		server_start(&options->server[(i + run->generation) % options->server_count],
			(int)options->core, policy);
	for (int s = 0; s < options->sizes.count; s++)
		for (int w = 0; w < options->workload_count; w++)
			workload_run(run, &options->workload[w], options->sizes.item[s]);
	for (int i = 0; i < options->server_count; i++)
		server_stop(&options->server[i]);
}

void lockstep_run(struct options *options)
{
	static const char *const policies[] = { "SCHED_FIFO", "SCHED_BATCH", "SCHED_OTHER" };
	struct run run = { .options = options };
	enum turn_policy policy = turn_take((int)options->core, TURN_FIFO);

	run.report = report_new(options, (int)(options->rounds * options->generations));
	report_figure(run.report, "server", "µs/request");
	report_figure(run.report, "round", "µs/request");
	fprintf(stderr, "client and servers in turn on core %ld (%s)\n", options->core,
		policies[policy]);
	for (; run.generation < options->generations; run.generation++)
		generation_run(&run, policy);
	report_print(run.report);
}
