/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A reply that differs in bytes is taken apart at its top level only: elements are spans of the
 * received bytes, found by the bench's counter of replies, then sorted and compared.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../utils/bench/reply.h"

enum {
	ELEMENTS_MAX = 100000,
	NEAR_SECONDS = 20,
	NEAR_MS = 20000,
};

struct elements {
	struct text *item;
	size_t count;
};

static int text_equal(struct text a, struct text b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static int text_order(const void *a, const void *b)
{
	const struct text *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->data, y->data, len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* The top-level elements, `group` together; count 0 and item NULL when the reply is no aggregate.
 * */
static struct elements elements_of(struct text reply, size_t group)
{
	struct elements elements = { NULL, 0 };
	const char *line = memchr(reply.data, '\n', reply.len);

	if (!line || !strchr("*~%", reply.data[0]))
		return elements;
	size_t count = strtoul(reply.data + 1, NULL, 10);
	if (reply.data[0] == '%')
		count *= 2;
	if (count % group || count > ELEMENTS_MAX)
		return elements;
	elements.item = calloc(count / group + 1, sizeof *elements.item);
	if (!elements.item)
		abort();
	for (size_t at = (size_t)(line + 1 - reply.data); elements.count < count / group;) {
		struct reply_scan scan = { 0 };
		size_t used = reply_scan(&scan, reply.data + at, reply.len - at, group);

		elements.item[elements.count++] = (struct text){ reply.data + at, used };
		at += used;
	}
	return elements;
}

static int sorted_equal(struct text a, struct text b, size_t group)
{
	struct elements x = elements_of(a, group), y = elements_of(b, group);
	int is_equal = x.item && y.item && x.count == y.count && a.data[0] == b.data[0];

	if (is_equal) {
		qsort(x.item, x.count, sizeof *x.item, text_order);
		qsort(y.item, y.count, sizeof *y.item, text_order);
		for (size_t i = 0; i < x.count; i++)
			is_equal &= text_equal(x.item[i], y.item[i]);
	}
	free(x.item);
	free(y.item);
	return is_equal;
}

static int scan_equal(struct text a, struct text b)
{
	struct elements x = elements_of(a, 1), y = elements_of(b, 1);
	int is_equal = x.count == 2 && y.count == 2 && text_equal(x.item[0], y.item[0]) &&
		sorted_equal(x.item[1], y.item[1], 1);

	free(x.item);
	free(y.item);
	return is_equal;
}

/* The grammar's times to live are a few thousand seconds, its dates beyond the year 2000. */
static int is_milliseconds(long long value)
{
	return (value > 100000 && value < 900000000) || value > 100000000000;
}

static int near_equal(struct text a, struct text b)
{
	if (a.data[0] != ':' || b.data[0] != ':')
		return 0;
	long long x = strtoll(a.data + 1, NULL, 10), y = strtoll(b.data + 1, NULL, 10);
	long long apart = x > y ? x - y : y - x;

	if (x < 0 || y < 0)
		return 0;
	return apart <= (is_milliseconds(x) ? NEAR_MS : NEAR_SECONDS);
}

/* 7.2 packs small sets and lists where 7.0 said otherwise. */
static int encoding_equal(struct text a, struct text b)
{
	static const char *const same[][2] = {
		{ "$8\r\nlistpack\r\n", "$9\r\nhashtable\r\n" },
		{ "$8\r\nlistpack\r\n", "$9\r\nquicklist\r\n" },
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct text x = { same[i][0], strlen(same[i][0]) },
			    y = { same[i][1], strlen(same[i][1]) };

		if ((text_equal(a, x) && text_equal(b, y)) ||
			(text_equal(a, y) && text_equal(b, x)))
			return 1;
	}
	return 0;
}

/* The next token: a bulk string's text, else a line; *kind is its first byte. Behind the end it is
 * empty and *kind 0. */
static struct text token_next(struct text reply, size_t *at, char *kind)
{
	const char *line = reply.data + *at;
	const char *end = *at < reply.len ? memchr(line, '\n', reply.len - *at) : NULL;

	*kind = 0;
	if (!end || end - line < 2)
		return (struct text){ line, 0 };
	struct text token = { line + 1, (size_t)(end - line) - 2 };
	*kind = *line;
	*at += (size_t)(end - line) + 1;
	long len = *kind == '$' ? strtol(line + 1, NULL, 10) : -1;
	if (len >= 0 && (size_t)len + 2 <= reply.len - *at) {
		token = (struct text){ reply.data + *at, (size_t)len };
		*at += (size_t)len + 2;
	}
	return token;
}

/* One writes with an exponent what the other writes without. */
static int number_equal(struct text a, struct text b)
{
	char x[64], y[64], *x_end, *y_end;

	if (a.len >= sizeof x || b.len >= sizeof y || !a.len || !b.len)
		return 0;
	memcpy(x, a.data, a.len);
	memcpy(y, b.data, b.len);
	x[a.len] = y[b.len] = '\0';
	if (!strchr(x, 'e') == !strchr(y, 'e'))
		return 0;
	return strtod(x, &x_end) == strtod(y, &y_end) && !*x_end && !*y_end;
}

/* 7.2 shows large numbers without an exponent. */
static int numbers_equal(struct text a, struct text b)
{
	size_t a_at = 0, b_at = 0;
	char a_kind, b_kind;

	for (;;) {
		struct text x = token_next(a, &a_at, &a_kind), y = token_next(b, &b_at, &b_kind);

		if (a_kind != b_kind)
			return 0;
		if (!a_kind)
			return a_at == a.len && b_at == b.len;
		if (text_equal(x, y))
			continue;
		if ((a_kind != '$' && a_kind != ',') || !number_equal(x, y))
			return 0;
	}
}

/* How many milliseconds ago something was: no test takes an hour, but XCLAIM may claim it. */
static int is_time(char kind, struct text token)
{
	if (kind != ':' || !token.len || token.len > 13)
		return 0;
	return strtoll(token.data, NULL, 10) >= 0;
}

/* What XPENDING tells of entries, but for how long ago they were delivered: that stands behind the
 * name of a consumer. */
static int times_equal(struct text a, struct text b)
{
	size_t a_at = 0, b_at = 0;
	char a_kind, b_kind, before = 0, last = 0;

	do {
		struct text x = token_next(a, &a_at, &a_kind), y = token_next(b, &b_at, &b_kind);
		int is_idle = before == '$' && last == '$';

		if (a_kind != b_kind)
			return 0;
		if (!text_equal(x, y) && !(is_idle && is_time(a_kind, x) && is_time(b_kind, y)))
			return 0;
		before = last;
		last = a_kind;
	} while (a_kind);
	return 1;
}

static int is_null(struct text reply, size_t at)
{
	return at + 1 < reply.len && reply.data[at] == '$' && reply.data[at + 1] == '-';
}

/* As many elements, nested alike, each of the same kind; but not the same texts. */
static int shape_equal(struct text a, struct text b)
{
	size_t a_at = 0, b_at = 0;
	char a_kind, b_kind;

	do {
		int is_missing = is_null(a, a_at);
		if (is_missing != is_null(b, b_at))
			return 0;
		struct text x = token_next(a, &a_at, &a_kind), y = token_next(b, &b_at, &b_kind);
		if (a_kind != b_kind)
			return 0;
		if (a_kind != '$' && a_kind != ',' && !text_equal(x, y))
			return 0;
	} while (a_kind);
	return a_at == a.len && b_at == b.len;
}

/* From the first digit that is not 0 to the last. */
static int significant_digits(struct text number)
{
	int digits = 0, last = 0;

	for (size_t i = 0; i < number.len && number.data[i] != 'e'; i++) {
		if (number.data[i] < '0' || number.data[i] > '9')
			continue;
		digits += digits > 0 || number.data[i] != '0';
		last = number.data[i] != '0' ? digits : last;
	}
	return last;
}

/* The same number: where 7.0 writes seventeen digits, ours in no more; or exponents written e-08
 * and e-8. */
static int score_equal(struct text a, struct text b)
{
	char x[64], y[64];
	int a_digits = significant_digits(a), b_digits = significant_digits(b);

	snprintf(x, sizeof x, "%.*s", (int)a.len, a.data);
	snprintf(y, sizeof y, "%.*s", (int)b.len, b.data);
	if (a.len >= sizeof x || b.len >= sizeof y || strtod(x, NULL) != strtod(y, NULL))
		return 0;
	return (b_digits >= 16 && a_digits <= b_digits) ||
		(a_digits == b_digits && strchr(x, 'e') && strchr(y, 'e'));
}

static int scores_equal(struct text a, struct text b)
{
	size_t a_at = 0, b_at = 0;
	char a_kind, b_kind;

	do {
		struct text x = token_next(a, &a_at, &a_kind), y = token_next(b, &b_at, &b_kind);

		if (a_kind != b_kind)
			return 0;
		if (text_equal(x, y) || ((a_kind == '$' || a_kind == ',') && number_equal(x, y)))
			continue;
		if ((a_kind != '$' && a_kind != ',') || !score_equal(x, y))
			return 0;
	} while (a_kind);
	return a_at == a.len && b_at == b.len;
}

/* The next token of a user's description. Left out: the rules of his commands, which 7.2 keeps as
 * they were given and 7.0 sums up; the flag that 7.2 shows and 7.0 takes for granted; how many
 * flags there are. */
static struct text user_token(struct text reply, size_t *at, char *kind)
{
	struct text token = token_next(reply, at, kind);
	char skipped;

	while (*kind == '*' || *kind == '~' ||
		text_equal(token, (struct text){ "sanitize-payload", 16 }))
		token = token_next(reply, at, kind);
	if (text_equal(token, (struct text){ "commands", 8 }))
		token_next(reply, at, &skipped);
	return token;
}

static int user_equal(struct text a, struct text b)
{
	size_t a_at = 0, b_at = 0;
	char a_kind, b_kind;

	do {
		struct text x = user_token(a, &a_at, &a_kind), y = user_token(b, &b_at, &b_kind);

		if (a_kind != b_kind || !text_equal(x, y))
			return 0;
	} while (a_kind);
	return 1;
}

/* A script's error with a NUL in it: redis-server ends the text there and says the rest. */
static int errors_equal(struct text a, struct text b)
{
	const char *end = memchr(a.data, '\0', a.len);
	size_t len = end ? (size_t)(end - a.data) : 0;

	return end && a.data[0] == '-' && len < b.len && !memcmp(a.data, b.data, len);
}

int replies_equal(enum compare how, struct text a, struct text b)
{
	if (text_equal(a, b))
		return 1;
	if (how == COMPARE_NOTHING)
		return 1;
	if (!a.len || !b.len || a.data[0] == '-' || b.data[0] == '-')
		return a.len && b.len && errors_equal(a, b);
	switch (how) {
	case COMPARE_EXACT: return numbers_equal(a, b);
	case COMPARE_SORTED: return sorted_equal(a, b, 1);
	case COMPARE_PAIRS: return sorted_equal(a, b, 2);
	case COMPARE_SCAN: return scan_equal(a, b);
	case COMPARE_NEAR: return near_equal(a, b);
	case COMPARE_ENCODING: return encoding_equal(a, b);
	case COMPARE_KIND: return a.data[0] == b.data[0];
	case COMPARE_TIMES: return times_equal(a, b);
	case COMPARE_SHAPE: return shape_equal(a, b);
	case COMPARE_SCORES: return scores_equal(a, b);
	case COMPARE_USER: return user_equal(a, b);
	case COMPARE_NOTHING:
	case COMPARE_CROSS: break;
	}
	return 0;
}
