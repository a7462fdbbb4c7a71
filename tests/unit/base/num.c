/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/num: both directions against libc on random values, and the strictness at every edge.
 */
#include "../../../src/base/num.c"

#include "../unit.h"

#include "base/mem.h"

#include <float.h>

static void check_i64(const char *text, bool is_valid, int64_t value)
{
	int64_t got = 42;
	char back[NUM_I64_MAX_CHARS];
	if (num_parse_i64(bytes_text(text), &got) != is_valid)
		fail_msg("'%s' should %sparse", text, is_valid ? "" : "not ");
	assert_int_equal(got, is_valid ? value : 42);
	if (is_valid)
		assert_text_equal(back, num_print_i64(back, value), text);
}

static void test_i64_edges(void **state)
{
	(void)state;
	check_i64("0", true, 0);
	check_i64("-1", true, -1);
	check_i64("9223372036854775807", true, INT64_MAX);
	check_i64("-9223372036854775808", true, INT64_MIN);
	static const char *const wrong[] = {"", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ",
		"1a", "0x1", "1.0", "--1", "9223372036854775808", "-9223372036854775809",
		"18446744073709551615", "18446744073709551616", "99999999999999999999",
		"123456789012345678901", "-123456789012345678901"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_i64(wrong[i], false, 0);
	int64_t out;
	assert_false(num_parse_i64(bytes_of("1\0", 2), &out));
	assert_false(num_parse_i64(bytes_of(NULL, 0), &out));
}

static void test_u64_edges(void **state)
{
	uint64_t out = 1;
	char text[NUM_I64_MAX_CHARS];
	(void)state;
	assert_true(num_parse_u64(BYTES("18446744073709551615"), &out) && out == UINT64_MAX);
	assert_false(num_parse_u64(BYTES("18446744073709551616"), &out));
	assert_false(num_parse_u64(BYTES("-1"), &out));
	assert_text_equal(text, num_print_u64(text, UINT64_MAX), "18446744073709551615");
	uint64_t power = 1;
	for (size_t digits = 1; digits <= 20; digits++, power *= 10) {
		assert_int_equal(num_digits_u64(power), digits);
		if (digits > 1)
			assert_int_equal(num_digits_u64(power - 1), digits - 1);
	}
	assert_int_equal(num_digits_u64(0), 1);
	assert_int_equal(num_digits_u64(UINT64_MAX), 20);
}

static void test_integers_as_libc(void **state)
{
	uint64_t seed = 11;
	char mine[NUM_I64_MAX_CHARS], theirs[32];
	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t value = (int64_t)(unit_random(&seed) >> (unit_random(&seed) % 64));
		if (unit_random(&seed) % 2)
			value = -value;
		size_t len = num_print_i64(mine, value);
		snprintf(theirs, sizeof(theirs), "%lld", (long long)value);
		assert_text_equal(mine, len, theirs);
		int64_t back;
		assert_true(num_parse_i64(bytes_of(mine, len), &back));
		assert_int_equal(back, value);
	}
}

static void check_double(const char *text, bool is_valid, double value)
{
	double got = 42;
	if (num_parse_double(bytes_text(text), &got) != is_valid)
		fail_msg("'%s' should %sparse", text, is_valid ? "" : "not ");
	if (is_valid && (got != value || signbit(got) != signbit(value)))
		fail_msg("'%s' gave %.17g", text, got);
}

