/* SPDX-License-Identifier: BSD-3-Clause
 *
 * acl/selector: rules against what they allow and how they are shown; random sequences of rules
 * against a naive list of them.
 */
#include "../../../src/acl/selector.c"

#include "../unit.h"

#include "commands.h"

static struct command_table *table;

static int setup(void **state)
{
	(void)state;
	table = command_table_new();
	command_table_add(table, rows);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	command_table_free(table);
	return 0;
}

static enum acl_rule apply(struct acl_selector *s, const char *rules)
{
	enum acl_rule result = ACL_RULE_OK;
	while (*rules != '\0' && result == ACL_RULE_OK) {
		size_t len = strcspn(rules, " ");
		result = acl_selector_rule(s, table, bytes_of(rules, len));
		rules += len + (rules[len] == ' ');
	}
	return result;
}

static void expect_shown(const char *rules, const char *shown)
{
	struct acl_selector s = {0}, copy;
	struct buf text = {0};
	assert_int_equal(apply(&s, rules), ACL_RULE_OK);
	acl_selector_copy(&copy, &s);
	acl_selector_release(&s);
	acl_selector_print(&copy, &text);
	assert_string_equal(buf_text(&text), shown);
	buf_release(&text);
	acl_selector_release(&copy);
}

static void test_shown(void **state)
{
	(void)state;
	expect_shown("", "resetchannels -@all");
	expect_shown("+@all ~* &*", "~* &* +@all");
	expect_shown("+GET -set +@String", "resetchannels -@all +get -set +@string");
	expect_shown("+get -set +get", "resetchannels -@all -set +get");
	expect_shown("+config|get +config", "resetchannels -@all +config");
	expect_shown("+config -config|set", "resetchannels -@all +config -config|set");
	expect_shown("+select|0 +select|1 +select|0", "resetchannels -@all +select|1 +select|0");
	expect_shown("+select|0 -@all", "resetchannels -@all");
	expect_shown("%R~a %W~a %W~b ~c %rw~d", "~a %W~b ~c ~d resetchannels -@all");
	expect_shown("~a ~* resetkeys ~b", "~b resetchannels -@all");
	expect_shown("&a &b &a", "resetchannels &a &b -@all");
	expect_shown("&a allchannels resetchannels &x", "resetchannels &x -@all");
}

static void expect_refused(const char *rules, enum acl_rule why)
{
	struct acl_selector s = {0};
	assert_int_equal(apply(&s, rules), why);
	acl_selector_release(&s);
}

static void test_refused(void **state)
{
	static const char *const syntax[] = {"x", "on", "%~a", "%RR~a", "%X~a", "%R", "%", "&a\tb",
		"+get|", "+config|", "reset"};
	static const char *const unknown[] = {"+", "-", "+nothing", "+@nothing", "+@", "-select|0",
		"+select|0|1", "+config|x", "-config|", "+nothing|x"};
	struct acl_selector s = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(syntax) / sizeof(syntax[0]); i++)
		expect_refused(syntax[i], ACL_RULE_SYNTAX);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		expect_refused(unknown[i], ACL_RULE_UNKNOWN);
	expect_refused("+config|get|x", ACL_RULE_FIRST_ARG);
	expect_refused("~* ~a", ACL_RULE_KEYS);
	expect_refused("allkeys %R~a", ACL_RULE_KEYS);
	expect_refused("&* &a", ACL_RULE_CHANNELS);
	assert_int_equal(acl_selector_rule(&s, table, BYTES("~a\0b")), ACL_RULE_SYNTAX);
	for (int why = ACL_RULE_SYNTAX; why <= ACL_RULE_UNMATCHED; why++)
		assert_true(strlen(acl_rule_text((enum acl_rule)why)) > 5);
}

static enum acl_denial check(const char *rules, const char *line, int *index)
{
	struct acl_selector s = {0};
	struct bytes argv[16];
	struct key_refs keys = {0};
	struct acl_query query = {.argv = argv, .keys = &keys};
	assert_int_equal(apply(&s, rules), ACL_RULE_OK);
	for (; *line != '\0'; line += strcspn(line, " "), line += *line == ' ')
		argv[query.argc++] = bytes_of(line, strcspn(line, " "));
	query.command = command_resolve(table, argv, query.argc, NULL);
	assert_true(command_keys(query.command, argv, query.argc, &keys));
	enum acl_denial denial = acl_selector_check(&s, &query, index);
	key_refs_release(&keys);
	acl_selector_release(&s);
	return denial;
}

