/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Numbers and text. The common cases (integers, decimals of a few digits) are computed here; only
 * what is left goes through libc's strtod and snprintf, which are exact and some hundred times
 * slower. The program keeps LC_NUMERIC at "C", so that both speak with a point.
 */
#include "base/num.h"

#include "base/assert.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The longest text that is still read as a floating point number. */
#define NUM_FLOAT_TEXT_MAX (5 * 1024)
#define NUM_U64_MAX_CHARS 20
/* A decimal of up to 15 digits survives the way to a double and back. */
#define NUM_SAFE_DIGITS 15
#define NUM_SAFE_MANTISSA 1e15
/* Places behind the point that are tried one by one. */
#define NUM_SHORT_PLACES 6
/* Where 128 bits hold a double scaled to 17 digits. */
#define NUM_SCALED_MIN 1e-6
#define NUM_SCALED_MAX 0x1p53
/* Below this, in both directions, integers are shown without an exponent. */
#define NUM_INTEGER_MAX 4503599627370496.0 /* 2^52 */

static const double num_power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static const uint64_t num_integer_power[] = {1u,
					     10u,
					     100u,
					     1000u,
					     10000u,
					     100000u,
					     1000000u,
					     10000000u,
					     100000000u,
					     1000000000u,
					     10000000000u,
					     100000000000u,
					     1000000000000u,
					     10000000000000u,
					     100000000000000u,
					     1000000000000000u,
					     10000000000000000u,
					     100000000000000000u,
					     1000000000000000000u,
					     10000000000000000000u};

static const char num_pairs[] = "00010203040506070809101112131415161718192021222324"
				"25262728293031323334353637383940414243444546474849"
				"50515253545556575859606162636465666768697071727374"
				"75767778798081828384858687888990919293949596979899";

