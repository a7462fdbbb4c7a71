/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every reply shape in both protocols, to the byte; holes of every width and depth.
 */
#include "../../../src/proto/reply.c"

#include "../unit.h"
#include <math.h>
#include "base/mem.h"

static struct out out;

static struct reply reply_in(uint8_t resp)
{
	out_clear(&out);
	return (struct reply){.out = &out, .resp = resp};
}

/* All that was written, as one allocation. */
static char *written(size_t *len)
{
	struct iovec iov[1024];
	int count = out_pieces(&out, iov, 1024);
	char *text = mem_alloc(out_pending_bytes(&out) + 1);
	*len = 0;
	for (int i = 0; i < count; i++) {
		memcpy(text + *len, iov[i].iov_base, iov[i].iov_len);
		*len += iov[i].iov_len;
	}
	text[*len] = '\0';
	return text;
}

static void expect(const char *text)
{
	size_t len;
	char *got = written(&len);
	assert_string_equal(got, text);
	assert_int_equal(len, strlen(text));
	mem_free(got);
	out_clear(&out);
}

#define EXPECT_BOTH(call, resp2, resp3)                                                            \
	do {                                                                                       \
		struct reply r2 = reply_in(2), *r = &r2;                                           \
		call;                                                                              \
		expect(resp2);                                                                     \
		struct reply r3 = reply_in(3);                                                     \
		r = &r3;                                                                           \
		call;                                                                              \
		expect(resp3);                                                                     \
	} while (0)

static void test_shapes(void **state)
{
	(void)state;
	EXPECT_BOTH(reply_ok(r), "+OK\r\n", "+OK\r\n");
	EXPECT_BOTH(reply_simple(r, "PONG"), "+PONG\r\n", "+PONG\r\n");
	EXPECT_BOTH(reply_null(r), "$-1\r\n", "_\r\n");
	EXPECT_BOTH(reply_null_array(r), "*-1\r\n", "_\r\n");
	EXPECT_BOTH(reply_array(r, 0), "*0\r\n", "*0\r\n");
	EXPECT_BOTH(reply_array(r, 12345), "*12345\r\n", "*12345\r\n");
	EXPECT_BOTH(reply_map(r, 7), "*14\r\n", "%7\r\n");
	EXPECT_BOTH(reply_set(r, 7), "*7\r\n", "~7\r\n");
	EXPECT_BOTH(reply_push(r, 3), "*3\r\n", ">3\r\n");
	EXPECT_BOTH(reply_bool(r, true), ":1\r\n", "#t\r\n");
	EXPECT_BOTH(reply_bool(r, false), ":0\r\n", "#f\r\n");
	EXPECT_BOTH(reply_double(r, 3), "$1\r\n3\r\n", ",3\r\n");
	EXPECT_BOTH(reply_double(r, 0.1), "$3\r\n0.1\r\n", ",0.1\r\n");
	EXPECT_BOTH(reply_double(r, -HUGE_VAL), "$4\r\n-inf\r\n", ",-inf\r\n");
	EXPECT_BOTH(reply_big_number(r, BYTES("123")), "$3\r\n123\r\n", "(123\r\n");
	EXPECT_BOTH(reply_verbatim(r, BYTES("hello"), "txt"), "$5\r\nhello\r\n",
		    "=9\r\ntxt:hello\r\n");
	EXPECT_BOTH(reply_bulk_text(r, "x"), "$1\r\nx\r\n", "$1\r\nx\r\n");
	EXPECT_BOTH(reply_bulk_i64(r, INT64_MIN), "$20\r\n-9223372036854775808\r\n",
		    "$20\r\n-9223372036854775808\r\n");
	EXPECT_BOTH(reply_bulk_printf(r, "%d-%s", 5, "y"), "$3\r\n5-y\r\n", "$3\r\n5-y\r\n");
	struct reply r = reply_in(3);
	reply_attribute(&r, 1);
	expect("|1\r\n");
}

static void test_numbers(void **state)
{
	(void)state;
	const int64_t numbers[] = {0, 1, 9, 10, 99, 100, -1, -10, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char want[40];
		snprintf(want, sizeof(want), ":%lld\r\n", (long long)numbers[i]);
		struct reply r = reply_in(2);
		reply_i64(&r, numbers[i]);
		expect(want);
	}
}

static void lend_release(void *owner)
{
	(*(int *)owner)++;
}

