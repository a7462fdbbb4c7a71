/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What must hold for every table of parameters, whoever owns it: names are well-formed and unique,
 * defaults are what their own rows accept and print, texts for redis.conf exist, and a rewritten
 * line reads back. The table's own test adds what is special.
 */
#ifndef RINGLET_TESTS_PARAM_ROWS_H
#define RINGLET_TESTS_PARAM_ROWS_H

#include "base/param.h"

static inline void rows_check_name(const struct param_row *rows, const char *name)
{
	int found = 0;
	assert_true(name[0] != '\0');
	for (const char *c = name; *c != '\0'; c++)
		assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' ||
			*c == '_');
	PARAM_EACH (row, rows)
		found += bytes_is(bytes_text(name), row->name) ||
			(row->alias != NULL && bytes_is(bytes_text(name), row->alias));
	assert_int_equal(found, 1);
}

static inline void rows_check_round_trip(const struct param_row *row, void *owner)
{
	struct buf lines = {0}, before = {0}, after = {0};
	struct param_error error;
	param_print(row, owner, &before);
	param_rewrite(row, owner, true, &lines);
	struct bytes rest = buf_bytes(&lines);
	/* Parameters of several lines must not read each line as the whole. */
	if (memchr(rest.ptr, '\n', rest.len) == rest.ptr + rest.len - 1) {
		struct param_words words;
		assert_true(param_split(rest, &words));
		assert_text_equal(words.argv[0].ptr, words.argv[0].len, row->name);
		enum param_result result =
			param_set(row, owner, words.argv + 1, words.argc - 1, &error);
		if (result != PARAM_SAME)
			fail_msg("%s: %s", row->name, error.text);
		param_words_release(&words);
	}
	param_print(row, owner, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_release(&lines);
	buf_release(&before);
	buf_release(&after);
}

/* `owner` must be zeroed; it holds the defaults afterwards. */
static inline void rows_check(const struct param_row *rows, void *owner)
{
	param_set_defaults(rows, owner);
	for (const struct param_row *row = rows; row->type != PARAM_END; row++) {
		assert_non_null(row->help);
		if (row->type == PARAM_SECTION)
			continue;
		rows_check_name(rows, row->name);
		if (row->alias != NULL)
			rows_check_name(rows, row->alias);
		if (!(row->flags & PARAM_HIDDEN))
			assert_true(row->help[0] != '\0');
		if (strcmp(row->name, "dir") != 0)
			assert_true(param_is_default(row, owner));
		rows_check_round_trip(row, owner);
	}
}

/* Setting `name` to `text` is refused with exactly this error, or accepted where `why` is NULL. */
static inline void rows_expect(const struct param_row *rows, void *owner, const char *name,
	const char *text, const char *why)
{
	struct param_error error = {0};
	struct param_words words = {0};
	const struct param_row *row = param_find(rows, bytes_text(name));
	assert_non_null(row);
	if (row->flags & PARAM_MULTI_ARG)
		assert_true(param_split(bytes_text(text), &words));
	bool several = words.argc > 1;
	struct bytes whole = bytes_text(text);
	enum param_result result = param_set(
		row, owner, several ? words.argv : &whole, several ? words.argc : 1, &error);
	param_words_release(&words);
	if (why == NULL && result == PARAM_REFUSED)
		fail_msg("%s \"%s\": %s", name, text, error.text);
	if (why == NULL)
		return;
	assert_int_equal(result, PARAM_REFUSED);
	assert_string_equal(error.text, why);
}

static inline void rows_expect_shown(
	const struct param_row *rows, const void *owner, const char *name, const char *shown)
{
	struct buf out = {0};
	param_print(param_find(rows, bytes_text(name)), owner, &out);
	assert_string_equal(buf_text(&out), shown);
	buf_release(&out);
}

#endif
