/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A selector: one set of permissions - commands, keys, channels. A user has one of his own and may
 * have more; a call is allowed when any one of them allows all of it.
 *
 * Commands are a bit per command id, kept while rules are read, so that a check is one load. What
 * the rules said is kept as text beside it, only to be shown.
 */
#ifndef RINGLET_ACL_SELECTOR_H
#define RINGLET_ACL_SELECTOR_H

#include "base/buf.h"
#include "exec/command.h"
#include "exec/command_table.h"

#define ACL_COMMAND_WORDS (COMMAND_IDS_MAX / 64)

enum acl_access { ACL_READ = 1 << 0, ACL_WRITE = 1 << 1, ACL_READ_WRITE = ACL_READ | ACL_WRITE };

struct acl_pattern {
	char *text;
	size_t len;
	uint8_t access; /* ACL_*; of channels: none */
};

struct acl_patterns {
	struct acl_pattern *items;
	int count, cap;
};

/* "+select|0": of a command without subcommands only this first argument is allowed. */
struct acl_first_arg {
	uint16_t command;
	char *text;
};

struct acl_selector {
	uint64_t commands[ACL_COMMAND_WORDS];
	struct acl_patterns keys, channels;
	struct acl_first_arg *first_args;
	int first_arg_count;
	struct buf rules; /* " +get -@string": what was said since +@all or -@all */
	bool all_keys, all_channels;
	bool all_commands; /* the last of +@all and -@all was the former: shown as such */
};

/* Why a rule was refused, in Redis's words: acl_rule_text. */
enum acl_rule {
	ACL_RULE_OK,
	ACL_RULE_SYNTAX,
	ACL_RULE_UNKNOWN,     /* command or category */
	ACL_RULE_FIRST_ARG,   /* +config|get|x */
	ACL_RULE_KEYS,        /* a pattern behind ~* */
	ACL_RULE_CHANNELS,    /* a pattern behind &* */
	ACL_RULE_NO_PASSWORD, /* to be removed, but not there */
	ACL_RULE_HASH,        /* not 64 hexadecimal digits */
	ACL_RULE_UNMATCHED,   /* a parenthesis that is not closed */
};
const char *acl_rule_text(enum acl_rule why);

/* No permissions; zeroed memory is as good. */
void acl_selector_init(struct acl_selector *s);
void acl_selector_release(struct acl_selector *s);
void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from);
/* Applies one rule ("+get", "~a*", "allchannels" …). */
enum acl_rule acl_selector_rule(
	struct acl_selector *s, const struct command_table *commands, struct bytes rule);
void acl_selector_allow_all(struct acl_selector *s);
/* Everything is allowed: nothing needs to be checked. */
bool acl_selector_is_unrestricted(const struct acl_selector *s);
/* Every key may be read. */
bool acl_selector_reads_all(const struct acl_selector *s);

/* Appends "-@all +get", "~a %R~b", "&x &y"; channels and keys are empty where there are none. */
void acl_selector_print_commands(const struct acl_selector *s, struct buf *out);
void acl_selector_print_keys(const struct acl_selector *s, struct buf *out);
void acl_selector_print_channels(const struct acl_selector *s, struct buf *out);
/* All three as rules of a file: "~a resetchannels &x -@all +get". */
void acl_selector_print(const struct acl_selector *s, struct buf *out);

/* What a call asks for. */
struct acl_query {
	const struct command *command;
	const struct bytes *argv;
	int argc;
	const struct key_refs *keys;
	int first_channel, channel_count; /* places in argv; count 0 = none */
	bool channels_are_patterns;
};

/* In the order of importance: of several selectors' refusals the highest is told. */
enum acl_denial {
	ACL_ALLOWED,
	ACL_DENIED_COMMAND,
	ACL_DENIED_KEY,
	ACL_DENIED_AUTH,
	ACL_DENIED_CHANNEL
};

/* *index becomes the place in argv of what is refused. */
enum acl_denial acl_selector_check(
	const struct acl_selector *s, const struct acl_query *query, int *index);
/* May this channel be used? `is_pattern`: only a pattern that is allowed literally. */
bool acl_selector_has_channel(const struct acl_selector *s, struct bytes channel, bool is_pattern);

static inline bool acl_selector_has_command(const struct acl_selector *s, int id)
{
	return s->commands[id / 64] >> (id % 64) & 1;
}

#endif
