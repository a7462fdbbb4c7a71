/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The executor: what all calls share. One per server; two in one process don't know each other.
 */
#ifndef RINGLET_EXEC_EXEC_H
#define RINGLET_EXEC_EXEC_H

#include "exec/call.h"
#include "exec/effect.h"
#include "exec/gate.h"
#include "exec/hold.h"
#include "exec/work.h"

#define EXEC_CALL_SINKS_MAX 8
#define EXEC_CLOSE_SINKS_MAX 16
#define EXEC_ERROR_CODES_MAX 128 /* rows of errorstats */

/* What a finished call is told to (slowlog, latency, monitor). `ticks` spent in the handler. */
struct call_sink {
	void (*called)(struct call *call, enum outcome outcome, uint64_t ticks, void *context);
	void *context;
};

struct exec_stats {
	uint64_t calls;  /* total_commands_processed */
	uint64_t errors; /* total_error_replies */
	uint64_t keyspace_hits;
	uint64_t keyspace_misses;
	uint64_t unexpected_errors;
};

struct error_count {
	char code[32];
	uint64_t count;
};

struct exec {
	struct keyspace *keyspace;
	struct command_table *commands;
	uint32_t gates; /* armed gates */
	struct gate_row gate_rows[GATE_COUNT];
	struct exec_stats stats;
	struct call *current;      /* innermost running call */
	struct blob *big_argument; /* the blob in which the last argument was received, or NULL */
	int depth;                 /* nested calls (EXEC, scripts) */
	uint64_t ticks;            /* ticks_now at the last call's end: the next one's begin */
	uint32_t sample_left;      /* calls until one is looked at closely, see sample_begin */
	uint32_t samples_open;     /* such calls that are running */
	size_t ready_count;        /* exec/wait: keys whose waiters are to be served */
	size_t grave_waits;        /* exec/wait: calls that wait for the graveyard */
	size_t memory_not_counted; /* bytes that maxmemory leaves out: buffers of replicas, log */
	bool is_evict_pending;     /* an eviction ran out of its budget */
	struct out discard;        /* replies nobody wants (CLIENT REPLY OFF) */
	struct out pushes;         /* messages to the session whose call runs, see exec_push_out */
	struct session *pushes_for; /* NULL = none */

	struct effect_sink effect_sinks[EFFECT_SINKS_MAX];
	int effect_sink_count;
	uint32_t effects_armed;  /* bit i: effect_sinks[i] is told */
	uint64_t effect_count;   /* commands that were propagated so far */
	int effect_change_sink; /* of the keyspace: what expires and is evicted */
	struct propagation *unit_first; /* of the open unit */
	struct propagation **unit_last;
	command_run *exec_run;           /* EXEC's handler: its gates include those of the queue */
	struct watch_table *watches;     /* exec/watch */
	struct wait_table *waits;        /* exec/wait */
	struct tracking_table *tracking; /* push/tracking; NULL until tracking_init */
	bool is_tracking; /* push/tracking: sessions or keys are there */
	struct pubsub *pubsub;           /* push/pubsub; NULL until pubsub_init */
	struct pause *pause;             /* exec/pause; NULL until pause_init */
	struct probe_table *probes;      /* exec/probe; NULL until probe_init */
	struct work_ledger work;         /* of this turn, besides calls */
	uint64_t turn_ticks;             /* the tick counter when this turn began */
	const struct hold_ops *hold;     /* NULL: replies leave at once */
	struct hold_queue *hold_queue;   /* persist/hold; NULL until hold_new */
	struct scripts *scripts;         /* script; NULL until scripts_init */
	/* script: the flags of a call whose text declares them; asked where a gate is armed. */
	uint32_t (*declared_flags)(const struct call *call);
	bool allows_noscript;  /* DEBUG: scripts may call what is not for them */
	bool is_effect_muted;  /* script: what it does now is not propagated */
	bool is_out_of_memory; /* exec/memory: the last look found nothing left to evict */
	bool is_nested;        /* exec/nest: a turn inside a call that is not over */
	uint64_t nest_count;   /* such turns so far */
	int64_t now_ms;                  /* wall clock of this turn */
	int64_t now_us;
	bool has_password; /* requirepass or ACL: sessions start unauthenticated */
	uint32_t client_gates; /* armed for new clients (the default user is restricted) */

