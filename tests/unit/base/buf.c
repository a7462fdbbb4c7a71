/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/buf: growth, printing across the end of the room, quoting of every byte.
 */
#include "../../../src/base/buf.c"

#include "../unit.h"

static void test_empty(void **state)
{
	struct buf b = {0};
	(void)state;
	buf_add(&b, NULL, 0);
	buf_add_bytes(&b, bytes_of(NULL, 0));
	assert_null(b.ptr);
	assert_int_equal(buf_bytes(&b).len, 0);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(b.len, 0);
	buf_release(&b);
	assert_null(b.ptr);
	assert_int_equal(b.cap, 0);
	buf_release(&b);
}

static void test_grows_and_keeps(void **state)
{
	struct buf b = {0};
	size_t total = 0, moves = 0, last = 0;
	uint64_t seed = 3;
	char piece[997];
	(void)state;
	while (total < 3u << 20) {
		size_t len = unit_random(&seed) % sizeof(piece);
		for (size_t i = 0; i < len; i++)
			piece[i] = (char)((total + i) * 31 >> 3);
		buf_add(&b, piece, len);
		total += len;
		moves += b.cap != last;
		last = b.cap;
		assert_true(b.len == total && b.len <= b.cap);
	}
	for (size_t i = 0; i < total; i++)
		if (b.ptr[i] != (char)(i * 31 >> 3))
			fail_msg("byte %zu differs", i);
	/* Amortised: far fewer moves than additions, and no more than twice (or 1 MiB) too much. */
	assert_true(moves < 30);
	assert_true(b.cap <= b.len + (5u << 20) / 4 + (b.len >> 2));
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, last);
	buf_release(&b);
}

static void test_reserve(void **state)
{
	struct buf b = {0};
	(void)state;
	char *room = buf_reserve(&b, 100000);
	memset(room, 'x', 100000);
	assert_int_equal(b.len, 0);
	assert_true(b.cap >= 100000);
	char *again = buf_reserve(&b, 100000);
	assert_ptr_equal(room, again);
	assert_non_null(buf_reserve(&b, 0));
	buf_release(&b);
}

static void reserve_too_much(void *arg)
{
	struct buf *b = arg;
	buf_reserve(b, SIZE_MAX - 1);
}

static void test_overflow_stops(void **state)
{
	struct buf b = {0};
	(void)state;
	buf_add_text(&b, "abc");
	assert_true(unit_aborts(reserve_too_much, &b));
	buf_release(&b);
}

static void test_printf(void **state)
{
	(void)state;
	for (int len = 0; len < 300; len++) {
		struct buf b = {0};
		buf_add_char(&b, '<');
		buf_printf(&b, "%*d", len, 7);
		buf_add_text(&b, ">");
		assert_int_equal(b.len, (size_t)(len < 1 ? 1 : len) + 2);
		assert_int_equal(b.ptr[b.len - 1], '>');
		assert_int_equal(b.ptr[b.len - 2], '7');
		buf_release(&b);
	}
}

static void test_quoted(void **state)
{
	struct buf b = {0};
	char all[256];
	(void)state;
	buf_add_quoted(&b, BYTES("a\"b\\c\n\r\t\a\b\x01\x7f\xff ~"));
	assert_string_equal(buf_text(&b), "\"a\\\"b\\\\c\\n\\r\\t\\a\\b\\x01\\x7f\\xff ~\"");
	buf_clear(&b);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_add_quoted(&b, bytes_of(all, sizeof(all)));
	/* 95 printable, two of them escaped; five letters; the rest \xHH; two quotes. */
	assert_int_equal(b.len, 93 + 2 * 2 + 5 * 2 + (256 - 100) * 4 + 2);
	for (size_t i = 0; i < b.len; i++)
		assert_true(b.ptr[i] >= ' ' && b.ptr[i] <= '~');
	buf_clear(&b);
	buf_add_quoted(&b, bytes_of(NULL, 0));
	assert_string_equal(buf_text(&b), "\"\"");
	buf_release(&b);
}

UNIT_MAIN(test_empty, test_grows_and_keeps, test_reserve, test_overflow_stops, test_printf,
	  test_quoted)
