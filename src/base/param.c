/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The bodies of the parameter types. Each type knows three things: how to take words (set), how to
 * show a value (print), and nothing else; "did it change" and "is it the default" are answered by
 * comparing prints, so that a new type cannot get them wrong.
 *
 * The error texts are those that Redis's users and tools know.
 */
#include "base/param.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"

#include <stdio.h>

bool param_fail(struct param_error *error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return false;
}

static void *param_at(const struct param_row *row, void *owner)
{
	return (char *)owner + row->offset;
}

static const void *param_at_const(const struct param_row *row, const void *owner)
{
	return (const char *)owner + row->offset;
}

static bool param_is_text(const struct param_row *row)
{
	return row->type == PARAM_STRING || row->type == PARAM_STRING_OR_NULL ||
		row->type == PARAM_PATH;
}

/* --- taking words --- */

static bool param_set_bool(bool *to, struct bytes text, struct param_error *error)
{
	if (!bytes_is(text, "yes") && !bytes_is(text, "no"))
		return param_fail(error, "argument must be 'yes' or 'no'");
	*to = bytes_is(text, "yes");
	return true;
}

static bool param_in_range(const struct param_row *row, int64_t value, struct param_error *error)
{
	int64_t min = row->min, max = row->max;
	if (min == 0 && max == 0) {
		min = row->type == PARAM_I64 ? INT64_MIN : INT_MIN;
		max = row->type == PARAM_I64 ? INT64_MAX : INT_MAX;
	}
	if (value >= min && value <= max)
		return true;
	return param_fail(error, "argument must be between %lld and %lld inclusive", (long long)min,
		(long long)max);
}

static bool param_set_number(
	const struct param_row *row, void *to, struct bytes text, struct param_error *error)
{
	int64_t value;
	if (!num_parse_i64(text, &value))
		return param_fail(error, "argument couldn't be parsed into an integer");
	if (!param_in_range(row, value, error))
		return false;
	if (row->type == PARAM_I64)
		*(int64_t *)to = value;
	else /* a range beyond int (maxclients) is Redis's; the field takes what it can */
		*(int *)to = value > INT_MAX ? INT_MAX : (int)value;
	return true;
}

static bool param_set_octal(
	const struct param_row *row, int *to, struct bytes text, struct param_error *error)
{
	int64_t value = 0;
	bool is_valid = text.len > 0 && text.len <= 10;
	for (size_t i = 0; is_valid && i < text.len; i++) {
		is_valid = text.ptr[i] >= '0' && text.ptr[i] <= '7';
		value = value * 8 + (text.ptr[i] - '0');
	}
	if (!is_valid)
		return param_fail(error, "argument couldn't be parsed as an octal number");
	if (value < row->min || value > row->max)
		return param_fail(error, "argument must be between %llo and %llo inclusive",
			(unsigned long long)row->min, (unsigned long long)row->max);
	*to = (int)value;
	return true;
}

static bool param_set_memory(
	const struct param_row *row, uint64_t *to, struct bytes text, struct param_error *error)
{
	uint64_t value, max = row->max == 0 ? UINT64_MAX : (uint64_t)row->max;
	if (!num_parse_size(text, &value))
		return param_fail(error, "argument must be a memory value");
	if (value < (uint64_t)row->min || value > max)
		return param_fail(error, "argument must be between %llu and %llu inclusive",
			(unsigned long long)row->min, (unsigned long long)max);
	*to = value;
	return true;
}

static bool param_set_percent_or_memory(int64_t *to, struct bytes text, struct param_error *error)
{
	uint64_t value;
	if (text.len > 1 && text.ptr[text.len - 1] == '%') {
		if (!num_parse_u64(bytes_of(text.ptr, text.len - 1), &value))
			return param_fail(error, "argument must be a memory or percent value");
		if (value > 100)
			return param_fail(
				error, "percentage argument must be less or equal to 100");
		*to = -(int64_t)value;
		return true;
	}
	if (!num_parse_size(text, &value) || value > INT64_MAX)
		return param_fail(error, "argument must be a memory or percent value");
	*to = (int64_t)value;
	return true;
}

static const struct param_choice *param_choice_find(
	const struct param_choice *choices, struct bytes text)
{
	for (const struct param_choice *c = choices; c->name != NULL; c++)
		if (bytes_is(text, c->name))
			return c;
	return NULL;
}

static bool param_fail_choice(const struct param_row *row, struct param_error *error)
{
	struct buf list = {0};
	for (const struct param_choice *c = row->choices; c->name != NULL; c++)
		buf_printf(&list, "%s%s", c == row->choices ? "" : ", ", c->name);
	param_fail(error, "argument(s) must be one of the following: %s", buf_text(&list));
	buf_release(&list);
	return false;
}

