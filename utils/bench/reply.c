/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One number stands for all nesting: how many elements are still owed. A scalar pays one, an
 * aggregate of n pays one and owes n more; when nothing is owed a reply is complete. Attributes owe
 * their pairs and pay nothing, since the reply that they describe follows.
 */
#include "reply.h"

#include <string.h>

/* The number behind the type byte; -1 stands for RESP2's null, -2 for nonsense. */
static int64_t line_number(const struct reply_scan *scan)
{
	size_t at = 1;
	int64_t value = 0;

	if (scan->line_len == 3 && scan->line[1] == '-' && scan->line[2] == '1')
		return -1;
	if (at == scan->line_len || scan->line_len > 16)
		return -2;
	for (; at < scan->line_len; at++) {
		if (scan->line[at] < '0' || scan->line[at] > '9')
			return -2;
		value = value * 10 + (scan->line[at] - '0');
	}
	return value;
}

static void error_note(struct reply_scan *scan)
{
	if (!scan->errors++) {
		memcpy(scan->error, scan->line, scan->line_len);
		scan->error[scan->line_len < REPLY_LINE_MAX ? scan->line_len : REPLY_LINE_MAX - 1] =
			'\0';
	}
}

static void element_done(struct reply_scan *scan)
{
	if (scan->open)
		scan->open--;
	else
		scan->replies++;
}

static void aggregate_open(struct reply_scan *scan, int64_t items)
{
	if (items > 0)
		scan->open += (uint64_t)items;
	/* The aggregate itself is paid, unless it only describes what follows. */
	if (scan->line[0] == '|')
		return;
	if (items > 0)
		scan->open--;
	else
		element_done(scan);
}

/* A header line is complete, without its CRLF. */
static void line_done(struct reply_scan *scan)
{
	int64_t number;

	switch (scan->line_len ? scan->line[0] : 0) {
	case '-':
		error_note(scan);
		element_done(scan);
		return;
	case '+': case ':': case '_': case '#': case ',': case '(':
		element_done(scan);
		return;
	case '!':
		error_note(scan);
		/* fall through */
	case '$': case '=':
		number = line_number(scan);
		if (number == -1)
			element_done(scan);
		else if (number >= 0)
			scan->skip = (uint64_t)number + 2;
		scan->is_bad |= number == -2;
		return;
	case '*': case '~': case '>': case '%': case '|':
		number = line_number(scan);
		scan->is_bad |= number == -2;
		if (scan->line[0] == '%' || scan->line[0] == '|')
			number *= 2;
		aggregate_open(scan, number);
		return;
	default:
		scan->is_bad = 1;
	}
}

size_t reply_scan(struct reply_scan *scan, const char *data, size_t len, uint64_t until)
{
	size_t at = 0;

	while (at < len && scan->replies < until && !scan->is_bad) {
		if (scan->skip) {
			size_t take = scan->skip < len - at ? (size_t)scan->skip : len - at;

			at += take;
			scan->skip -= take;
			if (!scan->skip)
				element_done(scan);
			continue;
		}
		const char *end = memchr(data + at, '\n', len - at);
		size_t piece = (end ? (size_t)(end - data) : len) - at;
		size_t room = REPLY_LINE_MAX - scan->line_len;

		memcpy(scan->line + scan->line_len, data + at, piece < room ? piece : room);
		scan->line_len += piece < room ? piece : room;
		at += piece;
		if (!end)
			break;
		at++;
		if (scan->line_len && scan->line[scan->line_len - 1] == '\r')
			scan->line_len--;
		line_done(scan);
		scan->line_len = 0;
	}
	return at;
}
