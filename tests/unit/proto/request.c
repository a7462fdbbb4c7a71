/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The request parser: whole, cut at every byte, wrong in every way, and at its limits.
 */
#include "../../../src/proto/request.c"

#include "../unit.h"
#include "base/buf.h"

static const struct request_limits limits = {
	.max_args = REQUEST_MAX_ARGS,
	.max_bulk_bytes = 512 * 1024 * 1024,
	.is_authenticated = true,
};
static const struct request_limits stranger = {
	.max_args = REQUEST_MAX_ARGS,
	.max_bulk_bytes = 512 * 1024 * 1024,
};

static struct request_parser parser;
static struct request_arena arena;
static struct request request;

/* One fresh parse of a copy in exactly so many bytes, so that a sanitizer sees any step outside. */
static enum request_status parse(struct bytes data, const struct request_limits *with)
{
	static char *copy;
	mem_free(copy);
	copy = mem_dup(data.ptr, data.len);
	request_parser_release(&parser);
	request_arena_reset(&arena);
	return request_parse(&parser, bytes_of(copy, data.len), with, &arena, &request);
}

static void expect_args(struct bytes data, size_t consumed, int count, ...)
{
	va_list words;
	assert_int_equal(parse(data, &limits), REQUEST_COMPLETE);
	assert_int_equal(request.consumed, consumed);
	assert_int_equal(request.argc, count);
	va_start(words, count);
	for (int i = 0; i < count; i++)
		assert_true(bytes_equal(request.argv[i], bytes_text(va_arg(words, const char *))));
	va_end(words);
}

static void expect_error(struct bytes data, const struct request_limits *with, const char *text)
{
	assert_int_equal(parse(data, with), REQUEST_ERROR);
	assert_string_equal(request.error, text);
	assert_false(request_is_partial(&parser));
	assert_int_equal(request_parser_bytes(&parser), 0);
}

static void test_whole_arrays(void **state)
{
	(void)state;
	expect_args(BYTES("*1\r\n$4\r\nPING\r\n"), 14, 1, "PING");
	expect_args(BYTES("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n"), 20, 2, "GET", "k");
	expect_args(BYTES("*2\r\n$0\r\n\r\n$0\r\n\r\n"), 16, 2, "", "");
	expect_args(BYTES("*1\r\n$10\r\n0123456789\r\n"), 21, 1, "0123456789");
	expect_args(BYTES("*3\r\n$3\r\nSET\r\n$3\r\na\rb\r\n$4\r\n\r\n\r\n\r\n"), 32, 3,
		    "SET", "a\rb", "\r\n\r\n");
}

static void test_empty_requests(void **state)
{
	(void)state;
	assert_int_equal(parse(BYTES("*0\r\nx"), &limits), REQUEST_EMPTY);
	assert_int_equal(request.consumed, 4);
	assert_int_equal(parse(BYTES("*-1\r\n"), &limits), REQUEST_EMPTY);
	assert_int_equal(request.consumed, 5);
	assert_int_equal(parse(BYTES("*-10\r\n"), &stranger), REQUEST_EMPTY);
	assert_int_equal(parse(BYTES("\r\n"), &limits), REQUEST_EMPTY);
	assert_int_equal(request.consumed, 2);
	assert_int_equal(parse(BYTES("\n"), &limits), REQUEST_EMPTY);
	assert_int_equal(parse(bytes_of("", 0), &limits), REQUEST_PARTIAL);
}

static void test_errors(void **state)
{
	(void)state;
	const char *count = "ERR Protocol error: invalid multibulk length";
	const char *length = "ERR Protocol error: invalid bulk length";
	expect_error(BYTES("*3000000000\r\n"), &limits, count);
	expect_error(BYTES("*1048577\r\n"), &limits, count);
	expect_error(BYTES("*x\r\n__"), &limits, count);
	expect_error(BYTES("*\r\n___"), &limits, count);
	expect_error(BYTES("*01\r\n__"), &limits, count);
	expect_error(BYTES("*+1\r\n__"), &limits, count);
	expect_error(BYTES("*1 \r\n__"), &limits, count);
	expect_error(BYTES("*99999999999999999999999\r\n"), &limits, count);
	expect_error(BYTES("*1\r\n$-10\r\n"), &limits, length);
	expect_error(BYTES("*1\r\n$-1\r\n"), &limits, length);
	expect_error(BYTES("*1\r\n$2000000000\r\n"), &limits, length);
	expect_error(BYTES("*1\r\n$blabla\r\n"), &limits, length);
	expect_error(BYTES("*1\r\n$\r\n___"), &limits, length);
	expect_error(BYTES("*1\r\n$007\r\n"), &limits, length);
	expect_error(BYTES("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n"), &limits,
		     "ERR Protocol error: expected '$', got 'f'");
	expect_error(BYTES("*1\r\n\r\nfooz\r\n"), &limits,
		     "ERR Protocol error: expected '$', got '\r'");
	/* A line that is no number is told by its first byte first. */
	expect_error(BYTES("*1\r\nfoo\r\n"), &limits, "ERR Protocol error: expected '$', got 'f'");
	expect_error(BYTES("set \"k\r\n"), &limits,
		     "ERR Protocol error: unbalanced quotes in request");
}