bool num_parse_u64(struct bytes text, uint64_t *out)
{
	if (text.len == 0 || text.len > NUM_U64_MAX_CHARS)
		return false;
	if (text.ptr[0] == '0' && text.len > 1)
		return false;
	uint64_t value = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t digit = (uint8_t)(text.ptr[i] - '0');
		if (digit > 9)
			return false;
		/* 19 digits always fit. */
		if (i < 19)
			value = value * 10 + digit;
		else if (__builtin_mul_overflow(value, 10, &value) ||
			 __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

bool num_parse_i64(struct bytes text, int64_t *out)
{
	uint64_t magnitude;
	if (text.len > 0 && text.ptr[0] == '-') {
		if (!num_parse_u64(bytes_of(text.ptr + 1, text.len - 1), &magnitude) ||
		    magnitude == 0 || magnitude > (uint64_t)INT64_MAX + 1)
			return false;
		*out = (int64_t)(0 - magnitude);
		return true;
	}
	if (!num_parse_u64(text, &magnitude) || magnitude > INT64_MAX)
		return false;
	*out = (int64_t)magnitude;
	return true;
}

/* [-]digits[.digits] of at most 15 digits: two exact doubles and one correctly rounded division. */
static bool num_parse_short_decimal(struct bytes text, double *out)
{
	size_t i = 0, digits = 0, fraction = 0;
	bool has_point = false;
	uint64_t mantissa = 0;
	bool is_negative = text.len > 0 && text.ptr[0] == '-';

	if (text.len > NUM_SAFE_DIGITS + 2)
		return false;
	for (i = is_negative; i < text.len; i++) {
		uint8_t digit = (uint8_t)(text.ptr[i] - '0');
		if (text.ptr[i] == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (digit > 9)
			return false;
		mantissa = mantissa * 10 + digit;
		digits++;
		fraction += has_point;
	}
	if (digits == 0 || digits > NUM_SAFE_DIGITS)
		return false;
	double value = (double)mantissa;
	if (fraction > 0)
		value /= num_power_of_ten[fraction];
	*out = is_negative ? -value : value;
	return true;
}

/* Text with a NUL for strtod, where it can be a number at all. */
static bool num_copy_text(struct bytes text, char out[NUM_FLOAT_TEXT_MAX + 1])
{
	if (text.len == 0 || text.len > NUM_FLOAT_TEXT_MAX || isspace((uint8_t)text.ptr[0]))
		return false;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

bool num_parse_double(struct bytes text, double *out)
{
	char copy[NUM_FLOAT_TEXT_MAX + 1];
	char *end;
	if (num_parse_short_decimal(text, out))
		return true;
	if (!num_copy_text(text, copy))
		return false;
	errno = 0;
	double value = strtod(copy, &end);
	if (end != copy + text.len || isnan(value))
		return false;
	if (errno == ERANGE && (isinf(value) || value == 0))
		return false;
	*out = value;
	return true;
}

bool num_parse_long_double(struct bytes text, long double *out)
{
	char copy[NUM_FLOAT_TEXT_MAX + 1];
	char *end;
	if (!num_copy_text(text, copy))
		return false;
	errno = 0;
	long double value = strtold(copy, &end);
	if (end != copy + text.len || isnan(value))
		return false;
	if (errno == ERANGE && (isinf(value) || value == 0))
		return false;
	*out = value;
	return true;
}

size_t num_digits_u64(uint64_t value)
{
	/* log10(2) = 0.30103 gives the count but for one, which the table settles. */
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
	unsigned guess = bits * 1233 >> 12;
	return guess + ((value | 1) >= num_integer_power[guess]);
}

size_t num_print_u64(char *out, uint64_t value)
{
	if (value < 10) {
		out[0] = (char)('0' + value);
		return 1;
	}
	size_t len = num_digits_u64(value);
	char *p = out + len;
	while (value >= 100) {
		p -= 2;
		memcpy(p, num_pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10)
		memcpy(out, num_pairs + value * 2, 2);
	else
		out[0] = (char)('0' + value);
	return len;
}

size_t num_print_i64(char *out, int64_t value)
{
	if (value >= 0)
		return num_print_u64(out, (uint64_t)value);
	out[0] = '-';
	return 1 + num_print_u64(out + 1, 0 - (uint64_t)value);
}

/* The digits of a positive value = 0.d1d2d3... x 10^point, without trailing zeros. */
struct num_decimal {
	char digits[NUM_U64_MAX_CHARS];
	int count;
	int point;
};

static void num_decimal_trim(struct num_decimal *d)
{
	while (d->count > 1 && d->digits[d->count - 1] == '0')
		d->count--;
}

/* What clients store: an integer of at most 15 digits over a small power of ten. The first quotient
 * that gives the value back is the shortest. */
static bool num_decimal_short(struct num_decimal *d, double value)
{
	for (int k = 0; k <= NUM_SHORT_PLACES; k++) {
		double scaled = value * num_power_of_ten[k];
		if (scaled >= NUM_SAFE_MANTISSA)
			return false;
		uint64_t mantissa = (uint64_t)(scaled + 0.5);
		if (mantissa == 0 || (double)mantissa / num_power_of_ten[k] != value)
			continue;
		d->count = (int)num_print_u64(d->digits, mantissa);
		d->point = d->count - k;
		num_decimal_trim(d);
		return true;
	}
	return false;
}

/* Values of a usual size, exactly: value = m x 2^e, and so are the ends of the interval of all
 * texts that read back as it; scaled to 17 digits they fit 128 bits. The multiple of the largest
 * power of ten inside is the shortest text. (Beyond this range the powers no longer fit.) */
static bool num_decimal_scaled(struct num_decimal *d, double value)
{
	if (value < NUM_SCALED_MIN || value >= NUM_SCALED_MAX)
		return false;
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	uint64_t m = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
	int shift = 1 - ((int)(bits >> 52) - 1075); /* in halves of the last binary digit */
	int point = value >= 1 ? (int)num_digits_u64((uint64_t)value) : 0;
	for (double least = 0.1; value < least; least /= 10)
		point--;
	int k = 17 - point;
	unsigned __int128 scale = num_integer_power[k < 19 ? k : 19];
	if (k > 19)
		scale *= num_integer_power[k - 19];
	unsigned __int128 middle = scale * (2 * m);
	/* The neighbour below a power of two is only half as far. */
	unsigned __int128 below = m == (uint64_t)1 << 52 ? scale / 2 : scale;
	uint64_t first = (uint64_t)((middle - below) >> shift) + 1;
	uint64_t last = (uint64_t)((middle + scale - 1) >> shift);
	uint64_t centre = (uint64_t)((middle >> (shift - 1)) + 1) / 2;
	uint64_t step = 1;
	while (last / (step * 10) * (step * 10) >= first)
		step *= 10;
	uint64_t digits = (centre + step / 2) / step * step;
	if (digits > last)
		digits -= step;
	else if (digits < first)
		digits += step;
	d->count = (int)num_print_u64(d->digits, digits);
	d->point = d->count - k;
	num_decimal_trim(d);
	return true;
}

/* Everything else: libc's exact digits, as many as are needed to read the same value back. */
static void num_decimal_exact(struct num_decimal *d, double value)
{
	char text[NUM_DOUBLE_MAX_CHARS];
	/* Subnormals have fewer significant digits than their look suggests. */
	int precision = value < DBL_MIN ? 1 : NUM_SAFE_DIGITS;
	for (;; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision - 1, value);
		if (precision == 17 || strtod(text, NULL) == value)
			break;
	}
	/* d.ddde+XX */
	d->digits[0] = text[0];
	d->count = precision;
	if (precision > 1)
		memcpy(d->digits + 1, text + 2, (size_t)precision - 1);
	const char *exponent = text + (precision > 1 ? precision + 1 : 1) + 1;
	d->point = (int)strtol(exponent, NULL, 10) + 1;
	num_decimal_trim(d);
}

static char *num_put(char *out, const char *from, int count)
{
	memcpy(out, from, (size_t)count);
	return out + count;
}

static char *num_put_zeros(char *out, int count)
{
	memset(out, '0', (size_t)count);
	return out + count;
}

/* Where the exponent begins to pay: large numbers with more than six zeros behind their digits,
 * small ones below 1e-4 with more than six places. */
static char *num_decimal_put(char *out, const struct num_decimal *d)
{
	int n = d->count;
	int last = d->point - n; /* exponent of the last digit */
	int first = d->point - 1;
	int size = first < 0 ? -first : first;

	if (last >= 0 && size < n + 7)
		return num_put_zeros(num_put(out, d->digits, n), last);
	if (last < 0 && (last > -7 || size < 4)) {
		if (d->point <= 0) {
			out = num_put_zeros(num_put(out, "0.", 2), -d->point);
			return num_put(out, d->digits, n);
		}
		out = num_put(num_put(out, d->digits, d->point), ".", 1);
		return num_put(out, d->digits + d->point, n - d->point);
	}
	out = num_put(out, d->digits, 1);
	if (n > 1)
		out = num_put(num_put(out, ".", 1), d->digits + 1, n - 1);
	out = num_put(num_put(out, "e", 1), first < 0 ? "-" : "+", 1);
	return out + num_print_u64(out, (uint64_t)size);
}

size_t num_print_double(char *out, double value)
{
	struct num_decimal d;
	char *at = out;
	if (isnan(value))
		return (size_t)(num_put(out, "nan", 3) - out);
	if (signbit(value))
		at = num_put(at, "-", 1);
	if (isinf(value))
		return (size_t)(num_put(at, "inf", 3) - out);
	double magnitude = fabs(value);
	if (magnitude <= NUM_INTEGER_MAX && magnitude == (double)(uint64_t)magnitude)
		return (size_t)(at - out) + num_print_u64(at, (uint64_t)magnitude);
	if (!num_decimal_short(&d, magnitude) && !num_decimal_scaled(&d, magnitude))
		num_decimal_exact(&d, magnitude);
	return (size_t)(num_decimal_put(at, &d) - out);
}

size_t num_print_long_double(char *out, long double value)
{
	if (isinf(value))
		return (size_t)snprintf(out, 8, "%s", value > 0 ? "inf" : "-inf");
	int wanted = snprintf(out, NUM_LONG_DOUBLE_MAX_CHARS, "%.17Lf", value);
	ASSERT(wanted > 0 && wanted < NUM_LONG_DOUBLE_MAX_CHARS);
	size_t len = (size_t)wanted;
	if (memchr(out, '.', len) != NULL) {
		while (out[len - 1] == '0')
			len--;
		if (out[len - 1] == '.')
			len--;
	}
	if (len == 2 && out[0] == '-' && out[1] == '0') {
		out[0] = '0';
		return 1;
	}
	return len;
}

bool num_parse_size(struct bytes text, uint64_t *out)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {{"", 1},
		     {"b", 1},
		     {"k", 1000},
		     {"kb", 1024},
		     {"m", 1000 * 1000},
		     {"mb", 1024 * 1024},
		     {"g", 1000 * 1000 * 1000},
		     {"gb", 1024 * 1024 * 1024}};
	size_t digits = 0;
	uint64_t value = 0;
	for (; digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9'; digits++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text.ptr[digits] - '0'), &value))
			return false;
	if (digits == 0)
		return false;
	struct bytes unit = bytes_of(text.ptr + digits, text.len - digits);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (bytes_is(unit, units[i].name))
			return !__builtin_mul_overflow(value, units[i].factor, out);
	return false;
}

void num_print_human_size(char *out, uint64_t bytes)
{
	static const char letters[] = "KMGTP";
	if (bytes < 1024) {
		snprintf(out, 32, "%lluB", (unsigned long long)bytes);
		return;
	}
	double value = (double)bytes / 1024;
	size_t i = 0;
	for (; value >= 1024 && i + 2 < sizeof(letters); i++)
		value /= 1024;
	snprintf(out, 32, "%.2f%c", value, letters[i]);
}
