/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The template is compiled into pieces once; rendering then copies pieces and prints digits, a few
 * dozen nanoseconds a request, outside the timed part of a batch. All placeholders but __int__ have
 * a fixed width, so the lengths in the bulk headers are known when compiling.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { INT_DIGITS_MAX = 20 };

static void part_add(struct request *request, struct part part)
{
	if (request->part_count == REQUEST_PARTS_MAX)
		die("a template has at most %d pieces", REQUEST_PARTS_MAX);
	request->part[request->part_count++] = part;
	request->size_max += part.kind == PART_INT_ARG ? INT_DIGITS_MAX + 8 : part.len;
}

static void text_add(struct request *request, char *text)
{
	part_add(request, (struct part){ PART_TEXT, text, strlen(text) });
}

/* How many bytes `word` renders to; its placeholders have fixed widths. */
static size_t word_width(const char *word, size_t len, size_t value_bytes)
{
	size_t width = 0;

	for (size_t at = 0; at < len;) {
		if (!strncmp(word + at, "__key__", 7)) {
			width += 4 + KEY_DIGITS;
			at += 7;
		} else if (!strncmp(word + at, "__rand__", 8)) {
			width += KEY_DIGITS;
			at += 8;
		} else if (!strncmp(word + at, "__value__", 9)) {
			width += value_bytes;
			at += 9;
		} else {
			width++;
			at++;
		}
	}
	return width;
}

static void word_compile(struct request *request, const char *word, size_t len, size_t value_bytes)
{
	if (len == 7 && !strncmp(word, "__int__", 7)) {
		part_add(request, (struct part){ .kind = PART_INT_ARG });
		return;
	}
	text_add(request, grab_text("$%zu\r\n", word_width(word, len, value_bytes)));
	for (size_t at = 0, from = 0; at <= len;) {
		int is_key = !strncmp(word + at, "__key__", 7);
		int is_rand = !strncmp(word + at, "__rand__", 8);
		int is_value = !strncmp(word + at, "__value__", 9);

		if (at < len && !is_key && !is_rand && !is_value) {
			at++;
			continue;
		}
		if (at > from)
			text_add(request, grab_text("%.*s", (int)(at - from), word + from));
		if (at == len)
			break;
		if (is_key)
			text_add(request, grab_text("key:"));
		if (is_value)
			part_add(request, (struct part){ PART_VALUE, request->value, value_bytes });
		else
			part_add(request, (struct part){ PART_RAND, NULL, KEY_DIGITS });
		at += is_key ? 7 : is_rand ? 8 : 9;
		from = at;
	}
	text_add(request, grab_text("\r\n"));
}

/* The next word of `*at`, or a length of 0 at the end. */
static size_t word_next(const char **at)
{
	*at += strspn(*at, " ");
	return strcspn(*at, " ");
}

static char *value_new(size_t len)
{
	uint64_t random = 88172645463325252;
	char *value = grab(len + 1, 1);

	for (size_t i = 0; i < len; i++)
		value[i] = (char)('a' + random_below(&random, 26));
	return value;
}

struct request *request_new(const char *command, uint64_t keys, size_t value_bytes)
{
	struct request *request = grab(1, sizeof *request);
	const char *at = command;
	int words = 0;

	request->keys = keys ? keys : 1;
	request->value = value_new(value_bytes);
	for (size_t len; (len = word_next(&at)); at += len)
		words++;
	if (!words)
		die("an empty command template");
	text_add(request, grab_text("*%d\r\n", words));
	at = command;
	for (size_t len; (len = word_next(&at)); at += len)
		word_compile(request, at, len, value_bytes);
	return request;
}

void request_free(struct request *request)
{
	for (int i = 0; i < request->part_count; i++)
		if (request->part[i].kind == PART_TEXT)
			free((void *)(uintptr_t)request->part[i].text);
	free(request->value);
	free(request);
}

static char *digits_put(char *out, uint64_t number)
{
	for (int i = KEY_DIGITS - 1; i >= 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + KEY_DIGITS;
}

static char *int_arg_put(char *out, uint64_t number)
{
	char digits[INT_DIGITS_MAX + 1];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);

	return out + snprintf(out, INT_DIGITS_MAX + 8, "$%d\r\n%s\r\n", len, digits);
}

static size_t render(const struct request *request, uint64_t *random, uint64_t number, char *out)
{
	char *at = out;

	for (int i = 0; i < request->part_count; i++) {
		const struct part *part = &request->part[i];
		uint64_t draw = number;

		if (random && (part->kind == PART_RAND || part->kind == PART_INT_ARG))
			draw = random_below(random, request->keys);
		if (part->kind == PART_RAND) {
			at = digits_put(at, draw);
		} else if (part->kind == PART_INT_ARG) {
			at = int_arg_put(at, draw);
		} else {
			memcpy(at, part->text, part->len);
			at += part->len;
		}
	}
	return (size_t)(at - out);
}

size_t request_render(const struct request *request, uint64_t *random, char *out)
{
	return render(request, random, 0, out);
}

size_t request_render_nth(const struct request *request, uint64_t number, char *out)
{
	return render(request, NULL, number, out);
}

/* One word with every `from` replaced. */
static char *word_replace(char *word, const char *from, const char *to)
{
	for (char *found; (found = strstr(word, from));) {
		char *next =
			grab_text("%.*s%s%s", (int)(found - word), word, to, found + strlen(from));

		free(word);
		word = next;
	}
	return word;
}

char **request_words(const char *command, size_t value_bytes, int max)
{
	char **words = grab((size_t)max + 1, sizeof *words);
	char *value = value_new(value_bytes);
	const char *at = command;
	int count = 0;

	for (size_t len; (len = word_next(&at)); at += len) {
		char *word = grab_text("%.*s", (int)len, at);

		if (count == max)
			die("a template has at most %d words here", max);
		word = word_replace(word, "__key__", "key:__rand_int__");
		word = word_replace(word, "__rand__", "__rand_int__");
		word = word_replace(word, "__int__", "__rand_int__");
		words[count++] = word_replace(word, "__value__", value);
	}
	free(value);
	return words;
}