static void test_check(void **state)
{
	int at;
	(void)state;
	assert_int_equal(check("", "GET a", &at), ACL_DENIED_COMMAND);
	assert_int_equal(check("", "AUTH a", &at), ACL_ALLOWED);
	assert_int_equal(check("+get", "GET a", &at), ACL_DENIED_KEY);
	assert_int_equal(at, 1);
	assert_int_equal(check("+get %R~a*", "GET ab", &at), ACL_ALLOWED);
	assert_int_equal(check("+get %W~a*", "GET ab", &at), ACL_DENIED_KEY);
	assert_int_equal(check("+@string %W~a", "SET a 1", &at), ACL_ALLOWED);
	assert_int_equal(check("+@string %R~a", "SET a 1", &at), ACL_DENIED_KEY);
	assert_int_equal(check("+copy %R~a %W~b", "COPY a b", &at), ACL_ALLOWED);
	assert_int_equal(check("+copy %R~a %W~b", "COPY a a", &at), ACL_DENIED_KEY);
	assert_int_equal(at, 2);
	/* Neither read nor written: any right to the key will do, but one is needed. */
	assert_int_equal(check("+exists %R~a %W~b", "EXISTS a b", &at), ACL_ALLOWED);
	assert_int_equal(check("+exists %R~a %W~b", "EXISTS a b c", &at), ACL_DENIED_KEY);
	assert_int_equal(at, 3);
	assert_int_equal(check("+select|0", "SELECT 0", &at), ACL_ALLOWED);
	assert_int_equal(check("+select|0", "SELECT 1", &at), ACL_DENIED_COMMAND);
	assert_int_equal(check("+select -select", "SELECT 0", &at), ACL_DENIED_COMMAND);
	assert_int_equal(check("+config -config|set", "CONFIG GET a", &at), ACL_ALLOWED);
	assert_int_equal(check("+config -config|set", "CONFIG SET a b", &at), ACL_DENIED_COMMAND);
	assert_int_equal(check("+config|get", "CONFIG GET a", &at), ACL_ALLOWED);
	/* Containers are @slow themselves, and their subcommands with them. */
	assert_int_equal(check("+@slow", "CONFIG GET a", &at), ACL_ALLOWED);
	assert_int_equal(check("+@all -@admin", "CONFIG GET a", &at), ACL_DENIED_COMMAND);
}

static void test_channels(void **state)
{
	struct acl_selector s = {0};
	(void)state;
	assert_int_equal(apply(&s, "&a* &b"), ACL_RULE_OK);
	assert_true(acl_selector_has_channel(&s, BYTES("ab"), false));
	assert_false(acl_selector_has_channel(&s, BYTES("c"), false));
	assert_true(acl_selector_has_channel(&s, BYTES("a*"), true));
	assert_false(acl_selector_has_channel(&s, BYTES("ab*"), true));
	assert_int_equal(apply(&s, "allchannels"), ACL_RULE_OK);
	assert_true(acl_selector_has_channel(&s, BYTES("c*"), true));
	acl_selector_release(&s);
}

static void test_unrestricted(void **state)
{
	struct acl_selector s = {0};
	(void)state;
	assert_int_equal(apply(&s, "+@all ~*"), ACL_RULE_OK);
	assert_false(acl_selector_is_unrestricted(&s));
	assert_int_equal(apply(&s, "&*"), ACL_RULE_OK);
	assert_true(acl_selector_is_unrestricted(&s));
	assert_int_equal(apply(&s, "-config|get"), ACL_RULE_OK);
	assert_false(acl_selector_is_unrestricted(&s));
	assert_true(acl_selector_reads_all(&s));
	assert_int_equal(apply(&s, "resetkeys %W~* %R~a"), ACL_RULE_OK);
	assert_false(acl_selector_reads_all(&s));
	assert_int_equal(apply(&s, "%R~*"), ACL_RULE_OK);
	assert_true(acl_selector_reads_all(&s));
	acl_selector_allow_all(&s);
	assert_true(acl_selector_is_unrestricted(&s));
	acl_selector_release(&s);
}

/* The last rule that names a command or one of its categories decides. */
static bool model_allows(const char *const *said, int count, const struct command *c)
{
	bool allowed = false;
	for (int i = 0; i < count; i++) {
		const char *name = said[i] + 1;
		int category = *name == '@' ? category_find(bytes_text(name + 1)) : -1;
		bool is_about = strcmp(name, "@all") == 0 || strcmp(name, c->name) == 0 ||
				(c->parent != NULL && strcmp(name, c->parent->name) == 0) ||
				(category >= 0 && command_categories(c) >> category & 1) ||
				(category >= 0 && c->parent != NULL &&
					command_categories(c->parent) >> category & 1);
		allowed = is_about ? said[i][0] == '+' : allowed;
	}
	return allowed;
}

static void test_random(void **state)
{
	static const char *const words[] = {"+@all", "-@all", "+get", "-get", "+set", "-set",
		"+config", "-config", "+config|get", "-config|get", "-config|set", "+@string",
		"-@string", "+@fast", "-@fast", "+@slow", "-@admin", "+@admin", "-@write", "+copy"};
	const char *said[12];
	uint64_t seed = 7;
	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct acl_selector s = {0};
		struct buf text = {0};
		int count = (int)(unit_random(&seed) % 12);
		for (int i = 0; i < count; i++) {
			said[i] = words[unit_random(&seed) % (sizeof(words) / sizeof(words[0]))];
			assert_int_equal(apply(&s, said[i]), ACL_RULE_OK);
		}
		/* What is shown makes the same selector again. */
		struct acl_selector again = {0};
		acl_selector_print_commands(&s, &text);
		assert_int_equal(apply(&again, buf_text(&text)), ACL_RULE_OK);
		for (int id = 0; id < command_table_ids(table); id++) {
			const struct command *c = command_by_id(table, id);
			assert_int_equal(
				acl_selector_has_command(&s, id), model_allows(said, count, c));
			assert_int_equal(acl_selector_has_command(&again, id),
				acl_selector_has_command(&s, id));
		}
		buf_release(&text);
		acl_selector_release(&s);
		acl_selector_release(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_unrestricted),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
