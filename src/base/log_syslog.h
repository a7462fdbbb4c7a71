/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The way to syslog(3), apart from log.c because <syslog.h> gives LOG_DEBUG and others a second
 * meaning: no file includes both. Only log.c calls this.
 */
#ifndef RINGLET_BASE_LOG_SYSLOG_H
#define RINGLET_BASE_LOG_SYSLOG_H

/* Opens the connection; `ident` must stay alive. */
void log_syslog_open(const char *ident, int facility);
/* `rank` is an enum log_level: 0 debug, 1 verbose, 2 notice, 3 warning. */
void log_syslog_send(int rank, const char *text);

#endif
