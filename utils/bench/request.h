/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A command template and the requests made from it. Words are parted by blanks; inside a word
 *   __key__    key:000000123456, 16 bytes, uniform over the key space
 *   __rand__   000000123456, 12 digits
 *   __int__    123456, plain
 *   __value__  letters, as many as --sizes says
 * Each placeholder draws anew. While loading, all of one request stand for the same running number.
 */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stddef.h>
#include <stdint.h>

enum {
	REQUEST_PARTS_MAX = 256,
	KEY_DIGITS = 12,
};

enum part_kind { PART_TEXT, PART_RAND, PART_INT_ARG, PART_VALUE };

struct part {
	enum part_kind kind;
	const char *text;
	size_t len;
};

struct request {
	struct part part[REQUEST_PARTS_MAX];
	int part_count;
	size_t size_max;               /* bytes that one rendering takes at most */
	uint64_t keys;
	char *value;
};

/* Ends the program when the template is empty, too long or uses __int__ as part of a word. */
struct request *request_new(const char *command, uint64_t keys, size_t value_bytes);
void request_free(struct request *request);

/* Both write one request at `out`, which has size_max bytes, and return its length. */
size_t request_render(const struct request *request, uint64_t *random, char *out);
size_t request_render_nth(const struct request *request, uint64_t number, char *out);

/* The template with redis-benchmark's placeholder in it and the value spelt out, as separate words
 * (a NULL-terminated array, at most `max` words). */
char **request_words(const char *command, size_t value_bytes, int max);

#endif
