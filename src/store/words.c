/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Commands as bytes: an array's head, then each word with its length in front.
 */
#include "store/words.h"

#include "base/num.h"

static void put_head(struct codec_writer *w, char kind, uint64_t number)
{
	char head[NUM_I64_MAX_CHARS + 4];
	head[0] = kind;
	size_t len = 1 + num_print_u64(head + 1, number);
	head[len++] = '\r';
	head[len++] = '\n';
	codec_write_raw(w, head, len);
}

void words_close(struct codec_writer *w)
{
	codec_write_raw(w, "\r\n", 2);
}

static void put_words(struct codec_writer *w, const struct bytes *argv, int argc)
{
	for (int i = 0; i < argc; i++) {
		put_head(w, '$', argv[i].len);
		codec_write_raw(w, argv[i].ptr, argv[i].len);
		words_close(w);
	}
}

void words_write(const struct bytes *argv, int argc, void *context)
{
	put_head(context, '*', (uint64_t)argc);
	put_words(context, argv, argc);
}

void words_open_last(struct codec_writer *w, const struct bytes *argv, int argc, size_t last_len)
{
	put_head(w, '*', (uint64_t)argc + 1);
	put_words(w, argv, argc);
	put_head(w, '$', last_len);
}
