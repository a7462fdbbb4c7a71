/* SPDX-License-Identifier: BSD-3-Clause
 *
 * store/words: the bytes of commands, whole and up to their last word.
 */
#include "../../../src/store/words.c"

#include "../unit.h"

static void test_whole(void **state)
{
	struct buf out = {0};
	struct codec_writer w = {.out = &out};
	const struct bytes none[] = {BYTES("PING")}, words[] = {BYTES("SET"), BYTES(""),
		bytes_of("a\r\n\0", 4)};
	(void)state;
	words_write(none, 1, &w);
	words_write(words, 3, &w);
	static const char wanted[] =
		"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\n\0\r\n";
	assert_int_equal(out.len, sizeof(wanted) - 1);
	assert_memory_equal(out.ptr, wanted, out.len);
	buf_release(&out);
}

static void test_last(void **state)
{
	struct buf out = {0}, whole = {0};
	struct codec_writer w = {.out = &out}, v = {.out = &whole};
	static char text[100000];
	const struct bytes words[] = {BYTES("RPUSH"), BYTES("key"), bytes_of(text, sizeof(text))};
	(void)state;
	memset(text, 'x', sizeof(text));
	words_write(words, 3, &v);
	words_open_last(&w, words, 2, sizeof(text));
	codec_write_raw(&w, text, 70000);
	codec_write_raw(&w, text + 70000, sizeof(text) - 70000);
	words_close(&w);
	assert_int_equal(out.len, whole.len);
	assert_memory_equal(out.ptr, whole.ptr, out.len);
	buf_release(&out);
	buf_release(&whole);
}

UNIT_MAIN(test_whole, test_last)
