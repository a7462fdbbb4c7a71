/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/config: what patterns find and under which name, and that CONFIG SET is a transaction:
 * whatever fails in whichever place, everything is as it was and the applies have run again.
 */
#include "../../../src/process/config.c"

#include "../unit.h"

struct thing {
	int a, b;
	bool flag;
	char *secret;
	uint64_t size;
	char *words;
};

static struct thing thing;
static int apply_calls, refuse_above = 100, change_calls;
static void *apply_context;

static bool apply(void *owner, void *context, struct param_error *error)
{
	struct thing *t = owner;
	apply_calls++;
	apply_context = context;
	return t->a <= refuse_above || param_fail(error, "too much");
}

#define AT(field) PARAM_FIELD(struct thing, field)
static const struct param_row rows[] = {
	{.type = PARAM_SECTION, .name = "THINGS", .help = "About things."},
	{"thing-a", PARAM_INT, AT(a), "1", .max = 1000, .apply = apply, .alias = "old-a"},
	{"thing-b", PARAM_INT, AT(b), "2", .max = 1000, .apply = apply},
	{"thing-flag", PARAM_BOOL, AT(flag), "no", .flags = PARAM_IMMUTABLE},
	{"thing-secret", PARAM_STRING, AT(secret), "", .flags = PARAM_SENSITIVE | PARAM_PROTECTED},
	{"thing-hidden", PARAM_MEMORY, AT(size), "1kb", .flags = PARAM_HIDDEN | PARAM_DENY_LOADING},
	{"thing-words", PARAM_STRING, AT(words), "x y", .flags = PARAM_MULTI_ARG},
	{0},
};

static struct config *config;

static void count_change(const struct param_row *row, void *context)
{
	assert_non_null(row->name);
	assert_null(context);
	change_calls++;
}

