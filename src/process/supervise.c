/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The two supervisors. systemd: datagrams to the socket that $NOTIFY_SOCKET names (a path, or an
 * abstract name behind '@'). Upstart: the process stops itself once and is continued.
 */
#include "base/log.h"
#include "process/process.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool process_supervise_upstart(void)
{
	if (getenv("UPSTART_JOB") == NULL) {
		log_line(LOG_WARNING, "upstart supervision requested, but UPSTART_JOB not found!");
		return false;
	}
	log_line(LOG_NOTICE, "supervised by upstart, will stop to signal readiness.");
	raise(SIGSTOP);
	unsetenv("UPSTART_JOB");
	return true;
}

enum process_supervised process_supervise(int wanted)
{
	bool has_systemd = getenv("NOTIFY_SOCKET") != NULL;
	if (wanted == SUPERVISED_AUTO)
		wanted = getenv("UPSTART_JOB") != NULL ? SUPERVISED_UPSTART
			: has_systemd		       ? SUPERVISED_SYSTEMD
						       : SUPERVISED_NO;
	if (wanted == SUPERVISED_UPSTART && process_supervise_upstart())
		return SUPERVISED_UPSTART;
	if (wanted != SUPERVISED_SYSTEMD)
		return SUPERVISED_NO;
	if (!has_systemd) {
		log_line(
			LOG_WARNING, "systemd supervision requested, but NOTIFY_SOCKET not found!");
		return SUPERVISED_NO;
	}
	return SUPERVISED_SYSTEMD;
}

const char *process_supervised_name(enum process_supervised by)
{
	return by == SUPERVISED_SYSTEMD ? "systemd" : by == SUPERVISED_UPSTART ? "upstart" : "no";
}

void process_notify(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);
	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0)
		log_line(LOG_WARNING, "Can't notify systemd: %s", strerror(errno));
	close(fd);
}