static void test_limits_before_authentication(void **state)
{
	(void)state;
	expect_error(BYTES("*11\r\n"), &stranger,
		     "ERR Protocol error: unauthenticated multibulk length");
	assert_int_equal(parse(BYTES("*11\r\n"), &limits), REQUEST_PARTIAL);
	assert_int_equal(parse(BYTES("*10\r\n"), &stranger), REQUEST_PARTIAL);
	expect_error(BYTES("*1\r\n$16385\r\n"), &stranger,
		     "ERR Protocol error: unauthenticated bulk length");
	assert_int_equal(parse(BYTES("*1\r\n$16384\r\n"), &stranger), REQUEST_PARTIAL);
	assert_int_equal(request.want, 16386);
}

static void test_endless_lines(void **state)
{
	(void)state;
	struct bytes kinds[] = {BYTES("*"), BYTES("*1\r\n$"), BYTES("A")};
	const char *texts[] = {
		"ERR Protocol error: too big mbulk count string",
		"ERR Protocol error: too big bulk count string",
		"ERR Protocol error: too big inline request",
	};
	for (int i = 0; i < 3; i++) {
		struct buf line = {0};
		buf_add_bytes(&line, kinds[i]);
		while (line.len < 60000)
			buf_add_char(&line, '1');
		assert_int_equal(parse(buf_bytes(&line), &limits), REQUEST_PARTIAL);
		while (line.len < 66000)
			buf_add_char(&line, '1');
		expect_error(buf_bytes(&line), &limits, texts[i]);
		/* Also when the end does come, but too late. */
		buf_add_text(&line, "\r\n");
		expect_error(buf_bytes(&line), &limits, texts[i]);
		buf_release(&line);
	}
}

static void test_noise_has_no_line(void **state)
{
	(void)state;
	char noise[70000];
	memset(noise, 'a', sizeof(noise));
	memcpy(noise, "\0abc\n", 5);
	assert_int_equal(parse(bytes_of(noise, 100), &limits), REQUEST_PARTIAL);
	expect_error(bytes_of(noise, sizeof(noise)), &limits,
		     "ERR Protocol error: too big inline request");
}

static void test_counts_allocate_nothing(void **state)
{
	(void)state;
	request_arena_release(&arena);
	request_parser_release(&parser);
	size_t before = mem_used_bytes();
	struct bytes huge = BYTES("*1048576\r\n$3\r\nSET\r\n$500000000\r\n");
	assert_int_equal(request_parse(&parser, huge, &limits, &arena, &request), REQUEST_PARTIAL);
	assert_true(mem_used_bytes() - before <= 1024);
	assert_int_equal(request.want, 500000002);
	request_parser_release(&parser);
	assert_int_equal(mem_used_bytes(), before);
}

/* Feeds a stream in pieces that end at `cuts` and collects what comes out as text. */
static void run_stream(struct bytes stream, const size_t *cuts, size_t cut_count, struct buf *seen)
{
	size_t start = 0;
	request_parser_release(&parser);
	request_arena_reset(&arena);
	for (size_t i = 0; i <= cut_count; i++) {
		size_t end = i == cut_count ? stream.len : cuts[i];
		for (;;) {
			struct bytes part = bytes_of(stream.ptr + start, end - start);
			char *copy = mem_dup(part.ptr, part.len);
			enum request_status status = request_parse(
				&parser, bytes_of(copy, part.len), &limits, &arena, &request);
			for (int64_t a = 0; status == REQUEST_COMPLETE && a < request.argc; a++)
				buf_add_quoted(seen, request.argv[a]);
			if (status == REQUEST_ERROR)
				buf_add_text(seen, request.error);
			buf_add_char(seen, status == REQUEST_EMPTY ? '.' : ';');
			mem_free(copy);
			if (status == REQUEST_PARTIAL) {
				seen->len--;
				break;
			}
			if (status == REQUEST_ERROR)
				return;
			start += request.consumed;
		}
	}
}

static const char stream_text[] =
	"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$12\r\nhello\r\nworld\r\n"
	"\r\n*0\r\nset  \"a\\x41\\n\" 'it\\'s'  plain\r\nECHO x\n*2\r\n$0\r\n\r\n$100\r\n"
	"0123456789012345678901234567890123456789012345678901234567890123456789"
	"012345678901234567890123456789\r\n*1\r\n$4\r\nPING\r\n*1\r\n!4\r\n";

