/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every unit test includes, behind the .c file that it tests: cmocka with the headers that it
 * wants before it, a generator for random input that can be repeated, and the assertion that the
 * program stops itself.
 *
 * A test file ends with UNIT_MAIN(test_a, test_b ...).
 */
#ifndef RINGLET_TESTS_UNIT_H
#define RINGLET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A small generator of its own (xorshift64*), so that a test's data does not depend on what it
 * tests. */
static inline uint64_t unit_random(uint64_t *state)
{
	uint64_t x = *state == 0 ? 0x9e3779b97f4a7c15u : *state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1du;
}

/* Does `run(arg)` end the process with SIGABRT? In a child, whose output is thrown away. */
static inline int unit_aborts(void (*run)(void *), void *arg)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		run(arg);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 0;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#define assert_text_equal(bytes_, len_, text_)                                                     \
	do {                                                                                       \
		assert_int_equal((len_), strlen(text_));                                           \
		assert_memory_equal((bytes_), (text_), strlen(text_));                             \
	} while (0)

#define UNIT_WRAP_1(f) cmocka_unit_test(f)
#define UNIT_WRAP_2(f, ...) cmocka_unit_test(f), UNIT_WRAP_1(__VA_ARGS__)
#define UNIT_WRAP_3(f, ...) cmocka_unit_test(f), UNIT_WRAP_2(__VA_ARGS__)
#define UNIT_WRAP_4(f, ...) cmocka_unit_test(f), UNIT_WRAP_3(__VA_ARGS__)
#define UNIT_WRAP_5(f, ...) cmocka_unit_test(f), UNIT_WRAP_4(__VA_ARGS__)
#define UNIT_WRAP_6(f, ...) cmocka_unit_test(f), UNIT_WRAP_5(__VA_ARGS__)
#define UNIT_WRAP_7(f, ...) cmocka_unit_test(f), UNIT_WRAP_6(__VA_ARGS__)
#define UNIT_WRAP_8(f, ...) cmocka_unit_test(f), UNIT_WRAP_7(__VA_ARGS__)
#define UNIT_WRAP_9(f, ...) cmocka_unit_test(f), UNIT_WRAP_8(__VA_ARGS__)
#define UNIT_WRAP_10(f, ...) cmocka_unit_test(f), UNIT_WRAP_9(__VA_ARGS__)
#define UNIT_WRAP_11(f, ...) cmocka_unit_test(f), UNIT_WRAP_10(__VA_ARGS__)
#define UNIT_WRAP_12(f, ...) cmocka_unit_test(f), UNIT_WRAP_11(__VA_ARGS__)
#define UNIT_PICK(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, name, ...) name
/* Up to 12 tests; a file with more has its own main with cmocka_run_group_tests. */
#define UNIT_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {UNIT_PICK(                                      \
			__VA_ARGS__, UNIT_WRAP_12, UNIT_WRAP_11, UNIT_WRAP_10, UNIT_WRAP_9,        \
			UNIT_WRAP_8, UNIT_WRAP_7, UNIT_WRAP_6, UNIT_WRAP_5, UNIT_WRAP_4,           \
			UNIT_WRAP_3, UNIT_WRAP_2, UNIT_WRAP_1, 0)(__VA_ARGS__)};                   \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

#endif
