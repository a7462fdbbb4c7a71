/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a unit is propagated as: the request itself, other words, nothing, or words although nothing
 * changed; deletions by expiry in their order.
 */
#include "../../../src/exec/effect.c"

#include "../cmd/runner.h"

static enum outcome touch(struct call *call)
{
	struct key key = call_key(call, 1);
	db_set_string(call->db, key, call->argv[0], EXPIRY_NONE);
	db_publish(call->db, key, EVENT_STRING, "set");
	if (call_arg_is(call, 2, "rewrite")) {
		EFFECT(call, BYTES("ONE"), call->argv[1]);
		EFFECT(call, BYTES("TWO"));
	} else if (call_arg_is(call, 2, "none")) {
		effect_none(call);
	}
	reply_ok(call->reply);
	return DONE;
}

static enum outcome look(struct call *call)
{
	call_find_read(call, call_key(call, 1));
	if (call_arg_is(call, 2, "force"))
		effect_force(call);
	reply_ok(call->reply);
	return DONE;
}

static const struct command_row rows[] = {
	{.name = "POKE",
		.run = touch,
		.flags = CMD_WRITE,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:OW+update [how]"},
	{.name = "LOOK",
		.run = look,
		.flags = CMD_READONLY,
		.group = "generic",
		.since = "1.0.0",
		.syntax = "key:key:RO+access [how]"},
	{0},
};

static const struct command_row *const groups[] = {rows, NULL};

static void told(const char *words, const char *wanted)
{
	struct runner t;
	char copy[64];
	struct bytes argv[4];
	int argc = 0;

	runner_open(&t, groups);
	struct key old = key_of(BYTES("old"));
	db_set_string(&t.keyspace->dbs[0], old, BYTES("x"), RUNNER_NOW_MS - 1);
	buf_clear(&t.told);
	snprintf(copy, sizeof(copy), "%s", words);
	char *save = NULL;
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = bytes_text(w);
	call_run(&t.session, argv, argc);
	assert_string_equal(wanted, t.told.len == 0 ? "" : buf_text(&t.told));
	assert_null(t.exec->unit_first);
	runner_close(&t);
}

static void test_modes(void **state)
{
	(void)state;
	told("POKE k", "POKE k\n");
	told("POKE k rewrite", "ONE k\nTWO\n");
	told("POKE k none", "");
	told("LOOK k", "");
	told("LOOK k force", "LOOK k force\n");
}

static void test_expiry_comes_first_and_alone(void **state)
{
	(void)state;
	told("LOOK old", "DEL old\n");
	told("LOOK old force", "DEL old\nLOOK old force\n");
}

static void test_nobody_listens(void **state)
{
	struct runner t;
	struct bytes argv[2] = {BYTES("POKE"), BYTES("k")};
	(void)state;
	runner_open(&t, groups);
	effect_arm_sink(t.exec, 0, false);
	call_run(&t.session, argv, 2);
	assert_null(t.exec->unit_first);
	t.session.origin = ORIGIN_RECOVERY;
	effect_arm_sink(t.exec, 0, true);
	call_run(&t.session, argv, 2);
	assert_int_equal(0, t.told.len);
	t.session.origin = ORIGIN_CLIENT;
	runner_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_expiry_comes_first_and_alone),
		cmocka_unit_test(test_nobody_listens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