	/* Reads the clock anew in the middle of a turn (a unit may have taken long); NULL: none. */
	void (*refresh_time)(struct exec *exec);
	/* net: this session has output; may go on reading. Set by whoever owns sockets. */
	void (*want_flush)(struct session *s);
	void (*want_resume)(struct session *s);

	/* Told of each call that ran, also of one that now waits, once (MONITOR); and of each that
	 * ended. */
	struct call_sink seen[EXEC_CALL_SINKS_MAX];
	struct call_sink after[EXEC_CALL_SINKS_MAX];
	/* Told before a call for which sample_left was counted down; it sets sample_left anew, and
	 * sample_weight of the call if it wants to be told of its end. May be NULL. */
	void (*sample_begin)(struct call *call, void *context);
	void *sample_context;
	int seen_count, after_count;
	uint32_t after_armed; /* bit i: after[i] is told */
	/* Told when a session ends: features drop what hangs off it. */
	void (*on_session_close[EXEC_CLOSE_SINKS_MAX])(struct session *s);
	int on_session_close_count;
	/* RESET: features put a session back to its first state. */
	void (*on_session_reset[EXEC_CLOSE_SINKS_MAX])(struct session *s);
	int on_session_reset_count;

	struct link sessions; /* all, oldest first */
	struct dict sessions_by_id;
	size_t session_count;
	uint64_t next_session_id;
	struct error_count error_counts[EXEC_ERROR_CODES_MAX];
	int error_count;
	bool error_counts_overflowed;

	bool latency_tracking;
	/* What the roof hangs here for cmd/ (cmd/services.h). */
	struct services *services;
};

struct exec *exec_new(struct keyspace *keyspace);
void exec_free(struct exec *exec);
/* Clocks of the turn, for expiry and idle times. */
void exec_set_time(struct exec *exec, int64_t now_us);
void exec_sink_seen(struct exec *exec, struct call_sink sink);
void exec_unsink_seen(struct exec *exec, struct call_sink sink);
/* Adds a sink, armed, and returns its number for exec_arm_after. */
int exec_sink_after(struct exec *exec, struct call_sink sink);
/* A sink that has nothing to do for now is disarmed by its owner and costs nothing. */
static inline void exec_arm_after(struct exec *exec, int sink, bool armed)
{
	uint32_t bit = 1u << sink;
	exec->after_armed = armed ? exec->after_armed | bit : exec->after_armed & ~bit;
}
void exec_sink_close(struct exec *exec, void (*on_close)(struct session *s));
void exec_sink_reset(struct exec *exec, void (*on_reset)(struct session *s));
/* Where a message (not a reply) to `s` is written: behind the reply of the call that it is just
 * running, never into the middle of it. */
struct out *exec_push_out(struct exec *exec, struct session *s);
/* A message to `s` that is no reply follows: it may have to wait as replies do. */
static inline void exec_hold_message(struct exec *exec, struct session *s)
{
	if (UNLIKELY(exec->hold != NULL))
		exec->hold->message(s, exec->hold->context);
}
/* The running call shows something of a key that it does not name (`key` NULL: of any key): its
 * reply may have to wait for who changed that. */
static inline void exec_look(struct exec *exec, const struct db *db, const struct key *key)
{
	if (UNLIKELY(exec->hold != NULL))
		exec->hold->look(db, key, exec->hold->context);
}
/* The outermost call is over: what was kept for its session follows its reply. */
void exec_send_pushes(struct exec *exec);
/* Counts an error reply by its code (errorstats). */
void exec_count_error(struct exec *exec, struct bytes text);

#endif
