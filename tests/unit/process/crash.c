/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/crash: children that die in each way; what their log says and what they died of.
 */
#include "../../../src/process/crash.c"

#include "../unit.h"

static char path[64];
static char text[1 << 20];

static void info(struct buf *out, void *context)
{
	(void)context;
	buf_add_text(out, "# Server\r\nredis_version:x\r\n");
}

static void info_that_crashes(struct buf *out, void *context)
{
	(void)out;
	(void)context;
	raise(SIGABRT);
}

static void die_by_abort(void)
{
	abort();
}

static void die_by_assert(void)
{
	ASSERT(path[0] == 'x');
}

static void die_by_panic(void)
{
	crash_panic("file.c", 12, "the %s is gone", "disk");
}

/* Runs `die` in a child with these options; returns its wait status, its log in `text`. */
static int status_of(void (*die)(void), const struct crash_options *options)
{
	int status;
	fflush(NULL);
	if (path[0] == '\0')
		snprintf(path, sizeof(path), "/tmp/crash-%d.log", (int)getpid());
	close(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600));
	pid_t child = fork();
	if (child == 0) {
		const struct log_config config = {.level = LOG_NOTICE, .file = path};
		log_init(&config);
		crash_init(options);
		die();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return status;
}

static int count(const char *what)
{
	int found = 0;
	for (char *at = text; (at = strstr(at, what)) != NULL; at++)
		found++;
	return found;
}

static void test_signal(void **state)
{
	const struct crash_options on = {.is_enabled = true, .checks_memory = true, .info = info};
	const struct crash_options off = {0};
	(void)state;
	int status = status_of(die_by_abort, &on);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(count("crashed by signal: 6"), 1);
	assert_int_equal(count("STACK TRACE"), 1);
	assert_int_equal(count("redis_version:x"), 1);
	assert_int_equal(count("Fast memory test PASSED"), 1);
	assert_int_equal(count("BUG REPORT START"), 1);
	assert_int_equal(count("BUG REPORT END"), 1);
	status = status_of(die_by_abort, &off);
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(count("crashed"), 0);
}

static void test_crash_while_reporting(void **state)
{
	const struct crash_options on = {.is_enabled = true, .info = info_that_crashes};
	(void)state;
	int status = status_of(die_by_abort, &on);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(count("STACK TRACE"), 1);
	assert_int_equal(count("BUG REPORT END"), 0);
}

static void test_assert(void **state)
{
	const struct crash_options on = {.is_enabled = true, .info = info};
	const struct crash_options polite = {.is_enabled = true, .exit_on_panic = true};
	(void)state;
	int status = status_of(die_by_assert, &on);
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(count("ASSERTION FAILED"), 1);
	assert_int_equal(count("STACK TRACE"), 1);
	assert_int_equal(count("crashed by signal"), 0);
	status = status_of(die_by_assert, &polite);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void test_panic(void **state)
{
	const struct crash_options on = {.is_enabled = true};
	(void)state;
	int status = status_of(die_by_panic, &on);
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(count("Guru Meditation: the disk is gone #file.c:12"), 1);
	assert_int_equal(count("crashed by signal"), 0);
}

#if !defined(__SANITIZE_ADDRESS__)
static void die_by_null(void)
{
	*(volatile int *)(uintptr_t)16 = 1;
}

static int deep(volatile char *above)
{
	volatile char here[4096];
	if (above == NULL)
		return 0;
	here[0] = above[0];
	return here[0] + deep(here);
}

static void die_by_stack(void)
{
	char start[1] = {1};
	_exit(deep(start));
}

static void test_bad_access(void **state)
{
	const struct crash_options on = {.is_enabled = true, .info = info};
	(void)state;
	int status = status_of(die_by_null, &on);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_int_equal(count("crashed by signal: 11"), 1);
	assert_int_equal(count("Accessing address: 0x10"), 1);
	assert_int_equal(count("REGISTERS"), 1);
	/* A full stack leaves room for the report on another one. */
	status = status_of(die_by_stack, &on);
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_int_equal(count("STACK TRACE"), 1);
	unlink(path);
}
#else
static void test_bad_access(void **state)
{
	(void)state;
	unlink(path);
}
#endif

UNIT_MAIN(test_signal, test_crash_while_reporting, test_assert, test_panic, test_bad_access)
