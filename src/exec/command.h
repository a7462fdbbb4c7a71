/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands: the declaration row that each cmd/ file hands up, and the registered command made of
 * it. The row's syntax line is the source for arity, key specs, COMMAND's replies and the fuzzer.
 */
#ifndef RINGLET_EXEC_COMMAND_H
#define RINGLET_EXEC_COMMAND_H

#include "base/bytes.h"

struct call;
struct key_refs;
struct syntax;
struct key_refs;

enum outcome {
	DONE,    /* a reply was written */
	FAILED,  /* an error reply was written */
	BLOCKED, /* the session waits (exec/wait); no reply yet */
};

typedef enum outcome command_run(struct call *call);

/* What COMMAND INFO shows, in Redis's words (write, readonly, denyoom …). */
enum command_flag {
	CMD_WRITE = 1 << 0,
	CMD_READONLY = 1 << 1,
	CMD_DENY_OOM = 1 << 2,
	CMD_ADMIN = 1 << 3,
	CMD_PUBSUB = 1 << 4,
	CMD_NOSCRIPT = 1 << 5,
	CMD_BLOCKING = 1 << 6,
	CMD_LOADING = 1 << 7,
	CMD_STALE = 1 << 8,
	CMD_SKIP_MONITOR = 1 << 9,
	CMD_SKIP_SLOWLOG = 1 << 10,
	CMD_ASKING = 1 << 11,
	CMD_FAST = 1 << 12,
	CMD_NO_AUTH = 1 << 13,
	CMD_MAY_REPLICATE = 1 << 14,
	CMD_NO_MULTI = 1 << 15,
	CMD_ALLOW_BUSY = 1 << 16,
	CMD_NO_ASYNC_LOADING = 1 << 17,
	CMD_MOVABLE_KEYS = 1 << 18,    /* derived from the syntax line */
	CMD_NO_MANDATORY_KEYS = 1 << 19,
	CMD_ONLY_SENTINEL = 1 << 20,
	CMD_TOUCHES_ARBITRARY_KEYS = 1 << 21,
	CMD_DANGEROUS = 1 << 22,       /* ACL category beyond what the other flags give */
	CMD_PROTECTED = 1 << 23,
	CMD_KEYSPACE_CATEGORY = 1 << 24, /* ACL category @keyspace beyond the group */
	CMD_SYSCMD = 1 << 25,          /* COMMAND DOCS' doc_flags: not meant for users */
};

struct command_row {
	const char *name;       /* "SET"; a subcommand's row: "GET" */
	command_run *run;       /* NULL for a pure container */
	uint32_t flags;
	const char *group; /* "string", "generic", "sorted-set", "server" … as COMMAND DOCS says */
	const char *since;
	const char *summary;
	const char *complexity;
	/* The syntax line, exec/syntax.h; "" = no arguments. */
	const char *syntax;
	/* Optional: */
	const char *history;    /* "7.0.0=Added the `NX` option.|7.2.0=…" */
	const char *tips;       /* "request_policy:all_shards|nondeterministic_output" */
	const char *deprecated; /* "2.6.12=`SET` with the `EX` argument" */
	const struct command_row *subcommands; /* ends with a row whose name is NULL */
	/* For what no syntax line can say (SORT STORE, MIGRATE "", variable_flags): called with
	 * what the key specs found, it may append, drop or change flags. False: the arguments don't
	 * say. */
	bool (*find_keys)(const struct bytes *argv, int argc, struct key_refs *out);
	/* ACL categories that neither group nor flags give, blank-separated ("connection
	 * dangerous"); with a leading '=' they replace that of the group ("=set list"). */
	const char *categories;
	/* What COMMAND INFO notes of its key specs, parted by '|' ("" = nothing of this one). */
	const char *key_notes;
};

struct key_ref {
	int index;      /* in argv */
	uint32_t flags; /* KEY_* */
};
/* All zero is a valid empty list. It must not be copied: refs may point into it. */
struct key_refs {
	struct key_ref *refs; /* inline_refs until it outgrows them */
	int count, cap;
	struct key_ref inline_refs[16];
};

/* Access flags of a key, with COMMAND GETKEYSANDFLAGS' words. */
enum key_flag {
	KEY_RO = 1 << 0, KEY_RW = 1 << 1, KEY_OW = 1 << 2, KEY_RM = 1 << 3,
	KEY_ACCESS = 1 << 4, KEY_UPDATE = 1 << 5, KEY_INSERT = 1 << 6, KEY_DELETE = 1 << 7,
	KEY_NOT_KEY = 1 << 8, KEY_INCOMPLETE = 1 << 9, KEY_VARIABLE_FLAGS = 1 << 10,
};

