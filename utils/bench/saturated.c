/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Saturated: redis-benchmark drives one server at a time from another core, in interleaved rounds.
 * Figures: processor time per request (the server's own clock, what a busy server is limited by),
 * wall time per request, and requests per second as redis-benchmark prints them. Both run under
 * SCHED_RR where that is allowed, so that other work does not get in between. With one core only
 * both share it, and wall time then means little.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "modes.h"
#include "report.h"

enum {
	FIGURE_CPU, FIGURE_TIME, FIGURE_RATE,
	WORDS_MAX = 64,
	WORDS_BEFORE = 16,
	TRIAL_REQUESTS = 20000,
};

struct drive {
	const struct options *options;
	const struct server *server;
	const struct workload *workload;
	long pipeline, clients, size, requests;
};

static void child_exec(const struct drive *drive, int out)
{
	char **command = request_words(drive->workload->command, (size_t)drive->size, WORDS_MAX);
	char *words[WORDS_BEFORE + WORDS_MAX + 1] = {
		"redis-benchmark", "-h", "127.0.0.1", "-p", grab_text("%d", drive->server->port),
		"-c", grab_text("%ld", drive->clients), "-P", grab_text("%ld", drive->pipeline),
		"-n", grab_text("%ld", drive->requests),
		"-r", grab_text("%ld", drive->options->keys),
		"--csv",
	};
	int count = 14;

	for (int i = 0; command[i]; i++)
		words[count++] = command[i];
	turn_take(core_other((int)drive->options->core), TURN_REAL);
	if (dup2(out, 1) < 0)
		_exit(127);
	close(out);
	execvp(words[0], words);
	_exit(127);
}

/* Requests per second, out of the last line of `"name","rate",…`. */
static double rate_read(FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	double rate = -1;

	while (getline(&line, &room, file) > 0) {
		char *comma = strstr(line, "\",\"");

		if (comma)
			rate = strtod(comma + 3, NULL);
	}
	free(line);
	return rate;
}

static double drive_run(const struct drive *drive)
{
	int pipes[2], status;

	if (pipe(pipes) < 0)
		die("no pipe");
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		die("cannot fork");
	if (!pid) {
		close(pipes[0]);
		child_exec(drive, pipes[1]);
	}
	close(pipes[1]);
	FILE *file = fdopen(pipes[0], "r");
	if (!file)
		die("no pipe");
	double rate = rate_read(file);
	fclose(file);
	if (waitpid(pid, &status, 0) != pid || status || rate <= 0)
		die("redis-benchmark failed against %s", drive->server->name);
	return rate;
}

static void window_drive(struct report *report, struct drive *drive, int at[4])
{
	const struct options *options = drive->options;
	int64_t cpu = server_cpu_ns(drive->server);
	double rate = drive_run(drive);

	cpu = server_cpu_ns(drive->server) - cpu;
	at[0] = FIGURE_CPU;
	report_set(report, at, (double)cpu / 1000 / (double)drive->requests);
	at[0] = FIGURE_TIME;
	report_set(report, at, 1e6 / rate);
	at[0] = FIGURE_RATE;
	report_set(report, at, rate / 1000);
	drive->requests = (long)(rate * (double)options->seconds);
}

static void cell_run(struct options *options, struct report *report, const struct drive *model)
{
	struct drive drives[SERVERS_MAX];
	int cell = report_cell(report, grab_text("%s P%ld c%ld", model->workload->name,
		model->pipeline, model->clients));

	for (int i = 0; i < options->server_count; i++) {
		drives[i] = *model;
		drives[i].server = &options->server[i];
		drives[i].requests = TRIAL_REQUESTS * (model->pipeline > 10 ? 10 : 1);
		drives[i].requests = (long)(drive_run(&drives[i]) * (double)options->seconds);
	}
	for (int round = 0; round < options->rounds; round++) {
		for (int turn = 0; turn < options->server_count; turn++) {
			int server = (turn + round) % options->server_count;

			window_drive(report, &drives[server], (int[]){ 0, cell, server, round });
		}
	}
	report_progress(report, cell);
}

void saturated_run(struct options *options)
{
	struct report *report = report_new(options, (int)options->rounds);
	struct load_state state = { 0 };

	report_figure(report, "cpu", "µs/request");
	report_figure(report, "time", "µs/request");
	report_figure(report, "rate", "1000 requests/s");
	if (core_other((int)options->core) == options->core)
		fprintf(stderr, "one core only: client and server share it\n");
	for (int i = 0; i < options->server_count; i++)
		server_start(&options->server[i], (int)options->core, TURN_REAL);
	for (int w = 0; w < options->workload_count; w++) {
		const struct workload *workload = &options->workload[w];

		servers_load(options, &state, workload->load, options->sizes.item[0]);
		for (int p = 0; p < options->pipeline.count; p++) {
			for (int c = 0; c < options->clients.count; c++) {
				struct drive model = { options, NULL, workload,
					options->pipeline.item[p], options->clients.item[c],
					options->sizes.item[0], 0 };

				cell_run(options, report, &model);
			}
		}
	}
	report_print(report);
	for (int i = 0; i < options->server_count; i++)
		server_stop(&options->server[i]);
}
