/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The splitter of inline commands. It runs twice over a line: once to count words and unescaped
 * bytes, once to fill exactly that much of the arena.
 */
#include "proto/inline.h"

#include "base/assert.h"
#include "proto/error.h"

/* The unescaped bytes of the word being read; with `to` NULL they are only counted. */
struct sink {
	char *to;
	size_t len;
};

static inline void sink_put(struct sink *sink, char c)
{
	if (sink->to != NULL)
		sink->to[sink->len] = c;
	sink->len++;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What ends a word outside of quotes. */
static bool is_separator(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0';
}

static int hex_digit(char c)
{
	char lower = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static char escape_value(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'a':
		return '\a';
	default:
		return c;
	}
}

/* One escape or plain character inside double quotes; returns the bytes of the line it took. */
static size_t quoted_char(const char *at, size_t left, struct sink *sink)
{
	if (at[0] == '\\' && left >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0 &&
	    hex_digit(at[3]) >= 0) {
		sink_put(sink, (char)(hex_digit(at[2]) * 16 + hex_digit(at[3])));
		return 4;
	}
	if (at[0] == '\\' && left >= 2) {
		sink_put(sink, escape_value(at[1]));
		return 2;
	}
	sink_put(sink, at[0]);
	return 1;
}

/* The text behind an opening quote, up to and with the closing one, which must end the word.
 * Returns the bytes taken, 0 when the quotes are unbalanced. */
static size_t quoted_text(const char *at, size_t left, char quote, struct sink *sink)
{
	size_t i = 0;
	while (i < left) {
		if (at[i] == quote) {
			bool ends_word = i + 1 == left || at[i + 1] == '\0' || is_blank(at[i + 1]);
			return ends_word ? i + 1 : 0;
		}
		if (quote == '"') {
			i += quoted_char(at + i, left - i, sink);
		} else if (at[i] == '\\' && left - i >= 2 && at[i + 1] == '\'') {
			sink_put(sink, '\'');
			i += 2;
		} else {
			sink_put(sink, at[i++]);
		}
	}
	return 0;
}

/* One word at the start of [at, left). *plain: without quotes, so that the line itself can serve.
 * Returns the bytes taken, 0 when the quotes are unbalanced. */
static size_t word_read(const char *at, size_t left, struct sink *sink, bool *plain)
{
	size_t i = 0;
	*plain = true;
	while (i < left && !is_separator(at[i])) {
		if (at[i] != '"' && at[i] != '\'') {
			sink_put(sink, at[i++]);
			continue;
		}
		size_t taken = quoted_text(at + i + 1, left - i - 1, at[i], sink);
		if (taken == 0)
			return 0;
		*plain = false;
		i += taken + 1;
	}
	return i;
}

/* One pass: the count of words, -1 for unbalanced quotes. words NULL: only counts, and leaves in
 * `sink` how many bytes the words with quotes need. */
static int64_t split_pass(struct bytes line, struct sink *sink, struct bytes *words)
{
	int64_t count = 0;
	size_t i = 0;
	for (;;) {
		while (i < line.len && (is_blank(line.ptr[i]) || line.ptr[i] == '\0'))
			i++;
		if (i == line.len)
			return count;
		bool plain;
		size_t start = sink->len;
		size_t taken = word_read(line.ptr + i, line.len - i, sink, &plain);
		if (taken == 0)
			return -1;
		if (words != NULL && plain)
			words[count] = bytes_of(line.ptr + i, taken);
		else if (words != NULL)
			words[count] = bytes_of(sink->to + start, sink->len - start);
		if (plain)
			sink->len = start;
		count++;
		i += taken;
	}
}

int64_t line_split(struct bytes line, struct request_arena *arena, struct bytes **words)
{
	struct sink sink = {0};
	int64_t count = split_pass(line, &sink, NULL);
	if (count <= 0)
		return count;
	*words = request_arena_alloc(arena, (size_t)count);
	/* Unescaped words are never longer than the line, a plain one is tried there, too. */
	bool has_quotes = memchr(line.ptr, '"', line.len) != NULL ||
			  memchr(line.ptr, '\'', line.len) != NULL;
	size_t unit = sizeof(struct bytes);
	if (has_quotes)
		sink.to = (char *)request_arena_alloc(arena, (line.len + unit - 1) / unit);
	sink.len = 0;
	int64_t again = split_pass(line, &sink, *words);
	ASSERT(again == count);
	return count;
}

enum request_status inline_parse(size_t *searched, struct bytes data, struct request_arena *arena,
	struct request *out)
{
	size_t span = data.len < REQUEST_INLINE_MAX_BYTES ? data.len : REQUEST_INLINE_MAX_BYTES;
	const char *stop = memchr(data.ptr + *searched, '\n', span - *searched);
	/* A line is text: one with a NUL in it is noise, and has no end. */
	if (stop != NULL && memchr(data.ptr, '\0', (size_t)(stop - data.ptr)) != NULL)
		stop = NULL;
	if (stop == NULL && data.len >= REQUEST_INLINE_MAX_BYTES) {
		out->error = error_text(E_PROTO_LONG_INLINE);
		return REQUEST_ERROR;
	}
	if (stop == NULL) {
		*searched = span;
		return REQUEST_PARTIAL;
	}
	struct bytes line = bytes_of(data.ptr, (size_t)(stop - data.ptr));
	out->consumed = line.len + 1;
	out->argc = line_split(line, arena, &out->argv);
	if (out->argc >= 0)
		return out->argc == 0 ? REQUEST_EMPTY : REQUEST_COMPLETE;
	out->argc = 0;
	out->error = error_text(E_PROTO_QUOTES);
	return REQUEST_ERROR;
}
