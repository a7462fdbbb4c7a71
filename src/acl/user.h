/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A user: name, passwords, switches and selectors, and the language of rules in which all of that
 * is written by ACL SETUSER, `user` lines and ACL files.
 */
#ifndef RINGLET_ACL_USER_H
#define RINGLET_ACL_USER_H

#include "acl/selector.h"
#include "base/param.h"
#include "base/sha256.h"

#define ACL_HASH_CHARS (2 * SHA256_BYTES)

struct acl_user {
	char *name; /* no blanks, no NUL */
	bool is_on;
	bool is_nopass;        /* any password will do */
	bool skips_sanitizing; /* said by the rules and shown; payloads are checked anyway */
	bool is_unrestricted;  /* may do everything: never checked */
	uint8_t (*passwords)[SHA256_BYTES];
	int password_count;
	struct acl_selector **selectors; /* [0] is the user's own */
	int selector_count;
};

/* What a new user starts from. */
struct acl_defaults {
	const struct command_table *commands;
	bool all_channels; /* acl-pubsub-default */
};

/* Off, without passwords and permissions. */
struct acl_user *acl_user_new(struct bytes name, const struct acl_defaults *defaults);
void acl_user_free(struct acl_user *u);
struct acl_user *acl_user_copy(const struct acl_user *u);
/* `to` becomes what `from` is, whose name and memory it takes; `from` is gone. */
void acl_user_assign(struct acl_user *to, struct acl_user *from);
bool acl_user_name_is_valid(struct bytes name);
/* Why rules were refused, and which: `rule` is to be released. */
struct acl_rule_error {
	enum acl_rule why;
	struct buf rule; /* unmatched: the word that the selector begins with */
};
/* Applies rules in their order. A selector may be spread over several words. False: *error says
 * why, and the user is left half changed: apply to a copy. */
bool acl_user_rules(struct acl_user *u, const struct acl_defaults *defaults,
	const struct bytes *rules, int count, struct acl_rule_error *error);
/* One rule, a selector in one piece. */
enum acl_rule acl_user_rule(
	struct acl_user *u, const struct acl_defaults *defaults, struct bytes rule);
/* Constant in time for hashes; whether the user is on is not looked at. */
bool acl_user_accepts(const struct acl_user *u, struct bytes password);
/* Appends "on nopass ~* &* +@all (~a …)", as ACL LIST has it behind the name. */
void acl_user_print(const struct acl_user *u, struct buf *out);
void acl_hash_print(const uint8_t hash[SHA256_BYTES], char out[ACL_HASH_CHARS]);

#endif