static bool param_set_choice(const struct param_row *row, int *to, const struct bytes *argv,
	int argc, struct param_error *error)
{
	int value = 0;
	for (int i = 0; i < argc; i++) {
		const struct param_choice *c = param_choice_find(row->choices, argv[i]);
		if (c == NULL)
			return param_fail_choice(row, error);
		value |= c->value;
	}
	*to = value;
	return true;
}

static bool param_set_text(
	const struct param_row *row, char **to, const struct bytes *argv, int argc)
{
	struct buf joined = {0};
	for (int i = 0; i < argc; i++) {
		if (i > 0)
			buf_add_char(&joined, ' ');
		buf_add_bytes(&joined, argv[i]);
	}
	char *copy = NULL;
	if (joined.len > 0 || row->type != PARAM_STRING_OR_NULL)
		copy = mem_dup_bytes_text(joined.ptr == NULL ? "" : joined.ptr, joined.len);
	buf_release(&joined);
	mem_free(*to);
	*to = copy;
	return true;
}

static bool param_check(
	const struct param_row *row, const struct bytes *argv, int argc, struct param_error *error)
{
	if (row->type == PARAM_SPECIAL && (row->flags & PARAM_MULTI_ARG))
		return true;
	if (argc < 1)
		return row->type == PARAM_FLAGS ? param_fail_choice(row, error)
						: param_fail(error, "wrong number of arguments");
	if (argc > 1 && !(row->flags & PARAM_MULTI_ARG))
		return param_fail(error, "wrong number of arguments");
	if (param_is_text(row)) {
		for (int i = 0; i < argc; i++)
			if (argv[i].len > 0 && memchr(argv[i].ptr, '\0', argv[i].len) != NULL)
				return param_fail(error, "argument must not contain a NUL byte");
	}
	if (row->check == NULL || row->type == PARAM_SPECIAL)
		return true;
	if (argc == 1)
		return row->check(argv[0], error);
	struct buf joined = {0};
	for (int i = 0; i < argc; i++) {
		buf_add_text(&joined, i > 0 ? " " : "");
		buf_add_bytes(&joined, argv[i]);
	}
	bool is_valid = row->check(buf_bytes(&joined), error);
	buf_release(&joined);
	return is_valid;
}

static bool param_store(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	void *to = param_at(row, owner);
	switch (row->type) {
	case PARAM_BOOL:
		return param_set_bool(to, argv[0], error);
	case PARAM_INT:
	case PARAM_I64:
		return param_set_number(row, to, argv[0], error);
	case PARAM_OCTAL:
		return param_set_octal(row, to, argv[0], error);
	case PARAM_MEMORY:
		return param_set_memory(row, to, argv[0], error);
	case PARAM_PERCENT_OR_MEMORY:
		return param_set_percent_or_memory(to, argv[0], error);
	case PARAM_ENUM:
	case PARAM_FLAGS:
		return param_set_choice(row, to, argv, argc, error);
	case PARAM_STRING:
	case PARAM_STRING_OR_NULL:
	case PARAM_PATH:
		return param_set_text(row, to, argv, argc);
	case PARAM_SPECIAL:
		return row->special->set(row, owner, argv, argc, error);
	case PARAM_END:
	case PARAM_SECTION:
		break;
	}
	UNREACHABLE();
}

enum param_result param_set(const struct param_row *row, void *owner, const struct bytes *argv,
	int argc, struct param_error *error)
{
	struct buf before = {0}, after = {0};
	error->text[0] = '\0';
	if (!param_check(row, argv, argc, error))
		return PARAM_REFUSED;
	param_print(row, owner, &before);
	enum param_result result = PARAM_REFUSED;
	if (param_store(row, owner, argv, argc, error)) {
		param_print(row, owner, &after);
		result = bytes_equal(buf_bytes(&before), buf_bytes(&after)) ? PARAM_SAME
									    : PARAM_CHANGED;
	}
	buf_release(&before);
	buf_release(&after);
	return result;
}

/* --- showing values --- */

void param_print_choice(
	const struct param_choice *choices, int value, bool is_flags, struct buf *out)
{
	const char *gap = "";
	for (const struct param_choice *c = choices; c->name != NULL; c++) {
		if (c->value == value && (!is_flags || value == 0)) {
			buf_add_text(out, c->name);
			return;
		}
		if (!is_flags || c->value == 0 || (value & c->value) != c->value)
			continue;
		buf_printf(out, "%s%s", gap, c->name);
		gap = " ";
	}
}

