/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Forking from a process with a loop. The child keeps files but no sockets: a port must not stay
 * taken, nor a connection open, because a child lives on.
 */
#include "io/child.h"

#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_SIGNALLED 256
#define SMAPS_MAX_BYTES 4096

static void close_sockets(void)
{
	struct rlimit limit;
	struct stat st;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	for (int fd = 3; (rlim_t)fd < limit.rlim_cur; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			close(fd);
}

static void become_child(void)
{
	static const int to_default[] = {
		SIGTERM, SIGUSR1, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	for (size_t i = 0; i < sizeof(to_default) / sizeof(to_default[0]); i++)
		signal(to_default[i], SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* A parent that dies takes its child along. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close_sockets();
}

bool child_fork(struct child *c)
{
	int ends[2];
	*c = (struct child){0};
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	pid_t pid = fork();
	if (pid < 0) {
		int error = errno;
		close(ends[0]);
		close(ends[1]);
		errno = error;
		return false;
	}
	c->pid = pid;
	c->pipe = pid == 0 ? ends[1] : ends[0];
	close(pid == 0 ? ends[0] : ends[1]);
	if (pid == 0)
		become_child();
	return true;
}

/* The sum of "Private_Dirty" in kB. */
static uint64_t private_bytes(void)
{
	char text[SMAPS_MAX_BYTES];
	static const char name[] = "Private_Dirty:";
	uint64_t kilobytes = 0;
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	const char *at = strstr(text, name);
	if (at == NULL)
		return 0;
	at += sizeof(name) - 1;
	at += strspn(at, " ");
	if (!num_parse_u64(bytes_of(at, strspn(at, "0123456789")), &kilobytes))
		return 0;
	return kilobytes * 1024;
}

void child_tell(struct child *c, bool measure)
{
	if (measure)
		c->report.private_bytes = private_bytes();
	/* A full pipe: the next report says more. */
	ssize_t n = write(c->pipe, &c->report, sizeof(c->report));
	(void)n;
}

void child_sleep_us(int64_t us)
{
	struct timespec left = {us / 1000000, us % 1000000 * 1000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

void child_exit(int status)
{
	_exit(status);
}

static void child_read(struct child *c)
{
	struct child_report report;
	while (read(c->pipe, &report, sizeof(report)) == (ssize_t)sizeof(report))
		c->report = report;
}

bool child_poll(struct child *c, int *status)
{
	int how;
	pid_t pid = waitpid(c->pid, &how, WNOHANG);
	child_read(c);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	close(c->pipe);
	c->pid = 0;
	if (pid < 0)
		*status = CHILD_SIGNALLED;
	else
		*status = WIFEXITED(how) ? WEXITSTATUS(how) : CHILD_SIGNALLED + WTERMSIG(how);
	return true;
}

void child_kill(const struct child *c)
{
	kill(c->pid, SIGUSR1);
}
