/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A call: one command being run for one session. The dispatcher (call_run) finds the command,
 * checks arity and gates, runs the handler, closes the unit and keeps the accounts.
 */
#ifndef RINGLET_EXEC_CALL_H
#define RINGLET_EXEC_CALL_H

#include "exec/command.h"
#include "exec/session.h"
#include "proto/error.h"
#include "store/keyspace.h"

struct call {
	struct session *session;
	struct exec *exec;
	struct reply *reply;
	struct db *db; /* the selected database */
	struct command *command;
	struct bytes *argv; /* argv[0] is the name; a container's subcommand is argv[1] */
	int argc;
	uint32_t flags; /* CMD_* of the command; for EXEC also those of what it runs */
	bool has_hash;  /* key_hash is that of argv[command->first_key] */
	uint64_t key_hash;
	uint8_t effect;        /* exec/effect: how this call is propagated */
	uint32_t redacted;     /* call_redact: which words are not for logs and monitors */
	uint64_t dirty_before; /* the keyspace's count when it began */
	bool is_shown;         /* watchers (MONITOR) were told before it ran: call_show */
	bool is_blocked_retry; /* the same call again, because a key it waits for changed */
	uint32_t sample_weight;  /* calls that it stands for (obs/sample); 0 = not sampled */
	size_t sample_position;  /* unsent bytes in front of its reply, if it is sampled */
};

/* Runs one request: everything from lookup to accounts. */
void call_run(struct session *s, struct bytes *argv, int argc);
/* The same for a call whose command (NULL = unknown) and hash were found ahead. `call` needs
 * session, argv, argc, command, has_hash, key_hash; the rest is filled in. */
enum outcome call_run_prepared(struct call *call);
/* Runs a command inside another (EXEC, a script, a blocked call's retry): no gates but those of
 * `gates`, same unit. */
enum outcome call_run_nested(struct call *call);
/* For who runs nested calls: asks the session's armed gates among `gates`; false: the refusal is
 * written. `call` needs session, argv, argc, command. */
bool call_is_permitted(struct call *call, uint32_t gates);

/* Runs a call again that a log tells of: no gates, no effects, no accounts, nobody is told. `call`
 * needs session (ORIGIN_RECOVERY), argv, argc, command. */
enum outcome call_replay(struct call *call);

/* Tells the `seen` sinks (MONITOR) now, before the call runs: a script stands before what it
 * calls. */
void call_show(struct call *call);

/* Sets session, exec, argv, argc and looks the command up. */
void call_prepare(struct call *call, struct session *s, struct bytes *argv, int argc);

/* Error replies; each returns FAILED so that handlers can `return call_fail(call, E_SYNTAX)`. */
enum outcome call_fail(struct call *call, enum error error);
/* The table's text is a format. */
enum outcome call_failf(struct call *call, enum error error, ...);
/* An error text that came from elsewhere (a parameter's refusal); carries its code. */
enum outcome call_fail_text(struct call *call, struct bytes text);

/* The key at argv[index]; the hash computed ahead is used where it fits. */
static inline struct key call_key(const struct call *call, int index)
{
	if (LIKELY(call->has_hash && index == call->command->first_key))
		return (struct key){call->argv[index], call->key_hash};
	return key_of(call->argv[index]);
}

/* The arguments in one allocation: views first, bytes behind; free with mem_free. */
struct bytes *call_copy_argv(const struct bytes *argv, int argc, size_t *size);

/* Argument helpers: each writes the usual error and returns false when the text is wrong. */
bool call_arg_i64(struct call *call, int index, int64_t *out); /* E_NOT_INTEGER */
struct i64_range {
	int64_t min, max;
};
bool call_arg_i64_in(
	struct call *call, int index, struct i64_range range, int64_t *out, enum error error);
bool call_arg_double(struct call *call, int index, double *out); /* E_NOT_FLOAT */
static inline bool call_arg_is(const struct call *call, int index, const char *word)
{
	return index < call->argc && bytes_is(call->argv[index], word);
}

/* argv[index] is a secret: SLOWLOG and MONITOR show "(redacted)". From the word CALL_REDACTED_ALL
 * on all are shown so if one of them is. */
#define CALL_REDACTED_ALL 31
static inline void call_redact(struct call *call, int index)
{
	call->redacted |= 1u << (index < CALL_REDACTED_ALL ? index : CALL_REDACTED_ALL);
}
static inline bool call_is_redacted(uint32_t redacted, int index)
{
	return redacted >> (index < CALL_REDACTED_ALL ? index : CALL_REDACTED_ALL) & 1;
}

/* A reference to the blob that holds argv[index], where it was received into one (long last
 * arguments); else NULL. A value can keep it without a copy. */
struct blob *call_hold_argument(const struct call *call, int index);

/* Lookups with the accounts of a read (hits, misses, LRU/LFU touch, keymiss event). NULL = no such
 * key. Type mismatch is the caller's to check: call_wrong_type. */
struct entry *call_find_read(struct call *call, struct key key);
/* For a write; no hit or miss counted. Expired keys are deleted first. */
struct entry *call_find_write(struct call *call, struct key key);

#endif