void param_print(const struct param_row *row, const void *owner, struct buf *out)
{
	const void *at = param_at_const(row, owner);
	int64_t wide;
	const char *text;
	switch (row->type) {
	case PARAM_BOOL:
		buf_add_text(out, *(const bool *)at ? "yes" : "no");
		return;
	case PARAM_INT:
		buf_printf(out, "%d", *(const int *)at);
		return;
	case PARAM_I64:
		buf_printf(out, "%lld", (long long)*(const int64_t *)at);
		return;
	case PARAM_OCTAL:
		buf_printf(out, "%o", (unsigned)*(const int *)at);
		return;
	case PARAM_MEMORY:
		buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
		return;
	case PARAM_PERCENT_OR_MEMORY:
		wide = *(const int64_t *)at;
		buf_printf(out, wide < 0 ? "%lld%%" : "%lld", (long long)(wide < 0 ? -wide : wide));
		return;
	case PARAM_ENUM:
	case PARAM_FLAGS:
		param_print_choice(row->choices, *(const int *)at, row->type == PARAM_FLAGS, out);
		return;
	case PARAM_STRING:
	case PARAM_STRING_OR_NULL:
	case PARAM_PATH:
		text = *(char *const *)at;
		buf_add_text(out, text == NULL ? "" : text);
		return;
	case PARAM_SPECIAL:
		row->special->get(row, owner, out);
		return;
	case PARAM_END:
	case PARAM_SECTION:
		break;
	}
	UNREACHABLE();
}

/* The default goes through param_set and back, so that "64mb" equals "67108864". */
static void param_set_default(const struct param_row *row, void *owner)
{
	struct param_error error;
	struct param_words words;
	struct bytes whole = bytes_text(row->fallback == NULL ? "" : row->fallback);
	if (!(row->flags & PARAM_MULTI_ARG)) {
		ASSERT(param_store(row, owner, &whole, 1, &error));
		return;
	}
	ASSERT(param_split(whole, &words));
	if (words.argc == 0)
		ASSERT(param_store(row, owner, &whole, 1, &error));
	else
		ASSERT(param_store(row, owner, words.argv, words.argc, &error));
	param_words_release(&words);
}

void param_set_defaults(const struct param_row *rows, void *owner)
{
	PARAM_EACH (row, rows)
		param_set_default(row, owner);
}

void param_release(const struct param_row *rows, void *owner)
{
	PARAM_EACH (row, rows) {
		if (row->type == PARAM_SPECIAL && row->special->release != NULL)
			row->special->release(row, owner);
		if (!param_is_text(row))
			continue;
		char **text = param_at(row, owner);
		mem_free(*text);
		*text = NULL;
	}
}

static bool param_texts_same(const struct param_row *row, struct bytes shown)
{
	const char *fallback = row->fallback == NULL ? "" : row->fallback;
	uint64_t a, b;
	if (bytes_equal(shown, bytes_text(fallback)))
		return true;
	if (row->type != PARAM_MEMORY && row->type != PARAM_PERCENT_OR_MEMORY)
		return false;
	return num_parse_size(shown, &a) && num_parse_size(bytes_text(fallback), &b) && a == b;
}

bool param_is_default(const struct param_row *row, const void *owner)
{
	struct buf shown = {0};
	param_print(row, owner, &shown);
	bool is_default = param_texts_same(row, buf_bytes(&shown));
	buf_release(&shown);
	return is_default;
}

/* --- CONFIG REWRITE's lines --- */

static bool param_needs_quotes(const struct param_row *row, struct bytes text)
{
	bool blanks_allowed = row->flags & PARAM_MULTI_ARG;
	if (text.len == 0)
		return true;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c < ' ' || c > '~' || c == '"' || c == '\'' || c == '\\' || c == '#')
			return true;
		if (c == ' ' && !blanks_allowed)
			return true;
	}
	return false;
}

static void param_add_memory(uint64_t value, struct buf *out)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {{"gb", 1u << 30}, {"mb", 1u << 20}, {"kb", 1u << 10}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (value != 0 && value % units[i].factor == 0) {
			buf_printf(out, "%llu%s", (unsigned long long)(value / units[i].factor),
				units[i].name);
			return;
		}
	}
	buf_printf(out, "%llu", (unsigned long long)value);
}

void param_rewrite(const struct param_row *row, const void *owner, bool force, struct buf *lines)
{
	if (row->type == PARAM_SPECIAL && row->special->rewrite != NULL) {
		if (force || !param_is_default(row, owner))
			row->special->rewrite(row, owner, lines);
		return;
	}
	struct buf shown = {0};
	param_print(row, owner, &shown);
	if (force || !param_texts_same(row, buf_bytes(&shown))) {
		buf_printf(lines, "%s ", row->name);
		if (row->type == PARAM_MEMORY)
			param_add_memory(*(const uint64_t *)param_at_const(row, owner), lines);
		else if (param_needs_quotes(row, buf_bytes(&shown)))
			buf_add_quoted(lines, buf_bytes(&shown));
		else
			buf_add_bytes(lines, buf_bytes(&shown));
		buf_add_char(lines, '\n');
	}
	buf_release(&shown);
}

const struct param_row *param_find(const struct param_row *rows, struct bytes name)
{
	PARAM_EACH (row, rows)
		if (bytes_is(name, row->name) || (row->alias != NULL && bytes_is(name, row->alias)))
			return row;
	return NULL;
}
