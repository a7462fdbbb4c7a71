/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ACL LOG: what was refused lately, newest first. What is refused again within a minute in the
 * same way counts up its entry.
 */
#ifndef RINGLET_ACL_LOG_H
#define RINGLET_ACL_LOG_H

#include "acl/selector.h"
#include "base/list.h"

#define ACL_LOG_GROUP_MS 60000 /* refusals further apart are entries of their own */
#define ACL_LOG_GROUP_SCAN 10  /* so many of the newest entries may count up */

enum acl_context { ACL_TOPLEVEL, ACL_MULTI, ACL_LUA };

struct acl_log_entry {
	struct link link;
	uint64_t id;
	uint64_t count;
	enum acl_denial reason;
	enum acl_context context;
	int64_t created_ms, updated_ms;
	struct buf object; /* command, key, channel */
	struct buf username;
	struct buf client; /* as CLIENT LIST shows it */
};

struct acl_log {
	struct link entries;
	int64_t count;
	uint64_t next_id;
};

struct acl_refusal {
	enum acl_denial reason;
	enum acl_context context;
	struct bytes object, username, client;
};

void acl_log_init(struct acl_log *log);
void acl_log_reset(struct acl_log *log);
void acl_log_add(
	struct acl_log *log, const struct acl_refusal *refusal, int64_t now_ms, int64_t max_len);
const char *acl_reason_name(enum acl_denial reason);
const char *acl_context_name(enum acl_context context);

#endif
