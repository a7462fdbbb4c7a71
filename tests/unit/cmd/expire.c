/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What EXPIRE and its kin propagate, and that a log or a primary is never second-guessed.
 */
#include "../../../src/cmd/expire.c"

#include "runner.h"

static const struct command_row *const groups[] = {string_commands, expire_commands, NULL};

static void test_absolute(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	run(&t, "set k v");
	propagated(&t);
	expect(&t, "expire k 10", ":1\r\n", "PEXPIREAT k 1700000010000\n");
	expect(&t, "pexpire k 10", ":1\r\n", "PEXPIREAT k 1700000000010\n");
	expect(&t, "expireat k 1800000000", ":1\r\n", "PEXPIREAT k 1800000000000\n");
	expect(&t, "pexpireat k 1800000000001", ":1\r\n", "PEXPIREAT k 1800000000001\n");
	expect(&t, "expire k 10 nx", ":0\r\n", "");
	expect(&t, "expire k 10 lt", ":1\r\n", "PEXPIREAT k 1700000010000\n");
	expect(&t, "expire none 10", ":0\r\n", "");
	expect(&t, "persist k", ":1\r\n", "persist k\n");
	expect(&t, "persist k", ":0\r\n", "");
	expect(&t, "expire k -1", ":1\r\n", "DEL k\n");
	run(&t, "set k v");
	t.keyspace->config.lazy_expire = true;
	propagated(&t);
	expect(&t, "pexpireat k 1", ":1\r\n", "UNLINK k\n");
	runner_close(&t);
}

/* Past times from a log or a primary are set, not carried out: the deletion follows in their
 * stream. */
static void test_origins(void **state)
{
	struct runner t;
	const uint8_t origins[] = {ORIGIN_RECOVERY, ORIGIN_PRIMARY};
	(void)state;
	runner_open(&t, groups);
	for (size_t i = 0; i < sizeof(origins); i++) {
		t.session.origin = origins[i];
		run(&t, "set k v");
		assert_string_equal(run(&t, "pexpireat k 5"), ":1\r\n");
		struct entry *e = db_peek(&t.keyspace->dbs[0], key_of(BYTES("k")));
		assert_non_null(e);
		assert_int_equal(entry_expiry_ms(e), 5);
		run(&t, "set k v");
		assert_string_equal(run(&t, "pexpireat k -5"), ":1\r\n");
		e = db_peek(&t.keyspace->dbs[0], key_of(BYTES("k")));
		assert_int_equal(entry_expiry_ms(e), 0);
	}
	runner_close(&t);
}

static void test_rounding(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	const int64_t left[] = {1, 499, 500, 999, 1000, 1499, 1500, 100499, 100500};
	const int seconds[] = {0, 0, 1, 1, 1, 1, 2, 100, 101};
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		char line[64], want[64];
		snprintf(line, sizeof(line), "set k v px %lld", (long long)left[i]);
		run(&t, line);
		snprintf(want, sizeof(want), ":%d\r\n", seconds[i]);
		assert_string_equal(run(&t, "ttl k"), want);
		snprintf(want, sizeof(want), ":%lld\r\n", (long long)left[i]);
		assert_string_equal(run(&t, "pttl k"), want);
	}
	runner_close(&t);
}

UNIT_MAIN(test_absolute, test_origins, test_rounding)
