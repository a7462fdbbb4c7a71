/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/user: rules of users, selectors spread over words, passwords, and the line that is shown.
 */
#include "../../../src/acl/user.c"

#include "../unit.h"

#include "commands.h"

static struct acl_defaults defaults;

static int setup(void **state)
{
	struct command_table *table = command_table_new();
	(void)state;
	command_table_add(table, rows);
	defaults.commands = table;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	command_table_free((struct command_table *)(uintptr_t)defaults.commands);
	return 0;
}

static enum acl_rule apply(struct acl_user *u, const char *line, const char *culprit)
{
	struct acl_rule_error error;
	struct bytes words[16];
	int count = 0;
	for (; *line != '\0'; line += strcspn(line, " "), line += *line == ' ')
		words[count++] = bytes_of(line, strcspn(line, " "));
	if (acl_user_rules(u, &defaults, words, count, &error))
		return ACL_RULE_OK;
	if (culprit != NULL)
		assert_string_equal(buf_text(&error.rule), culprit);
	buf_release(&error.rule);
	return error.why;
}

static void expect_shown(const struct acl_user *u, const char *line)
{
	struct buf text = {0};
	acl_user_print(u, &text);
	assert_string_equal(buf_text(&text), line);
	buf_release(&text);
}

static void test_rules(void **state)
{
	struct acl_user *u = acl_user_new(BYTES("u"), &defaults);
	(void)state;
	expect_shown(u, "off sanitize-payload resetchannels -@all");
	assert_int_equal(apply(u, "on nopass +@all ~* allchannels", NULL), ACL_RULE_OK);
	expect_shown(u, "on nopass sanitize-payload ~* &* +@all");
	assert_true(u->is_unrestricted);
	assert_int_equal(apply(u, "OFF skip-sanitize-payload -get", NULL), ACL_RULE_OK);
	expect_shown(u, "off nopass skip-sanitize-payload ~* &* +@all -get");
	assert_false(u->is_unrestricted);
	assert_int_equal(apply(u, "(+@all ~* &*)", NULL), ACL_RULE_OK);
	assert_true(u->is_unrestricted);
	assert_int_equal(apply(u, "reset", NULL), ACL_RULE_OK);
	expect_shown(u, "off sanitize-payload resetchannels -@all");
	acl_user_free(u);
	defaults.all_channels = true;
	u = acl_user_new(BYTES("u"), &defaults);
	expect_shown(u, "off sanitize-payload &* -@all");
	assert_int_equal(apply(u, "resetchannels &a (+get) reset", NULL), ACL_RULE_OK);
	expect_shown(u, "off sanitize-payload &* -@all");
	acl_user_free(u);
	defaults.all_channels = false;
}

static void test_selectors(void **state)
{
	struct acl_user *u = acl_user_new(BYTES("u"), &defaults);
	(void)state;
	assert_int_equal(apply(u, "(+get ~a) ( %W~b +set ) ()", NULL), ACL_RULE_OK);
	expect_shown(u, "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get) "
			"(%W~b resetchannels -@all +set) (resetchannels -@all)");
	struct acl_user *copy = acl_user_copy(u);
	assert_int_equal(apply(u, "clearselectors", NULL), ACL_RULE_OK);
	expect_shown(u, "off sanitize-payload resetchannels -@all");
	acl_user_assign(u, copy);
	assert_int_equal(u->selector_count, 4);
	assert_int_equal(apply(u, "(+get ~a", "(+get"), ACL_RULE_UNMATCHED);
	assert_int_equal(apply(u, "(", "("), ACL_RULE_UNMATCHED);
	assert_int_equal(apply(u, ")", ")"), ACL_RULE_SYNTAX);
	assert_int_equal(apply(u, "(+get >x)", "(+get >x)"), ACL_RULE_SYNTAX);
	assert_int_equal(apply(u, "(+get (+set ) )", "(+get (+set )"), ACL_RULE_SYNTAX);
	assert_int_equal(apply(u, "(on)", NULL), ACL_RULE_SYNTAX);
	assert_int_equal(apply(u, "(~* ~a)", NULL), ACL_RULE_KEYS);
	assert_int_equal(u->selector_count, 4);
	acl_user_free(u);
}

#define HASH_OF_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

static void test_passwords(void **state)
{
	struct acl_user *u = acl_user_new(BYTES("u"), &defaults);
	(void)state;
	assert_false(acl_user_accepts(u, BYTES("")));
	assert_int_equal(apply(u, ">a >b >a", NULL), ACL_RULE_OK);
	assert_int_equal(u->password_count, 2);
	assert_true(acl_user_accepts(u, BYTES("a")));
	assert_true(acl_user_accepts(u, BYTES("b")));
	assert_false(acl_user_accepts(u, BYTES("c")));
	assert_int_equal(apply(u, "!" HASH_OF_A, NULL), ACL_RULE_OK);
	assert_false(acl_user_accepts(u, BYTES("a")));
	assert_true(acl_user_accepts(u, BYTES("b")));
	assert_int_equal(apply(u, "<a", "<a"), ACL_RULE_NO_PASSWORD);
	assert_int_equal(apply(u, "!" HASH_OF_A, NULL), ACL_RULE_NO_PASSWORD);
	assert_int_equal(apply(u, "#" HASH_OF_A " <b", NULL), ACL_RULE_OK);
	expect_shown(u, "off sanitize-payload #" HASH_OF_A " resetchannels -@all");
	assert_int_equal(
		apply(u, "#CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB", NULL),
		ACL_RULE_HASH);
	assert_int_equal(apply(u, "#ab", NULL), ACL_RULE_HASH);
	assert_int_equal(apply(u, "nopass", NULL), ACL_RULE_OK);
	assert_int_equal(u->password_count, 0);
	assert_true(acl_user_accepts(u, BYTES("anything")));
	assert_int_equal(apply(u, ">a", NULL), ACL_RULE_OK);
	assert_false(acl_user_accepts(u, BYTES("anything")));
	assert_int_equal(apply(u, "resetpass", NULL), ACL_RULE_OK);
	assert_false(acl_user_accepts(u, BYTES("a")));
	acl_user_free(u);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(acl_user_name_is_valid(BYTES("")));
	assert_true(acl_user_name_is_valid(BYTES("a:\xff")));
	assert_false(acl_user_name_is_valid(BYTES("a b")));
	assert_false(acl_user_name_is_valid(BYTES("a\tb")));
	assert_false(acl_user_name_is_valid(BYTES("a\0b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
