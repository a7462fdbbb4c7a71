/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What RESTORE propagates: the absolute expiry, its options, or the deletion that it amounted to.
 */
#include "../../../src/cmd/dump.c"

#include "runner.h"

static const struct command_row *const groups[] = {string_commands, dump_commands, NULL};

/* Runs RESTORE of a payload that holds "v" with these words before and behind it. */
static const char *restore_run(struct runner *t, const char *ttl, const char *options)
{
	struct buf payload = {0}, line = {0};
	struct value v = {.type = TYPE_STRING, .encoding = ENC_INLINE, .string = BYTES("v")};
	dump_write(&v, true, &payload);
	buf_printf(&line, "restore k %s ", ttl);
	buf_add_quoted(&line, buf_bytes(&payload));
	buf_printf(&line, " %s", options);
	const char *reply = run(t, buf_text(&line));
	/* The payload's own bytes are of no interest here. */
	struct buf told = {0};
	for (size_t i = 0; i < t->told.len; i++) {
		if (t->told.len - i >= payload.len &&
		    memcmp(t->told.ptr + i, payload.ptr, payload.len) == 0) {
			buf_add_text(&told, "PAYLOAD");
			i += payload.len - 1;
			continue;
		}
		buf_add_char(&told, t->told.ptr[i]);
	}
	buf_release(&t->told);
	t->told = told;
	buf_release(&payload);
	buf_release(&line);
	return reply;
}

static void test_restore(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	assert_string_equal(restore_run(&t, "0", ""), "+OK\r\n");
	assert_string_equal(propagated(&t), "restore k 0 PAYLOAD\n");
	assert_string_equal(restore_run(&t, "0", ""),
			    "-BUSYKEY Target key name already exists.\r\n");
	assert_string_equal(propagated(&t), "");
	assert_string_equal(restore_run(&t, "10", "replace replace idletime 7"), "+OK\r\n");
	assert_string_equal(propagated(&t),
			    "RESTORE k 1700000000010 PAYLOAD REPLACE ABSTTL IDLETIME 7\n");
	assert_string_equal(restore_run(&t, "1800000000000", "absttl replace"), "+OK\r\n");
	assert_string_equal(propagated(&t), "restore k 1800000000000 PAYLOAD absttl replace\n");
	assert_string_equal(restore_run(&t, "5", "absttl replace"), "+OK\r\n");
	assert_string_equal(propagated(&t), "DEL k\n");
	assert_string_equal(restore_run(&t, "5", "absttl replace"), "+OK\r\n");
	assert_string_equal(propagated(&t), "");
	assert_string_equal(run(&t, "get k"), "$-1\r\n");
	runner_close(&t);
}

UNIT_MAIN(test_restore)
