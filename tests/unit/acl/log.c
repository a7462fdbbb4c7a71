/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/log: what counts up, what is new, and the bound.
 */
#include "../../../src/acl/log.c"

#include "../unit.h"

static struct acl_log_entry *entry(struct acl_log *log, int at)
{
	struct link *it = log->entries.next;
	while (at-- > 0)
		it = it->next;
	return LINK_OWNER(it, struct acl_log_entry, link);
}

static void test_groups(void **state)
{
	struct acl_log log;
	struct acl_refusal r = {ACL_DENIED_KEY, ACL_TOPLEVEL, BYTES("k"), BYTES("u"), BYTES("c1")};
	(void)state;
	acl_log_init(&log);
	acl_log_add(&log, &r, 1000, 128);
	r.client = BYTES("c2");
	acl_log_add(&log, &r, 2000, 128);
	assert_int_equal(log.count, 1);
	assert_int_equal(entry(&log, 0)->count, 2);
	assert_int_equal(entry(&log, 0)->created_ms, 1000);
	assert_int_equal(entry(&log, 0)->updated_ms, 2000);
	assert_true(bytes_equal(buf_bytes(&entry(&log, 0)->client), BYTES("c2")));
	r.object = BYTES("other");
	acl_log_add(&log, &r, 2000, 128);
	assert_int_equal(entry(&log, 0)->id, 1);
	r.object = BYTES("k");
	acl_log_add(&log, &r, 2000 + ACL_LOG_GROUP_MS, 128);
	assert_int_equal(entry(&log, 0)->id, 0);
	assert_int_equal(entry(&log, 0)->count, 3);
	acl_log_add(&log, &r, 2001 + 2 * ACL_LOG_GROUP_MS, 128);
	assert_int_equal(entry(&log, 0)->id, 2);
	r.context = ACL_MULTI;
	acl_log_add(&log, &r, 2001 + 2 * ACL_LOG_GROUP_MS, 128);
	assert_int_equal(log.count, 4);
	acl_log_reset(&log);
	assert_int_equal(log.count, 0);
	assert_true(link_is_empty(&log.entries));
}

static void test_bound(void **state)
{
	struct acl_log log;
	struct acl_refusal r = {.reason = ACL_DENIED_AUTH, .username = BYTES("u")};
	char name[16];
	(void)state;
	acl_log_init(&log);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d", i);
		r.object = bytes_text(name);
		acl_log_add(&log, &r, 5, 10);
	}
	assert_int_equal(log.count, 10);
	assert_int_equal(entry(&log, 0)->id, 49);
	assert_int_equal(entry(&log, 9)->id, 40);
	acl_log_add(&log, &r, 5, 0);
	assert_int_equal(log.count, 0);
	acl_log_reset(&log);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(acl_reason_name(ACL_DENIED_COMMAND), "command");
	assert_string_equal(acl_reason_name(ACL_DENIED_CHANNEL), "channel");
	assert_string_equal(acl_reason_name(ACL_DENIED_AUTH), "auth");
	assert_string_equal(acl_reason_name(ACL_DENIED_KEY), "key");
	assert_string_equal(acl_context_name(ACL_LUA), "lua");
}

UNIT_MAIN(test_groups, test_bound, test_names)