static void test_cut_anywhere(void **state)
{
	(void)state;
	struct bytes stream = BYTES(stream_text);
	struct buf whole = {0};
	run_stream(stream, NULL, 0, &whole);
	assert_non_null(strstr(buf_text(&whole), "got '!'"));
	for (size_t a = 0; a <= stream.len; a++) {
		struct buf seen = {0};
		run_stream(stream, &a, 1, &seen);
		assert_string_equal(buf_text(&seen), buf_text(&whole));
		buf_release(&seen);
	}
	srand(11);
	for (int round = 0; round < 2000; round++) {
		size_t cuts[8], at = 0;
		for (int i = 0; i < 8; i++)
			cuts[i] = at += (size_t)rand() % (stream.len - at + 1);
		struct buf seen = {0};
		run_stream(stream, cuts, 8, &seen);
		assert_string_equal(buf_text(&seen), buf_text(&whole));
		buf_release(&seen);
	}
	size_t every[sizeof(stream_text)];
	for (size_t i = 0; i < stream.len; i++)
		every[i] = i;
	struct buf seen = {0};
	run_stream(stream, every, stream.len, &seen);
	assert_string_equal(buf_text(&seen), buf_text(&whole));
	buf_release(&seen);
	buf_release(&whole);
}

static void test_many_arguments_in_pieces(void **state)
{
	(void)state;
	struct buf text = {0};
	int64_t count = 5000;
	buf_printf(&text, "*%d\r\n", (int)count);
	for (int64_t i = 0; i < count; i++)
		buf_printf(&text, "$4\r\n%04d\r\n", (int)i);
	request_parser_release(&parser);
	request_arena_reset(&arena);
	enum request_status status = REQUEST_PARTIAL;
	for (size_t len = 100; status == REQUEST_PARTIAL; len += 777) {
		size_t have = len < text.len ? len : text.len;
		status = request_parse(&parser, bytes_of(text.ptr, have), &limits, &arena,
				       &request);
	}
	assert_int_equal(status, REQUEST_COMPLETE);
	assert_int_equal(request.argc, count);
	assert_int_equal(request.consumed, text.len);
	for (int64_t i = 0; i < count; i++) {
		char want[8];
		snprintf(want, sizeof(want), "%04d", (int)i);
		assert_true(bytes_equal(request.argv[i], bytes_text(want)));
	}
	assert_int_equal(request_parser_bytes(&parser), 0);
	buf_release(&text);
}

static void test_want_of_a_large_bulk(void **state)
{
	(void)state;
	static char data[200000];
	int head = snprintf(data, sizeof(data), "*2\r\n$3\r\nGET\r\n$100000\r\n");
	assert_int_equal(parse(bytes_of(data, (size_t)head), &limits), REQUEST_PARTIAL);
	assert_int_equal(request.want, 100002);
	size_t have = (size_t)head + 99999;
	assert_int_equal(request_parse(&parser, bytes_of(data, have), &limits, &arena, &request),
			 REQUEST_PARTIAL);
	assert_int_equal(request.want, 3);
	have += 3;
	assert_int_equal(request_parse(&parser, bytes_of(data, have), &limits, &arena, &request),
			 REQUEST_COMPLETE);
	assert_int_equal(request.argv[1].len, 100000);
	assert_ptr_equal(request.argv[1].ptr, data + head);
}

static void test_arena_views_stay(void **state)
{
	(void)state;
	struct bytes *views[100];
	request_arena_release(&arena);
	for (int i = 0; i < 100; i++) {
		views[i] = request_arena_alloc(&arena, 50 + (size_t)i);
		for (int k = 0; k < 50 + i; k++)
			views[i][k] = bytes_of(NULL, (size_t)(i * 1000 + k));
	}
	for (int i = 0; i < 100; i++)
		for (int k = 0; k < 50 + i; k++)
			assert_int_equal(views[i][k].len, i * 1000 + k);
	request_arena_reset(&arena);
	assert_null(arena.first->next);
	assert_ptr_equal(request_arena_alloc(&arena, 1), views[0]);
	request_arena_release(&arena);
	assert_null(arena.first);
	/* An oversized first block isn't kept. */
	request_arena_alloc(&arena, 100000);
	request_arena_reset(&arena);
	assert_null(arena.first);
}

static int leave(void **state)
{
	(void)state;
	request_arena_release(&arena);
	request_parser_release(&parser);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_arrays),
		cmocka_unit_test(test_empty_requests),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_limits_before_authentication),
		cmocka_unit_test(test_endless_lines),
		cmocka_unit_test(test_noise_has_no_line),
		cmocka_unit_test(test_counts_allocate_nothing),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_many_arguments_in_pieces),
		cmocka_unit_test(test_want_of_a_large_bulk),
		cmocka_unit_test(test_arena_views_stay),
	};
	return cmocka_run_group_tests_name("proto/request", tests, NULL, leave);
}
