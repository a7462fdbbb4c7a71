/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Small change of the bench: time, random numbers, statistics, text and lists of numbers.
 * Every failure ends the program with a sentence: a bench that limps on prints wrong figures.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stddef.h>
#include <stdint.h>

enum {
	LIST_MAX = 16,           /* numbers in --pipeline, --clients, --sizes */
};

struct number_list {
	long item[LIST_MAX];
	int count;
};

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Zeroed memory, or the end. */
void *grab(size_t count, size_t size);
char *grab_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The wall clock that never jumps, in nanoseconds. */
int64_t clock_ns(void);
void sleep_ms(int64_t ms);

/* A small fast generator (xorshift64*, Marsaglia and Vigna): the load needs spread, not secrecy. */
uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t limit);

/* Sorts `values` in place; percent in [0, 100]; the nearest rank. 0 when there are none. */
double percentile(double *values, int count, double percent);
double median(double *values, int count);

/* "1,16,100" into a list; ends the program when a number is not in [low, high]. */
struct number_list number_list_parse(const char *text, long low, long high);
/* A whole decimal number in [low, high], or the end. */
long number_parse(const char *text, long low, long high);

#endif
