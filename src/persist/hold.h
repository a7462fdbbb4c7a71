/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The hold queue: no reply leaves before what it shows is as safe as its session wants. A call that
 * changed something waits for the log's group that gathers; a read waits for the group in which one
 * of its keys was changed last, if that is still open, and else not at all. What is no reply
 * (messages, lines of MONITOR, invalidations) waits for what gathers.
 *
 * After a failure of the log nothing is written until there is another one. Meanwhile reads go on
 * for who asks for no fsync: the data are in memory. To who does, a read of what is not on the disk
 * answers MISCONF. What was held already waits HOLD_FAILED_WAIT_MS for the other log, which has it
 * in its base; then its connections are closed: what became of those writes nobody is told.
 * Messages and what is expired meanwhile hold nobody.
 *
 * Invariant: while the log is trusted, each key changed in a group that is not yet reported stands
 * in a window. It must not know sockets (net sends no further than the marks) nor files.
 */
#ifndef RINGLET_PERSIST_HOLD_H
#define RINGLET_PERSIST_HOLD_H

#include "exec/exec.h"
#include "persist/log.h"

#define HOLD_KEYS_MAX (1u << 20) /* noted one by one in a window; then it is every key */
#define HOLD_FAILED_WAIT_MS 5000 /* for another log, where the old one failed */

struct hold_queue;

struct hold_stats {
	size_t waiting;           /* sessions with held output */
	size_t waiting_bytes;     /* their held bytes */
	uint64_t held;            /* marks set so far */
	uint64_t held_reads;      /* … for something that was only read */
	size_t keys;              /* in the windows */
	uint64_t sessions[DURABILITY_LEVELS]; /* by what they said with CLIENT DURABILITY */
	/* Ticks from a reply's (or message's) end until it could leave; the first behind a mark. */
	struct latency_histogram *ticks;
	uint64_t longest_ticks;
	uint64_t dropped; /* connections closed because no other log came about in time */
};

/* Registers with exec, the keyspace and the log; holds while the log is trusted, and through a
 * failure until there is another that is. */
struct hold_queue *hold_new(
	struct exec *exec, struct log_writer *log, const struct log_writer_config *config);
/* After the last session. */
void hold_free(struct hold_queue *q);
/* CLIENT DURABILITY, enum durability: for replies from now on. */
void hold_set_durability(struct hold_queue *q, struct session *s, uint8_t durability);
/* What that means under this appendfsync: never DEFAULT. */
uint8_t hold_durability(const struct hold_queue *q, const struct session *s);
struct hold_stats hold_stats_get(const struct hold_queue *q);
void hold_stats_reset(struct hold_queue *q);
/* About ten times a second: ends the waiting for a log that does not come back. */
void hold_tick(struct hold_queue *q);

#endif
