/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Small change of the bench. It knows nothing of servers or protocols.
 */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

void *grab(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		die("out of memory");
	return memory;
}

char *grab_text(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		die("out of memory");
	return text;
}

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void sleep_ms(int64_t ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(2685821657736338717);
}

uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return (uint64_t)(((unsigned __int128)random_next(state) * limit) >> 64);
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double percentile(double *values, int count, double percent)
{
	if (count <= 0)
		return 0;
	qsort(values, (size_t)count, sizeof *values, double_compare);
	int rank = (int)(percent / 100 * (count - 1) + 0.5);
	return values[rank];
}

double median(double *values, int count)
{
	if (count <= 0)
		return 0;
	qsort(values, (size_t)count, sizeof *values, double_compare);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

long number_parse(const char *text, long low, long high)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < low || value > high)
		die("'%s' is not a number from %ld to %ld", text, low, high);
	return value;
}

struct number_list number_list_parse(const char *text, long low, long high)
{
	struct number_list list = { .count = 0 };

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",");
		char word[24];

		if (len >= sizeof word || list.count == LIST_MAX)
			die("'%s': at most %d short numbers", text, LIST_MAX);
		memcpy(word, at, len);
		word[len] = '\0';
		list.item[list.count++] = number_parse(word, low, high);
		at += len;
		if (*at == ',')
			at++;
	}
	if (!list.count)
		die("an empty list of numbers");
	return list;
}
