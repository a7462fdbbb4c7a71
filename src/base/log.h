/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The process's log: one line a call, to a file, standard output or syslog. Lines look as Redis's
 * ("PID:M 22 Nov 2026 12:00:00.000 * text"), so that tools which read its log read ours.
 */
#ifndef RINGLET_BASE_LOG_H
#define RINGLET_BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

struct log_config {
	int level;           /* enum log_level; lines below it are dropped */
	char *file;          /* "" = standard output */
	bool to_syslog;
	char *syslog_ident;
	int syslog_facility; /* (16 + n) << 3 for localN; syslog.h cannot be included beside this */
};

/* The role letter in the line: 'M' primary, 'S' replica, 'C' child, 'X' sentinel. */
extern char log_role;

void log_init(const struct log_config *config);
bool log_wants(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Only write(2) and constant memory: for signal handlers. */
void log_raw_from_signal(const char *text);

#endif
