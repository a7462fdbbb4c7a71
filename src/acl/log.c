/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log of refusals. Its length is bounded by acllog-max-len; each entry owns its texts.
 */
#include "acl/log.h"

#include "base/mem.h"

void acl_log_init(struct acl_log *log)
{
	*log = (struct acl_log){0};
	link_init(&log->entries);
}

static void entry_drop(struct acl_log *log, struct acl_log_entry *e)
{
	link_remove(&e->link);
	buf_release(&e->object);
	buf_release(&e->username);
	buf_release(&e->client);
	mem_free(e);
	log->count--;
}

void acl_log_reset(struct acl_log *log)
{
	LINK_EACH(it, after, &log->entries)
	entry_drop(log, LINK_OWNER(it, struct acl_log_entry, link));
}

static bool entry_fits(const struct acl_log_entry *e, const struct acl_refusal *r, int64_t now_ms)
{
	return e->reason == r->reason && e->context == r->context &&
	       now_ms - e->updated_ms <= ACL_LOG_GROUP_MS &&
	       bytes_equal(buf_bytes(&e->object), r->object) &&
	       bytes_equal(buf_bytes(&e->username), r->username);
}

static struct acl_log_entry *entry_find(
	struct acl_log *log, const struct acl_refusal *refusal, int64_t now_ms)
{
	int left = ACL_LOG_GROUP_SCAN;
	LINK_EACH(it, after, &log->entries)
	{
		struct acl_log_entry *e = LINK_OWNER(it, struct acl_log_entry, link);
		if (left-- == 0)
			break;
		if (entry_fits(e, refusal, now_ms))
			return e;
	}
	return NULL;
}

void acl_log_add(
	struct acl_log *log, const struct acl_refusal *refusal, int64_t now_ms, int64_t max_len)
{
	struct acl_log_entry *e = entry_find(log, refusal, now_ms);

	if (e == NULL) {
		e = mem_calloc(1, sizeof(*e));
		e->id = log->next_id++;
		e->reason = refusal->reason;
		e->context = refusal->context;
		e->created_ms = now_ms;
		buf_add_bytes(&e->object, refusal->object);
		buf_add_bytes(&e->username, refusal->username);
		log->count++;
	} else {
		link_remove(&e->link);
	}
	link_add_head(&log->entries, &e->link);
	e->count++;
	e->updated_ms = now_ms;
	buf_clear(&e->client);
	buf_add_bytes(&e->client, refusal->client);
	while (log->count > max_len)
		entry_drop(log, LINK_OWNER(log->entries.prev, struct acl_log_entry, link));
}

const char *acl_reason_name(enum acl_denial reason)
{
	static const char *const names[] = {"", "command", "key", "auth", "channel"};
	return names[reason];
}

const char *acl_context_name(enum acl_context context)
{
	static const char *const names[] = {"toplevel", "multi", "lua"};
	return names[context];
}
