/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/command_category: the categories that Redis shows for commands of each kind.
 */
#include "../../../src/exec/command_category.c"

#include "../unit.h"

static enum outcome run_nothing(struct call *call)
{
	(void)call;
	return DONE;
}

static void check(const char *group, uint32_t flags, const char *more, const char *want)
{
	const struct command_row row = {
		.name = "X", .run = run_nothing, .group = group, .categories = more};
	const struct command c = {.flags = flags, .row = &row};
	uint32_t bits = command_categories(&c);
	char got[256] = "";
	for (int i = 0; i < CATEGORY_COUNT; i++)
		if (bits >> i & 1)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
				got[0] ? " " : "", category_name((enum category)i));
	assert_string_equal(got, want);
}

static void test_categories(void **state)
{
	(void)state;
	check("string", CMD_READONLY | CMD_FAST, NULL, "read string fast");
	check("string", CMD_WRITE | CMD_DENY_OOM, NULL, "write string slow");
	check("generic", CMD_READONLY | CMD_DANGEROUS, NULL, "keyspace read slow dangerous");
	check("generic", CMD_WRITE, "=set sortedset list dangerous",
		"write set sortedset list slow dangerous");
	check("server", CMD_ADMIN, NULL, "admin slow dangerous");
	check("server", CMD_READONLY | CMD_FAST | CMD_KEYSPACE_CATEGORY, NULL,
		"keyspace read fast");
	check("server", CMD_LOADING, "connection", "slow connection");
	check("scripting", CMD_READONLY, NULL, "slow scripting");
	check("pubsub", CMD_PUBSUB | CMD_FAST, NULL, "pubsub fast");
	check("pubsub", CMD_LOADING, NULL, "slow");
	check("list", CMD_WRITE | CMD_BLOCKING, NULL, "write list slow blocking");
	check("stream", CMD_WRITE, NULL, "write stream slow");
	check("transactions", CMD_FAST, NULL, "fast transaction");
	check("nonsense", 0, "nonsense", "slow");
}

static void test_container(void **state)
{
	(void)state;
	const struct command_row row = {.name = "X", .group = "generic"};
	const struct command c = {.row = &row, .subcommand_count = 1};
	assert_int_equal(command_categories(&c), 1u << CATEGORY_SLOW);
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(category_find(BYTES("SortedSet")), CATEGORY_SORTEDSET);
	assert_int_equal(category_find(BYTES("scripting")), CATEGORY_SCRIPTING);
	assert_int_equal(category_find(BYTES("sorted")), -1);
	assert_int_equal(category_find(BYTES("")), -1);
}

UNIT_MAIN(test_categories, test_container, test_find)