static int setup(void **state)
{
	const struct param_group group = {rows, &thing, &refuse_above};
	(void)state;
	apply_calls = change_calls = 0;
	refuse_above = 100;
	config = config_new(&group, 1);
	config_on_change(config, count_change, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	memset(&thing, 0, sizeof(thing));
	return 0;
}

static void collect(struct bytes name, struct bytes value, void *context)
{
	struct buf *out = context;
	buf_printf(out, "%.*s=%.*s ", (int)name.len, name.ptr, (int)value.len, value.ptr);
}

static void expect_get(const char *patterns, const char *expected)
{
	struct param_words words;
	struct buf out = {0};
	assert_true(param_split(bytes_text(patterns), &words));
	config_get(config, words.argv, words.argc, collect, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
	param_words_release(&words);
}

static void test_get(void **state)
{
	(void)state;
	expect_get("nothing", "");
	expect_get("thing-a", "thing-a=1 ");
	expect_get("OLD-A", "OLD-A=1 ");
	expect_get("thing-[ab]", "thing-a=1 thing-b=2 ");
	expect_get("*-a", "thing-a=1 old-a=1 ");
	expect_get("thing-a *-a thing-a THING-A", "thing-a=1 old-a=1 ");
	expect_get("*-a old-a thing-a", "thing-a=1 old-a=1 ");
	expect_get("*hidden*", "");
	expect_get("thing-hidden *hidden Thing-Hidden", "thing-hidden=1024 ");
	expect_get("thing-words", "thing-words=x y ");
	expect_get("thing-secret", "thing-secret= ");
}

static enum config_status set_with(
	const char *text, struct config_caller caller, struct config_error *error)
{
	struct param_words words;
	assert_true(param_split(bytes_text(text), &words));
	enum config_status status = config_set(config, words.argv, words.argc / 2, caller, error);
	/* The name is a view of the words. */
	if (status != CONFIG_OK)
		error->name = bytes_of(
			mem_dup_bytes_text(error->name.ptr, error->name.len), error->name.len);
	param_words_release(&words);
	return status;
}

static void expect_refused(
	const char *text, enum config_status expected, const char *name, const char *why)
{
	struct config_error error = {0};
	struct thing before = thing;
	char *secret = mem_dup_text(thing.secret), *words = mem_dup_text(thing.words);
	assert_int_equal(
		set_with(text, (struct config_caller){.is_loading = true}, &error), expected);
	assert_text_equal(error.name.ptr, error.name.len, name);
	if (why != NULL)
		assert_string_equal(error.text.text, why);
	mem_free((void *)(uintptr_t)error.name.ptr);
	assert_int_equal(before.a, thing.a);
	assert_int_equal(before.b, thing.b);
	assert_int_equal(before.size, thing.size);
	assert_string_equal(secret, thing.secret);
	assert_string_equal(words, thing.words);
	assert_int_equal(change_calls, 0);
	mem_free(secret);
	mem_free(words);
}

static void test_set(void **state)
{
	struct config_error error;
	(void)state;
	assert_int_equal(
		set_with("thing-a 5 thing-b 6", (struct config_caller){0}, &error), CONFIG_OK);
	assert_int_equal(thing.a, 5);
	assert_int_equal(thing.b, 6);
	assert_int_equal(apply_calls, 1); /* shared */
	assert_ptr_equal(apply_context, &refuse_above);
	assert_int_equal(change_calls, 2);
	assert_int_equal(set_with("thing-a 5", (struct config_caller){0}, &error), CONFIG_OK);
	assert_int_equal(apply_calls, 1); /* the same value */
	assert_int_equal(change_calls, 2);
	/* The two names of one parameter may both be given. */
	assert_int_equal(
		set_with("thing-a 7 old-a 7", (struct config_caller){0}, &error), CONFIG_OK);
	assert_int_equal(
		set_with("thing-words 'a b'", (struct config_caller){0}, &error), CONFIG_OK);
	assert_string_equal(thing.words, "a b");
	assert_int_equal(set_with("thing-secret s",
				 (struct config_caller){.may_set_protected = true}, &error),
		CONFIG_OK);
	assert_string_equal(thing.secret, "s");
}

static void test_set_refused_before_values(void **state)
{
	(void)state;
	expect_refused("thing-a 5 nothing 1", CONFIG_UNKNOWN, "nothing", NULL);
	expect_refused("thing-a 5 Thing-Flag yes", CONFIG_REFUSED, "Thing-Flag",
		"can't set immutable config");
	expect_refused("thing-secret x thing-a 5", CONFIG_REFUSED, "thing-secret",
		"can't set protected config");
	expect_refused("thing-a 5 THING-A 6", CONFIG_REFUSED, "THING-A", "duplicate parameter");
	expect_refused("thing-a 5 thing-hidden 2kb", CONFIG_LOADING, "thing-hidden", NULL);
	assert_int_equal(apply_calls, 0);
}

static void test_set_rolled_back(void **state)
{
	(void)state;
	expect_refused("thing-words 'q r' thing-a 5 thing-b 1001", CONFIG_REFUSED, "thing-b",
		"argument must be between 0 and 1000 inclusive");
	assert_int_equal(apply_calls, 0);
	expect_refused(
		"thing-words 'q r' thing-b 9 thing-a 500", CONFIG_REFUSED, "thing-b", "too much");
	assert_int_equal(apply_calls, 2); /* refused, then again with the old values */
}

static void test_bind_and_find(void **state)
{
	static struct thing moved;
	void *owner = NULL;
	(void)state;
	assert_true(config_is_sensitive(config, BYTES("THING-SECRET")));
	assert_false(config_is_sensitive(config, BYTES("thing-a")));
	assert_false(config_is_sensitive(config, BYTES("nothing")));
	assert_non_null(config_find(config, BYTES("old-a"), &owner));
	assert_ptr_equal(owner, &thing);
	moved = thing;
	config_bind(config, &thing, &moved, NULL);
	assert_non_null(config_find(config, BYTES("old-a"), &owner));
	assert_ptr_equal(owner, &moved);
	config_bind(config, &moved, &thing, NULL);
	assert_string_equal(config_file(config), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_refused_before_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_rolled_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bind_and_find, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
