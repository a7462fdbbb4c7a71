/* SPDX-License-Identifier: BSD-3-Clause
 *
 * base/match: the cases of the manual, random patterns against a plain recursive matcher, and the
 * patterns that make recursive matchers take forever.
 */
#include "../../../src/base/match.c"

#include "../unit.h"

#include <time.h>

static bool matches(const char *pattern, const char *text)
{
	return match_glob(bytes_text(pattern), bytes_text(text), false);
}

static void test_plain(void **state)
{
	(void)state;
	assert_true(matches("", ""));
	assert_false(matches("", "a"));
	assert_false(matches("a", ""));
	assert_true(matches("*", ""));
	assert_true(matches("***", ""));
	assert_true(matches("*", "anything"));
	assert_true(matches("h?llo", "hello"));
	assert_false(matches("h?llo", "hllo"));
	assert_true(matches("h*llo", "heeeello"));
	assert_true(matches("h*llo", "hllo"));
	assert_false(matches("h*llo", "hllox"));
	assert_true(matches("*a*b*", "xxaxxbxx"));
	assert_false(matches("*a*b", "xxaxxbx"));
	assert_true(matches("*ab", "aab"));
	assert_true(matches("a**b", "ab"));
	assert_false(matches("?", ""));
	assert_true(match_glob(BYTES("a\0*"), BYTES("a\0b\0c"), false));
}

static void test_classes(void **state)
{
	(void)state;
	assert_true(matches("h[ae]llo", "hallo"));
	assert_false(matches("h[ae]llo", "hillo"));
	assert_true(matches("h[^e]llo", "hallo"));
	assert_false(matches("h[^e]llo", "hello"));
	assert_true(matches("h[a-c]llo", "hbllo"));
	assert_true(matches("h[c-a]llo", "hbllo"));
	assert_false(matches("h[a-c]llo", "hdllo"));
	assert_true(matches("[a\\]b]", "]"));
	assert_true(matches("[a\\-z]", "-"));
	assert_false(matches("[a\\-z]", "m"));
	assert_false(matches("[]", "a"));
	assert_true(matches("[^]", "a"));
	assert_true(matches("[abc", "b"));
	assert_false(matches("[abc", "d"));
	assert_false(matches("[", "["));
	assert_true(matches("[a-", "-"));
	assert_false(matches("[a]", ""));
	assert_true(matches("*[0-9]", "key:7"));
	assert_true(matches("[\x80-\xff]", "\xc3"));
}

static void test_escapes(void **state)
{
	(void)state;
	assert_true(matches("\\*", "*"));
	assert_false(matches("\\*", "a"));
	assert_true(matches("\\?\\[", "?["));
	assert_true(matches("\\a", "a"));
	assert_true(matches("a\\", "a\\"));
	assert_true(matches("\\\\", "\\"));
	assert_true(matches("*\\*", "ab*"));
}

static void test_case(void **state)
{
	(void)state;
	assert_false(matches("HELLO", "hello"));
	assert_true(match_glob(BYTES("HeLLo*"), BYTES("hEllO world"), true));
	assert_true(match_glob(BYTES("[A-C]x"), BYTES("bX"), true));
	assert_true(match_glob(BYTES("\\A"), BYTES("a"), true));
	assert_false(match_glob(BYTES("[^A]"), BYTES("a"), true));
}

/* The definition: a star takes 0, 1, 2 ... characters. Pieces are left to match_piece. */
static bool naive(struct bytes p, size_t pi, struct bytes t, size_t ti)
{
	if (pi == p.len)
		return ti == t.len;
	if (p.ptr[pi] == '*') {
		for (size_t skip = ti; skip <= t.len; skip++)
			if (naive(p, pi + 1, t, skip))
				return true;
		return false;
	}
	size_t at = pi;
	return ti < t.len && match_piece(p, &at, t.ptr[ti], false) && naive(p, at, t, ti + 1);
}

static void test_random_against_naive(void **state)
{
	static const char alphabet[] = "aabb*?[]^-\\";
	uint64_t seed = 23;
	char pattern[9], text[9];
	int found = 0;
	(void)state;
	for (int i = 0; i < 300000; i++) {
		struct bytes p = {pattern, unit_random(&seed) % sizeof(pattern)};
		struct bytes t = {text, unit_random(&seed) % sizeof(text)};
		for (size_t k = 0; k < p.len; k++)
			pattern[k] = alphabet[unit_random(&seed) % (sizeof(alphabet) - 1)];
		for (size_t k = 0; k < t.len; k++)
			text[k] = "abba*]-"[unit_random(&seed) % (i % 2 ? 2 : 7)];
		bool expected = naive(p, 0, t, 0);
		found += expected;
		if (match_glob(p, t, false) != expected)
			fail_msg("'%.*s' on '%.*s' should give %d", (int)p.len, p.ptr, (int)t.len,
				 t.ptr, expected);
	}
	assert_true(found > 10000);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_time_is_bounded(void **state)
{
	char pattern[1024], text[1024];
	struct bytes whole = {pattern, sizeof(pattern)};
	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "a*", 2);
	pattern[sizeof(pattern) - 1] = 'b';
	double start = seconds();
	assert_false(match_glob(whole, bytes_of(text, sizeof(text)), false));
	/* A star, a long tail that nearly matches everywhere: the worst this matcher knows. */
	memset(pattern, 'a', sizeof(pattern));
	pattern[0] = '*';
	pattern[511] = 'b';
	assert_false(match_glob(bytes_of(pattern, 512), bytes_of(text, sizeof(text)), false));
	memset(pattern + 1, '[', 1);
	pattern[1023] = 'b';
	assert_true(match_glob(whole, bytes_of(text, sizeof(text)), false));
	assert_true(seconds() - start < 0.05);
}

static void test_stars_are_bounded(void **state)
{
	char pattern[2 * (MATCH_STARS_MAX + 1)], text[MATCH_STARS_MAX + 1];
	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*?", 2);
	assert_true(match_glob(bytes_of(pattern, sizeof(pattern) - 2),
			       bytes_of(text, sizeof(text)), false));
	assert_false(match_glob(bytes_of(pattern, sizeof(pattern)),
				bytes_of(text, sizeof(text)), false));
}

UNIT_MAIN(test_plain, test_classes, test_escapes, test_case, test_random_against_naive,
	  test_time_is_bounded, test_stars_are_bounded)
