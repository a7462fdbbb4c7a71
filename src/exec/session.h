/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A session: who a call is run for. It needs no socket: clients, scripts, the log's recovery and a
 * primary's stream are sessions of different origin. State of features hangs off it as opaque
 * pointers that their owners allocate on demand, so that a plain session stays small.
 *
 * Invariant: a session is freed only at the safe point of the turn, never while a call runs.
 */
#ifndef RINGLET_EXEC_SESSION_H
#define RINGLET_EXEC_SESSION_H

#include "base/list.h"
#include "proto/reply.h"

struct dict_ops;
struct exec;
struct command;

enum session_origin {
	ORIGIN_CLIENT,
	ORIGIN_SCRIPT,
	ORIGIN_RECOVERY, /* log and snapshot being loaded */
	ORIGIN_PRIMARY,  /* the replication stream */
};

/* For output limits, CLIENT LIST TYPE, memory figures. */
enum session_class { CLASS_NORMAL, CLASS_REPLICA, CLASS_PUBSUB, CLASS_PRIMARY, CLASS_COUNT };

enum session_flag {
	SESSION_CLOSE_AFTER_REPLY = 1 << 0,
	SESSION_CLOSE_ASAP = 1 << 1,
	SESSION_MULTI = 1 << 2,
	SESSION_BLOCKED = 1 << 3,
	SESSION_REPLY_OFF = 1 << 4,
	SESSION_REPLY_SKIP = 1 << 5, /* this reply */
	SESSION_REPLY_SKIP_NEXT = 1 << 6,
	SESSION_NO_EVICT = 1 << 7,
	SESSION_NO_TOUCH = 1 << 8,
	SESSION_MONITOR = 1 << 9,
	SESSION_READONLY = 1 << 10,
	SESSION_UNIX_SOCKET = 1 << 11,
	SESSION_DENY_BLOCKING = 1 << 12, /* inside EXEC or a script: blocking calls don't block */
	SESSION_DIRTY_EXEC = 1 << 13,    /* queueing failed: EXECABORT */
	SESSION_DIRTY_CAS = 1 << 14,     /* a watched key changed: EXEC replies nil */
	SESSION_PUBSUB = 1 << 15,        /* has subscriptions */
	SESSION_TRACKING = 1 << 16,
	SESSION_UNBLOCKED = 1 << 17, /* was served; its buffered input is to be parsed again */
	SESSION_IN_EXEC = 1 << 18,
	SESSION_TRACKING_BCAST = 1 << 20,
	SESSION_TRACKING_BROKEN = 1 << 21, /* its redirection target is gone */
	SESSION_PAUSED_CALL = 1 << 19,     /* a call waits for CLIENT UNPAUSE */
};

struct session {
	/* Hot: touched by each call. */
	struct exec *exec;
	struct reply reply; /* where replies go, resp 2 or 3, to `out` below or a script's */
	uint32_t flags;     /* SESSION_* */
	uint32_t gates;     /* armed gates of this session (exec/gate.h) */
	uint16_t db;        /* selected database */
	uint8_t origin;
	bool is_authenticated; /* logged in, or nobody asks for a password */
	bool has_logged_in;
	uint8_t durability; /* enum durability (exec/hold.h) */
	const struct command *last_command; /* what it ran last, for CLIENT LIST and lookup */
	int64_t last_active_s;              /* wall clock, seconds */
	uint64_t received_ticks; /* the clock of the turn in which its last bytes came */
	struct out out;                     /* what is to be sent to the peer */

	/* Features' own, NULL until used. */
	struct transaction *tx;              /* exec/tx */
	struct wait *wait;                   /* exec/wait */
	struct hold *hold; /* exec/hold: what of `out` may not leave yet */
	struct probe *probes; /* exec/probe: calls whose replies are followed */
	struct acl_user *user;               /* acl; NULL = default user */
	struct subscriptions *subscriptions; /* push/pubsub */
	struct tracking *tracking;           /* push/tracking */
	struct conn *conn;                   /* net; NULL: no socket */
	struct session *caller;              /* ORIGIN_SCRIPT: who runs the script */

	/* Cold. */
	uint64_t id;
	int64_t created_ms;
	char *name; /* CLIENT SETNAME; NULL = none */
	char *lib_name;
	char *lib_version;
	struct link all; /* exec->sessions */
	uint64_t calls;  /* commands run */
	uint64_t write_group; /* of the log: its last write; 0 = none */
};

extern const struct dict_ops session_dict_ops; /* exec->sessions_by_id */
void session_init(struct session *s, struct exec *exec, enum session_origin origin);
/* Frees what hangs off it (close sinks are told), not `s` itself. */
void session_release(struct session *s);
/* Takes it out of exec->sessions: from now on nobody finds it, though its memory (and what hangs
 * off it) stays until session_release. Harmless when it is out already. */
void session_hide(struct session *s);
/* Marks it for closing at the next safe point; `after_reply`: what is in `out` is sent first. */
void session_close(struct session *s, bool after_reply);
/* The session with this id among exec->sessions; NULL = none. */
struct session *session_by_id(struct exec *exec, uint64_t id);
/* The session behind the one with id *cursor in order of age, wrapping; sets *cursor. NULL = none.
 * Slices of work over all sessions keep a cursor instead of a pointer. */
struct session *session_walk(struct exec *exec, uint64_t *cursor);
enum session_class session_class(const struct session *s);
/* Who is behind it: of a script's session the one that runs the script. */
static inline struct session *session_principal(struct session *s)
{
	return __builtin_expect(s->caller != NULL, 0) ? s->caller : s;
}

#endif
