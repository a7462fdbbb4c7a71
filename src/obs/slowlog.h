/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The slow log: the last calls that took longer than a limit, with their (shortened) arguments and
 * who sent them.
 *
 * Invariant: at most max_len entries, newest first; an entry is one allocation, its size bounded by
 * SLOWLOG_ARGS_MAX and SLOWLOG_ARG_MAX_BYTES. Ids count from the server's start.
 */
#ifndef RINGLET_OBS_SLOWLOG_H
#define RINGLET_OBS_SLOWLOG_H

#include "base/bytes.h"
#include "base/list.h"

#define SLOWLOG_ARGS_MAX 32
#define SLOWLOG_ARG_MAX_BYTES 128

struct slowlog_entry {
	struct link link;
	int64_t id;
	int64_t time_s;       /* when it began, wall clock */
	int64_t duration_us;
	struct bytes peer;    /* "127.0.0.1:50000" */
	struct bytes name;    /* CLIENT SETNAME */
	int argc;
	struct bytes argv[];  /* followed by the bytes of all views */
};

struct slowlog {
	struct link entries;  /* newest first */
	int64_t count;
	int64_t next_id;
	size_t memory_bytes;
};

/* What is logged. */
struct slowlog_call {
	const struct bytes *argv;
	int argc;
	uint32_t redacted;    /* call_is_redacted: shown as "(redacted)" */
	int64_t time_s;
	int64_t duration_us;
	struct bytes peer, name;
};

void slowlog_init(struct slowlog *log);
void slowlog_release(struct slowlog *log);
/* Adds an entry and drops the oldest beyond `max_len`. */
void slowlog_add(struct slowlog *log, const struct slowlog_call *call, int64_t max_len);
/* Drops the oldest beyond `max_len`; 0 = all. */
void slowlog_trim(struct slowlog *log, int64_t max_len);

#endif
