/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A batch is kept below a millisecond or so by writing to some of the connections only, the next
 * ones in the next batch, when all of them together would exceed --batch requests.
 */
#include "window.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "util.h"

struct sample {
	double server, round;
	int is_disturbed;
};

static struct client *client_at(struct window *window, int index)
{
	return &window->clients[(window->next + index) % window->client_count];
}

static void batch_prepare(struct window *window, int lanes)
{
	for (int i = 0; i < lanes; i++) {
		struct client *client = client_at(window, i);

		client->out_len = 0;
		for (int p = 0; p < window->pipeline; p++)
			client->out_len += request_render(window->request, &window->random,
				client->out + client->out_len);
	}
}

static long switches_forced(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static struct sample batch_run(struct window *window, int lanes)
{
	long forced = switches_forced();
	int64_t cpu = server_cpu_ns(window->server), start = clock_ns();
	double requests = (double)lanes * window->pipeline;
	struct sample sample;

	for (int i = 0; i < lanes; i++) {
		struct client *client = client_at(window, i);

		client_send(client, client->out, client->out_len);
	}
	for (int i = 0; i < lanes; i++) {
		struct client *client = client_at(window, i);

		client_await(client, client->scan.replies + (uint64_t)window->pipeline);
	}
	sample.round = (double)(clock_ns() - start) / requests / 1000;
	sample.server = (double)(server_cpu_ns(window->server) - cpu) / requests / 1000;
	sample.is_disturbed = switches_forced() != forced;
	return sample;
}

static int lanes_of(const struct window *window)
{
	long lanes = window->batch / window->pipeline;

	if (lanes < 1)
		lanes = 1;
	return lanes < window->client_count ? (int)lanes : window->client_count;
}

void window_open(struct window *window)
{
	window->clients = grab((size_t)window->client_count, sizeof *window->clients);
	for (int i = 0; i < window->client_count; i++) {
		client_open(&window->clients[i], window->server->port);
		window->clients[i].out = grab((size_t)window->pipeline, window->request->size_max);
	}
}

void window_close(struct window *window)
{
	for (int i = 0; i < window->client_count; i++)
		client_close(&window->clients[i]);
	free(window->clients);
}

static void errors_check(const struct window *window)
{
	for (int i = 0; i < window->client_count; i++)
		if (window->clients[i].scan.errors)
			die("%s answers %s", window->server->name, window->clients[i].scan.error);
}

struct figures window_run(struct window *window)
{
	static double server[BATCHES_MAX], round[BATCHES_MAX];
	int64_t end = clock_ns() + window->window_ms * 1000000, limit = end + 2000000000;
	int lanes = lanes_of(window), count = 0, warm = 0;
	struct figures figures = { 0 };

	while (count < BATCHES_MAX &&
		(clock_ns() < end || (count < BATCHES_MIN && clock_ns() < limit))) {
		batch_prepare(window, lanes);
		struct sample sample = batch_run(window, lanes);

		window->next = (window->next + lanes) % window->client_count;
		if (warm++ < BATCHES_WARM)
			continue;
		if (sample.is_disturbed) {
			figures.disturbed++;
			continue;
		}
		server[count] = sample.server;
		round[count++] = sample.round;
	}
	errors_check(window);
	if (!count)
		die("%s: every batch was disturbed", window->server->name);
	figures.batches = count;
	figures.server_us = percentile(server, count, (double)window->percent);
	figures.round_us = percentile(round, count, (double)window->percent);
	return figures;
}
