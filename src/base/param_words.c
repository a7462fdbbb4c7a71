/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lines taken apart into words, with Redis's quoting rules. The unescaped words are never longer
 * than the line, so one allocation of the line's length holds them all, and a second one of at most
 * half as many views.
 */
#include "base/mem.h"
#include "base/param.h"

struct words_cursor {
	struct bytes line;
	size_t at;
	char *out;
};

static bool words_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int words_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool words_at_end(const struct words_cursor *w)
{
	return w->at >= w->line.len;
}

/* A closing quote ends the word: a blank or the end must follow. */
static bool words_close(struct words_cursor *w)
{
	w->at++;
	return words_at_end(w) || words_is_blank(w->line.ptr[w->at]);
}

/* Behind a backslash inside "…": one byte, or \xHH. */
static void words_escape(struct words_cursor *w)
{
	static const char letters[] = "nrtba", bytes[] = "\n\r\t\b\a";
	const char *p = w->line.ptr + w->at;
	size_t left = w->line.len - w->at;
	if (left >= 3 && p[0] == 'x' && words_hex(p[1]) >= 0 && words_hex(p[2]) >= 0) {
		*w->out++ = (char)(words_hex(p[1]) * 16 + words_hex(p[2]));
		w->at += 3;
		return;
	}
	const char *known = p[0] == '\0' ? NULL : strchr(letters, p[0]);
	*w->out++ = known == NULL ? p[0] : bytes[known - letters];
	w->at++;
}

/* From behind the opening quote to behind the closing one. */
static bool words_quoted(struct words_cursor *w, char quote)
{
	for (;;) {
		if (words_at_end(w))
			return false;
		char c = w->line.ptr[w->at];
		if (c == quote)
			return words_close(w);
		w->at++;
		bool has_next = !words_at_end(w);
		if (c == '\\' && quote == '"' && has_next)
			words_escape(w);
		else if (c == '\\' && has_next && w->line.ptr[w->at] == '\'')
			*w->out++ = w->line.ptr[w->at++];
		else
			*w->out++ = c;
	}
}

static bool words_one(struct words_cursor *w)
{
	while (!words_at_end(w) && !words_is_blank(w->line.ptr[w->at])) {
		char c = w->line.ptr[w->at++];
		if (c == '"' || c == '\'')
			return words_quoted(w, c);
		*w->out++ = c;
	}
	return true;
}

bool param_split(struct bytes line, struct param_words *out)
{
	*out = (struct param_words){0};
	struct words_cursor w = {.line = line};
	out->argv = mem_alloc((line.len / 2 + 1) * sizeof(*out->argv));
	out->storage = mem_alloc(line.len + 1);
	w.out = out->storage;
	for (;;) {
		while (!words_at_end(&w) && words_is_blank(line.ptr[w.at]))
			w.at++;
		if (words_at_end(&w))
			return true;
		const char *start = w.out;
		if (!words_one(&w))
			break;
		out->argv[out->argc++] = bytes_of(start, (size_t)(w.out - start));
	}
	param_words_release(out);
	return false;
}

void param_words_release(struct param_words *words)
{
	mem_free(words->argv);
	mem_free(words->storage);
	*words = (struct param_words){0};
}
