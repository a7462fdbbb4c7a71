/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tests of the bench's pure parts: statistics, templates, counting replies. Prints one line for
 * each failure and "N passed, M failed" at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"
#include "request.h"
#include "util.h"

static int passed, failed;

#define CHECK(what) check((what) != 0, #what, __LINE__)

static void check(int is_true, const char *what, int line)
{
	passed += is_true;
	failed += !is_true;
	if (!is_true)
		printf("selftest.c:%d: %s\n", line, what);
}

static void statistics_test(void)
{
	double none[1], one[] = { 5 }, four[] = { 4, 1, 3, 2 }, many[101];

	for (int i = 0; i <= 100; i++)
		many[i] = 100 - i;
	CHECK(median(none, 0) == 0);
	CHECK(median(one, 1) == 5);
	CHECK(median(four, 4) == 2.5);
	CHECK(percentile(one, 1, 10) == 5);
	CHECK(percentile(many, 101, 10) == 10);
	CHECK(percentile(many, 101, 0) == 0);
	CHECK(percentile(many, 101, 100) == 100);
}

static void lists_test(void)
{
	struct number_list list = number_list_parse("1,16,100", 1, 100);

	CHECK(list.count == 3 && list.item[0] == 1 && list.item[1] == 16 && list.item[2] == 100);
	list = number_list_parse("7", 7, 7);
	CHECK(list.count == 1 && list.item[0] == 7);
}

static int renders_to(const char *template, uint64_t number, const char *expected)
{
	struct request *request = request_new(template, 1000, 3);
	char *out = grab(request->size_max + 1, 1);
	size_t len = request_render_nth(request, number, out);
	int is_equal =
		len == strlen(expected) && !memcmp(out, expected, len) && len <= request->size_max;

	if (!is_equal)
		printf("%s renders to %.*s\n", template, (int)len, out);
	request_free(request);
	free(out);
	return is_equal;
}

static void templates_test(void)
{
	CHECK(renders_to("PING", 0, "*1\r\n$4\r\nPING\r\n"));
	CHECK(renders_to("  GET   __key__ ", 42,
		"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n"));
	CHECK(renders_to("HSET h a:__rand__:b __int__", 7,
		"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$16\r\na:000000000007:b\r\n$1\r\n7\r\n"));
	CHECK(renders_to("SET __key__x __int__", 123456, "*3\r\n$3\r\nSET\r\n$17\r\n"
		"key:000000123456x\r\n$6\r\n123456\r\n"));

	struct request *request = request_new("SET k __value__", 10, 5000);
	char *out = grab(request->size_max, 1);
	CHECK(request_render_nth(request, 0, out) ==
		strlen("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n\r\n") + 5000);
	free(out);
	request_free(request);

	char **words = request_words("SET __key__ v:__value__", 2, 8);
	CHECK(!strcmp(words[0], "SET") && !strcmp(words[1], "key:__rand_int__"));
	CHECK(strlen(words[2]) == 4 && !words[3]);
	for (int i = 0; words[i]; i++)
		free(words[i]);
	free(words);
}

/* Keys drawn for the load stay in the key space and reach nearly all of it. */
static void spread_test(void)
{
	enum { KEYS = 1000, DRAWS = 20000 };
	struct request *request = request_new("__rand__", KEYS, 0);
	char *out = grab(request->size_max + 1, 1);
	static int seen[KEYS];
	uint64_t random = 1;
	int distinct = 0, is_inside = 1;

	for (int i = 0; i < DRAWS; i++) {
		size_t len = request_render(request, &random, out);

		out[len - 2] = '\0';
		long key = strtol(out + len - 2 - KEY_DIGITS, NULL, 10);
		is_inside &= key >= 0 && key < KEYS;
		if (is_inside)
			distinct += !seen[key]++;
	}
	CHECK(is_inside);
	CHECK(distinct == KEYS);
	request_free(request);
	free(out);
}

/* The same bytes in two pieces, parted everywhere, must give the same count. */
static void counts_to(const char *bytes, uint64_t replies, uint64_t errors)
{
	size_t len = strlen(bytes);
	int is_equal = 1;

	for (size_t cut = 0; cut <= len; cut++) {
		struct reply_scan scan = { 0 };

		reply_scan(&scan, bytes, cut, UINT64_MAX);
		reply_scan(&scan, bytes + cut, len - cut, UINT64_MAX);
		is_equal &= scan.replies == replies && scan.errors == errors && !scan.is_bad;
		is_equal &= !scan.open && !scan.skip && !scan.line_len;
	}
	if (!is_equal)
		printf("miscounted: %s\n", bytes);
	CHECK(is_equal);
}

static void replies_test(void)
{
	struct reply_scan scan = { 0 };

	counts_to("+OK\r\n:1\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12\r\n", 8, 0);
	counts_to("$0\r\n\r\n$5\r\nab\r\nc\r\n=5\r\ntxt:a\r\n", 3, 0);
	counts_to("-ERR no\r\n!5\r\nERR x\r\n*2\r\n-A\r\n+b\r\n", 3, 3);
	counts_to("*0\r\n%0\r\n~0\r\n*2\r\n*2\r\n:1\r\n*0\r\n%1\r\n+a\r\n*1\r\n$1\r\nx\r\n", 4, 0);
	counts_to("|1\r\n+a\r\n+b\r\n:1\r\n|0\r\n*1\r\n|1\r\n+k\r\n:2\r\n+v\r\n", 2, 0);
	reply_scan(&scan, "hello\r\n", 7, 1);
	CHECK(scan.is_bad);
	scan = (struct reply_scan){ 0 };
	CHECK(reply_scan(&scan, "+a\r\n+b\r\n", 8, 1) == 4 && scan.replies == 1);
	scan = (struct reply_scan){ 0 };
	reply_scan(&scan, "-ERR nonsense\r\n", 15, 1);
	CHECK(!strcmp(scan.error, "-ERR nonsense"));
	scan = (struct reply_scan){ 0 };
	for (int i = 0; i < 1000; i++)
		reply_scan(&scan, "+", 1, 1);
	reply_scan(&scan, "\r\n", 2, 1);
	CHECK(scan.replies == 1 && !scan.is_bad);
	scan = (struct reply_scan){ 0 };
	reply_scan(&scan, "$99999999999999999999\r\n", 23, 1);
	CHECK(scan.is_bad);
}

int main(void)
{
	statistics_test();
	lists_test();
	templates_test();
	spread_test();
	replies_test();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
