/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Starting, asking and stopping servers. A server dies with the bench (PR_SET_PDEATHSIG), whatever
 * kills it, and its directory under /tmp goes with server_stop.
 */
#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "util.h"

int core_last(void)
{
	cpu_set_t set;
	int last = 0;

	sched_getaffinity(0, sizeof set, &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	return last;
}

int core_other(int core)
{
	static cpu_set_t set;
	static int is_known;

	if (!is_known)
		sched_getaffinity(0, sizeof set, &set);
	is_known = 1;
	for (int i = CPU_SETSIZE - 1; i >= 0; i--)
		if (i != core && CPU_ISSET(i, &set))
			return i;
	return core;
}

enum turn_policy turn_take(int core, enum turn_policy wanted)
{
	struct sched_param first = { .sched_priority = 1 }, none = { .sched_priority = 0 };
	cpu_set_t set;

	core_other(core);              /* remembers the cores before all but one are given up */
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		die("cannot run on core %d", core);
	if (wanted == TURN_REAL && !sched_setscheduler(0, SCHED_RR, &first))
		return TURN_REAL;
	if (wanted == TURN_NORMAL) {
		sched_setscheduler(0, SCHED_OTHER, &none);
		return TURN_NORMAL;
	}
	if (sched_setscheduler(0, SCHED_BATCH, &none) < 0)
		die("cannot set SCHED_BATCH");
	return TURN_BATCH;
}

static int port_free(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("no free port");
	close(fd);
	return ntohs(address.sin_port);
}

/* The template with {port} and {dir} filled in. */
static char *command_fill(const struct server *server)
{
	char *line = grab_text("exec ");

	for (const char *at = server->command; *at;) {
		char *longer;
		int used;

		if (!strncmp(at, "{port}", 6)) {
			longer = grab_text("%s%d", line, server->port);
			used = 6;
		} else if (!strncmp(at, "{dir}", 5)) {
			longer = grab_text("%s%s", line, server->dir);
			used = 5;
		} else {
			used = (int)strcspn(at + 1, "{") + 1;
			longer = grab_text("%s%.*s", line, used, at);
		}
		free(line);
		line = longer;
		at += used;
	}
	return line;
}

static void child_run(const struct server *server, int core, enum turn_policy policy)
{
	char *line = command_fill(server);
	char *log = grab_text("%s/output", server->dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int nothing = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	turn_take(core, policy);
	if (fd < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

static void output_show(const struct server *server)
{
	char *path = grab_text("%s/output", server->dir);
	char text[2000];
	FILE *file = fopen(path, "r");

	while (file && fgets(text, sizeof text, file))
		fputs(text, stderr);
	if (file)
		fclose(file);
	free(path);
}

void server_start(struct server *server, int core, enum turn_policy policy)
{
	snprintf(server->dir, sizeof server->dir, "/tmp/bench-XXXXXX");
	if (!mkdtemp(server->dir))
		die("cannot make a directory under /tmp");
	server->port = port_free();
	server->pid = fork();
	if (server->pid < 0)
		die("cannot fork");
	if (!server->pid)
		child_run(server, core, policy);
	for (int64_t end = clock_ns() + SERVER_START_MS * INT64_C(1000000); clock_ns() < end;
		sleep_ms(20)) {
		int fd = client_try(server->port);

		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			output_show(server);
			die("%s ended at once: %s", server->name, server->command);
		}
		if (fd < 0)
			continue;
		close(fd);
		if (clock_getcpuclockid(server->pid, &server->cpu_clock))
			die("%s: no processor clock", server->name);
		return;
	}
	output_show(server);
	die("%s takes no connections on port %d", server->name, server->port);
}

void server_stop(struct server *server)
{
	char *line = grab_text("rm -rf -- '%s'", server->dir);

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	if (system(line))
		fprintf(stderr, "bench: %s stays behind\n", server->dir);
	free(line);
}

int64_t server_cpu_ns(const struct server *server)
{
	struct timespec used;

	if (clock_gettime(server->cpu_clock, &used))
		die("%s is gone", server->name);
	return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

int64_t server_rss(const struct server *server)
{
	char *path = grab_text("/proc/%d/statm", (int)server->pid);
	FILE *file = fopen(path, "r");
	long size, resident;

	free(path);
	if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
		die("%s is gone", server->name);
	fclose(file);
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

int64_t server_info(const struct server *server, const char *field)
{
	char *text = client_ask(server->port, "*1\r\n$4\r\nINFO\r\n");
	char *name = grab_text("\n%s:", field);
	char *at = strstr(text, name);
	int64_t value = at ? strtoll(at + strlen(name), NULL, 10) : -1;

	free(name);
	free(text);
	return value;
}
