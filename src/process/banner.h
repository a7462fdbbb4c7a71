/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a starting server says. Tools (and test suites) wait for these lines: " PID: <pid>", "Server
 * initialized", "Ready to accept connections".
 */
#ifndef RINGLET_PROCESS_BANNER_H
#define RINGLET_PROCESS_BANNER_H

#include "base/log.h"
#include "process/process.h"

/* Before anything exists. `has_config`: a file or options were given. */
void banner_starting(bool has_config);
/* The logo, or one line in its place where nobody would see it. `backend`: io-backend and its
 * reason. */
void banner_logo(const struct process_config *process, const struct log_config *log, int port);
/* Everything stands but data and listeners. */
void banner_initialized(const char *backend, const char *reason);
/* Clients are served from now on; tells the supervisor as well. */
void banner_ready(bool has_tcp, const char *unixsocket);
/* The last line. */
void banner_bye(void);

#endif
