/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/command: names are found whatever their case, subcommands resolve, renames hold, and what is
 * derived from a row is what Redis shows.
 */
#include "../../../src/exec/command.c"

#include "../unit.h"

static enum outcome run_nothing(struct call *call)
{
	(void)call;
	return DONE;
}

static const struct command_row sub_rows[] = {
	{.name = "GET", .run = run_nothing, .group = "server", .syntax = "parameter={parameter}...",
		.flags = CMD_ADMIN},
	{.name = "SET", .run = run_nothing, .group = "server", .syntax = "{parameter value}..."},
	{.name = NULL},
};

static const struct command_row rows[] = {
	{.name = "GET",
		.run = run_nothing,
		.group = "string",
		.syntax = "key:key:RO+access",
		.flags = CMD_READONLY | CMD_FAST},
	{.name = "SET", .run = run_nothing, .group = "string", .syntax = "key:key:OW+update value"},
	{.name = "SETRANGE",
		.run = run_nothing,
		.group = "string",
		.syntax = "key:key:RW offset value"},
	{.name = "SINTERSTORE",
		.run = run_nothing,
		.group = "set",
		.syntax = "destination:key:RW+update key:key:RO+access..."},
	{.name = "SINTERSTOREX", .run = run_nothing, .group = "set", .syntax = ""},
	{.name = "RENAME",
		.run = run_nothing,
		.group = "generic",
		.syntax = "key:key:RW+access+delete newkey:key:OW+update"},
	{.name = "ZUNION",
		.run = run_nothing,
		.group = "sorted-set",
		.syntax = "numkeys:integer key:key:RO+access..."},
	{.name = "CONFIG", .group = "server", .subcommands = sub_rows},
	{.name = NULL},
};

static struct command_table *table_of_rows(void)
{
	struct command_table *t = command_table_new();
	command_table_add(t, rows);
	return t;
}

static const char *found(const struct command_table *t, const char *name)
{
	struct command *c = command_find(t, bytes_text(name));
	return c == NULL ? "none" : c->name;
}

static void test_find(void **state)
{
	(void)state;
	struct command_table *t = table_of_rows();
	assert_string_equal(found(t, "get"), "get");
	assert_string_equal(found(t, "GeT"), "get");
	assert_string_equal(found(t, "SETRANGE"), "setrange");
	assert_string_equal(found(t, "sinterstore"), "sinterstore");
	assert_string_equal(found(t, "sinterSTOREx"), "sinterstorex");
	assert_string_equal(found(t, "sinterstory"), "none");
	assert_string_equal(found(t, "setrangf"), "none");
	assert_string_equal(found(t, ""), "none");
	assert_string_equal(found(t, "ge"), "none");
	assert_string_equal(found(t, "config|get"), "none");
	/* Bytes that differ from letters only in the case bit are not letters. */
	assert_string_equal(found(t, "s\x05t"), "none");
	assert_string_equal(found(t, "S\xc5T"), "none");
	assert_ptr_equal(command_find(t, bytes_of("get\0", 4)), NULL);
	assert_int_equal(command_table_count(t), 8);
	assert_int_equal(command_table_ids(t), 10);
	command_table_free(t);
}

/* Upper case of eight bytes at once against one byte at a time. */
static void test_word(void **state)
{
	uint64_t seed = 3;
	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint64_t word = unit_random(&seed);
		uint64_t upper = command_word_upper(word);
		for (int i = 0; i < 8; i++) {
			unsigned char from = (unsigned char)(word >> (8 * i));
			unsigned char to = (unsigned char)(upper >> (8 * i));
			assert_int_equal(to, from >= 'a' && from <= 'z' ? from - 32 : from);
		}
	}
}

