/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Connections: what ten thousand of them cost when a hundred are busy. Each server gets its idle
 * connections from a process of its own, so that the limit of open files applies to each alone;
 * every idle one has sent a PING before it fell silent, so whatever the server allots at first use
 * is in the figure. Memory is the server's own (used_memory) and resident; the kernel's socket
 * memory is the same for all and not counted. Cost is measured in lockstep: one batch is one
 * request on each active connection.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "modes.h"
#include "report.h"
#include "window.h"

enum {
	FIGURE_SERVER,
	FIGURE_ROUND,
	FIGURE_USED,
	FIGURE_RESIDENT,
	FIGURE_TAKEN,
	SETTLE_MS = 4000,              /* buffers of idle clients are shrunk now and then */
	FDS_SPARE = 64,
	INFO_SPARE = 4,                /* connections for asking INFO */
	OPEN_AT_ONCE = 100,            /* below any listen backlog */
};

struct crowd {
	pid_t holder;
	long taken;
};

static int connection_asks(const struct client *client)
{
	static const char ping[] = "*1\r\n$4\r\nPING\r\n";

	return write(client->fd, ping, sizeof ping - 1) == (ssize_t)sizeof ping - 1;
}

static int connection_is_answered(struct client *client)
{
	char reply[256];
	ssize_t got = read(client->fd, reply, sizeof reply);

	if (got <= 0)
		return 0;
	reply_scan(&client->scan, reply, (size_t)got, 1);
	return client->scan.replies && !client->scan.errors;
}

/* Opens up to `wanted`, all at once, so that a server whose turns are long has few of them. Returns
 * how many it answered, whose sockets are in `fds`. */
static long some_open(const struct server *server, long wanted, int *fds)
{
	struct client clients[OPEN_AT_ONCE] = { 0 };
	long opened = 0, taken = 0;

	for (; opened < wanted && opened < OPEN_AT_ONCE; opened++) {
		clients[opened].fd = client_try(server->port);
		if (clients[opened].fd < 0)
			break;
		if (!connection_asks(&clients[opened])) {
			close(clients[opened].fd);
			break;
		}
	}
	for (long i = 0; i < opened; i++) {
		if (connection_is_answered(&clients[i]))
			fds[taken++] = clients[i].fd;
		else
			close(clients[i].fd);
	}
	return taken;
}

/* Opens as many as the server takes, says how many, and holds them until it is killed. A server
 * that has enough before all are open gets `spare` back: the active ones need them. */
static void holder_run(const struct server *server, long wanted, long spare, int out)
{
	int *fds = grab((size_t)wanted, sizeof *fds);
	long taken = 0, more;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (taken < wanted && (more = some_open(server, wanted - taken, fds + taken)))
		taken += more;
	if (taken < wanted)
		for (; spare && taken; spare--)
			close(fds[--taken]);
	if (write(out, &taken, sizeof taken) != (ssize_t)sizeof taken)
		_exit(1);
	for (;;)
		pause();
}

static struct crowd crowd_gather(const struct server *server, const struct options *options)
{
	struct crowd crowd = { 0 };
	int pipes[2];

	if (pipe(pipes) < 0)
		die("no pipe");
	fflush(NULL);
	crowd.holder = fork();
	if (crowd.holder < 0)
		die("cannot fork");
	if (!crowd.holder)
		holder_run(server, options->idle, options->active + INFO_SPARE, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &crowd.taken, sizeof crowd.taken) != (ssize_t)sizeof crowd.taken)
		die("%s: the idle connections could not be opened", server->name);
	close(pipes[0]);
	return crowd;
}

static void files_allow(long wanted)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if ((rlim_t)wanted + FDS_SPARE > limit.rlim_cur)
		die("%ld open files are allowed, %ld needed: ulimit -n", (long)limit.rlim_cur,
			wanted + FDS_SPARE);
}

static void crowds_measure(
	struct options *options, struct report *report, struct crowd *crowds, int cell)
{
	int64_t used[SERVERS_MAX], resident[SERVERS_MAX];

	for (int i = 0; i < options->server_count; i++) {
		used[i] = server_info(&options->server[i], "used_memory");
		resident[i] = server_rss(&options->server[i]);
		crowds[i] = crowd_gather(&options->server[i], options);
	}
	sleep_ms(SETTLE_MS);
	for (int i = 0; i < options->server_count; i++) {
		double taken = crowds[i].taken ? (double)crowds[i].taken : 1;
		int64_t now = server_info(&options->server[i], "used_memory");

		report_set(report, (int[]){ FIGURE_TAKEN, cell, i, 0 }, (double)crowds[i].taken);
		report_set(report, (int[]){ FIGURE_RESIDENT, cell, i, 0 },
			(double)(server_rss(&options->server[i]) - resident[i]) / taken);
		if (used[i] >= 0)
			report_set(report, (int[]){ FIGURE_USED, cell, i, 0 },
				(double)(now - used[i]) / taken);
	}
}

static void costs_measure(
	struct options *options, struct report *report, const struct crowd *crowds, int cell)
{
	struct request *request = request_new(options->workload[0].command, (uint64_t)options->keys,
		(size_t)options->sizes.item[0]);
	struct window windows[SERVERS_MAX];

	for (int i = 0; i < options->server_count; i++) {
		windows[i] = (struct window){ .server = &options->server[i], .request = request,
			.client_count = (int)options->active, .pipeline = 1,
			.random = UINT64_C(0x9e3779b97f4a7c15), .window_ms = options->window_ms,
			.batch = options->active, .percent = options->percent };
		if (crowds[i].taken)
			window_open(&windows[i]);
	}
	for (int round = 0; round < options->rounds; round++) {
		for (int turn = 0; turn < options->server_count; turn++) {
			int server = (turn + round) % options->server_count;

			if (!crowds[server].taken)
				continue;
			struct figures figures = window_run(&windows[server]);
			report_set(report, (int[]){ FIGURE_SERVER, cell, server, round },
				figures.server_us);
			report_set(report, (int[]){ FIGURE_ROUND, cell, server, round },
				figures.round_us);
		}
	}
	for (int i = 0; i < options->server_count; i++)
		if (crowds[i].taken)
			window_close(&windows[i]);
	request_free(request);
}

void connections_run(struct options *options)
{
	struct report *report = report_new(options, (int)options->rounds);
	struct load_state state = { 0 };
	struct crowd crowds[SERVERS_MAX];

	report_figure(report, "server", "µs/request");
	report_figure(report, "round", "µs/request");
	report_figure(report, "used", "bytes/idle connection");
	report_figure(report, "resident", "bytes/idle connection");
	report_figure(report, "taken", "idle connections");
	files_allow(options->idle + options->active * options->server_count);
	enum turn_policy policy = turn_take((int)options->core, TURN_REAL);
	for (int i = 0; i < options->server_count; i++)
		server_start(&options->server[i], (int)options->core, policy);
	servers_load(options, &state, options->workload[0].load, options->sizes.item[0]);
	int cell = report_cell(report, grab_text("%ld idle, %ld active, %s", options->idle,
		options->active, options->workload[0].name));
	crowds_measure(options, report, crowds, cell);
	costs_measure(options, report, crowds, cell);
	report_progress(report, cell);
	report_print(report);
	for (int i = 0; i < options->server_count; i++) {
		kill(crowds[i].holder, SIGKILL);
		waitpid(crowds[i].holder, NULL, 0);
		server_stop(&options->server[i]);
	}
}
