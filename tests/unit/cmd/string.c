/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What SET and its kin propagate: nothing relative, nothing conditional, nothing for what changed
 * nothing. (What they reply is in tests/spec/string.)
 */
#include "../../../src/cmd/string.c"

#include "runner.h"

static const struct command_row *const groups[] = {string_commands, string_number_commands,
	string_compare_commands, NULL};

#define OK "+OK\r\n"
#define NIL "$-1\r\n"

static void test_set(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	expect(&t, "set k v", OK, "set k v\n");
	expect(&t, "SET k v EX 10", OK, "SET k v PXAT 1700000010000\n");
	expect(&t, "set k v px 5", OK, "SET k v PXAT 1700000000005\n");
	expect(&t, "set k v exat 1800000000", OK, "SET k v PXAT 1800000000000\n");
	expect(&t, "set k w keepttl", OK, "SET k w KEEPTTL\n");
	expect(&t, "set k v get", "$1\r\nw\r\n", "SET k v\n");
	expect(&t, "set k v nx", NIL, "");
	expect(&t, "set k v nx get", "$1\r\nv\r\n", "");
	expect(&t, "set k w ifeq v", OK, "SET k w\n");
	expect(&t, "set k x ifeq v", NIL, "");
	expect(&t, "set k x ifne v px 7 get", "$1\r\nw\r\n", "SET k x PXAT 1700000000007\n");
	expect(&t, "set k v ex 0", "-ERR invalid expire time in 'set' command\r\n", "");
	expect(&t, "setex k 10 v", OK, "SET k v PXAT 1700000010000\n");
	expect(&t, "psetex k 10 v", OK, "SET k v PXAT 1700000000010\n");
	expect(&t, "getset k z", "$1\r\nv\r\n", "SET k z\n");
	expect(&t, "setnx k z", ":0\r\n", "");
	expect(&t, "msetnx k 1 l 2", ":0\r\n", "");
	expect(&t, "mset k 1 l 2", OK, "mset k 1 l 2\n");
	expect(&t, "msetex 2 k 1 l 2 nx ex 5", ":0\r\n", "");
	expect(&t, "msetex 2 k 1 l 2", ":1\r\n", "SET k 1\nSET l 2\n");
	expect(&t, "msetex 2 k 3 l 4 xx ex 10", ":1\r\n",
		"SET k 3 PXAT 1700000010000\nSET l 4 PXAT 1700000010000\n");
	expect(&t, "msetex 1 k 5 keepttl", ":1\r\n", "SET k 5 KEEPTTL\n");
	runner_close(&t);
}

static void test_get_and_change(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	run(&t, "set k v");
	propagated(&t);
	expect(&t, "getex k", "$1\r\nv\r\n", "");
	expect(&t, "getex k persist", "$1\r\nv\r\n", "");
	expect(&t, "getex k ex 10", "$1\r\nv\r\n", "PEXPIREAT k 1700000010000\n");
	expect(&t, "getex k persist", "$1\r\nv\r\n", "PERSIST k\n");
	expect(&t, "getex k exat 5", "$1\r\nv\r\n", "DEL k\n");
	expect(&t, "getex k ex 10", NIL, "");
	run(&t, "set k v");
	t.keyspace->config.lazy_expire = true;
	propagated(&t);
	expect(&t, "getex k pxat 5", "$1\r\nv\r\n", "UNLINK k\n");
	run(&t, "set k v");
	propagated(&t);
	expect(&t, "getdel k", "$1\r\nv\r\n", "DEL k\n");
	expect(&t, "getdel k", NIL, "");
	run(&t, "set k v");
	propagated(&t);
	expect(&t, "delex k ifeq x", ":0\r\n", "");
	expect(&t, "delex k ifeq v", ":1\r\n", "DEL k\n");
	expect(&t, "incrbyfloat k 1.5", "$3\r\n1.5\r\n", "SET k 1.5 KEEPTTL\n");
	expect(&t, "incr n", ":1\r\n", "incr n\n");
	expect(&t, "incr k", "-ERR value is not an integer or out of range\r\n", "");
	runner_close(&t);
}

/* What expires on the way is told before what the command itself did. */
static void test_expired_on_the_way(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	run(&t, "set k v px 5");
	propagated(&t);
	exec_set_time(t.exec, (RUNNER_NOW_MS + 10) * 1000);
	expect(&t, "get k", NIL, "DEL k\n");
	run(&t, "set k v px 5");
	propagated(&t);
	exec_set_time(t.exec, (RUNNER_NOW_MS + 30) * 1000);
	expect(&t, "incr k", ":1\r\n", "DEL k\nincr k\n");
	runner_close(&t);
}

/* A value that was received into a blob of its own becomes the value without a copy. */
static void test_big_argument(void **state)
{
	struct runner t;
	(void)state;
	runner_open(&t, groups);
	struct blob *big = blob_new(100000, 100000);
	memset(big->data, 'b', big->len);
	struct bytes argv[] = {BYTES("set"), BYTES("k"), blob_bytes(big)};
	t.exec->big_argument = big;
	call_run(&t.session, argv, 3);
	t.exec->big_argument = NULL;
	struct entry *e = db_find(&t.keyspace->dbs[0], key_of(BYTES("k")));
	assert_non_null(e);
	struct value v = entry_value(e);
	assert_ptr_equal(v.ptr, big);
	assert_int_equal(big->refs, 2);
	blob_drop(big);
	out_clear(&t.session.out);
	runner_close(&t);
}

UNIT_MAIN(test_set, test_get_and_change, test_expired_on_the_way, test_big_argument)