static void test_resolve(void **state)
{
	(void)state;
	struct command_table *t = table_of_rows();
	struct command *container;
	const struct bytes get[] = {BYTES("config"), BYTES("get"), BYTES("x")};
	const struct bytes odd[] = {BYTES("config"), BYTES("zork")};
	const struct bytes unknown[] = {BYTES("zork"), BYTES("get")};

	assert_string_equal(command_resolve(t, get, 3, &container)->name, "config|get");
	assert_null(container);
	assert_string_equal(command_resolve(t, get, 1, &container)->name, "config");
	assert_null(command_resolve(t, odd, 2, &container));
	assert_string_equal(container->name, "config");
	assert_null(command_resolve(t, unknown, 2, &container));
	assert_null(container);
	struct command *sub = command_find_full(t, BYTES("CONFIG|set"));
	assert_string_equal(sub->name, "config|set");
	assert_string_equal(command_short_name(sub), "set");
	assert_string_equal(command_short_name(sub->parent), "config");
	assert_null(command_find_full(t, BYTES("config|zork")));
	assert_null(command_find_full(t, BYTES("config|")));
	assert_null(command_find_full(t, BYTES("|get")));
	assert_null(command_find_full(t, BYTES("zork|get")));
	command_table_free(t);
}

static void test_derived(void **state)
{
	(void)state;
	struct command_table *t = table_of_rows();
	struct command *c = command_find(t, BYTES("sinterstore"));
	assert_int_equal(c->arity, -3);
	assert_int_equal(c->first_key, 1);
	assert_int_equal(c->last_key, -1);
	assert_int_equal(c->key_step, 1);
	c = command_find(t, BYTES("rename"));
	assert_int_equal(c->first_key, 1);
	assert_int_equal(c->last_key, 2);
	c = command_find(t, BYTES("zunion"));
	assert_int_equal(c->first_key, 0);
	assert_true(c->flags & CMD_MOVABLE_KEYS);
	c = command_find(t, BYTES("config"));
	assert_int_equal(c->arity, -2);
	assert_int_equal(c->subcommands[1].arity, -4);
	assert_true(command_arity_fits(&c->subcommands[1], 4));
	assert_false(command_arity_fits(&c->subcommands[1], 3));
	command_table_free(t);
}

static void count(struct command *c, void *context)
{
	(void)c;
	++*(int *)context;
}

static void test_rename(void **state)
{
	(void)state;
	struct command_table *t = table_of_rows();
	int n = 0;
	assert_true(command_table_rename(t, BYTES("get"), BYTES("Fetch")));
	assert_string_equal(found(t, "get"), "none");
	assert_string_equal(found(t, "fETCH"), "get");
	assert_false(command_table_rename(t, BYTES("get"), BYTES("x")));
	assert_true(command_table_rename(t, BYTES("set"), BYTES("SET")));
	assert_non_null(command_find(t, BYTES("set")));
	assert_false(command_table_rename(t, BYTES("set"), BYTES("fetch")));
	assert_string_equal(found(t, "set"), "set");
	assert_true(command_table_rename(t, BYTES("config"), BYTES("")));
	assert_string_equal(found(t, "config"), "none");
	command_table_each(t, count, &n);
	assert_int_equal(n, 7); /* config and its two are gone, get is not */
	assert_true(command_table_rename(t, BYTES("fetch"), BYTES("get")));
	assert_string_equal(found(t, "GET"), "get");
	/* No number of renames can fill the table. */
	for (int i = 0; i < 3 * COMMAND_SLOTS; i++) {
		char from[16], to[16];
		snprintf(from, sizeof(from), "n%d", i);
		snprintf(to, sizeof(to), "n%d", i + 1);
		if (!command_table_rename(
			    t, i == 0 ? BYTES("set") : bytes_text(from), bytes_text(to)))
			break;
	}
	assert_string_equal(found(t, "zork"), "none");
	command_table_free(t);
}

static void add_twice(void *table)
{
	command_table_add(table, rows);
}

static void add_malformed(void *table)
{
	static const struct command_row wrong[] = {
		{.name = "X", .run = run_nothing, .group = "server", .syntax = "[a"},
		{.name = NULL}};
	command_table_add(table, wrong);
}

static void test_wrong_rows(void **state)
{
	(void)state;
	struct command_table *t = table_of_rows();
	assert_true(unit_aborts(add_twice, t));
	assert_true(unit_aborts(add_malformed, t));
	command_table_free(t);
}

UNIT_MAIN(test_find, test_word, test_resolve, test_derived, test_rename, test_wrong_rows)
