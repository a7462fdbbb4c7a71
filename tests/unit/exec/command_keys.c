/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/command_keys: keys out of calls that are right, cut short, or lie about their counts.
 */
#include "../../../src/exec/command_keys.c"

#include "../unit.h"

#define WORDS_MAX 64

/* The indexes that `line`, split at blanks, has as keys: "1 2"; "!" where the arguments don't say.
 */
static const char *keys_of_flags(const char *syntax_line, uint32_t flags, const char *line)
{
	static char out[256];
	const struct command_row row[] = {{.name = "X", .group = "generic", .syntax = syntax_line,
		.flags = flags}, {.name = NULL}};
	struct command_table *t = command_table_new();
	struct bytes argv[WORDS_MAX];
	struct key_refs refs = {0};
	int argc = 0;

	command_table_add(t, row);
	while (*line != '\0') {
		size_t len = strcspn(line, " ");
		argv[argc++] = bytes_of(line, len);
		line += len + (line[len] == ' ');
	}
	out[0] = '\0';
	if (!command_keys(command_find(t, BYTES("x")), argv, argc, &refs))
		strncpy(out, "!", sizeof(out) - 1);
	else
		for (int i = 0; i < refs.count; i++)
			snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%d",
				i > 0 ? " " : "", refs.refs[i].index);
	key_refs_release(&refs);
	command_table_free(t);
	return out;
}

static const char *keys_of(const char *syntax_line, const char *line)
{
	return keys_of_flags(syntax_line, 0, line);
}

static void test_ranges(void **state)
{
	(void)state;
	assert_string_equal(keys_of("key:key:RO", "x a"), "1");
	assert_string_equal(keys_of("key:key:RO", "x"), "!");
	assert_string_equal(keys_of("key:key:RO...", "x a b c"), "1 2 3");
	assert_string_equal(keys_of("key:key:RO... t:double", "x a b 0"), "1 2");
	assert_string_equal(keys_of("key:key:RO... t:double", "x 0"), "!");
	assert_string_equal(keys_of("{key:key:OW value}...", "x a 1 b 2"), "1 3");
	assert_string_equal(keys_of("{key:key:OW value}...", "x a 1 b"), "1 3");
	assert_string_equal(keys_of("a:key:RO b:key:#0", "x k l"), "1 2");
	assert_string_equal(keys_of("a:key:RO b:key:#0", "x k"), "!");
	assert_string_equal(keys_of("", "x a"), "");
}

static void test_counts(void **state)
{
	const char *line = "numkeys:integer key:key:RO... [W]";
	(void)state;
	assert_string_equal(keys_of(line, "x 2 a b c"), "2 3");
	assert_string_equal(keys_of(line, "x 0 a"), "!");
	assert_string_equal(keys_of(line, "x -1 a"), "!");
	assert_string_equal(keys_of(line, "x 2 a"), "!");
	assert_string_equal(keys_of(line, "x two a"), "!");
	assert_string_equal(keys_of(line, "x"), "!");
	assert_string_equal(keys_of(line, "x 2147483647 a"), "!");
	assert_string_equal(keys_of(line, "x 9223372036854775807 a"), "!");
	assert_string_equal(keys_of(line, "x 99999999999999999999 a"), "!");
	/* Scripts may have none. */
	assert_string_equal(keys_of_flags(line, CMD_NO_MANDATORY_KEYS, "x 0 a"), "");
	assert_string_equal(keys_of_flags(line, CMD_NO_MANDATORY_KEYS, "x 3 a"), "");
}

static void test_keywords(void **state)
{
	const char *streams = "[COUNT c:integer] STREAMS s={key:key:RO... id...}";
	const char *migrate = "host k [AUTH password] [KEYS key:key:RW...]";
	(void)state;
	assert_string_equal(keys_of(streams, "x STREAMS a b 1 2"), "2 3");
	assert_string_equal(keys_of(streams, "x count 2 streams a 1"), "4");
	assert_string_equal(keys_of(streams, "x a b c"), "");
	assert_string_equal(keys_of(streams, "x streams"), "!");
	assert_string_equal(keys_of(streams, "x streams a"), "!");
	assert_string_equal(keys_of(migrate, "x h k keys a b"), "4 5");
	assert_string_equal(keys_of(migrate, "x h k auth keys keys a"), "6");
	assert_string_equal(keys_of(migrate, "x h k"), "");
	assert_string_equal(keys_of("k:key:RO r [STORE d:key:OW]", "x a b store c"), "1 4");
	assert_string_equal(keys_of("k:key:RO r [STORE d:key:OW]", "x a b store"), "!");
	assert_string_equal(keys_of("k:key:RO r [STORE d:key:OW]", "x a b"), "1");
}

/* More keys than the list has inside. */
static void test_many(void **state)
{
	struct key_refs refs = {0};
	(void)state;
	for (int i = 0; i < 1000; i++)
		key_refs_add(&refs, i, (uint32_t)i * 3);
	assert_int_equal(refs.count, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(refs.refs[i].index, i);
		assert_int_equal(refs.refs[i].flags, i * 3);
	}
	key_refs_release(&refs);
	assert_int_equal(refs.count, 0);
}

/* Random words: an index it names is always one of argv's. */
static void test_random(void **state)
{
	static const char *const lines[] = {"key:key:RO...", "numkeys:integer key:key:RO... [W]",
		"[COUNT c:integer] STREAMS s={key:key:RO... id...}", "{key:key:OW value}...",
		"d:key:OW numkeys:integer key:key:RO...", "h [KEYS key:key:RW...]",
		"key:key:RO... a b"};
	static const char *const words[] = {
		"x", "1", "2", "3", "-1", "streams", "keys", "count", "100", ""};
	uint64_t seed = 11;
	(void)state;
	for (size_t l = 0; l < sizeof(lines) / sizeof(lines[0]); l++) {
		const struct command_row row[] = {
			{.name = "X", .group = "generic", .syntax = lines[l]}, {.name = NULL}};
		struct command_table *t = command_table_new();
		command_table_add(t, row);
		for (int round = 0; round < 5000; round++) {
			struct bytes argv[10];
			struct key_refs refs = {0};
			int argc = 1 + (int)(unit_random(&seed) % 10);
			for (int i = 0; i < argc; i++)
				argv[i] = bytes_text(words[unit_random(&seed) % 10]);
			command_keys(command_find(t, BYTES("x")), argv, argc, &refs);
			for (int i = 0; i < refs.count; i++)
				assert_true(refs.refs[i].index > 0 && refs.refs[i].index < argc);
			key_refs_release(&refs);
		}
		command_table_free(t);
	}
}

UNIT_MAIN(test_ranges, test_counts, test_keywords, test_many, test_random)
