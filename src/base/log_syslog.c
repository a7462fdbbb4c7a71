/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Log lines to syslog. It must not include base/log.h: the level names mean other numbers here.
 */
#include "base/log_syslog.h"

#include <stddef.h>
#include <syslog.h>

void log_syslog_open(const char *ident, int facility)
{
	closelog();
	openlog(ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, facility);
}

void log_syslog_send(int rank, const char *text)
{
	static const int priority[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
	size_t last = sizeof(priority) / sizeof(priority[0]) - 1;
	syslog(priority[rank < 0 || (size_t)rank > last ? last : (size_t)rank], "%s", text);
}