struct command_stats {
	uint64_t calls;
	uint64_t ticks; /* clock_ticks spent */
	uint64_t rejected;
	uint64_t failed;
};

struct latency_histogram;
struct phase_histograms;

/* A registered command. Fields before the cold part are read by dispatch. */
struct command {
	command_run *run;
	uint32_t flags;      /* CMD_*, incl. derived ones */
	uint32_t gates;      /* which gates may veto it (exec/gate.h) */
	int16_t arity;       /* counts the name; negative: at least */
	int16_t first_key;   /* argv index of the first key by fixed position, 0 = none: prefetch */
	int16_t last_key;    /* COMMAND INFO's legacy range; negative: from the end */
	int16_t key_step;
	uint16_t id;         /* dense, for ACL bit sets */
	uint16_t name_len;
	const char *name;    /* lower case, "config|get" for a subcommand */
	struct command_stats stats;
	struct latency_histogram *latency; /* NULL until the first call with tracking on */
	struct phase_histograms *phases;   /* obs/phases; NULL until a call was sampled */

	const struct command_row *row;
	const struct syntax *syntax;
	struct command *parent;
	struct command *subcommands; /* array */
	int subcommand_count;
};

/* exec/command_table.h has the inside and an inline lookup for the dispatcher. */
struct command_table;
struct command_table *command_table_new(void);
void command_table_free(struct command_table *t);
/* Registers rows (ended by name NULL) with their subcommands. Ends the program with a line naming
 * the row when a syntax line is malformed: a program error. */
void command_table_add(struct command_table *t, const struct command_row *rows);
/* By name, ignoring case; NULL = unknown. Containers are returned as themselves. */
struct command *command_find(const struct command_table *t, struct bytes name);
/* As dispatch does: resolves a container's subcommand from argv. NULL = unknown command or, with
 * *container set, unknown subcommand. */
struct command *command_resolve(const struct command_table *t, const struct bytes *argv, int argc,
	struct command **container);
/* rename-command: new_name empty = removed. False when there is no such command or the new name is
 * another's. */
bool command_table_rename(struct command_table *t, struct bytes name, struct bytes new_name);
int command_table_count(const struct command_table *t);      /* top-level */
int command_table_ids(const struct command_table *t);        /* with subcommands: id < this */
struct command *command_by_id(const struct command_table *t, int id);
/* "get" of "config|get"; the name itself for others. */
const char *command_short_name(const struct command *c);
/* By full name: "config|get"; ignores case. */
struct command *command_find_full(const struct command_table *t, struct bytes name);
/* Calls `visit` for each command, subcommands behind their container. */
void command_table_each(const struct command_table *t,
	void (*visit)(struct command *c, void *context), void *context);

/* Arity as COMMAND shows it. */
static inline bool command_arity_fits(const struct command *c, int argc)
{
	return c->arity >= 0 ? argc == c->arity : argc >= -c->arity;
}

/* The keys of a call, from the syntax line (and find_keys). False: the arguments don't say
 * ("Invalid arguments specified for command"). */
bool command_keys(
	const struct command *c, const struct bytes *argv, int argc, struct key_refs *out);
void key_refs_release(struct key_refs *refs);
/* COMMAND GETKEYSANDFLAGS' and COMMAND INFO's words ("RO", "access"), by bit; ended by NULL. */
extern const char *const key_flag_names[];
/* COMMAND INFO's words for CMD_*, in its order; ended by a NULL name. */
struct command_flag_name {
	uint32_t flag;
	const char *name;
};
extern const struct command_flag_name command_flag_names[];

/* ACL categories, as Redis derives them from group and flags. */
enum category {
	CATEGORY_KEYSPACE, CATEGORY_READ, CATEGORY_WRITE, CATEGORY_SET, CATEGORY_SORTEDSET,
	CATEGORY_LIST, CATEGORY_HASH, CATEGORY_STRING, CATEGORY_BITMAP, CATEGORY_HYPERLOGLOG,
	CATEGORY_GEO, CATEGORY_STREAM, CATEGORY_PUBSUB, CATEGORY_ADMIN, CATEGORY_FAST,
	CATEGORY_SLOW, CATEGORY_BLOCKING, CATEGORY_DANGEROUS, CATEGORY_CONNECTION,
	CATEGORY_TRANSACTION, CATEGORY_SCRIPTING, CATEGORY_COUNT
};
uint32_t command_categories(const struct command *c); /* bits 1 << CATEGORY_* */
const char *category_name(enum category category);    /* "keyspace" */
/* -1 = no such category. */
int category_find(struct bytes name);
void key_refs_add(struct key_refs *refs, int index, uint32_t flags);

#endif
