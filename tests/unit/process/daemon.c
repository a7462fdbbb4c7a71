/* SPDX-License-Identifier: BSD-3-Clause
 *
 * process/daemon: lists of cores, the pid file, and a daemon that outlives its parent.
 */
#include "../../../src/process/daemon.c"

#include "../unit.h"

#include <sys/stat.h>

static void test_cores(void **state)
{
	static const char *bad[] = {",", "a", "0-", "3-1", "0,", "0-1:0", "0-1:", "0 1", "-1",
		"99999", "99999999999999999999", "0-3:x", "0;1"};
	cpu_set_t before, now;
	char list[64];
	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_true(process_pin(""));
	assert_true(process_pin(NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(process_pin(bad[i]));
	int first = 0;
	while (!CPU_ISSET(first, &before))
		first++;
	snprintf(list, sizeof(list), "%d-%d:2,%d", first, first, first);
	assert_true(process_pin(list));
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	assert_true(CPU_ISSET(first, &now));
	sched_setaffinity(0, sizeof(before), &before);
}

static void test_pidfile(void **state)
{
	char path[] = "/tmp/pidfile-XXXXXX", text[32] = {0};
	struct process_config config = {.pidfile = path};
	struct stat st;
	(void)state;
	close(mkstemp(path));
	process_pidfile_write(&config);
	int fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(strtol(text, NULL, 10), getpid());
	process_pidfile_remove();
	assert_int_equal(stat(path, &st), -1);
	process_pidfile_remove();
	config.pidfile = (char[]){"/nonexistent/x"};
	process_pidfile_write(&config);
	assert_null(process_pidfile);
	config.pidfile = (char[]){""};
	process_pidfile_write(&config);
	assert_null(process_pidfile);
	process_disable_thp();
}

static void test_daemon(void **state)
{
	int out[2], status;
	struct {
		pid_t pid, session, parent;
	} said = {0};
	(void)state;
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		process_daemonize();
		said.pid = getpid();
		said.session = getsid(0);
		said.parent = getppid();
		_exit(write(out[1], &said, sizeof(said)) != sizeof(said));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(out[0], &said, sizeof(said)), sizeof(said));
	assert_int_not_equal(said.pid, child);
	assert_int_equal(said.session, said.pid);
	close(out[0]);
	close(out[1]);
}

UNIT_MAIN(test_cores, test_pidfile, test_daemon)