static void test_parse_double_edges(void **state)
{
	(void)state;
	check_double("0", true, 0.0);
	check_double("-0", true, -0.0);
	check_double(".5", true, 0.5);
	check_double("5.", true, 5);
	check_double("-.25", true, -0.25);
	check_double("+1", true, 1);
	check_double("007", true, 7);
	check_double("0x10", true, 16);
	check_double("1e3", true, 1000);
	check_double("inf", true, INFINITY);
	check_double("-inf", true, -INFINITY);
	check_double("+Infinity", true, INFINITY);
	check_double("5e-324", true, 4.9406564584124654e-324);
	check_double("1.7976931348623157e308", true, DBL_MAX);
	check_double("9007199254740993", true, 9007199254740992.0);
	check_double("0.000000000000001", true, 1e-15);
	static const char *const wrong[] = {"", ".", "-", "-.", "+", " 1", "1 ", "\t1", "nan",
		"-nan", "1e400", "-1e400", "1e-400",
		"1.2.3", "1,5", "abc", "1x", "0x", "1e", "--1"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_double(wrong[i], false, 0);
	double out;
	long double wide;
	assert_false(num_parse_double(bytes_of("1\0", 2), &out));
	assert_false(num_parse_double(bytes_of("1\0002", 3), &out));
	char *long_text = mem_alloc(NUM_FLOAT_TEXT_MAX + 1);
	memset(long_text, '0', NUM_FLOAT_TEXT_MAX + 1);
	long_text[0] = '1';
	long_text[1] = '.';
	assert_true(num_parse_double(bytes_of(long_text, NUM_FLOAT_TEXT_MAX), &out) && out == 1);
	assert_false(num_parse_double(bytes_of(long_text, NUM_FLOAT_TEXT_MAX + 1), &out));
	assert_false(num_parse_long_double(bytes_of(long_text, NUM_FLOAT_TEXT_MAX + 1), &wide));
	mem_free(long_text);
}

static void test_parse_double_as_libc(void **state)
{
	uint64_t seed = 5;
	char text[64];
	(void)state;
	for (int i = 0; i < 100000; i++) {
		int digits = (int)(unit_random(&seed) % 17);
		int64_t value = (int64_t)(unit_random(&seed) >> (1 + unit_random(&seed) % 63));
		snprintf(text, sizeof(text), "%s%lld.%0*llu", unit_random(&seed) % 2 ? "-" : "",
			 (long long)value, digits + 1,
			 (unsigned long long)(unit_random(&seed) % 9999));
		double got;
		assert_true(num_parse_double(bytes_text(text), &got));
		if (got != strtod(text, NULL))
			fail_msg("'%s' gave %.17g", text, got);
	}
}

static void check_print(double value, const char *text)
{
	char out[NUM_DOUBLE_MAX_CHARS];
	size_t len = num_print_double(out, value);
	if (len != strlen(text) || memcmp(out, text, len) != 0)
		fail_msg("%.17g gave '%.*s', not '%s'", value, (int)len, out, text);
}

static void test_print_double(void **state)
{
	(void)state;
	check_print(0, "0");
	check_print(-0.0, "-0");
	check_print(3, "3");
	check_print(-3, "-3");
	check_print(0.1, "0.1");
	check_print(0.1 + 0.2, "0.30000000000000004");
	check_print(3.3, "3.3");
	check_print(-2.5, "-2.5");
	check_print(1234.5678, "1234.5678");
	check_print(1e15, "1000000000000000");
	check_print(4503599627370496.0, "4503599627370496");
	check_print(1e16, "1e+16");
	check_print(12345678901234567890.0, "12345678901234567000");
	check_print(1e100, "1e+100");
	check_print(1.5e300, "1.5e+300");
	check_print(0.0001, "0.0001");
	check_print(0.000001, "0.000001");
	check_print(1e-7, "1e-7");
	check_print(1.25e-10, "1.25e-10");
	check_print(DBL_MAX, "1.7976931348623157e+308");
	check_print(DBL_MIN, "2.2250738585072014e-308");
	check_print(4.9406564584124654e-324, "5e-324");
	check_print(INFINITY, "inf");
	check_print(-INFINITY, "-inf");
	check_print(NAN, "nan");
	check_print(-NAN, "nan");
}

static void check_shortest(double value)
{
	char out[NUM_DOUBLE_MAX_CHARS + 1], shorter[NUM_DOUBLE_MAX_CHARS];
	size_t len = num_print_double(out, value);
	assert_true(len < NUM_DOUBLE_MAX_CHARS);
	out[len] = '\0';
	if (strtod(out, NULL) != value)
		fail_msg("%.17g gave '%s', another value", value, out);
	int digits = 0;
	for (size_t i = 0; i < len && out[i] != 'e'; i++)
		digits += out[i] >= '0' && out[i] <= '9' && (digits > 0 || out[i] != '0');
	for (size_t i = len; i > 0 && strpbrk(out, ".e") == NULL && out[i - 1] == '0'; i--)
		digits--;
	if (digits <= 1)
		return;
	snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, value);
	if (strtod(shorter, NULL) == value)
		fail_msg("%.17g gave '%s', but '%s' is shorter", value, out, shorter);
}

