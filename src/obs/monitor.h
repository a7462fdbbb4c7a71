/* SPDX-License-Identifier: BSD-3-Clause
 *
 * MONITOR: sessions that are shown every call as a line of text. With none of them a call pays for
 * nothing but the test of a counter in exec.
 *
 * Invariant: a session is in the list exactly while SESSION_MONITOR is set on it.
 */
#ifndef RINGLET_OBS_MONITOR_H
#define RINGLET_OBS_MONITOR_H

#include "base/buf.h"
#include "exec/exec.h"

struct monitor;

/* `peer` writes who a session's client is ("127.0.0.1:50000"). */
struct monitor *monitor_new(struct exec *exec,
	void (*peer)(const struct session *s, char *text, size_t size));
void monitor_free(struct monitor *m);
void monitor_start(struct monitor *m, struct session *s);
/* Harmless for a session that does not monitor. */
void monitor_stop(struct monitor *m, struct session *s);
int monitor_count(const struct monitor *m);

#endif
