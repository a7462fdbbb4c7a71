/* SPDX-License-Identifier: BSD-3-Clause
 *
 * exec/syntax_keys: key specs of every shape a line can have, and flags that are none.
 */
#include "../../../src/exec/syntax_keys.c"

#include "../unit.h"

/* "begin find" of each spec: i1 = index 1, kWORD3 = keyword from 3, ? = unknown; r-1.2.0 = range
 * last, step, limit; n0.1 = keynum. */
static const char *specs_of(const char *line, int words)
{
	static char out[256];
	const char *error = NULL;
	struct syntax *syntax = syntax_parse(line, words, &error);
	if (syntax == NULL)
		return "error";
	out[0] = '\0';
	for (int i = 0; i < syntax->key_spec_count; i++) {
		const struct key_spec *k = &syntax->key_specs[i];
		size_t n = strlen(out);
		if (k->begin == KEY_BEGIN_INDEX)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "i%d ", k->index);
		else if (k->begin == KEY_BEGIN_KEYWORD)
			n += (size_t)snprintf(
				out + n, sizeof(out) - n, "k%s%d ", k->keyword, k->index);
		else
			n += (size_t)snprintf(out + n, sizeof(out) - n, "? ");
		if (k->find == KEY_FIND_RANGE)
			snprintf(
				out + n, sizeof(out) - n, "r%d.%d.%d;", k->last, k->step, k->limit);
		else if (k->find == KEY_FIND_KEYNUM)
			snprintf(
				out + n, sizeof(out) - n, "n%d.%d;", k->keynum_index, k->first_key);
		else
			snprintf(out + n, sizeof(out) - n, "?;");
	}
	syntax_free(syntax);
	return out;
}

static void test_index(void **state)
{
	(void)state;
	assert_string_equal(specs_of("key:key:RO", 1), "i1 r0.1.0;");
	assert_string_equal(specs_of("key:key:RO", 2), "i2 r0.1.0;");
	assert_string_equal(specs_of("a b {c|d} key:key:RO", 1), "i4 r0.1.0;");
	assert_string_equal(specs_of("a FROM key:key:RO", 1), "i3 r0.1.0;");
	assert_string_equal(specs_of("{a b|c d} key:key:RO", 1), "i3 r0.1.0;");
	assert_string_equal(specs_of("{a b|c} key:key:RO", 1), "? ?;");
	assert_string_equal(specs_of("[a] key:key:RO", 1), "? ?;");
	assert_string_equal(specs_of("a... key:key:RO", 1), "? ?;");
}

static void test_repeated(void **state)
{
	(void)state;
	assert_string_equal(specs_of("key:key:RO...", 1), "i1 r-1.1.0;");
	assert_string_equal(specs_of("key:key:RO... a b", 1), "i1 r-3.1.0;");
	assert_string_equal(specs_of("[key:key:RO...]", 1), "i1 r-1.1.0;");
	assert_string_equal(specs_of("{key:key:RO a b}...", 1), "i1 r-1.3.0;");
	assert_string_equal(specs_of("{key:key:RO a}... b", 1), "i1 r-2.2.0;");
	assert_string_equal(specs_of("x {key:key:RO... id...}", 1), "i2 r-1.1.2;");
	assert_string_equal(specs_of("key:key:RO... [a]", 1), "? ?;");
	assert_string_equal(specs_of("numkeys:integer key:key:RO... [a]", 1), "i1 n0.1;");
	assert_string_equal(
		specs_of("numkeys:integer d={key:key:OW value}... [a]", 1), "i1 n0.1;");
	assert_string_equal(specs_of("[x] numkeys:integer key:key:RO...", 1), "? ?;");
}

static void test_keyword(void **state)
{
	(void)state;
	assert_string_equal(specs_of("a [b] FROM key:key:RO", 1), "kFROM2 r0.1.0;");
	assert_string_equal(specs_of("a [FROM key:key:RO] [c]", 1), "kFROM2 r0.1.0;");
	assert_string_equal(specs_of("a [FROM key:key:RO...]", 1), "kFROM-2 r-1.1.0;");
	assert_string_equal(specs_of("[a] FROM {key:key:RO... id...}", 1), "kFROM1 r-1.1.2;");
}

static void test_many(void **state)
{
	(void)state;
	assert_string_equal(specs_of("a:key:OW b:key:RO...", 1), "i1 r0.1.0;i2 r-1.1.0;");
	assert_string_equal(specs_of("a:key:RO b:key:#0 c:key:#0", 1), "i1 r2.1.0;");
	assert_string_equal(specs_of("a:key:RO [BY p:pattern:RO] [STORE d:key:OW+unknown]", 1),
		"i1 r0.1.0;? ?;? ?;");
	/* No more than a spec array holds. */
	assert_string_equal(specs_of("a:key:RO b:key:RO c:key:RO d:key:RO e:key:RO", 1),
		"i1 r0.1.0;i2 r0.1.0;i3 r0.1.0;i4 r0.1.0;");
}

static void test_flags(void **state)
{
	struct syntax_key_notes notes = {.count = 0};
	struct syntax_arg arg = {.type = SYNTAX_KEY};
	(void)state;
	assert_true(syntax_keys_note(&notes, &arg, "RW+access+Update+VARIABLE_FLAGS"));
	assert_int_equal(
		notes.notes[0].flags, KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS);
	assert_false(syntax_keys_note(&notes, &arg, ""));
	assert_false(syntax_keys_note(&notes, &arg, "RW+"));
	assert_false(syntax_keys_note(&notes, &arg, "RW+nonsense"));
	assert_false(syntax_keys_note(&notes, &arg, "#"));
	assert_false(syntax_keys_note(&notes, &arg, "#x"));
	assert_false(syntax_keys_note(&notes, &arg, "#4"));
	assert_true(syntax_keys_note(&notes, &arg, "#3"));
	assert_int_equal(notes.count, SYNTAX_KEY_NOTES_MAX);
	assert_false(syntax_keys_note(&notes, &arg, "RW"));
}

UNIT_MAIN(test_index, test_repeated, test_keyword, test_many, test_flags)
