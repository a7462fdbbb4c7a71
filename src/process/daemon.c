/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Becoming what the configuration asks for: a daemon with a pid file, on given cores, without huge
 * pages. All of it happens before the loop, its rings and its threads exist: a forked child must
 * not share them.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PROCESS_DEFAULT_PIDFILE "/var/run/redis.pid"

/* The file to remove at exit; process-wide, as the pid is. */
static char *process_pidfile;

void process_daemonize(void)
{
	pid_t child = fork();
	if (child < 0) {
		log_line(LOG_WARNING, "Can't become a daemon: %s", strerror(errno));
		exit(1);
	}
	if (child > 0)
		_exit(0);
	setsid();
	int null = open("/dev/null", O_RDWR);
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

void process_pidfile_write(const struct process_config *config)
{
	const char *path = config->pidfile;
	if (path[0] == '\0' && config->daemonize)
		path = PROCESS_DEFAULT_PIDFILE;
	if (path[0] == '\0')
		return;
	FILE *file = fopen(path, "we");
	if (file == NULL) {
		log_line(LOG_WARNING, "Failed to write PID file: %s", strerror(errno));
		return;
	}
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	/* The working directory may be another one when the process ends. */
	char *absolute = realpath(path, NULL);
	mem_free(process_pidfile);
	process_pidfile = mem_dup_text(absolute == NULL ? path : absolute);
	mem_free_libc(absolute);
}

void process_pidfile_remove(void)
{
	if (process_pidfile == NULL)
		return;
	log_line(LOG_NOTICE, "Removing the pid file.");
	unlink(process_pidfile);
	mem_free(process_pidfile);
	process_pidfile = NULL;
}

void process_disable_thp(void)
{
#ifdef PR_SET_THP_DISABLE
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		log_line(LOG_WARNING, "Can't disable transparent huge pages for this process: %s",
			strerror(errno));
#endif
}

/* --- lists of cores: "0,2-5,8-15:2" --- */

/* A decimal number at *text, moving behind it; -1 = none. */
static int process_core_number(const char **text)
{
	char *end;
	if (**text < '0' || **text > '9')
		return -1;
	errno = 0;
	unsigned long value = strtoul(*text, &end, 10);
	*text = end;
	return errno != 0 || value >= CPU_SETSIZE ? -1 : (int)value;
}

/* One part, up to a comma. */
static bool process_core_range(const char **text, cpu_set_t *set)
{
	int step = 1;
	int first = process_core_number(text);
	int last = first;
	if (first < 0)
		return false;
	if (**text == '-') {
		(*text)++;
		last = process_core_number(text);
		if (last >= 0 && **text == ':') {
			(*text)++;
			step = process_core_number(text);
		}
	}
	if (last < first || step <= 0)
		return false;
	for (int core = first; core <= last; core += step)
		CPU_SET(core, set);
	return true;
}

bool process_pin(const char *cpulist)
{
	cpu_set_t set;
	const char *at = cpulist;
	if (cpulist == NULL || cpulist[0] == '\0')
		return true;
	CPU_ZERO(&set);
	for (;;) {
		if (!process_core_range(&at, &set) || (*at != ',' && *at != '\0')) {
			log_line(LOG_WARNING, "Malformed list of cores: '%s'", cpulist);
			return false;
		}
		if (*at++ == '\0')
			break;
	}
	if (sched_setaffinity(0, sizeof(set), &set) == 0)
		return true;
	log_line(LOG_WARNING, "Can't run on cores '%s': %s", cpulist, strerror(errno));
	return false;
}
