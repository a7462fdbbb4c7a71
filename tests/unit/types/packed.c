/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ziplists and zipmaps of every encoding are read; damaged ones are refused or read within their
 * bytes; duplicates are found among few and many.
 */
#include "../../../src/types/packed.c"

#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* --- a naive writer of ziplists --- */

static size_t ziplist_add(struct buf *out, size_t prev, const void *entry, size_t len)
{
	size_t start = out->len;
	if (prev < 254) {
		buf_add_char(out, (char)prev);
	} else {
		uint32_t wide = (uint32_t)prev;
		buf_add_char(out, (char)0xfe);
		buf_add(out, &wide, 4);
	}
	buf_add(out, entry, len);
	return out->len - start;
}

static void ziplist_finish(struct buf *out, size_t last, uint16_t count)
{
	uint32_t bytes, tail;
	buf_add_char(out, (char)0xff);
	bytes = (uint32_t)out->len;
	tail = (uint32_t)(out->len - 1 - last);
	memcpy(out->ptr, &bytes, 4);
	memcpy(out->ptr + 4, &tail, 4);
	memcpy(out->ptr + 8, &count, 2);
}

static struct buf ziplist_of_all(void)
{
	static const struct bytes entries[] = {BYTES("\x03"
						     "abc"),
		BYTES("\xf1"), BYTES("\xfd"), BYTES("\xfe\x80"), BYTES("\xc0\x00\x80"),
		BYTES("\xf0\x00\x00\x80"), BYTES("\xd0\xff\xff\xff\x7f"),
		BYTES("\xe0\x00\x00\x00\x00\x00\x00\x00\x80"),
		BYTES("\x02"
		      "12")};
	struct buf zl = {0};
	char text[400];
	size_t prev = 0;
	buf_add(&zl, "0123456789", 10);
	for (size_t i = 0; i < 9; i++)
		prev = ziplist_add(&zl, prev, entries[i].ptr, entries[i].len);
	/* A string of 14 bits' length, one of 32 bits', and the wide length of the one before. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "\x41\x2c", 2);
	prev = ziplist_add(&zl, prev, text, 302);
	memcpy(text, "\x80\x00\x00\x01\x00", 5);
	prev = ziplist_add(&zl, prev, text, 261);
	prev = ziplist_add(&zl, prev, "\xf6", 1);
	ziplist_finish(&zl, prev, 12);
	return zl;
}

static void assert_element(const unsigned char *lp, int64_t index, struct bytes want)
{
	char scratch[NUM_I64_MAX_CHARS];
	assert_true(bytes_equal(listpack_text(listpack_seek(lp, index), scratch), want));
}

static void test_ziplist(void **state)
{
	(void)state;
	struct buf zl = ziplist_of_all();
	unsigned char *lp = packed_of_ziplist(buf_bytes(&zl));
	assert_non_null(lp);
	assert_int_equal(listpack_count(lp), 12);
	static const char *const texts[] = {"abc", "0", "12", "-128", "-32768", "-8388608",
		"2147483647", "-9223372036854775808", "12"};
	for (int i = 0; i < 9; i++)
		assert_element(lp, i, bytes_text(texts[i]));
	struct bytes text;
	assert_true(listpack_is_string(listpack_seek(lp, 9), &text));
	assert_int_equal(text.len, 300);
	assert_true(listpack_is_string(listpack_seek(lp, 10), &text));
	assert_int_equal(text.len, 256);
	assert_element(lp, 11, BYTES("5"));
	listpack_free(lp);
	buf_release(&zl);
}

static unsigned char *of_zipmap_or_ziplist(struct bytes bytes, bool is_zipmap)
{
	return is_zipmap ? packed_of_zipmap(bytes) : packed_of_ziplist(bytes);
}

static void damage(struct bytes whole, bool is_zipmap)
{
	int accepted = 0;
	for (int i = 0; i < 4000; i++) {
		size_t len = rand_below(4) ? whole.len : rand_below(whole.len + 1);
		char *copy = mem_alloc(len + 1);
		memcpy(copy, whole.ptr, len);
		for (uint64_t flips = rand_below(3); flips > 0 && len > 0; flips--)
			copy[rand_below(rand_below(2) || len < 60 ? len : 60)] = (char)rand_u64();
		unsigned char *lp = of_zipmap_or_ziplist(bytes_of(copy, len), is_zipmap);
		if (lp != NULL) {
			accepted++;
			assert_true(listpack_is_valid(bytes_of(lp, listpack_bytes(lp))));
			listpack_free(lp);
		}
		mem_free(copy);
	}
	assert_true(accepted > 100);
}

static void test_damage(void **state)
{
	(void)state;
	struct buf zl = ziplist_of_all();
	rand_seed(5);
	damage(buf_bytes(&zl), false);
	damage(BYTES("\x02\x01"
		     "f\x01\x03"
		     "v---\xfe\x03\x00\x00\x00"
		     "num\x02\x00"
		     "12\xff"),
		true);
	assert_null(packed_of_ziplist(bytes_of("", 0)));
	assert_null(packed_of_zipmap(bytes_of("\xff", 1)));
	buf_release(&zl);
}

static void test_duplicates(void **state)
{
	(void)state;
	char scratch[NUM_I64_MAX_CHARS];
	for (int count = 2; count <= 200; count *= 10) {
		unsigned char *lp = listpack_new();
		for (int i = 0; i < count; i++) {
			lp = listpack_append(
				lp, bytes_of(scratch, num_print_i64(scratch, i * 1000)));
			lp = listpack_append(lp, BYTES("value"));
		}
		assert_false(packed_has_duplicates(lp, 2));
		assert_true(packed_has_duplicates(lp, 1));
		assert_int_equal(packed_longest(lp), count == 200 ? 6 : 5);
		lp = listpack_append(listpack_append(lp, BYTES("1000")), BYTES("value"));
		assert_true(packed_has_duplicates(lp, 2));
		listpack_free(lp);
	}
}

static void test_reading(void **state)
{
	(void)state;
	struct codec_reader r = codec_reader_of(BYTES("\x07\x07\0\0\0\0\0\xff"));
	assert_null(packed_read_listpack(&r, 1));
	assert_non_null(r.error);
	r = codec_reader_of(BYTES("\x07\x07\0\0\0\0\0\xff"));
	unsigned char *lp = packed_read_listpack(&r, 0);
	assert_int_equal(listpack_count(lp), 0);
	listpack_free(lp);
	r = codec_reader_of(BYTES("\x09\x09\0\0\0\1\0\1\1\xff"));
	assert_null(packed_read_listpack(&r, 2));
	r = codec_reader_of(BYTES("\x09\x09\0\0\0\1\0\1\1"));
	assert_null(packed_read_listpack(&r, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ziplist),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_reading),
	};
	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
