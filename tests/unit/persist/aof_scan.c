/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The judge of log files: every cut of a framed file is a torn end at the last whole frame, damage
 * of what a later frame calls durable is damage, files without frames follow Redis's rules, and
 * what Redis appended to a closed file counts.
 */
#include "../../../src/persist/aof_scan.c"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct aof_scan scan_bytes(struct bytes text)
{
	struct aof_scan out;
	int fd = memfd_create("aof", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	aof_scan(&(struct aof_scan_request){.fd = fd, .size = text.len}, &out);
	close(fd);
	return out;
}

static void add_request(struct buf *b, const char *key, size_t value_len)
{
	buf_printf(b, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(key), key, value_len);
	for (size_t i = 0; i < value_len; i++)
		buf_add_char(b, (char)('a' + i % 23));
	buf_add_text(b, "\r\n");
}

/* Closes what was added since `begin`. */
static void add_frame(struct buf *b, size_t begin, uint64_t offset, uint64_t durable)
{
	char line[FRAME_LINE_MAX_BYTES];
	struct frame f = {b->len - begin, offset, durable, 1700000000000,
		crc32c_update(0, b->ptr + begin, b->len - begin)};
	buf_add(b, line, frame_print(&f, line));
}

#define FRAMES 4

struct framed {
	struct buf text;
	size_t ends[FRAMES + 1]; /* ends[0]: behind the opening line */
};

/* Each frame knows that all before the last one was durable, if `is_always`. */
static void framed_make(struct framed *f, bool is_always)
{
	char line[FRAME_LINE_MAX_BYTES];
	*f = (struct framed){0};
	buf_add(&f->text, line, aof_opening_line(line, 1000, 1));
	f->ends[0] = f->text.len;
	for (int i = 1; i <= FRAMES; i++) {
		size_t begin = f->text.len;
		if (i == 2)
			buf_add_text(&f->text, "#TS:1700000000\r\n*1\r\n$5\r\nMULTI\r\n");
		add_request(&f->text, "key", (size_t)i * 30);
		add_request(&f->text, "other", 5000);
		if (i == 2)
			buf_add_text(&f->text, "*1\r\n$4\r\nexec\r\n");
		add_frame(&f->text, begin, 1000 + (uint64_t)i * 100, is_always ? begin : 0);
		f->ends[i] = f->text.len;
	}
}

static size_t framed_whole_end(const struct framed *f, size_t size)
{
	size_t end = 0;
	for (int i = 0; i <= FRAMES; i++)
		end = f->ends[i] <= size ? f->ends[i] : end;
	return end;
}

static void test_whole(void **state)
{
	struct framed f;
	(void)state;
	framed_make(&f, true);
	struct aof_scan out = scan_bytes(buf_bytes(&f.text));
	assert_int_equal(out.verdict, AOF_WHOLE);
	assert_int_equal(out.good, f.text.len);
	assert_int_equal(out.frames_end, f.text.len);
	assert_int_equal(out.offset, 1000 + 100 * FRAMES);
	assert_int_equal(out.commands, 2 * FRAMES + 2);
	/* Room written ahead. */
	for (int i = 0; i < 70000; i++)
		buf_add_char(&f.text, '\0');
	out = scan_bytes(buf_bytes(&f.text));
	assert_int_equal(out.verdict, AOF_WHOLE);
	assert_int_equal(out.good, f.ends[FRAMES]);
	buf_release(&f.text);
	assert_int_equal(scan_bytes(BYTES("")).verdict, AOF_WHOLE);
}

/* Any prefix, with and without zeros behind it, begins with its whole frames; requests without
 * their frame's line count only where they end exactly with the file. */
static void test_every_cut(void **state)
{
	struct framed f;
	(void)state;
	framed_make(&f, true);
	for (size_t cut = f.ends[0]; cut < f.text.len; cut += cut % 7 == 0 ? 1 : 13) {
		size_t end = framed_whole_end(&f, cut);
		struct aof_scan out = scan_bytes(bytes_of(f.text.ptr, cut));
		assert_true(out.verdict == AOF_TORN || out.verdict == AOF_WHOLE);
		if (out.verdict == AOF_TORN) {
			assert_int_equal(out.good, end);
			assert_int_equal(out.torn, cut - end);
		} else {
			assert_int_equal(out.good, cut);
		}
		struct buf zeros = {0};
		buf_add(&zeros, f.text.ptr, cut);
		for (int i = 0; i < 9000; i++)
			buf_add_char(&zeros, '\0');
		out = scan_bytes(buf_bytes(&zeros));
		assert_int_equal(out.verdict, cut == end ? AOF_WHOLE : AOF_TORN);
		assert_int_equal(out.good, end);
		buf_release(&zeros);
	}
	buf_release(&f.text);
}

/* A changed byte is damage where a later frame knows it was durable, else a torn end. */
static void test_every_flip(void **state)
{
	struct framed f;
	(void)state;
	for (int is_always = 0; is_always < 2; is_always++) {
		framed_make(&f, is_always);
		for (size_t at = f.ends[0]; at < f.text.len; at += is_always ? 5 : 61) {
			size_t end = framed_whole_end(&f, at);
			bool is_last = end == f.ends[FRAMES - 1];
			f.text.ptr[at] ^= 4;
			struct aof_scan out = scan_bytes(buf_bytes(&f.text));
			f.text.ptr[at] ^= 4;
			if (is_always && !is_last) {
				assert_int_equal(out.verdict, AOF_DAMAGED);
				assert_non_null(out.reason);
			} else if (out.verdict == AOF_WHOLE) {
				/* The last line is none any more, what it closes is as it was. */
				assert_true(at >= f.text.len - FRAME_LINE_MAX_BYTES);
			} else {
				assert_int_equal(out.verdict, AOF_TORN);
				assert_int_equal(out.good, end);
			}
		}
		/* Closing comes after the fsync. */
		buf_add_text(&f.text, AOF_CLOSED_LINE);
		f.text.ptr[f.ends[FRAMES] - 200] ^= 1;
		assert_int_equal(scan_bytes(buf_bytes(&f.text)).verdict, AOF_DAMAGED);
		buf_release(&f.text);
	}
}

static void test_hole_in_what_has_no_line_yet(void **state)
{
	struct framed f;
	(void)state;
	framed_make(&f, true);
	add_request(&f.text, "big", 20000);
	assert_int_equal(scan_bytes(buf_bytes(&f.text)).verdict, AOF_WHOLE);
	size_t page = (f.text.len - 12000) / PAGE_BYTES * PAGE_BYTES;
	memset(f.text.ptr + page, 0, PAGE_BYTES);
	struct aof_scan out = scan_bytes(buf_bytes(&f.text));
	assert_int_equal(out.verdict, AOF_TORN);
	assert_int_equal(out.good, f.ends[FRAMES]);
	buf_release(&f.text);
}

static void test_without_frames(void **state)
{
	struct buf b = {0};
	struct aof_scan out;
	(void)state;
	add_request(&b, "a", 3);
	size_t first = b.len;
	buf_add_text(&b, "*1\r\n$5\r\nMULTI\r\n");
	add_request(&b, "b", 3);
	out = scan_bytes(buf_bytes(&b));
	assert_int_equal(out.verdict, AOF_TRUNCATED);
	assert_int_equal(out.good, first);
	out = scan_bytes(bytes_of(b.ptr, first - 1));
	assert_int_equal(out.verdict, AOF_TRUNCATED);
	assert_int_equal(out.good, 0);
	buf_add_text(&b, "!!!");
	out = scan_bytes(buf_bytes(&b));
	assert_int_equal(out.verdict, AOF_DAMAGED);
	assert_int_equal(out.bad_at, b.len - 3);
	buf_release(&b);
}

static void test_bad_items(void **state)
{
	static const char *const bad[] = {"*0\r\n", "*-1\r\n", "*1\n$1\r\na\r\n",
		"*1\r\n$1\r\nab\r\n", "*1\r\n$-1\r\n", "*01\r\n$1\r\na\r\n", "*99999999999\r\n",
		"*1\r\n*1\r\n", "*1\r\n$18446744073709551617\r\n", "SET a b\r\n",
		"*11111111111111111111111111111\r\n"};
	static const char *const shorter[] = {"*", "*1", "*1\r", "*1\r\n", "*1\r\n$",
		"*1\r\n$5\r\nabc", "*1\r\n$18446744073709551615\r\nabc", "*1\r\n$1\r\na",
		"*1\r\n$1\r\na\r", "#", "#abc", "*16000000\r\n$1\r\na\r\n"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(scan_bytes(bytes_text(bad[i])).verdict, AOF_DAMAGED);
	for (size_t i = 0; i < sizeof(shorter) / sizeof(shorter[0]); i++)
		assert_int_equal(scan_bytes(bytes_text(shorter[i])).verdict, AOF_TRUNCATED);
}

/* Redis took over a closed file, and we took it back. */
static void test_taken_over(void **state)
{
	struct framed f;
	char line[FRAME_LINE_MAX_BYTES];
	(void)state;
	framed_make(&f, true);
	buf_add_text(&f.text, AOF_CLOSED_LINE);
	struct aof_scan out = scan_bytes(buf_bytes(&f.text));
	assert_true(out.is_closed);
	assert_int_equal(out.closed_at, f.ends[FRAMES]);
	assert_int_equal(out.verdict, AOF_WHOLE);
	add_request(&f.text, "theirs", 9);
	size_t theirs = f.text.len;
	buf_add_text(&f.text, "*3\r\n$3\r\nSE");
	out = scan_bytes(buf_bytes(&f.text));
	assert_false(out.is_closed);
	assert_int_equal(out.verdict, AOF_TRUNCATED);
	assert_int_equal(out.good, theirs);
	f.text.len = theirs;
	buf_add(&f.text, line, aof_opening_line(line, 2000, 1));
	size_t begin = f.text.len;
	add_request(&f.text, "ours", 9);
	add_frame(&f.text, begin, 2100, begin);
	size_t end = f.text.len;
	add_request(&f.text, "torn", 9);
	out = scan_bytes(bytes_of(f.text.ptr, f.text.len - 1));
	assert_int_equal(out.verdict, AOF_TORN);
	assert_int_equal(out.good, end);
	f.text.ptr[theirs - 20] = '*';
	assert_int_equal(scan_bytes(bytes_of(f.text.ptr, end)).verdict, AOF_WHOLE); /* in a value */
	f.text.ptr[f.ends[FRAMES] + sizeof(AOF_CLOSED_LINE)] = 'x';
	assert_int_equal(scan_bytes(bytes_of(f.text.ptr, end)).verdict, AOF_DAMAGED);
	buf_release(&f.text);
}

/* A request longer than any buffer, and one with very many arguments. */
static void test_large(void **state)
{
	struct buf b = {0};
	(void)state;
	add_request(&b, "long", 3 * AOF_READ_BYTES + 7);
	buf_add_text(&b, "*100000\r\n");
	for (int i = 0; i < 100000; i++)
		buf_add_text(&b, "$2\r\nxy\r\n");
	add_frame(&b, 0, 5, 0);
	struct aof_scan out = scan_bytes(buf_bytes(&b));
	assert_int_equal(out.verdict, AOF_WHOLE);
	assert_int_equal(out.commands, 2);
	assert_true(out.has_frames);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_flip),
		cmocka_unit_test(test_hole_in_what_has_no_line_yet),
		cmocka_unit_test(test_without_frames),
		cmocka_unit_test(test_bad_items),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
