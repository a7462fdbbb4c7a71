/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Access control of one server: its users, who of them each session is, the gate that asks before
 * a restricted user's call runs, and the log of refusals.
 *
 * Invariant: a session's gate is armed exactly while its user is not unrestricted, so that a server
 * without rules pays nothing. session->user is NULL for the default user; a user is freed only
 * after his sessions were made nobody's.
 */
#ifndef RINGLET_ACL_ACL_H
#define RINGLET_ACL_ACL_H

#include "acl/acl_params.h"
#include "acl/log.h"
#include "acl/user.h"
#include "exec/exec.h"

struct acl_stats {
	uint64_t denied_auth, denied_command, denied_key, denied_channel;
};

struct acl {
	struct exec *exec;
	struct acl_config *config;
	struct acl_user **users; /* sorted by name; the default user is one of them */
	int user_count;
	struct acl_user *fallback; /* the default user: his address never changes */
	struct acl_log log;
	struct acl_stats stats;
	/* Appends who the session's client is, as CLIENT LIST shows it; NULL: nothing. */
	void (*describe)(struct buf *out, const struct session *s);
	uint8_t channel_kinds[COMMAND_IDS_MAX]; /* enum in acl.c, by command id */
};

/* Registers the gate; all commands must be registered. The default user has all rights and the
 * configured password. */
struct acl *acl_new(struct exec *exec, struct acl_config *config);
void acl_free(struct acl *acl);
/* The `user` lines of the configuration, or the ACL file. False: the reason is in *error. */
bool acl_start(struct acl *acl, struct buf *error);

struct acl_user *acl_find(const struct acl *acl, struct bytes name);
/* Never NULL. */
struct acl_user *acl_user_of(const struct acl *acl, const struct session *s);
struct acl_defaults acl_defaults_of(const struct acl *acl);
/* Creates or changes a user; all rules or none. False: *error says why. */
bool acl_set_user(struct acl *acl, struct bytes name, const struct bytes *rules, int count,
	struct acl_rule_error *error);
/* His sessions are closed. The default user can't be deleted. */
void acl_delete_user(struct acl *acl, struct acl_user *user);
/* requirepass was set: it becomes the default user's only password, "" = none is asked for. */
void acl_password_changed(struct acl *acl);
/* Sessions of users follow what became of their rights; after any change of a user. */
void acl_rearm(struct acl *acl);

/* The session is this user from now on. */
void acl_login(struct acl *acl, struct session *s, struct acl_user *user);
/* The session is as new: default user, logged in if he needs no password. */
void acl_logout(struct acl *acl, struct session *s);
/* Checks name and password and logs in; a refusal is counted and logged, `by` being the command
 * that asked. */
bool acl_authenticate(struct acl *acl, struct call *call, struct bytes name, struct bytes password);

/* May this user run that? Of `query` command, argv and argc are to be set. *index becomes the place
 * in argv of what is refused. */
enum acl_denial acl_check(
	const struct acl *acl, const struct acl_user *user, struct acl_query *query, int *index);
/* "User x has no permissions to run the 'get' command"; `shows_object`: names the key. */
void acl_print_refusal(struct buf *out, const struct acl_user *user, enum acl_denial denial,
	struct bytes object, bool shows_object);
/* May the session's user read every key in the course of this command (SORT BY, GET)? */
bool acl_reads_all(const struct acl *acl, const struct call *call);
/* And this one key? */
bool acl_reads_key(const struct acl *acl, const struct call *call, struct bytes key);
/* May the user use this channel at all? */
bool acl_user_has_channel(const struct acl_user *user, struct bytes channel, bool is_pattern);

/* acl_file.c: the whole file replaces all users; on any error nothing changes. Errors are in
 * Redis's words. Sessions of users other than the default one are closed. */
bool acl_load_file(struct acl *acl, struct buf *error);
bool acl_load_text(struct acl *acl, const char *file, struct bytes text, struct buf *error);
/* Writes it anew, durably; false: errno says why. */
bool acl_save_file(const struct acl *acl);
/* Appends "user name rules" and a newline for each user. */
void acl_print_users(const struct acl *acl, struct buf *out);
/* For acl_load_text: these users replace all. The array and its users are taken. */
void acl_replace_users(struct acl *acl, struct acl_user **users, int count);

#endif