static void test_bulks_of_every_size(void **state)
{
	(void)state;
	static char data[70000], want[70100];
	const size_t sizes[] = {0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 16383, 16384, 16385,
				65536};
	memset(data, 'q', sizeof(data));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct reply r = reply_in(2);
		int head = snprintf(want, sizeof(want), "$%zu\r\n", sizes[i]);
		memcpy(want + head, data, sizes[i]);
		memcpy(want + head + sizes[i], "\r\n", 3);
		reply_bulk(&r, bytes_of(data, sizes[i]));
		expect(want);
		int released = 0;
		reply_bulk_lend(&r, bytes_of(data, sizes[i]), lend_release, &released);
		assert_int_equal(released, sizes[i] < OUT_LEND_MIN_BYTES);
		expect(want);
		assert_int_equal(released, 1);
	}
	struct reply r = reply_in(2);
	reply_bulk(&r, bytes_of(NULL, 0));
	expect("$0\r\n\r\n");
}

static void test_errors_are_one_line(void **state)
{
	(void)state;
	struct reply r = reply_in(2);
	reply_error_text(&r, BYTES("ERR a\r\n+OK\r\nb"));
	assert_int_equal(r.errors, 1);
	expect("-ERR a  +OK  b\r\n");
}

static void test_holes(void **state)
{
	(void)state;
	struct reply r = reply_in(2);
	struct reply_hole outer = reply_open(&r);
	reply_i64(&r, 1);
	struct reply_hole inner = reply_open(&r);
	reply_bulk(&r, BYTES("abc"));
	reply_close_map(&r, inner, 1);
	struct reply_hole empty = reply_open(&r);
	reply_close_set(&r, empty, 0);
	reply_close_array(&r, outer, 3);
	reply_ok(&r);
	expect("*3\r\n:1\r\n*2\r\n$3\r\nabc\r\n*0\r\n+OK\r\n");

	const uint64_t numbers[] = {0, 9, 10, 281474976710655u, UINT64_MAX};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char number[32], want[80];
		int len = snprintf(number, sizeof(number), "%llu", (unsigned long long)numbers[i]);
		snprintf(want, sizeof(want), "*2\r\n$%d\r\n%s\r\n*1\r\n$1\r\nk\r\n", len, number);
		r = reply_in(2);
		reply_array(&r, 2);
		struct reply_hole cursor = reply_open(&r);
		reply_array(&r, 1);
		reply_bulk(&r, BYTES("k"));
		reply_close_bulk_u64(&r, cursor, numbers[i]);
		expect(want);
	}

	r = reply_in(3);
	outer = reply_open(&r);
	inner = reply_open(&r);
	reply_close_set(&r, inner, 0);
	reply_close_map(&r, outer, 1);
	expect("%1\r\n~0\r\n");
}

/* A hole whose elements run over many chunks and lent pieces. */
static void test_hole_over_pieces(void **state)
{
	(void)state;
	for (int count = 1; count < 6000; count = count * 3 + 1) {
		struct reply r = reply_in(2);
		int released = 0, lent = 0;
		static char big[OUT_LEND_MIN_BYTES];
		memset(big, 'b', sizeof(big));
		reply_bulk(&r, BYTES("before"));
		struct reply_hole hole = reply_open(&r);
		for (int i = 0; i < count; i++) {
			if (i % 1000 == 999) {
				reply_bulk_lend(&r, bytes_of(big, sizeof(big)), lend_release,
						&released);
				lent++;
			} else {
				reply_bulk_i64(&r, 1000000 + i);
			}
		}
		reply_close_array(&r, hole, count);
		size_t len;
		char *got = written(&len);
		char head[64];
		int head_len = snprintf(head, sizeof(head),
					"$6\r\nbefore\r\n*%d\r\n$7\r\n1000000\r\n", count);
		assert_memory_equal(got, head, (size_t)head_len);
		size_t one = strlen("$7\r\n1000000\r\n");
		size_t lent_size = strlen("$16384\r\n") + sizeof(big) + 2;
		assert_int_equal(len, (size_t)head_len + one * (size_t)(count - lent - 1) +
					      lent_size * (size_t)lent);
		assert_int_equal(len, out_pending_bytes(&out));
		mem_free(got);
		out_clear(&out);
		assert_int_equal(released, lent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bulks_of_every_size),
		cmocka_unit_test(test_errors_are_one_line),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_hole_over_pieces),
	};
	return cmocka_run_group_tests_name("proto/reply", tests, NULL, NULL);
}