static void test_print_double_is_shortest(void **state)
{
	uint64_t seed = 17;
	(void)state;
	for (int i = 0; i < 60000; i++) {
		union {
			uint64_t bits;
			double value;
		} any = {.bits = unit_random(&seed)};
		if (isfinite(any.value))
			check_shortest(any.value);
		any.bits &= 0x800fffffffffffffu;
		if (i % 100 == 0)
			check_shortest(any.value);
		/* Of a usual size, where the digits are computed and not asked for. */
		any.bits = unit_random(&seed) >> 12 | (1023 - 22 + unit_random(&seed) % 78) << 52;
		check_shortest(any.value);
		any.bits &= 0xfff0000000000000u;
		check_shortest(any.value);
		check_shortest(nextafter(any.value, 0));
		double decimal =
			(double)(unit_random(&seed) >> (20 + unit_random(&seed) % 40));
		check_shortest(decimal / num_power_of_ten[unit_random(&seed) % 12]);
	}
}

static void check_long(long double value, const char *text)
{
	char out[NUM_LONG_DOUBLE_MAX_CHARS];
	size_t len = num_print_long_double(out, value);
	assert_text_equal(out, len, text);
}

static void test_long_double(void **state)
{
	long double value;
	char out[NUM_LONG_DOUBLE_MAX_CHARS];
	(void)state;
	check_long(0, "0");
	check_long(-0.0L, "0");
	check_long(-1e-30L, "0");
	check_long(3, "3");
	check_long(100, "100");
	check_long(10.5L, "10.5");
	check_long(0.1L, "0.1");
	check_long(-0.25L, "-0.25");
	check_long(INFINITY, "inf");
	check_long(-INFINITY, "-inf");
	assert_true(num_parse_long_double(BYTES("5.0e3"), &value) && value == 5000);
	assert_true(num_parse_long_double(BYTES("-inf"), &value) && isinf(value));
	assert_false(num_parse_long_double(BYTES(""), &value));
	assert_false(num_parse_long_double(BYTES(" 1"), &value));
	assert_false(num_parse_long_double(BYTES("1 "), &value));
	assert_false(num_parse_long_double(BYTES("nan"), &value));
	assert_false(num_parse_long_double(BYTES("1e5000"), &value));
	assert_true(num_print_long_double(out, LDBL_MAX) == 4933);
	assert_true(num_print_long_double(out, -LDBL_MAX) == 4934);
}

static void check_size(const char *text, bool is_valid, uint64_t value)
{
	uint64_t got = 0;
	if (num_parse_size(bytes_text(text), &got) != is_valid)
		fail_msg("'%s' should %sparse", text, is_valid ? "" : "not ");
	if (is_valid)
		assert_int_equal(got, value);
}

static void test_sizes(void **state)
{
	char text[32];
	(void)state;
	check_size("0", true, 0);
	check_size("100", true, 100);
	check_size("10b", true, 10);
	check_size("1k", true, 1000);
	check_size("1Kb", true, 1024);
	check_size("2mb", true, 2 << 20);
	check_size("2M", true, 2000000);
	check_size("3gB", true, (uint64_t)3 << 30);
	check_size("3g", true, 3000000000u);
	check_size("18446744073709551615", true, UINT64_MAX);
	static const char *const wrong[] = {"", "kb", "-1", "+1", "1.5gb", "10 mb", "0x10", "1mbb",
		"5t", "18446744073709551616", "18446744073709551615k", "99999999999gb"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_size(wrong[i], false, 0);
	num_print_human_size(text, 0);
	assert_string_equal(text, "0B");
	num_print_human_size(text, 1023);
	assert_string_equal(text, "1023B");
	num_print_human_size(text, 1536);
	assert_string_equal(text, "1.50K");
	num_print_human_size(text, 1572864);
	assert_string_equal(text, "1.50M");
	num_print_human_size(text, (uint64_t)5 << 30);
	assert_string_equal(text, "5.00G");
	num_print_human_size(text, UINT64_MAX);
	assert_string_equal(text, "16384.00P");
}

UNIT_MAIN(test_i64_edges, test_u64_edges, test_integers_as_libc, test_parse_double_edges,
	  test_parse_double_as_libc, test_print_double, test_print_double_is_shortest,
	  test_long_double, test_sizes)
